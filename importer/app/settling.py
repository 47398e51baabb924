"""What happens after a run: taking its invoices back, and asking Kantata about what is in doubt."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from importer.app.desk import Trouble, trouble_of
from importer.model.errors import GateRefused
from importer.sending.throttle import Stop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.app.desk import Desk
    from importer.flow.reconciling import Reconciled
    from importer.ledger.rows import RunRecord
    from importer.sending.settlement import Settlement
    from importer.sending.undo import Undone

NOTHING_SAID: Mapping[str, str | None] = {}
ASKED = "Nothing was undone yet."
NOT_RECORDED = Trouble(
    "What you said was not recorded: Kantata was being asked at that moment.",
    "Read its answer below. Where it settles nothing, say it again.",
)
CHANGED = "Nothing was undone: since you looked, something changed in Kantata."


class Phase(Enum):
    """How far an undo, or the settling of doubts, is."""

    IDLE = "idle"
    LOOKING = "looking"
    ASKING = "asking"
    """The person sees what would be undone."""
    UNDOING = "undoing"
    DONE = "done"


@dataclass(slots=True)
class Undoing:
    """The undo of one run."""

    run: RunRecord
    phase: Phase = Phase.IDLE
    shown: Undone | None = None
    """What would be undone."""
    done: Undone | None = None
    settled: tuple[int, int] = (0, 0)
    """How many invoices are done, of how many."""
    trouble: Trouble | None = None
    stop: Stop = field(default_factory=Stop)


@dataclass(slots=True)
class Doubts:
    """The last time that Kantata was asked about what is in doubt."""

    phase: Phase = Phase.IDLE
    found: Reconciled | None = None
    ask_again: datetime | None = None
    """Before that moment (UTC), “not found” means nothing."""
    trouble: Trouble | None = None


class Settling:
    """All undos, and the settling of doubts, of one start of the program."""

    def __init__(self, desk: Desk) -> None:
        """Work on this desk."""
        self._desk = desk
        self._undos: dict[str, Undoing] = {}
        self._turn = threading.Lock()
        self.doubts = Doubts()

    def of(self, run: RunRecord) -> Undoing:
        """The undo of a run, begun or not."""
        return self._undos.setdefault(run.run_id, Undoing(run))

    def look(self, undoing: Undoing) -> None:
        """Ask Kantata what would be undone; takes nothing back."""
        if undoing.phase in (Phase.IDLE, Phase.ASKING, Phase.DONE):
            undoing.phase, undoing.trouble, undoing.shown = Phase.LOOKING, None, None
            self._desk.do(lambda: self._undo(undoing, agreed=False))

    def undo(self, undoing: Undoing) -> None:
        """Take back what was shown."""
        with self._turn:
            agreed = undoing.phase is Phase.ASKING
            if agreed:
                undoing.phase, undoing.trouble, undoing.stop = Phase.UNDOING, None, Stop()
        if agreed:
            self._desk.do(lambda: self._undo(undoing, agreed=True), undoing.stop)

    def settle(self, said: Mapping[str, str | None] = NOTHING_SAID) -> None:
        """Ask Kantata about all that is in doubt; sends nothing.

        ``said``: what the person says of those that no answer settles; reference → id, or None for “not billed”.
        While Kantata is being asked nothing else is begun, and the page says that a word was not recorded.
        """
        with self._turn:
            asks = self.doubts.phase is not Phase.LOOKING
            if asks:
                self.doubts = Doubts(Phase.LOOKING)
        if asks:
            self._desk.do(lambda: self._settle(said))
        elif said:
            self.doubts.trouble = NOT_RECORDED

    def _undo(self, undoing: Undoing, *, agreed: bool) -> None:
        from importer.flow.undoing import UndoHooks, undo

        shown = undoing.shown

        def confirm(plan: Undone) -> None:
            undoing.shown = plan
            if not agreed:
                raise GateRefused(ASKED)
            if shown is None or _going(plan) != _going(shown):
                raise GateRefused(CHANGED, "Look again at what would be undone.", code="gate.undo")

        def progress(done: int, of: int) -> None:
            undoing.settled = (done, of)

        place = self._desk.place
        try:
            with place.opened() as tools:
                hooks = UndoHooks(confirm, undoing.stop, progress)
                undoing.done = undo(undoing.run, tools, place.connect(), hooks)
            undoing.phase = Phase.DONE
        except Exception as error:  # noqa: BLE001 - whatever it is, the person must read it
            self._refused(undoing, error)

    def _refused(self, undoing: Undoing, error: Exception) -> None:
        """Nothing was undone: because the person is asked first, or for a reason to be read."""
        undoing.phase = Phase.ASKING if undoing.shown else Phase.IDLE
        if not isinstance(error, GateRefused) or error.message != ASKED:
            undoing.trouble = trouble_of(error)

    def _settle(self, said: Mapping[str, str | None]) -> None:
        from importer.flow.reconciling import Words, reconcile

        doubts, place = self.doubts, self._desk.place

        def too_early(seconds: float) -> bool:
            doubts.ask_again = datetime.now(UTC) + timedelta(seconds=seconds)
            return False

        try:
            with place.opened() as tools:
                words = Words(said, _agreed)  # the form had the typed word already
                doubts.found = reconcile(tools, place.connect(), too_early, words)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person must read it
            doubts.trouble = trouble_of(error)
        doubts.phase = Phase.DONE


def _agreed(_by_word: tuple[Settlement, ...]) -> None:
    """Record what the person said."""


def _going(plan: Undone) -> set[tuple[str, str]]:
    """What is done with which invoice."""
    return {(step.sent.reference, step.action.value) for step in plan.steps if step.action is not None}
