"""The flow: read → validate → group → plan → preview | submit → results; the only place where the steps meet."""

from importer.pipeline.planning import Prepared, Tools, Wish, look_up, new_run_id, prepare
from importer.pipeline.previewing import preview
from importer.pipeline.reconciling import Reconciled, reconcile
from importer.pipeline.submitting import Hooks, exit_code_after, submit
from importer.pipeline.undoing import UndoHooks, undo

__all__ = [
    "Hooks",
    "Prepared",
    "Reconciled",
    "Tools",
    "UndoHooks",
    "Wish",
    "exit_code_after",
    "look_up",
    "new_run_id",
    "prepare",
    "preview",
    "reconcile",
    "submit",
    "undo",
]
