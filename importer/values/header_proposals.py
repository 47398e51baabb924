"""What the unknown columns of a sheet probably mean: proposals to a person.

The words of the header speak first (:mod:`importer.values.header_meanings`); the shape of the cells confirms them,
corrects them (a “Project” full of numbers holds ids) or rules them out. It is sure only where both together prove it
(:mod:`importer.values.header_proofs`). A proposal is never applied without a person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from importer.model.check_only import CHECK_BY_NAME
from importer.model.columns import BY_NAME, NAME_OF_PROJECT, Kind
from importer.model.header_words import suggested_in_words
from importer.model.sheet import text_of
from importer.values.aliases import same
from importer.values.cell_shapes import (
    HALF,
    MOST,
    SeenColumn,
    holds_dates,
    holds_days,
    holds_numbers_of,
    holds_terms,
    holds_texts,
    holds_usual_terms,
    is_date,
    is_figure,
    reads,
    share,
)
from importer.values.header_meanings import Meaning, ideas_of, is_sound, meaning_of, meanings_of, misspelt
from importer.values.header_proofs import (
    FIGURES,
    FLAGS,
    contradicts,
    holds_amounts,
    holds_coins,
    holds_currencies,
    holds_ids,
    holds_orders,
    is_note,
    is_proved,
    speaks_of_projects,
    understood_item_types,
)
from importer.values.other_dates import may_be_invoice_date, speaks_of_other_dates
from importer.values.word_proposals import CHOSEN, MOST_WORDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence


NOTHING_SAID = "neither its header nor its cells say what it means"
"""Why a column is proposed to mean nothing where that is all that is known of it."""
HOLDS_DATES = "it holds dates, and no column is the invoice date"
_TO_BILL = ("billable", "net", "total")
"""Columns that are compared and can be what is billed, the better first: “To bill” with amounts, a net sum, a sum."""
_PAYING = frozenset({"days", "due", "pay", "terms"})
"""Ideas of headers above numbers of days to pay."""
WHY_SURE = {True: "its header says so", False: "its header could mean that"}
NOT_THESE_CELLS = ", but not with these cells"
_DATED_ITSELF = frozenset({"project", "task", "entry", "expense", "day"})
"""Ideas of what has a date of its own; above “Day” stands that of the work."""
SOMETHING_ELSE = "its header speaks of something else"
_NONE: dict[str, SeenColumn] = {}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a column probably means."""

    column: SeenColumn
    meant: str | None
    """Name of a column that is sent or compared; None: it means nothing for billing."""
    sure: bool
    """Whether header and cells say it clearly; the others a person must choose with a word of her own."""
    why: str
    """The rest of a sentence that begins with the meaning."""


def propose(  # noqa: PLR0913 - one argument per fact
    columns: Sequence[SeenColumn],
    taken: Mapping[str, str],
    known: Mapping[str, str],
    titles: Collection[str] = frozenset(),
    *,
    compared: Mapping[str, SeenColumn] = _NONE,
    numbers: Collection[str] = frozenset(),
) -> tuple[Proposal, ...]:
    """A proposal for each unknown column, and for each compared one that holds something else; in their order.

    ``taken``: columns that known headers mean already → those headers. ``titles``: names of projects, as
    :func:`importer.values.aliases.same` reduces them. ``compared``: known columns that are compared and never sent;
    where no column is the amount, one of them is proposed as that. ``numbers``: those of the projects.
    """
    proposals = [_known_number(_proposal(column, known, titles), numbers) for column in columns]
    proposals += _terms_under_a_due_date(compared, taken)
    proposals += _contradicted(compared)
    if "amount" not in taken and "item_id" not in taken:
        proposals = _with_an_amount(proposals, compared)
    best_first = sorted(_without_notes(proposals), key=lambda found: (not found.sure, found.column.position))
    meant = dict(taken)
    settled = {}
    for found in best_first:
        settled[found.column.position] = _if_free(_of_project(found, meant), meant)
    found_all = list(_with_shapes([settled[position] for position in sorted(settled)], meant, numbers))
    found_all += _dates_of_billing(compared, meant)  # only where no other column holds the date of the invoice
    return tuple(sorted(found_all, key=lambda found: found.column.position))


