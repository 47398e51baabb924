"""Amounts of answers: the currency says how many of its smallest coins make one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from importer.kantata.invoices import found_invoices
from importer.kantata.lenient import base_unit_of, from_cents


@pytest.mark.parametrize(
    ("unit", "amount"),
    [
        (100, "12"),
        (1, "1200"),
        (1000, "1.2"),
        (None, "12"),
        (0, "12"),
        ("1", "12"),
        (True, "12"),
        ([], "12"),
        (7, "12"),
    ],
)
def test_the_base_unit_of_a_currency_counts(unit: object, amount: str) -> None:
    """1200 of the smallest coin are 1200 yen, but 12 euros; what is no unit is taken as cents."""
    assert from_cents(1200, base_unit_of({"currency_base_unit": unit})) == Decimal(amount)


def test_yen_are_read_back_as_they_were_sent() -> None:
    """Total and items of one invoice in a currency without cents."""
    record = {
        "id": "7",
        "workspace_id": "101",
        "currency": "JPY",
        "currency_base_unit": 1,
        "balance_in_cents": 1200,
        "fixed_fee_item_ids": ["1"],
        "additional_item_ids": [],
    }
    items = {"1": {"amount_in_cents": 1200, "notes": "x"}}
    [found] = found_invoices({"invoices": {"7": record}, "fixed_fee_items": items})
    assert (found.read_back.items_amount, found.read_back.total) == (1200, 1200)
    assert found.content is not None
    assert [amount for _, amount, _ in found.content.priced] == [1200]
