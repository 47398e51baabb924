"""The bridge from the batch before: its steps lead to what is billed now, to the cent."""

from __future__ import annotations

from decimal import Decimal

from importer.planning.bridge import bridges
from importer.planning.comparison import Change, Kind


def change(kind: Kind, before: str | None, now: str | None, currency: str = "EUR", **more: str) -> Change:
    """A project that moved."""
    amounts = [None if amount is None else Decimal(amount) for amount in (before, now)]
    return Change(101, kind, *amounts, currency, None, more.get("currency_before"))


def test_the_steps_lead_from_before_to_now() -> None:
    """New and missing projects apart from those that are billed more or less; also steady ones count."""
    [bridge] = bridges(
        (
            change(Kind.NEW, None, "10.10"),
            change(Kind.MISSING, "5.00", None),
            change(Kind.CHANGED, "100", "150.05"),
            change(Kind.STEADY, "20", "19.95"),
            change(Kind.STEADY, "7", "7"),
        )
    )
    assert bridge.before == 132
    assert [amount for _, amount in bridge.steps] == [Decimal(text) for text in ("10.10", "50.05", "-0.05", "-5.00")]
    assert bridge.now == Decimal("187.10")


def test_what_is_not_known_in_both_batches_is_in_no_bridge() -> None:
    """A sum with a hole in it would be a wrong one."""
    assert bridges((change(Kind.NOT_COMPARED, None, "5"), change(Kind.NEW, None, None))) == ()


def test_a_project_that_changed_its_currency_leaves_one_bridge_and_enters_another() -> None:
    """Nothing is added up over two currencies."""
    moved = change(Kind.NOT_COMPARED, "100", "120", currency="USD", currency_before="EUR")
    euro, dollar = sorted(bridges((moved,)), key=lambda bridge: bridge.currency or "")
    assert (euro.currency, euro.before, euro.missing, euro.now) == ("EUR", 100, -100, 0)
    assert (dollar.currency, dollar.before, dollar.new, dollar.now) == ("USD", 0, 120, 120)
