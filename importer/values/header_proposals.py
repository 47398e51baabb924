"""What the unknown columns of a sheet probably mean: proposals to a person.

The words of the header speak first (:mod:`importer.values.header_meanings`); the shape of the cells confirms them,
corrects them (a “Project” full of numbers holds ids) or rules them out. It is sure only where both together prove it
(:mod:`importer.values.header_proofs`). A proposal is never applied without a person.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.model.check_only import CHECK_BY_NAME
from importer.model.columns import BY_NAME, NAME_OF_PROJECT, Kind
from importer.model.header_words import suggested_in_words
from importer.model.sheet import text_of
from importer.values.cell_shapes import (
    HALF,
    MOST,
    SeenColumn,
    holds_dates,
    holds_days,
    holds_texts,
    is_date,
    is_figure,
    reads,
    share,
)
from importer.values.header_meanings import (
    Meaning,
    ideas_of,
    is_sound,
    meaning_of,
    meanings_of,
    misspelt,
)
from importer.values.header_projects import known_number, of_project, with_item_ids
from importer.values.header_proofs import (
    FIGURES,
    FLAGS,
    contradicts,
    holds_amounts,
    is_note,
    is_proved,
    speaks_of_projects,
    understood_item_types,
)
from importer.values.header_shapes import (
    DATED_ITSELF,
    HOLDS_DATES,
    NOT_THESE_CELLS,
    NOTHING_SAID,
    SPEAKS_OF_TIME,
    Proposal,
    if_free,
    title_of,
    with_products,
    with_shapes,
    without_other_sums,
)
from importer.values.names import same
from importer.values.other_dates import may_be_invoice_date, speaks_of_other_dates
from importer.values.products import holds_times
from importer.values.word_proposals import CHOSEN, MOST_WORDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence


_TO_BILL = ("billable", "net", "total")
"""Columns that are compared and can be what is billed, the better first: “To bill” with amounts, a net sum, a sum."""
WHY_SURE = {True: "its header says so", False: "its header could mean that"}
_OF_OTHER_SUMS = frozenset(
    "elsewhere cost paid so_far margin internal supplier quote contract buying number code person client".split()
)
"""Ideas above what is billed at another time, or never."""
SOMETHING_ELSE = "its header speaks of something else"
_NONE: dict[str, SeenColumn] = {}


def propose(  # noqa: PLR0913 - one argument per fact
    columns: Sequence[SeenColumn],
    taken: Mapping[str, SeenColumn],
    known: Mapping[str, str],
    titles: Collection[str] = frozenset(),
    *,
    compared: Mapping[str, SeenColumn] = _NONE,
    numbers: Collection[str] = frozenset(),
) -> tuple[Proposal, ...]:
    """A proposal for each unknown column, and for each compared one that holds something else; in their order.

    ``taken``: names that known headers mean already → their columns. ``titles``: names of projects, as
    :func:`importer.values.names.same` reduces them. ``compared``: known columns that are compared and never sent;
    where no column is the amount, one of them is proposed as that. ``numbers``: those of the projects.
    """
    proposals = [known_number(_proposal(column, known, titles), numbers) for column in columns]
    proposals += _terms_under_a_due_date(compared, taken)
    proposals += _contradicted(compared)
    proposals = with_item_ids(proposals, taken)
    names = {*taken, *(found.meant for found in proposals)}
    understood = [(column, name) for name, column in (*taken.items(), *compared.items())]
    proposals = with_products(proposals, understood, bills_amounts="item_id" not in names)
    if "amount" not in taken and "item_id" not in taken:
        proposals = _with_an_amount(proposals, compared)
    meant = {name: column.text for name, column in taken.items()}
    settled = {}
    bills_by_ids = "item_id" in names and "amount" not in names
    for found in sorted(_without_notes(proposals, bills_by_ids=bills_by_ids), key=_rank):
        settled[found.column.position] = if_free(of_project(found, meant), meant)
    in_order = without_other_sums([settled[position] for position in sorted(settled)], taken.get("amount"))
    found_all = list(with_shapes(in_order, meant, numbers))
    found_all += _dates_of_billing(compared, meant)  # only where no other column holds the date of the invoice
    return tuple(sorted(found_all, key=lambda found: found.column.position))


def _rank(found: Proposal) -> tuple[bool, bool, int]:
    """What is sure comes first, then what speaks of projects, then what stands to the left."""
    is_of_project = found.meant in ("workspace_id", NAME_OF_PROJECT) and speaks_of_projects(found.column.text)
    return (not found.sure, not is_of_project, found.column.position)


def _without_notes(proposals: Sequence[Proposal], *, bills_by_ids: bool) -> Iterator[Proposal]:
    """The proposals; a column of notes, often for colleagues, gives way to any other column of texts."""
    others = [found.column.text for found in proposals if _may_be_text_for_client(found)]
    for found in proposals:
        is_of_notes = found.meant == "notes" and is_note(found.column.text)
        if is_of_notes and bills_by_ids:
            yield replace(
                found, meant=None, sure=False, why="it holds notes, and what is billed by its number has none"
            )
        elif is_of_notes and others:
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
    meaning = _meaning_by_header(column.text, known)
    if titles and share(column, lambda cell: same(text_of(cell)) in titles) >= HALF:
        return Proposal(column, NAME_OF_PROJECT, sure=True, why="its cells are names of projects")
    if _is_item_type_in_words(column, meaning):
        return Proposal(column, "item_type", sure=False, why="its cells are item types")
    if meaning is None or (meaning.column is None and _has_unknown_part(column.text)):
        return Proposal(column, None, sure=False, why=NOTHING_SAID)
    if meaning.column is None:
        why = SPEAKS_OF_TIME if _only_speaks_of_time(column.text) else SOMETHING_ELSE
        return Proposal(column, None, meaning.sure, why)
    return _confirmed(column, meaning)


def _is_item_type_in_words(column: SeenColumn, meaning: Meaning | None) -> bool:
    """Tell whether cells are item types below a header that says another thing, but not surely: “Billed as”."""
    is_open = meaning is None or not (meaning.sure or meaning.column == "item_type")
    return is_open and share(column, lambda cell: reads(Kind.ITEM_TYPE, cell)) >= MOST


def _has_unknown_part(header: str) -> bool:
    """Tell whether a header has two names and one of them is not understood: “Client / workstream”."""
    parts = header.split("/")
    return len(parts) > 1 and not all(map(ideas_of, parts))


def _meaning_by_header(header: str, known: Mapping[str, str]) -> Meaning | None:
    """What the words of a header say, else the header from which it is misspelt, else what the preview suggests."""
    meaning = meaning_of(header)
    if meaning is not None and meaning.sure:
        return meaning
    near = misspelt(header, known)
    if near is not None:
        return Meaning(near, sure=False)
    suggested = suggested_in_words(header) if meaning is None else None
    return meaning if suggested is None else Meaning(suggested, sure=False)


def _only_speaks_of_time(header: str) -> bool:
    """Tell whether a header may speak of what is billed, in a time or at a place: “Valuation this month”."""
    ideas = ideas_of(header)
    return "vague" in ideas and ideas.isdisjoint(_OF_OTHER_SUMS)


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
    is_of_invoice = "invoice" in ideas_of(column.text) and not speaks_of_other_dates(column.text)
    return "invoice_date" if is_of_invoice and holds_dates(column) else None


def _is_another_date(header: str) -> bool:
    """Tell whether a date is that of something else than the invoice: “Insertion date”, “Fecha de pago”."""
    ideas = ideas_of(header)
    if not ideas.isdisjoint({"invoice", "issued"}):
        return False
    return not ideas.isdisjoint(DATED_ITSELF) or speaks_of_other_dates(header) or not is_sound(header)


def _corrected(column: SeenColumn, name: str) -> str | None:
    """The column that header and cells mean together; None when they contradict each other."""
    whole = share(column, lambda cell: reads(Kind.IDENTIFIER, cell))
    match name:
        case "workspace" if whole >= MOST:
            return "workspace_id"
        case "workspace_id" if whole < MOST:
            return "project_code" if "project" in ideas_of(column.text) else None
        case "due_date" if share(column, is_date) < MOST <= share(column, lambda cell: reads(Kind.DAYS, cell)):
            return "payment_schedule"
        case "payment_schedule" if share(column, is_date) >= MOST:
            return "due_date"
        case "item_type" if _is_text_of_work(column):
            return "notes"
    if name == "rate" and _is_time(column):
        name = "hours"
    return name if _fits(column, name) else None


def _is_time(column: SeenColumn) -> bool:
    """Tell whether “Hours charged” are hours: they could be quarters of a day's hours, and nothing says price."""
    ideas = ideas_of(column.text)
    return "hours" in ideas and ideas.isdisjoint({"price", "rate"}) and holds_times(column)


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
        of_figures = is_figure if name in ("notes", "message", NAME_OF_PROJECT) else is_date
        return share(column, of_figures) < HALF
    if kind in CHOSEN and len(column.counts) <= MOST_WORDS:
        return share(column, is_date) < HALF
    return share(column, lambda cell: reads(kind, cell)) >= MOST


def _terms_under_a_due_date(compared: Mapping[str, SeenColumn], meant: Mapping[str, SeenColumn]) -> Iterator[Proposal]:
    due = compared.get("due_date")
    if due is not None and "payment_schedule" not in meant and holds_days(due):
        yield Proposal(due, "payment_schedule", sure=True, why="its cells are numbers of days, no dates")


def _dates_of_billing(compared: Mapping[str, SeenColumn], meant: Mapping[str, str]) -> Iterator[Proposal]:
    billed = compared.get("invoiced_on")
    if billed is None or "invoice_date" in meant or not holds_dates(billed):
        return
    if may_be_invoice_date(billed.text):
        yield Proposal(billed, "invoice_date", sure=False, why=HOLDS_DATES)
