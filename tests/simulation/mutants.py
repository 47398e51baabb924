"""Prove that the episodes find bugs: ``python tests/simulation/mutants.py [PART-OF-NAME]``.

Each bug of planted.py is put into a copy of the program, and episodes of its kind are played until one finds it. A bug
that none finds shows what the simulation does not see. What was found is kept in build/mutants.json; ``--docs`` writes
it into docs/explanation/exactly-once.md.
"""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from kinds import KINDS, seeds_of
from planted import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build" / "mutants.json"
PAGE = ROOT / "docs" / "explanation" / "exactly-once.md"
LIBRARIES = (
    "flask",
    "pandas",
    "pandera.pandas",
    "sqlalchemy.dialects.sqlite",
    "typer",
    "pydantic_settings",
    "requests",
)
"""Loaded once for all bugs; the program itself is loaded with each."""


@dataclass(frozen=True)
class Found:
    """What came of a bug."""

    episodes: int
    """Played until one found it, or in all."""
    seed: int | None = None
    """Of the episode that found it; None when none did."""
    said: str = ""
    """What the oracle said."""


def found(mutant: Mutant, episodes: int) -> Found:
    """Plant a bug and play. To be called in a process of its own, into which nothing of the program is loaded yet."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "importer", Path(folder) / "importer", ignore=shutil.ignore_patterns("__pycache__"))
        mutant.plant(Path(folder))
        sys.path.insert(0, folder)
        play = importlib.import_module("play")
        for played, seed in enumerate(seeds_of(mutant.kind, 1, episodes), start=1):
            fault, _ = play.fault_of(seed)
            if fault is not None:
                return Found(played, seed, fault)
    return Found(episodes)


def main(only: str, episodes: int) -> int:
    """Try them; return how many were not found."""
    for library in LIBRARIES:
        importlib.import_module(library)
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    chosen = [mutant for mutant in MUTANTS if only in mutant.name]
    missed = 0
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as process:
        for mutant in chosen:
            result = process.apply(found, (mutant, episodes))
            missed += result.seed is None
            print(
                f"{mutant.name}: {result.seed or 'NOT FOUND'} after {result.episodes}: {result.said[:140]}", flush=True
            )
            kept[mutant.name] = asdict(result)
            KEPT.parent.mkdir(exist_ok=True)
            KEPT.write_text(json.dumps(kept, indent=1))
    print(f"{len(chosen)} bugs, {len(chosen) - missed} found")
    return missed


def table() -> str:
    """What is known of each bug, as it stands in the documentation."""
    if not KEPT.exists():
        return ""
    kept = {name: Found(**result) for name, result in json.loads(KEPT.read_text()).items()}
    lines = ["| planted bug | episodes of kind | found by the |", "|---|---|---|"]
    played, number = 0, 0
    for mutant in MUTANTS:
        result = kept.get(mutant.name)
        said = "not played yet"
        if result is not None:
            played, number = played + 1, number + (result.seed is not None)
            said = f"{result.episodes}." if result.seed is not None else f"not found in {result.episodes}"
        lines.append(f"| {mutant.name} | {mutant.kind} | {said} |")
    today = datetime.now(UTC).date()
    head = f"Of {len(MUTANTS)} planted bugs, {played} were played and {number} of these found"
    head += f" (`make mutants`, last on {today}):\n\n"
    return head + "\n".join(lines) + "\n"


def kinds() -> str:
    """The kinds of episodes, as they stand in the documentation."""
    lines = ["| kind | what happens |", "|---|---|"]
    lines += [f"| {kind.name} | {kind.what} |" for kind in KINDS]
    return "\n".join(lines) + "\n"


def write_docs() -> None:
    """Put both tables into their page."""
    page = PAGE.read_text(encoding="utf-8")
    for name, text in (("kinds", kinds()), ("mutants", table())):
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}{text}{end}{rest.partition(end)[2]}"
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="?", default="", help="part of the names of the bugs to try")
    parser.add_argument("--episodes", type=int, default=100, help="played of each bug at most")
    parser.add_argument("--docs", action="store_true", help="only write what is kept into the documentation")
    given = parser.parse_args()
    if given.docs:
        write_docs()
    else:
        sys.exit(min(1, main(given.only, given.episodes)))
