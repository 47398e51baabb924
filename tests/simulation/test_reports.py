"""What goes wrong with the results, after the invoices: the ledger knows, and the next command says it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

import pytest
from disk import REALLY_OPEN, Disk
from episode import Episode
from openpyxl import load_workbook
from world import World

if TYPE_CHECKING:
    from pathlib import Path

MOST_POINTS = 60
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # files that a kill left open


class ReportsDisk(Disk):
    """A full disk of results; that of the ledger has room."""

    def __init__(self, world: World) -> None:
        """From its first file on."""
        super().__init__(world, 1, errno.ENOSPC)

    def _before(self, function: Any) -> Any:
        return function

    def _around_commit(self, commit: Any) -> Any:
        return commit

    def _open(self, file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if "reports" in str(file):
            return super()._open(file, mode, *rest, **named)
        return REALLY_OPEN(file, mode, *rest, **named)


def desk(world: World) -> Episode:
    """One line to be billed, on a calm day."""
    episode = Episode(world)
    episode.is_calm = True
    del episode.sheet.lines[1:]
    return episode


def test_a_full_disk_of_results_is_said_and_forgets_nothing(tmp_path: Path) -> None:
    """Submit says why there are no results, and what was sent; the next one has room, and says that it is billed."""
    with World(0, tmp_path).running() as world:
        episode = desk(world)
        disk = ReportsDisk(world)
        with disk.in_use():
            full = episode.submit()
        assert disk.has_failed
        assert full.exit_code == 1
        assert [invoice["status"] for invoice in full.document["invoices"]] == ["created"]
        assert any("No space left on device" in notice for notice in full.document["notices"])
        again = episode.submit()
        assert [invoice["status"] for invoice in again.document["invoices"]] == ["already_created"]
        assert again.exit_code == 0


@pytest.mark.slow
def test_a_kill_while_results_are_rewritten_stops_no_later_reconcile(tmp_path: Path) -> None:
    """Killed at each of its points in turn; the next reconcile writes them, and says what became of the invoice."""
    for point in range(MOST_POINTS):
        folder = tmp_path / str(point)
        folder.mkdir()
        with World(0, folder).running() as world:
            if not killed_in_reconcile(world, point):
                return
    pytest.fail(f"reconcile has more than {MOST_POINTS} points")


def killed_in_reconcile(world: World, point: int) -> bool:
    """Lose an answer, kill the reconcile at a point, and reconcile again; whether it came to that point."""
    episode = desk(world)
    world.kantata.weather.unanswered = 1.0
    world.kantata.spared = 10**9
    lost = episode.submit()
    assert [invoice["status"] for invoice in lost.document["invoices"]] == ["in_doubt"]
    world.kantata.weather.unanswered = 0.0
    world.sleep(300)
    killed = world.run("reconcile", "--json", kill_after=point)
    done = world.run("reconcile", "--json")
    assert done.exit_code == 0
    results = sorted(world.folder.glob("reports/*-results*.xlsx"), key=lambda path: path.stat().st_mtime_ns)
    status = {cell.value: number for number, cell in enumerate(load_workbook(results[-1])["Invoices"][1])}["Status"]
    assert load_workbook(results[-1])["Invoices"][2][status].value == "created"
    return killed.exit_code is None