def _with_shapes(proposals: Sequence[Proposal], meant: dict[str, str], numbers: Collection[str]) -> Iterator[Proposal]:
    """The proposals; those that mean nothing so far mean what their cells look like, where no other column is that."""
    has_project = not meant.keys().isdisjoint({"workspace_id", NAME_OF_PROJECT})
    longest = None if "item_id" in meant else _longest_texts(proposals)
    for found in proposals:
        shapes: list[tuple[str, str]] = []
        if found.meant is None and not has_project and holds_numbers_of(found.column, numbers):
            shapes.append(("workspace_id", "its cells are numbers of your projects"))
        if found.column is longest:
            shapes.append(("notes", "its cells are texts, and no column holds the text that the client reads"))
        if found.why == NOTHING_SAID or found.why.endswith(NOT_THESE_CELLS):
            shapes += _shapes(found.column)
            shapes += _shapes_of_numbers(found.column, has_project=has_project, has_ids="item_id" in meant)
        yield _if_free(_by_shape(found, meant, shapes), meant) if shapes else found


def _if_free(found: Proposal, meant: dict[str, str]) -> Proposal:
    """The proposal, unless another header means its column already."""
    name = found.meant
    if name is None or name not in BY_NAME:
        return found
    if name in meant:
        return replace(found, meant=None, sure=False, why=f"“{meant[name]}” is {BY_NAME[name].title} already")
    meant[name] = found.column.text
    return found


def _of_project(found: Proposal, meant: Mapping[str, str]) -> Proposal:
    """What names the project: a code of digits where nothing else does, and no number of an order beside a project."""
    named = meant.get("workspace_id") or meant.get(NAME_OF_PROJECT)
    if found.meant == "project_code" and named is None and holds_ids(found.column):
        return replace(
            found, meant="workspace_id", sure=False, why="its cells are numbers, and no column is the project"
        )
    if found.meant == "workspace_id" and NAME_OF_PROJECT in meant and not speaks_of_projects(found.column.text):
        return replace(found, meant=None, sure=False, why=f"“{named}” names the project already")
    return found


def _known_number(found: Proposal, numbers: Collection[str]) -> Proposal:
    """The proposal, sure where the header can mean the project and every cell is the number of one."""
    if found.meant == "workspace_id" and holds_numbers_of(found.column, numbers):
        return replace(found, sure=True, why="its cells are numbers of your projects")
    return found


def _without_notes(proposals: Sequence[Proposal]) -> Iterator[Proposal]:
    """The proposals; a column of notes, often for colleagues, gives way to any other column of texts."""
    others = [found.column.text for found in proposals if _may_be_text_for_client(found)]
    for found in proposals:
        if found.meant == "notes" and is_note(found.column.text) and others:
            yield replace(found, meant=None, sure=False, why=f"it holds notes; “{others[0]}” rather is the text")
        else:
            yield found


def _may_be_text_for_client(found: Proposal) -> bool:
    if is_note(found.column.text):
        return False
    return found.meant == "notes" or (found.why == NOTHING_SAID and holds_texts(found.column))


def _contradicted(compared: Mapping[str, SeenColumn]) -> Iterator[Proposal]:
    """Columns that are compared with yes or no and hold numbers: “To bill” above amounts is no yes."""
    for name in FLAGS:
        column = compared.get(name)
        if column is not None and contradicts(column, name):
            yield Proposal(column, None, sure=False, why=f"{title_of(name)} is yes or no, and its cells are numbers")


