"""Episodes drawn from seeds: no line is billed twice, nothing is left in doubt, what is said is so.

Few of them here; ``make simulate`` plays thousands, ``make mutants`` proves that they find bugs.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from mutants import MUTANTS, ROOT, Mutant, planted
from play import fault_of

if TYPE_CHECKING:
    from pathlib import Path

EPISODES = 96
AT_A_TIME = 12


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, EPISODES, AT_A_TIME))
def test_episodes_are_sound(first: int) -> None:
    """``python tests/simulation/play.py SEED`` tells the story of one that is not."""
    faults = {seed: fault_of(seed)[0] for seed in range(first, first + AT_A_TIME)}
    assert {seed: fault for seed, fault in faults.items() if fault is not None} == {}


def test_an_episode_is_the_same_again() -> None:
    """A seed tells its story again, moment by moment."""
    assert fault_of(7) == fault_of(7)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_planted_bug_has_its_place(mutant: Mutant, tmp_path: Path) -> None:
    """What a bug changes stands in the program just once; else the bug would not be there."""
    (tmp_path / "importer" / mutant.file).parent.mkdir(parents=True)
    shutil.copy(ROOT / "importer" / mutant.file, tmp_path / "importer" / mutant.file)
    planted(mutant, tmp_path)
    compile((tmp_path / "importer" / mutant.file).read_text(encoding="utf-8"), mutant.file, "exec")
