"""The pandera schema of each item type, made from the one list of columns."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandera.pandas as pa

from importer.model.columns import BY_NAME, Column, Kind
from importer.model.invoices import ItemType
from importer.values.readings import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    import pandas as pd


CENT = Decimal("0.01")

Fault = str
"""Key of a message in the catalogue, such as ``*.zero``; ``*`` stands for the column's name."""


def schema_for(
    item_type: ItemType | None, columns: list[str], *, send_cents: bool, named: AbstractSet[int] = frozenset()
) -> pa.DataFrameSchema:
    """Schema for the parsed rows of one item type; None is for rows whose type cannot be read.

    Rows in ``named`` give their project a name, so that its number may be missing.
    """
    by_column = {}
    for name in columns:
        excused = named if name == "workspace_id" else frozenset()
        checks = _checks(BY_NAME[name], item_type, send_cents=send_cents, excused=excused)
        by_column[name] = pa.Column(object, checks=checks, nullable=True)
    return pa.DataFrameSchema(by_column, strict=False)


def _checks(
    column: Column, item_type: ItemType | None, *, send_cents: bool, excused: AbstractSet[int]
) -> list[pa.Check]:
    if item_type is not None and item_type not in column.allowed_for:
        return [_check_of("*.forbidden", lambda _value: False)]
    # Of an Undecided cell the problem of its column speaks. Types are compared because that is quick.
    checks = [pa.Check(lambda cells: cells.map(type) != Unreadable, name="*.unreadable", error="*.unreadable")]
    types = frozenset(ItemType) if item_type is None else frozenset({item_type})
    if types <= column.required_for:

        def filled(cells: pd.Series[Any]) -> pd.Series[bool]:
            return cells.notna() | cells.index.isin(excused)

        checks.append(pa.Check(filled, name="*.missing", error="*.missing", ignore_na=False))
    if column.kind is Kind.AMOUNT:
        checks += _amount_checks(item_type, send_cents=send_cents)
    if column.name == "item_id" and item_type is not None:
        checks.append(pa.Check(_is_alone, name="*.duplicate", error="*.duplicate"))
    return checks


def _check_of(fault: Fault, holds: Callable[[Any], bool]) -> pa.Check:
    return pa.Check(holds, element_wise=True, name=fault, error=fault)


def _amount_checks(item_type: ItemType | None, *, send_cents: bool) -> list[pa.Check]:
    def amount_check(fault: Fault, holds: Callable[[Decimal], bool]) -> pa.Check:
        return _check_of(fault, lambda value: isinstance(value, Unreadable) or holds(value))

    checks = [amount_check("*.zero", lambda amount: amount != 0)]
    if send_cents:
        checks.append(amount_check("*.too_precise", lambda amount: amount % CENT == 0))
    else:
        checks.append(amount_check("*.fraction", lambda amount: amount % 1 == 0))
    if item_type is ItemType.FIXED_FEE:
        checks.append(amount_check("*.negative", lambda amount: amount >= 0))
    return checks


def _is_alone(ids: pd.Series[Any]) -> pd.Series[bool]:
    readable = ids.map(lambda value: isinstance(value, int)).astype(bool)
    return ~(readable & ids.duplicated(keep=False))
