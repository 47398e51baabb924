"""Which run is meant where a command takes one, and where to look for a run of another account."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.rows import RunRecord

LAST = "last"
SHORTEST_UNDO = 8
"""Characters by which a run to be undone is named."""
NEAR = 85
"""Likeness (rapidfuzz ratio, 0 to 100) from which a run is proposed; all runs of a day are rather alike."""
MOST_IDS = 5
"""Ids named in one message."""
LIST_RUNS = "invoice-importer history lists the runs."


def runs_of_other_accounts(runs: Mapping[str, str]) -> str | None:
    """How many runs belong to other accounts, and how to see them; ``runs``: run id → account."""
    from importer.model.words import count_of

    if not runs:
        return None
    counts = Counter(runs.values())
    parts = [f"{count_of(count, 'run')} {_way(account)}" for account, count in counts.items()]
    return f"Not shown: {'; '.join(parts)}."


def hint_for(wanted: str, runs: Mapping[str, str]) -> str:
    """What to do when a run is not known here: say which account it belongs to."""
    found = dict.fromkeys(account for run, account in runs.items() if run.startswith(wanted))
    if not found:
        return LIST_RUNS
    return f"It is a run {' or '.join(_way(account) for account in found)}."


def _way(account: str) -> str:
    from importer.ledger.opening import SANDBOX_ACCOUNT

    if account == SANDBOX_ACCOUNT:
        return "of the sandbox (add --sandbox)"
    return f"of {account} (use its --profile, or set KANTATA_BASE_URL)"


def chosen_run(wanted: str, ledger: SubmissionLedger, command: str) -> RunRecord:
    """The run that is meant by its id, the beginning of it, or “last”: the newest one that sent anything.

    Raises WrongUse, naming the nearest, when none or several could be; ``command`` begins its code.
    """
    from importer.model.errors import WrongUse

    runs = ledger.runs()
    if wanted == LAST:
        return _last(runs, ledger, command)

    _refuse_short(wanted, command)
    found = [run for run in runs if run.run_id.startswith(wanted)]
    for run in found:
        if run.run_id == wanted or len(found) == 1:
            return run
    if found:
        ids = ", ".join(run.run_id for run in found[:MOST_IDS])
        msg = f"Several runs begin with {wanted}: {ids}."
        raise WrongUse(msg, "Type more of its id.", code=f"{command}.ambiguous_run")

    msg = f"The ledger knows no run {wanted}.{_did_you_mean(wanted, runs)}"
    raise WrongUse(msg, hint_for(wanted, ledger.runs_elsewhere()), code=f"{command}.unknown_run")


def _refuse_short(wanted: str, command: str) -> None:
    """Refuse to undo what a short text names: an unset variable of a shell script is empty. Raises WrongUse."""
    from importer.model.errors import WrongUse

    if command == "undo" and len(wanted) < SHORTEST_UNDO:
        msg = f"“{wanted}” is too short to name the run to undo."
        raise WrongUse(msg, f"Type at least {SHORTEST_UNDO} characters of its id, or last.", code="undo.unknown_run")


def _last(runs: Iterable[RunRecord], ledger: SubmissionLedger, command: str) -> RunRecord:
    from importer.model.errors import WrongUse

    for run in runs:
        if ledger.sent_in(run.run_id):
            return run
    msg = "The ledger knows no run that sent anything."
    hint = runs_of_other_accounts(ledger.runs_elsewhere()) or LIST_RUNS
    raise WrongUse(msg, hint, code=f"{command}.unknown_run")


def _did_you_mean(wanted: str, runs: Iterable[RunRecord]) -> str:
    from rapidfuzz import fuzz, process

    near = process.extractOne(wanted, [run.run_id for run in runs], scorer=fuzz.ratio, score_cutoff=NEAR)
    return "" if near is None else f" Did you mean {near[0]}?"
