"""The flow: read → validate → group → plan → preview | submit → results; the only place where the steps meet."""

from importer.pipeline.approving import approve, approved
from importer.pipeline.by_hand import said
from importer.pipeline.checking import NOT_CHECKED
from importer.pipeline.guarding import gates_set
from importer.pipeline.handled import Fate, Handled, exit_code_of, why_of
from importer.pipeline.looking_up import look_up
from importer.pipeline.planning import prepare
from importer.pipeline.prepared import Prepared, Tools, Wish, new_run_id
from importer.pipeline.previewing import preview
from importer.pipeline.reconciling import Reconciled, Words, reconcile
from importer.pipeline.returning import returned
from importer.pipeline.running import run
from importer.pipeline.submitting import Hooks, exit_code_after, submit
from importer.pipeline.undoing import UndoHooks, undo
from importer.settlement import SETTLED

__all__ = [
    "NOT_CHECKED",
    "SETTLED",
    "Fate",
    "Handled",
    "Hooks",
    "Prepared",
    "Reconciled",
    "Tools",
    "UndoHooks",
    "Wish",
    "Words",
    "approve",
    "approved",
    "exit_code_after",
    "exit_code_of",
    "gates_set",
    "look_up",
    "new_run_id",
    "prepare",
    "preview",
    "reconcile",
    "returned",
    "run",
    "said",
    "submit",
    "undo",
    "why_of",
]
