"""What a sheet lacks without which nothing can be billed, and which of its unused columns could be that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.model.columns import NAME_OF_PROJECT, Kind
from importer.model.invoices import AMOUNT_IN_SHEET, BY_ID, ItemType
from importer.values.cell_shapes import HALF, holds_terms, holds_usual_terms
from importer.values.cells import parser_of
from importer.values.header_meanings import ideas_of
from importer.values.header_proofs import holds_amounts, holds_ids, understood_item_types
from importer.values.header_shapes import title_of

if TYPE_CHECKING:
    from importer.values.cell_shapes import SeenColumn

_BY_IDEA = {
    "expense": ItemType.EXPENSE,
    "milestone": ItemType.BILLING_MILESTONE,
    "entry": ItemType.TIME_ENTRY,
    "hours": ItemType.TIME_ENTRY,
}
"""Idea in the header of the ids → the item type that they are of."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A column that the sheet lacks and without which nothing can be billed."""

    name: str
    title: str
    proposed: str | None
    """A constant for all rows; None: none is likely."""
    candidates: tuple[SeenColumn, ...] = ()
    """Unused columns whose cells have its shape, from left to right."""

    @property
    def can_be_constant(self) -> bool:
        """Whether all rows may have the same: the amount of each stands in the sheet."""
        return self.name != "amount"


def missing_columns(
    present: Mapping[str, SeenColumn], constants: Collection[str], unused: Iterable[SeenColumn]
) -> tuple[Missing, ...]:
    """The columns that are lacking. ``present``: name → the column that means it, ``unused``: those of no meaning."""
    names = {*present, *constants}
    lacking: list[tuple[str, str | None]] = []
    if names.isdisjoint({"workspace_id", NAME_OF_PROJECT}):
        lacking.append(("workspace_id", None))
    if "item_type" not in names:
        lacking.append(("item_type", _likely_item_type(present.get("item_id"))))
    if "amount" not in names and _bills_amounts(present):
        lacking.append(("amount", None))
    if "payment_schedule" not in names:
        lacking.append(("payment_schedule", None))

    unused = sorted(unused, key=lambda column: column.position)
    found = []
    for name, proposed in lacking:
        candidates = tuple(filter(_SHAPES[name], unused))
        found.append(Missing(name, title_of(name), proposed, candidates))
    return tuple(found)


def _likely_item_type(ids: SeenColumn | None) -> str | None:
    """The item type of all rows: by the header of their ids; without ids only an amount can be billed."""
    if ids is None:
        return ItemType.ADDITIONAL.value
    ideas = ideas_of(ids.text)
    found = {item_type for idea, item_type in _BY_IDEA.items() if idea in ideas}
    return found.pop().value if len(found) == 1 else None


def _bills_amounts(present: Mapping[str, SeenColumn]) -> bool:
    """Whether any row bills an amount of the sheet; of rows with ids only those whose item type says so."""
    if "item_id" not in present:
        return True
    item_types = present.get("item_type")
    if item_types is None:
        return False
    return any(parser_of(Kind.ITEM_TYPE)(cell) in AMOUNT_IN_SHEET - BY_ID for cell in item_types.cells)


def _holds_item_types(column: SeenColumn) -> bool:
    return understood_item_types(column) >= HALF


def _holds_days(column: SeenColumn) -> bool:
    return holds_terms(column) or holds_usual_terms(column)


_SHAPES: dict[str, Callable[[SeenColumn], bool]] = {
    "workspace_id": holds_ids,
    "item_type": _holds_item_types,
    "amount": holds_amounts,
    "payment_schedule": _holds_days,
}
"""Name of a column that no sheet can lack → whether the cells of another one look like it."""