def _with_an_amount(proposals: list[Proposal], compared: Mapping[str, SeenColumn]) -> list[Proposal]:
    """Where no column is the amount, the first net or total figure probably is what is billed."""
    if any(found.meant in ("amount", "item_id") for found in proposals):
        return proposals
    figures = {found.meant or "": found.column for found in reversed(proposals)} | dict(compared)
    for name in _TO_BILL:
        column = figures.get(name)
        if column is not None and _can_be_billed(column, name):
            amount = Proposal(column, "amount", sure=False, why="no other column holds the amounts to bill")
            return [amount, *(found for found in proposals if found.column is not column)]
    return proposals


def _can_be_billed(column: SeenColumn, name: str) -> bool:
    """Tell whether a column that is compared can be the amount; one of yes and no only where it holds amounts."""
    return name not in FLAGS or (contradicts(column, name) and holds_amounts(column))


def _proposal(column: SeenColumn, known: Mapping[str, str], titles: Collection[str]) -> Proposal:
    meaning = meaning_of(column.text)
    if meaning is None or not meaning.sure:
        near = misspelt(column.text, known)
        meaning = Meaning(near, sure=False) if near is not None else meaning
    suggested = suggested_in_words(column.text) if meaning is None else None
    if suggested is not None:
        meaning = Meaning(suggested, sure=False)
    if titles and share(column, lambda cell: same(text_of(cell)) in titles) >= HALF:
        return Proposal(column, NAME_OF_PROJECT, sure=True, why="its cells are names of projects")
    if meaning is None:
        return Proposal(column, None, sure=False, why=NOTHING_SAID)
    if meaning.column is None:
        return Proposal(column, None, meaning.sure, SOMETHING_ELSE)
    return _confirmed(column, meaning)


def _confirmed(column: SeenColumn, meaning: Meaning) -> Proposal:
    """What the header says, where its cells can be read so; else what they say instead, or nothing."""
    name = _corrected(column, meaning.column or "") if column.cells else meaning.column
    name = name or _other_meaning(column)
    if name == "invoice_date" and _is_another_date(column.text):
        return Proposal(column, None, sure=False, why=SOMETHING_ELSE)
    if name is None:
        title = title_of(meaning.column or "")
        return Proposal(column, None, sure=False, why=f"its header could mean {title}{NOT_THESE_CELLS}")
    if name != meaning.column:
        return Proposal(column, name, sure=False, why="header and cells together say so")
    sure = meaning.sure and is_proved(column, name)
    return Proposal(column, name, sure, WHY_SURE[sure])


def _other_meaning(column: SeenColumn) -> str | None:
    """What else the header can mean that its cells agree with: a “Description of charge” holds texts, no amounts."""
    for meaning in meanings_of(column.text):
        if meaning.column is None:
            return None
        name = _corrected(column, meaning.column)
        if name is not None:
            return name
    return None


def _is_another_date(header: str) -> bool:
    """Tell whether a date is that of something else than the invoice: “Insertion date”, “Fecha de pago”."""
    ideas = ideas_of(header)
    if not ideas.isdisjoint({"invoice", "issued"}):
        return False
    return not ideas.isdisjoint(_DATED_ITSELF) or speaks_of_other_dates(header) or not is_sound(header)


def _corrected(column: SeenColumn, name: str) -> str | None:
    """The column that header and cells mean together; None when they contradict each other."""
    whole = share(column, lambda cell: reads(Kind.IDENTIFIER, cell))
    match name:
        case "workspace" if whole >= MOST:
            return "workspace_id"
        case "workspace_id" if whole < MOST:
            return "project_code"
        case "due_date" if share(column, is_date) < MOST <= share(column, lambda cell: reads(Kind.DAYS, cell)):
            return "payment_schedule"
        case "payment_schedule" if share(column, is_date) >= MOST:
            return "due_date"
        case "item_type" if _is_text_of_work(column):
            return "notes"
    return name if _fits(column, name) else None


def _is_text_of_work(column: SeenColumn) -> bool:
    """Tell whether a “Nature de la prestation” says what was done, and not of which type the line is."""
    is_of_work = "text" in ideas_of(column.text) and holds_texts(column)
    return is_of_work and understood_item_types(column) == 0


