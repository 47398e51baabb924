"""What of the open work in Kantata is billed already, as the ledger knows it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from plans import ACCOUNT
from test_identity import Desk, desk, told

from importer.flow.open_items import find_open
from importer.flow.prepared import Tools
from importer.kantata.account import Found
from importer.kantata.open_items import OpenQuery
from importer.ledger import database
from importer.model.open_items import Obstacle
from importer.settings.model import Settings

if TYPE_CHECKING:
    import pytest

__all__ = ["desk"]

ENTRY, DAY = 5101001, date(2026, 10, 31)


def test_what_is_too_recent_to_be_missed_is_judged_by_the_clock_of_the_ledger(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger that several machines share has its own clock: what was billed by it just now is not open again."""
    behind = database.now() - timedelta(hours=1)
    monkeypatch.setattr(database, "now", lambda: behind)
    billed = desk.submit(f"101,,Time entry,{ENTRY},,,,30")
    assert told(billed) == ["created"]
    desk.cancel(billed.planned[0].invoice_id)

    tools = Tools(Settings(settle_seconds=180), ACCOUNT, desk.ledger, desk.api)
    found = find_open(desk.api, tools, OpenQuery(DAY.replace(day=1), DAY), Found(), DAY)
    [entry] = [item for item in found.items if item.item_id == ENTRY]
    assert entry.obstacle is Obstacle.SENT_BEFORE
