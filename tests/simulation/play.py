"""Play episodes by their seeds: ``python tests/simulation/play.py FIRST COUNT``, or one seed with all that happened."""

from __future__ import annotations

import sys
import tempfile
import traceback
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path[:0] = [str(FOLDER.parent), str(FOLDER)]

from episode import Episode  # noqa: E402
from world import World  # noqa: E402


def fault_of(seed: int) -> tuple[str | None, list[str]]:
    """What goes wrong in the episode of a seed, if anything; and what happened."""
    with tempfile.TemporaryDirectory() as folder, World(seed, Path(folder)).running() as world:
        try:
            Episode(world).play()
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            last = traceback.extract_tb(error.__traceback__)[-1]
            return f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})", world.log
        return None, world.log


def main(first: int, count: int, *, first_wrong: bool = False) -> int:
    """Play them; return how many went wrong."""
    wrong = 0
    for seed in range(first, first + count):
        fault, log = fault_of(seed)
        if fault is not None or count == 1:
            print(f"seed {seed}: {fault or 'sound'}", flush=True)
            wrong += fault is not None
        if count == 1:
            print("\n".join(log))
        if wrong and first_wrong:
            break
    print(f"{count} episodes, {wrong} wrong")
    return wrong


if __name__ == "__main__":
    given = [word for word in sys.argv[1:] if word != "--first-wrong"]
    numbers = [int(word) for word in given] + [1]
    sys.exit(min(1, main(numbers[0], numbers[1], first_wrong="--first-wrong" in sys.argv)))
