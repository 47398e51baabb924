"""Carry the plan out: note the intent, send, note the outcome, go on with the next."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, assert_never

from importer.errors import LedgerProblem
from importer.records import ExitCode, Outcome, OutcomeKind, PlannedInvoice, Source, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from importer.kantata_api import KantataApi
    from importer.retry import Pace, RetryBudget
    from importer.submission_ledger import Claim, SubmissionLedger

MOST_UNKNOWN_IN_A_ROW = 3
"""After so many answers lost in a row the run stops: something is broken on the way."""

FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a run."""

    planned: tuple[PlannedInvoice, ...]
    """Every invoice of the plan in its order, with its final status."""
    access_refused: bool = False
    """Kantata refused the token, or the permission for an invoice."""
    unreachable: bool = False
    """Kantata throttled or could not be reached for longer than ``retry_seconds``."""
    stopped_by: ExitCode | None = None
    """INTERRUPTED or TERMINATED when a signal stopped the run before its end."""


@dataclass(slots=True)
class Stop:
    """A request to stop, set by a signal handler; waits end when it comes."""

    event: threading.Event = field(default_factory=threading.Event)
    exit_code: ExitCode | None = None

    def __call__(self, exit_code: ExitCode) -> None:
        """Ask the run to stop after the request under way."""
        self.exit_code = exit_code
        self.event.set()

    @property
    def asked(self) -> bool:
        """Whether the run is to stop."""
        return self.event.is_set()

    def wait(self, seconds: float) -> None:
        """Sleep, but wake up when the run is to stop."""
        self.event.wait(seconds)


