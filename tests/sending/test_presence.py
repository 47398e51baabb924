"""The one rule for “gone”: not shown, its finances visible, and sent long enough ago."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from importer.kantata.invoices import FoundInvoice
from importer.model.answers import ReadBack
from importer.sending.presence import Presence, look_for, presence, sent_after

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def found(invoice_id: str = "7", *, cancelled: bool = False) -> FoundInvoice:
    """Return an invoice as Kantata shows it."""
    return FoundInvoice(invoice_id, cancelled, (), None, {}, shows_references=True, read_back=ReadBack())


@pytest.mark.parametrize(
    ("shown", "visible", "recent", "expected"),
    [
        (found(), {1, 2}, False, Presence.SHOWN),
        (found(), set[int](), True, Presence.SHOWN),
        (found(cancelled=True), set[int](), True, Presence.CANCELLED),
        (None, {1, 2, 3}, False, Presence.GONE),
        (None, {1}, False, Presence.HIDDEN),
        (None, {1, 2}, True, Presence.TOO_RECENT),
        (None, {1}, True, Presence.TOO_RECENT),
    ],
)
def test_only_what_would_be_shown_is_gone(
    shown: FoundInvoice | None, visible: set[int], *, recent: bool, expected: Presence
) -> None:
    """What Kantata shows counts at any time; what it does not show only where it proves something."""
    assert presence(shown, (1, 2), visible, recent=recent) is expected


class Kantata:
    """Shows some invoices and the finances of some projects; notes what it is asked for."""

    def __init__(self, shown: list[FoundInvoice], visible: set[int]) -> None:
        """Hold them."""
        self.shown, self.visible, self.asked = shown, visible, list[set[int]]()

    def find_by_ids(self, ids: Iterable[str]) -> Iterator[FoundInvoice]:
        """Yield those of the ids."""
        return (each for each in self.shown if each.invoice_id in set(ids))

    def sees_finances_of(self, projects: Iterable[int]) -> set[int]:
        """Those of the projects that can be seen."""
        self.asked.append(set(projects))
        return self.visible & self.asked[-1]


def test_finances_are_asked_for_the_projects_of_absent_invoices_only() -> None:
    """Of each invoice its own projects: that others of the batch can be seen proves nothing."""
    kantata = Kantata([found("7")], {3})
    look = look_for(kantata, {"7": (1,), "8": (2, 3), "9": (3,)})  # type: ignore[arg-type]
    assert kantata.asked == [{2, 3}]
    told = {number: look.presence(number, projects) for number, projects in {"7": (1,), "8": (2, 3), "9": (3,)}.items()}
    assert told == {"7": Presence.SHOWN, "8": Presence.HIDDEN, "9": Presence.GONE}


def test_nothing_absent_asks_nothing_more() -> None:
    """One call where one is enough."""
    kantata = Kantata([found("7")], set())
    look_for(kantata, {"7": (1,)})  # type: ignore[arg-type]
    assert kantata.asked == []


def test_what_was_sent_after_the_moment_is_too_recent() -> None:
    """Counted back from now, in the time of the ledger."""
    now = datetime(2026, 11, 22, 12, 0)  # noqa: DTZ001 - as the ledger has it
    assert sent_after(180, now) == now - timedelta(seconds=180)
