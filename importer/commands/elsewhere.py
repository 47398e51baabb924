"""Runs that lie with another account of the same ledger: where a person has to look for them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LIST_RUNS = "invoice-importer history lists the runs."


def elsewhere_said(runs: Mapping[str, str]) -> str | None:
    """How many runs lie with other accounts, and how to see them; ``runs``: run id → account."""
    from importer.words import count_of

    if not runs:
        return None
    counts = Counter(runs.values())
    parts = [f"{count_of(count, 'run')} {_way(account)}" for account, count in counts.items()]
    return f"Not shown: {'; '.join(parts)}."


def hint_for(wanted: str, runs: Mapping[str, str]) -> str:
    """What to do when a run is not known here: say where it lies, if anywhere."""
    found = dict.fromkeys(account for run, account in runs.items() if run.startswith(wanted))
    if not found:
        return LIST_RUNS
    return f"It is a run {' or '.join(_way(account) for account in found)}."


def _way(account: str) -> str:
    from importer.commands.session import SANDBOX_ACCOUNT

    if account == SANDBOX_ACCOUNT:
        return "of the sandbox (add --sandbox)"
    return f"of {account} (use its --profile, or set KANTATA_BASE_URL)"
