"""What the cells of a sheet's unknown columns look like, where headers do not say what they mean: never for sure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from importer.model.check_only import CHECK_BY_NAME
from importer.model.columns import BY_NAME, NAME_OF_PROJECT, Kind
from importer.model.sheet import text_of
from importer.values.cell_shapes import (
    MOST,
    SeenColumn,
    holds_numbers_of,
    holds_shared_dates,
    holds_terms,
    holds_usual_terms,
    holds_wordings,
    reads,
    repeats,
    share,
)
from importer.values.header_meanings import ideas_of
from importer.values.header_proofs import (
    holds_coins,
    holds_currencies,
    holds_ids,
    holds_orders,
)
from importer.values.other_dates import speaks_of_other_dates
from importer.values.products import highest, holds_times, is_sum_of, product_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal

NOTHING_SAID = "neither its header nor its cells say what it means"
"""Why a column is proposed to mean nothing where that is all that is known of it."""
NOT_THESE_CELLS = ", but not with these cells"
SPEAKS_OF_TIME = "its header only speaks of a time or a place"
HOLDS_DATES = "it holds dates, and no column is the invoice date"
_PAYING = frozenset({"days", "due", "pay", "terms"})
"""Ideas of headers above numbers of days to pay."""
DATED_ITSELF = frozenset({"project", "task", "entry", "expense", "day", "work"})
"""Ideas of what has a date of its own; above “Day” stands that of the work."""
_NUMBERED = frozenset({"project", "number", "ident", "code", "assignment", "contract", "task", "line", "name"})
"""Ideas that may stand above numbers of projects; those of documents and clients have others."""
_COUNTS = ("quantity", "hours")
_SUMS = frozenset({"total", "net", "gross"})
_RESULTS = frozenset({"amount", "total", "net", "gross"})


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


def title_of(name: str) -> str:
    """What a person calls a column that is sent or compared."""
    return BY_NAME[name].title if name in BY_NAME else CHECK_BY_NAME[name].title


def if_free(found: Proposal, meant: dict[str, str]) -> Proposal:
    """The proposal, unless another header means its column already, by ``meant``, to which it is added."""
    name = found.meant
    if name is None or name not in BY_NAME:
        return found
    if name in meant:
        return replace(found, meant=None, sure=False, why=f"“{meant[name]}” is {BY_NAME[name].title} already")
    meant[name] = found.column.text
    return found


# --- numbers that multiply to others --------------------------------------------------


def with_products(
    proposals: Sequence[Proposal], others: Iterable[tuple[SeenColumn, str]], *, bills_amounts: bool
) -> list[Proposal]:
    """The proposals; columns whose cells multiply to those of another are rate, quantity and amount.

    ``others``: columns that mean something already, and what. ``bills_amounts``: whether a product may be the amount.
    """
    meant = {found.column.position: found.meant for found in proposals}
    columns = [found.column for found in proposals]
    for column, name in others:
        if column.position not in meant:
            meant[column.position] = name
            columns.append(column)
    product = product_of(filter(_may_be_multiplied, columns))
    if product is None:
        return list(proposals)

    left, right = product.factors
    roles = _roles_of_factors(left, right, meant)
    if meant[product.result.position] not in _RESULTS:
        is_amount = bills_amounts and "amount" not in meant.values()
        roles[product.result.position] = "amount" if is_amount else "total"
    why = f"in every row “{left.text}” times “{right.text}” is “{product.result.text}”"
    return [_in_its_role(found, roles.get(found.column.position), why) for found in proposals]


def _in_its_role(found: Proposal, role: str | None, why: str) -> Proposal:
    if role is None or found.meant == role:
        return found
    return replace(found, meant=role, sure=False, why=why)


def _may_be_multiplied(column: SeenColumn) -> bool:
    """Tell whether a header speaks of no taxes or the like: a rate of 0.2 times the net amount is no line."""
    ideas = ideas_of(column.text)
    return "net" in ideas or ideas.isdisjoint({"tax", "discount", "margin", "exchange"})


def _roles_of_factors(left: SeenColumn, right: SeenColumn, meant: Mapping[int, str | None]) -> dict[int, str]:
    """Position of each factor → whether it is the rate, or the quantity or hours."""
    rate, other = sorted((left, right), key=lambda column: _rank_as_rate(column, meant[column.position]))
    name = meant[other.position]
    return {rate.position: "rate", other.position: name if name in _COUNTS else _count_of(other)}


def _rank_as_rate(column: SeenColumn, name: str | None) -> tuple[bool, bool, bool, bool, int, Decimal]:
    """Least for what is most like a rate: by its header, no times, cents, few and high numbers."""
    ideas = ideas_of(column.text)
    is_price = name == "rate" or not ideas.isdisjoint({"price", "money", "rate"})
    is_count = not ideas.isdisjoint(_COUNTS) or holds_times(column)
    return (name in _COUNTS, not is_price, is_count, not holds_coins(column), len(column.cells), -highest(column))


def _count_of(column: SeenColumn) -> str:
    return "hours" if "hours" in ideas_of(column.text) else "quantity"


def without_other_sums(proposals: Sequence[Proposal], amount: SeenColumn | None) -> list[Proposal]:
    """The proposals; a total that is far from the amount of most rows is that of something else.

    ``amount``: the column that is the amount already, where there is such.
    """
    of_amounts = [found.column for found in proposals if found.meant == "amount"]
    amounts = [amount, *of_amounts] if amount is not None else of_amounts
    why = "its numbers are not those of the amount"
    checked = []
    for found in proposals:
        is_another = found.meant in _SUMS and not all(is_sum_of(found.column, column) for column in amounts)
        checked.append(replace(found, meant=None, sure=False, why=why) if is_another else found)
    return checked


# --- cells alone --------------------------------------------------------------------------


def with_shapes(proposals: Sequence[Proposal], meant: dict[str, str], numbers: Collection[str]) -> Iterator[Proposal]:
    """The proposals; those that mean nothing so far mean what their cells look like, where no other column is that."""
    has_project = not meant.keys().isdisjoint({"workspace_id", NAME_OF_PROJECT})
    has_ids = "item_id" in meant
    repeated = None if has_project else _repeated_texts(proposals)
    longest = None if has_ids else _longest_texts(proposals, repeated)
    for found in proposals:
        shapes: list[tuple[str, str]] = []
        if found.meant is None and not has_project and holds_numbers_of(found.column, numbers):
            shapes.append(("workspace_id", "its cells are numbers of your projects"))
        if found.column is repeated:
            shapes.append((NAME_OF_PROJECT, "its cells are names that repeat, and no column is the project"))
        if found.column is longest:
            shapes.append(("notes", "its cells are texts, and no column holds the text that the client reads"))
        shapes += _shapes_if_open(found, has_project=has_project, has_ids=has_ids)
        yield if_free(_by_shape(found, meant, shapes), meant) if shapes else found


def _shapes_if_open(found: Proposal, *, has_project: bool, has_ids: bool) -> Iterator[tuple[str, str]]:
    """What a column could be by its cells where its header says nothing, or nothing that they agree with."""
    is_open = found.why == NOTHING_SAID or found.why.endswith(NOT_THESE_CELLS)
    if is_open:
        yield from _shapes(found.column)
        yield from _shapes_of_numbers(found.column, has_project=has_project)
    if (is_open or found.why == SPEAKS_OF_TIME) and not has_ids and holds_coins(found.column):
        yield "amount", "its cells are numbers with decimals, and no column is the amount"


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
    is_dated_itself = speaks_of_other_dates(column.text) or not DATED_ITSELF.isdisjoint(ideas_of(column.text))
    if holds_shared_dates(column) and not is_dated_itself:
        yield "invoice_date", HOLDS_DATES


def _shapes_of_numbers(column: SeenColumn, *, has_project: bool) -> Iterator[tuple[str, str]]:
    """What whole numbers could be that nothing else says, and why."""
    if not has_project and holds_ids(column) and ideas_of(column.text) <= _NUMBERED:
        yield "workspace_id", "its cells are whole numbers, and no column is the project"


def _repeated_texts(proposals: Iterable[Proposal]) -> SeenColumn | None:
    """The first column of names that stand in several rows each, as those of projects do."""
    for found in proposals:
        is_unknown = found.why == NOTHING_SAID
        if is_unknown and found.meant is None and repeats(found.column) and holds_wordings(found.column):
            return found.column
    return None


def _longest_texts(proposals: Iterable[Proposal], repeated: SeenColumn | None) -> SeenColumn | None:
    """The column of texts that a client most probably reads.

    A column of unknown header before one that names a task, one whose texts all differ before one that repeats.
    """
    best: tuple[tuple[bool, bool, float], SeenColumn] | None = None
    for found in proposals:
        column = found.column
        if found.meant or column is repeated or not _may_be_for_client(found):
            continue
        length = sum(len(text_of(cell)) for cell in column.cells) / len(column.cells)
        rank = (found.why == NOTHING_SAID, not repeats(column), length)
        if best is None or rank > best[0]:
            best = (rank, column)
    return None if best is None else best[1]


def _may_be_for_client(found: Proposal) -> bool:
    """Tell whether a column holds texts below a header that is unknown, names a task, or the work of a time."""
    ideas = ideas_of(found.column.text)
    is_of_work = "task" in ideas or (found.why == SPEAKS_OF_TIME and not ideas.isdisjoint({"text", "work"}))
    return (found.why == NOTHING_SAID or is_of_work) and holds_wordings(found.column)
