"""A disk that fails at any write, of whatever file: no line is billed twice, and in the end each has its answer."""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING

import pytest
from disk import Disk
from episode import Episode
from world import World

if TYPE_CHECKING:
    from pathlib import Path

STEP = 4
"""Tests among which the writes are divided."""
MOST_WRITES = 400


def failed(folder: Path, step: str, fails_at: int, error: int) -> bool:
    """Play one step on a disk that fails at a write, and all that follows on a good one; whether it came to fail."""
    folder.mkdir()
    world = World(0, folder)
    with world.running():
        episode = Episode(world)
        episode.is_calm = True
        episode.oracle.alone = (
            False  # what a commit that failed has written may count nonetheless: then no doubt is left
        )
        del episode.sheet.lines[1:]
        disk = Disk(world, fails_at, error)
        with disk.in_use():
            getattr(episode, step)()
        episode.calm()
    shutil.rmtree(folder)
    return disk.has_failed


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # files left open by failed writes
@pytest.mark.parametrize("first", range(1, STEP + 1))
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=errno.errorcode.get)
@pytest.mark.parametrize("step", ["submit", "drop"])
def test_each_write_may_fail(step: str, error: int, first: int, tmp_path: Path) -> None:
    """Each write in turn, until one step needs no more of them: then every one had its turn."""
    for fails_at in range(first, MOST_WRITES, STEP):
        if not failed(tmp_path / str(fails_at), step, fails_at, error):
            return
    pytest.fail(f"more than {MOST_WRITES} writes")