def _fits(column: SeenColumn, name: str) -> bool:
    """Tell whether the cells can be read as a column."""
    if name in CHECK_BY_NAME:
        if CHECK_BY_NAME[name].rule in FIGURES:
            return share(column, lambda cell: any(map(str.isdigit, text_of(cell)))) >= MOST
        if name == "due_date":
            return share(column, is_date) >= MOST
        return not contradicts(column, name)
    kind = BY_NAME[name].kind
    if kind is Kind.TEXT:
        return name not in ("notes", "message", NAME_OF_PROJECT) or share(column, is_figure) < HALF
    if kind in CHOSEN and len(column.counts) <= MOST_WORDS:
        return share(column, is_date) < HALF
    return share(column, lambda cell: reads(kind, cell)) >= MOST


def _terms_under_a_due_date(compared: Mapping[str, SeenColumn], meant: Mapping[str, str]) -> Iterator[Proposal]:
    due = compared.get("due_date")
    if due is not None and "payment_schedule" not in meant and holds_days(due):
        yield Proposal(due, "payment_schedule", sure=True, why="its cells are numbers of days, no dates")


def _dates_of_billing(compared: Mapping[str, SeenColumn], meant: Mapping[str, str]) -> Iterator[Proposal]:
    billed = compared.get("invoiced_on")
    if billed is None or "invoice_date" in meant or not holds_dates(billed):
        return
    if may_be_invoice_date(billed.text):
        yield Proposal(billed, "invoice_date", sure=False, why=HOLDS_DATES)


def _by_shape(found: Proposal, meant: Mapping[str, str], shapes: Iterable[tuple[str, str]]) -> Proposal:
    """What cells alone say of a column that means nothing so far; never for sure."""
    for name, why in shapes:
        if name not in meant:
            return Proposal(found.column, name, sure=False, why=why)
    return found


def _shapes(column: SeenColumn) -> Iterator[tuple[str, str]]:
    """What the cells of a column could be whose header says nothing, and why."""
    if share(column, lambda cell: reads(Kind.ITEM_TYPE, cell)) >= MOST:
        yield "item_type", "its cells are item types"
    if holds_terms(column):
        yield "payment_schedule", "its cells are terms of payment"
    if not _PAYING.isdisjoint(ideas_of(column.text)) and holds_usual_terms(column):
        yield "payment_schedule", "it holds numbers of days that are usual to pay within"
    if holds_currencies(column):
        yield "currency", "its cells are codes of currencies"
    if holds_orders(column):
        yield "purchase_order", "its cells look like numbers of orders"
    is_dated_itself = speaks_of_other_dates(column.text) or not _DATED_ITSELF.isdisjoint(ideas_of(column.text))
    if holds_dates(column) and not is_dated_itself:
        yield "invoice_date", HOLDS_DATES


def _shapes_of_numbers(column: SeenColumn, *, has_project: bool, has_ids: bool) -> Iterator[tuple[str, str]]:
    """What numbers could be that nothing else says, and why: ids, or amounts with their coins."""
    if not has_project and holds_ids(column):
        yield "workspace_id", "its cells are whole numbers, and no column is the project"
    if not has_ids and holds_coins(column):
        yield "amount", "its cells are numbers with decimals, and no column is the amount"


def _longest_texts(proposals: Iterable[Proposal]) -> SeenColumn | None:
    """The column of texts that a client most probably reads: one of unknown header before one that names a task."""
    best: tuple[tuple[bool, float], SeenColumn] | None = None
    for found in proposals:
        is_unknown, column = found.why == NOTHING_SAID, found.column
        if not (is_unknown or "task" in ideas_of(column.text)) or found.meant or not holds_texts(column):
            continue
        rank = (is_unknown, sum(len(text_of(cell)) for cell in column.cells) / len(column.cells))
        if best is None or rank > best[0]:
            best = (rank, column)
    return None if best is None else best[1]


def title_of(name: str) -> str:
    """What a person calls a column that is sent or compared."""
    return BY_NAME[name].title if name in BY_NAME else CHECK_BY_NAME[name].title