@dataclass(slots=True)
class Sender:
    """Sends the invoices of one run, one after the other."""

    api: KantataApi
    ledger: SubmissionLedger
    run_id: str
    batch: str
    source: Source
    pace: Pace
    budget: RetryBudget
    stop: Stop
    """Set by a signal: finish the request under way, send nothing more."""
    progress: Callable[[PlannedInvoice], None] = field(default=lambda _planned: None)
    """Called with every invoice once its status is final."""
    halted: str | None = None
    """Why the rest is not sent."""
    access_refused: bool = False
    unreachable: bool = False
    ledger_failed: bool = False
    """An outcome could not be noted: whatever came, the ledger says ``sending``."""
    unknown_in_a_row: int = 0
    last_start: float = 0.0
    """Monotonic seconds."""

    def send_all(self, planned: Iterable[PlannedInvoice]) -> Sent:
        """Send every invoice that is ready. Each one of the plan is in the result, whatever happens."""
        done: list[PlannedInvoice] = []
        for one in planned:
            final = self._answered(one) if one.status is Status.READY else one
            done.append(final)
            self.progress(final)
        left = any(one.status is Status.NOT_SENT and one.payload is not None for one in done)
        return Sent(tuple(done), self.access_refused, self.unreachable, self.stop.exit_code if left else None)

    def _answered(self, one: PlannedInvoice) -> PlannedInvoice:
        if self.stop.asked:
            self.halted = self.halted or "The run was stopped."
        if self.halted is not None:
            return not_sent(one, self.halted)
        try:
            return self._send(one)
        except LedgerProblem as problem:
            self.halted = f"{problem.message} Nothing more was sent."
            return not_sent(one, self.halted)

    def _send(self, one: PlannedInvoice) -> PlannedInvoice:
        while True:
            self._keep_pace()
            if self.stop.asked:
                return not_sent(one, "The run was stopped.")
            claim = self.ledger.claim(one, self.run_id, self.batch, self.source)
            if claim is None:
                return not_sent(one, "Another run is sending this invoice, or has sent it.", "Preview again.")
            outcome = self.api.create_invoice(one.payload or {})
            noted = self._settle(claim, one, outcome)
            if outcome.kind is not OutcomeKind.REFUSED_FOR_NOW or self.ledger_failed or not self._wait(outcome):
                return noted

    def _settle(self, claim: Claim, one: PlannedInvoice, outcome: Outcome) -> PlannedInvoice:
        """Note the outcome; when that fails the ledger still says ``sending``, so it reads as in doubt."""
        try:
            self.ledger.settle(claim, outcome)
        except LedgerProblem as problem:
            concluded = self._concluded(one, outcome)
            self.halted, self.ledger_failed = f"{problem.message} Nothing more was sent.", True
            if outcome.kind is not OutcomeKind.CREATED:
                return concluded
            return replace(
                concluded, status=Status.IN_DOUBT,
                reason=f"Created as invoice {outcome.invoice_id}, but the ledger could not note it.",
                what_to_do="Do not send it again; mend the ledger first.",
            )  # fmt: skip
        return self._concluded(one, outcome)

    def _concluded(self, one: PlannedInvoice, outcome: Outcome) -> PlannedInvoice:
        one = replace(one, request_id=outcome.request_id)
        self.unknown_in_a_row = self.unknown_in_a_row + 1 if outcome.kind is OutcomeKind.UNKNOWN else 0
        match outcome.kind:
            case OutcomeKind.CREATED:
                self.pace, self.budget = self.pace.after_success(), self.budget.after_success()
                return replace(
                    one, status=Status.CREATED, invoice_id=outcome.invoice_id, read_back=outcome.read_back,
                    reason=_difference(one, outcome),
                )  # fmt: skip
            case OutcomeKind.REJECTED:
                self.access_refused = self.access_refused or outcome.http_status == FORBIDDEN
                return replace(
                    one, status=Status.REJECTED, reason=f"Kantata refused it: {outcome.message}",
                    what_to_do="Correct its rows (they are in the to-fix workbook) and submit again.",
                )  # fmt: skip
            case OutcomeKind.REFUSED_FOR_NOW:
                self.unreachable = True
                self.halted = "Not sent: Kantata was throttling or could not be reached for too long."
                return not_sent(one, outcome.message)
            case OutcomeKind.TOKEN_REFUSED:
                self.access_refused = True
                self.halted = "Not sent: Kantata refused the token."
                return not_sent(one, f"Kantata refused the token: {outcome.message}", "Renew KANTATA_TOKEN.")
            case OutcomeKind.UNKNOWN:
                if self.unknown_in_a_row >= MOST_UNKNOWN_IN_A_ROW:
                    self.halted = f"Not sent: {MOST_UNKNOWN_IN_A_ROW} answers in a row were lost, so the run stopped."
                return replace(
                    one, status=Status.IN_DOUBT, reason=f"It may exist in Kantata: {outcome.message}",
                    what_to_do="Look for it in Kantata by project, date and amount. It is not sent again until it is "
                    "settled.",
                )  # fmt: skip
            case _:
                assert_never(outcome.kind)

    def _keep_pace(self) -> None:
        wait = self.last_start + self.pace.seconds_between - time.monotonic()
        if self.last_start and wait > 0:
            self.stop.wait(wait)
        self.last_start = time.monotonic()

    def _wait(self, outcome: Outcome) -> bool:
        """Wait before the same invoice is sent again; False when waiting is over."""
        if outcome.http_status is not None:
            self.pace = self.pace.after_throttling()
        seconds = self.budget.wait(outcome.retry_after, random.random())  # noqa: S311 - jitter, no secret
        if seconds is None or self.stop.asked:
            return False
        self.budget = self.budget.after_wait(seconds)
        self.stop.wait(seconds)
        if self.stop.asked:
            self.halted = "The run was stopped while it waited for Kantata."
            return False
        self.halted, self.unreachable = None, False
        return True


def not_sent(
    one: PlannedInvoice,
    reason: str,
    what_to_do: str = "Submit again; what was created is not repeated.",
) -> PlannedInvoice:
    """The invoice, marked as not sent."""
    return replace(one, status=Status.NOT_SENT, reason=reason, what_to_do=what_to_do)


def _difference(one: PlannedInvoice, outcome: Outcome) -> str | None:
    """Say so when Kantata holds other amounts than the sheet."""
    held = outcome.read_back.items_amount if outcome.read_back else None
    if held is None or held == one.invoice.amount:
        return None
    return f"Differs: the sheet says {one.invoice.amount}, Kantata holds {held}. Check this invoice."
