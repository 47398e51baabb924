"""Which run is meant, where a command takes one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importer.submission_ledger import RunRecord, SubmissionLedger

LAST = "last"


def chosen_run(wanted: str, ledger: SubmissionLedger, command: str) -> RunRecord:
    """The run that is meant by its id, the beginning of it, or “last”: the newest one that sent anything.

    Raises WrongUse, naming the nearest, when none or several could be; ``command`` begins its code.
    """
    from importer.commands.elsewhere import LIST_RUNS, elsewhere_said, hint_for
    from importer.errors import WrongUse

    runs = ledger.runs()
    if wanted == LAST:
        for run in runs:
            if ledger.undoing.sent_in(run.run_id):
                return run
        msg = "The ledger knows no run that sent anything."
        raise WrongUse(msg, elsewhere_said(ledger.past.runs_elsewhere()) or LIST_RUNS, code=f"{command}.unknown_run")
    found = [run for run in runs if run.run_id == wanted] or [run for run in runs if run.run_id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    ids = [run.run_id for run in runs]
    if found:
        msg = f"Several runs begin with {wanted}: {', '.join(run.run_id for run in found[:5])}."
        raise WrongUse(msg, "Type more of its id.", code=f"{command}.ambiguous_run")
    near = difflib.get_close_matches(wanted, ids, n=1, cutoff=0.5)
    meant = f" Did you mean {near[0]}?" if near else ""
    msg = f"The ledger knows no run {wanted}.{meant}"
    raise WrongUse(msg, hint_for(wanted, ledger.past.runs_elsewhere()), code=f"{command}.unknown_run")
