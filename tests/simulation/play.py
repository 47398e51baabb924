"""Play episodes by their seeds: ``python tests/simulation/play.py FIRST COUNT``, or one seed with all that happened.

``--kind NAME`` plays so many of one kind, ``--first-wrong`` stops at the first that goes wrong. Each processor plays
its share; a seed tells the same story wherever it is played.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import signal
import sys
import tempfile
import traceback
from itertools import count
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


_PLAYED = count()


def _too_long(*_: object) -> None:
    raise Endless


def _collect() -> None:
    """Collect what the last episodes left, but do not walk the modules each time: it would take a third of the time."""
    played = next(_PLAYED)
    if played % 10 == 0 or played in _ALL_IS_LOADED:
        gc.collect()
    if played in _ALL_IS_LOADED:
        gc.freeze()


def fault_of(seed: int) -> tuple[str | None, list[str]]:
    """What goes wrong in the episode of a seed, if anything; and what happened."""
    _collect()
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


def play(seeds: list[int], *, first_wrong: bool = False) -> int:
    """Play them; return how many went wrong."""
    wrong = played = 0
    with multiprocessing.get_context("spawn").Pool(min(os.cpu_count() or 1, len(seeds))) as players:
        for seed, (fault, _) in zip(seeds, players.imap(fault_of, seeds, chunksize=4), strict=True):
            played += 1
            if fault is not None:
                print(f"seed {seed} ({kind_of(seed).name}): {fault}", flush=True)
                wrong += 1
                if first_wrong:
                    break
    print(f"{played} episodes, {wrong} wrong")
    return wrong


def tell(seed: int) -> int:
    """Play one, and print all that happened; return whether it went wrong."""
    fault, log = fault_of(seed)
    print(f"seed {seed} ({kind_of(seed).name}): {fault or 'sound'}")
    print("\n".join(log))
    return int(fault is not None)


def main() -> int:
    """As the options say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int, nargs="?", default=1)
    parser.add_argument("--kind", default="", choices=["", *(kind.name for kind in KINDS)])
    parser.add_argument("--first-wrong", action="store_true")
    given = parser.parse_args()
    seeds = seeds_of(given.kind, given.first, given.count)
    if len(seeds) == 1:
        return tell(seeds[0])
    return min(1, play(seeds, first_wrong=given.first_wrong))


if __name__ == "__main__":
    sys.exit(main())
