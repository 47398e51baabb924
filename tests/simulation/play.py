"""Play episodes by their seeds: ``python tests/simulation/play.py FIRST COUNT``, or one seed with all that happened.

``--kind NAME`` plays so many of one kind, ``--first-wrong`` stops at the first that goes wrong.
"""

from __future__ import annotations

import argparse
import gc
import signal
import sys
import tempfile
import traceback
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path[:0] = [str(FOLDER.parent), str(FOLDER)]

from episode import Episode  # noqa: E402
from kinds import KINDS, kind_of, seeds_of  # noqa: E402
from wire import Endless  # noqa: E402
from world import World  # noqa: E402

MEMORY = Path("/dev/shm")  # noqa: S108 - where there is one, what waits for no disk


LONGEST_SECONDS = 60
"""Of computing for one episode; one that takes longer never ends."""
_ALL_IS_LOADED = {3, 30}
"""After so many episodes the program has loaded what it loads when it is first needed."""


def _too_long(*_: object) -> None:
    raise Endless


def fault_of(seed: int) -> tuple[str | None, list[str]]:
    """What goes wrong in the episode of a seed, if anything; and what happened."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        world = World(seed, Path(folder))
        signal.signal(signal.SIGVTALRM, _too_long)
        signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST_SECONDS)
        try:
            with world.running():
                Episode(world).play()
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            last = traceback.extract_tb(error.__traceback__)[-1]
            return f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})", world.log
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        return None, world.log


def main(seeds: list[int], *, first_wrong: bool = False) -> int:
    """Play them; return how many went wrong."""
    wrong = 0
    for played, seed in enumerate(seeds, start=1):
        fault, log = fault_of(seed)
        if played in _ALL_IS_LOADED or played % 10 == 0:
            gc.collect()
        if played in _ALL_IS_LOADED:
            gc.freeze()  # the modules: each collection would walk them again, a third of the time
        if fault is not None or len(seeds) == 1:
            print(f"seed {seed} ({kind_of(seed).name}, episode {played}): {fault or 'sound'}", flush=True)
            wrong += fault is not None
        if len(seeds) == 1:
            print("\n".join(log))
        if wrong and first_wrong:
            break
    print(f"{len(seeds)} episodes, {wrong} wrong")
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int, nargs="?", default=1)
    parser.add_argument("--kind", default="", choices=["", *(kind.name for kind in KINDS)])
    parser.add_argument("--first-wrong", action="store_true")
    given = parser.parse_args()
    chosen = seeds_of(given.kind, given.first, given.count)
    sys.exit(min(1, main(chosen, first_wrong=given.first_wrong)))
