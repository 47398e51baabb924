"""Episodes drawn from seeds: no line is billed twice, nothing is left in doubt, what is said is so.

Few of them here; ``make simulate`` plays thousands, ``make mutants`` proves that they find bugs.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from kinds import KINDS, Kind, seeds_of
from mutants import ROOT
from planted import MUTANTS
from play import fault_of

if TYPE_CHECKING:
    from pathlib import Path

EPISODES = 14
"""Of each kind."""
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # files that a kill left open


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_episodes_are_sound(kind: Kind) -> None:
    """``python tests/simulation/play.py SEED`` tells the story of one that is not."""
    faults = {seed: fault_of(seed)[0] for seed in seeds_of(kind.name, 1, EPISODES)}
    assert {seed: fault for seed, fault in faults.items() if fault is not None} == {}


@pytest.mark.parametrize("kind", [pytest.param("undo", marks=pytest.mark.slow), "asleep"])
def test_an_episode_is_the_same_again(kind: str) -> None:
    """A seed tells its story again, moment by moment."""
    (seed,) = seeds_of(kind, 1, 1)
    assert fault_of(seed) == fault_of(seed)


def test_each_planted_bug_has_its_place(tmp_path: Path) -> None:
    """What a bug changes stands in the program just once; else the bug would not be there."""
    for mutant in MUTANTS:
        assert mutant.kind in {kind.name for kind in KINDS}
        file = tmp_path / "importer" / mutant.file
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "importer" / mutant.file, file)
        mutant.plant(tmp_path)
        compile(file.read_text(encoding="utf-8"), mutant.name, "exec")
