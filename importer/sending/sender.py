"""Carry the plan out: note the intent, send, note the outcome, go on with the next."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, assert_never, cast

from importer.kantata.deadline import Deadline
from importer.model.answers import Outcome, OutcomeKind, ReadBack
from importer.model.errors import AccessDenied, LedgerProblem, NotReached, ended
from importer.model.plans import InvoiceResult, PlannedInvoice, ReportedInvoice, Source, Status
from importer.sending.tieout import has_cents, lost_cents, with_tie_out

if TYPE_CHECKING:
    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.rows import Claim
    from importer.model.exit_codes import ExitCode
    from importer.sending.throttle import Stop, Throttle

LOG = logging.getLogger(__name__)
SUBMIT_AGAIN = "It is safe to submit again: nothing is sent twice."
MOST_UNKNOWN_IN_A_ROW = 3
"""After so many answers lost in a row a run or an undo stops: something is broken on the way."""
MOST_FORBIDDEN_IN_A_ROW = 5
"""After so many refused permissions in a row the run stops: the token may not do this at all."""
FORBIDDEN = 403
NO_PERMISSION = "Ask for financial permission in its projects, then submit again."
STOPPED = "The run was stopped."
LOOK_FIRST = "Run reconcile, or look for it in Kantata. It is not sent again until it is settled."


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a run."""

    planned: tuple[ReportedInvoice, ...]
    """Every invoice of the plan in its order, as it ended: a result where it was to be sent."""
    access_refused: bool = False
    """Kantata refused the token, or the permission for an invoice."""
    unreachable: bool = False
    """Kantata throttled or could not be reached for longer than ``retry_seconds``."""
    stopped_by: ExitCode | None = None
    """INTERRUPTED or TERMINATED when a signal stopped the run before its end."""


@dataclass(slots=True)
class _State:
    """What the sending threads tell each other; every access under the lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    halted: str | None = None
    """Why the rest is not sent."""
    access_refused: bool = False
    unreachable: bool = False
    unknown_in_a_row: int = 0
    forbidden_in_a_row: int = 0


@dataclass(slots=True)
class Sender:
    """Sends the invoices of one run, by several threads through one throttle."""

    connect: Callable[[], KantataApi]
    """Gives each thread a connection of its own."""
    ledger: SubmissionLedger
    run_id: str
    batch: str
    source: Source
    throttle: Throttle
    stop: Stop
    """Set by a signal, or by a thread that met a reason: finish the requests under way, send nothing more."""
    workers: int = 1
    progress: Callable[[ReportedInvoice], None] = field(default=lambda _planned: None)
    """Called with every invoice once its status is final, in the order of the sheet."""
    state: _State = field(default_factory=_State)
    _local: threading.local = field(default_factory=threading.local)

    def send_all(self, planned: Iterable[PlannedInvoice]) -> Sent:
        """Send every invoice that is ready. Each one of the plan is in the result, whatever happens."""
        done: list[ReportedInvoice] = []
        with ThreadPoolExecutor(self.workers, thread_name_prefix="sender") as threads:
            answers: list[Future[InvoiceResult] | PlannedInvoice] = []
            for invoice in planned:
                if invoice.status is Status.READY:
                    answers.append(threads.submit(self._answered, invoice))
                else:
                    answers.append(invoice)

            for answer in answers:  # in the order of the sheet, however they end
                final: ReportedInvoice
                if isinstance(answer, Future):
                    final = answer.result()
                else:
                    final = answer
                done.append(final)
                self.progress(final)

        left = any(invoice.status is Status.NOT_SENT and invoice.payload is not None for invoice in done)
        stopped_by = self.stop.exit_code if left else None
        return Sent(tuple(done), self.state.access_refused, self.state.unreachable, stopped_by)

    def _answered(self, planned: PlannedInvoice) -> InvoiceResult:
        self._local.claimed = False
        try:
            return self._send(planned)
        except LedgerProblem as problem:
            self._halt(f"{problem.message} Nothing more was sent.")
            return not_sent(planned, self._why_not() or problem.message)
        except Exception as error:  # noqa: BLE001 - a person gets a sentence, whatever failed
            # Whatever it was, it must not take the answers of the other invoices along.
            self._halt(f"The program failed ({type(error).__name__}). Nothing more was sent.")
            return self._after_failure(planned, error)

    def _send(self, planned: PlannedInvoice) -> InvoiceResult:
        while True:
            why_not = self._held_back()
            if why_not is not None:
                return not_sent(planned, why_not)
            deadline = Deadline()  # before the claim: what others may do after it counts from the claim on
            claim = self.ledger.claim(planned, self.run_id, self.batch, self.source)
            self._local.claimed = claim is not None
            if claim is None:
                return not_sent(planned, "Another run is sending this invoice, or has sent it.", "Preview again.")

            began = time.monotonic()
            outcome = self._connection().create_invoice(planned.payload or {}, deadline)
            noted = self._noted(claim, outcome)
            self._log(planned, noted or outcome, time.monotonic() - began)
            if noted is None:
                return _unrecorded(self._concluded(planned, outcome))
            outcome = noted
            if outcome.kind is not OutcomeKind.REFUSED_FOR_NOW or not self._may_retry(outcome):
                return self._concluded(planned, outcome)

    def _of_no_other(self, claim: Claim, outcome: Outcome) -> Outcome:
        """Doubt an answer with an invoice that is on record already: a new one has a new id. Raises LedgerProblem."""
        invoice_id = outcome.invoice_id
        if invoice_id is None:
            return outcome
        known = self.ledger.references_of([invoice_id]).get(invoice_id, claim.reference)
        if known != claim.reference:
            message = f"Kantata's answer shows invoice {invoice_id}, which is on record as {known}."
        elif invoice_id in self._undone(claim):
            message = f"Kantata's answer shows invoice {invoice_id}, which was taken back before."
        else:
            return outcome
        return Outcome(OutcomeKind.UNKNOWN, message, outcome.http_status, outcome.request_id)

    def _undone(self, claim: Claim) -> frozenset[str]:
        """Ids under which this invoice existed before."""
        if claim.standing.seq == 1:  # never sent before
            return frozenset()
        return self.ledger.undone_ids([claim.reference]).get(claim.reference, frozenset())

    def _held_back(self) -> str | None:
        """Wait for the turn to send; return why it may not be sent, None when it may."""
        why_not = self._why_not()
        if why_not is None and not self.throttle.enter():
            why_not = STOPPED
        return self._why_not() or why_not  # what happened while it waited

    def _log(self, planned: PlannedInvoice, outcome: Outcome, seconds: float) -> None:
        facts = {
            "run_id": self.run_id,
            "reference": planned.reference,
            "rows": planned.invoice.rows,
            "status": outcome.kind.value,
            "workspace_ids": planned.invoice.workspace_ids,
            "invoice_id": outcome.invoice_id,
            "http_status": outcome.http_status,
            "request_id": outcome.request_id,
            "duration_ms": round(seconds * 1000),
            "why": outcome.message or None,
            "shown": True,
        }
        level = logging.INFO if outcome.kind is OutcomeKind.CREATED else logging.WARNING
        LOG.log(level, "%s: %s", planned.reference, outcome.kind.value.replace("_", " "), extra=facts)

    def _connection(self) -> KantataApi:
        if not hasattr(self._local, "api"):
            self._local.api = self.connect()
        return cast("KantataApi", self._local.api)

    def _why_not(self) -> str | None:
        """Why nothing more is to be sent; None while all is well."""
        with self.state.lock:
            return self.state.halted or (STOPPED if self.stop.asked else None)

    def _halt(self, why: str) -> None:
        with self.state.lock:
            self.state.halted = self.state.halted or why
        self.stop.event.set()  # whoever waits for the throttle need not wait any longer

    def _may_retry(self, outcome: Outcome) -> bool:
        return self.throttle.refused(outcome.retry_after, throttled=outcome.http_status is not None)

    def _noted(self, claim: Claim, outcome: Outcome) -> Outcome | None:
        """Note the outcome as it counts; None when that fails: the ledger then says ``sending``, so it is in doubt."""
        try:
            outcome = self._of_no_other(claim, outcome)
            self.ledger.note_outcome(claim, outcome)
        except LedgerProblem as problem:
            self._halt(f"{problem.message} Nothing more was sent.")
            return None
        return outcome

    def _after_failure(self, planned: PlannedInvoice, error: Exception) -> InvoiceResult:
        """An unexpected failure after the claim may have come after the request left."""
        name = type(error).__name__
        if not self._local.claimed:
            return not_sent(planned, f"The program failed before sending it ({name}).")
        reason = f"The program failed while sending it ({name}): it may exist in Kantata."
        return InvoiceResult(planned, Status.IN_DOUBT, reason, LOOK_FIRST)

    def _concluded(self, planned: PlannedInvoice, outcome: Outcome) -> InvoiceResult:
        self._count(outcome)
        if outcome.kind is OutcomeKind.CREATED:
            self.throttle.succeeded()
            created = InvoiceResult(
                planned, Status.CREATED, invoice_id=outcome.invoice_id, request_id=outcome.request_id
            )
            return self._tied_out(created, outcome.read_back)
        return replace(_not_created(planned, outcome), request_id=outcome.request_id)

    def _tied_out(self, created: InvoiceResult, read_back: ReadBack | None) -> InvoiceResult:
        """Compare what was created with what was sent; the first cent that got lost stops the run."""
        done = with_tie_out(created, read_back)
        if not has_cents(created.payload):
            return done
        if done.tie_out and done.tie_out.unread:
            with suppress(AccessDenied, NotReached):  # it stays unread, and says so
                for found in self._connection().find_by_ids([created.invoice_id or ""]):
                    done = with_tie_out(created, found.read_back)
        if lost_cents(done.tie_out):
            self._halt(f"Not sent: Kantata did not keep the cents of invoice {created.invoice_id}, so the run stopped.")
        return done

    def _count(self, outcome: Outcome) -> None:
        """Keep count of what goes wrong, and stop the run when it makes no sense to go on."""
        state, kind = self.state, outcome.kind
        forbidden = kind is OutcomeKind.REJECTED and outcome.http_status == FORBIDDEN
        with state.lock:
            state.unknown_in_a_row = state.unknown_in_a_row + 1 if kind is OutcomeKind.UNKNOWN else 0
            state.forbidden_in_a_row = state.forbidden_in_a_row + 1 if forbidden else 0
            state.access_refused = state.access_refused or forbidden or kind is OutcomeKind.TOKEN_REFUSED
            state.unreachable = state.unreachable or kind is OutcomeKind.REFUSED_FOR_NOW
            why = _reason_to_halt(state, kind)
        if why is not None:
            self._halt(why)


def _reason_to_halt(state: _State, kind: OutcomeKind) -> str | None:
    if kind is OutcomeKind.TOKEN_REFUSED:
        return "Not sent: Kantata refused the token."
    if kind is OutcomeKind.REFUSED_FOR_NOW:
        return "Not sent: Kantata was throttling or could not be reached for too long."
    if state.unknown_in_a_row >= MOST_UNKNOWN_IN_A_ROW:
        return f"Not sent: {MOST_UNKNOWN_IN_A_ROW} answers in a row were lost, so the run stopped."
    if state.forbidden_in_a_row >= MOST_FORBIDDEN_IN_A_ROW:
        return f"Not sent: Kantata refused permission {MOST_FORBIDDEN_IN_A_ROW} times in a row, so the run stopped."
    return None


def _not_created(planned: PlannedInvoice, outcome: Outcome) -> InvoiceResult:
    """What an answer without an invoice means."""
    match outcome.kind:
        case OutcomeKind.REJECTED:
            advice = "Correct its rows (they are in the to-fix workbook) and submit again."
            if outcome.http_status == FORBIDDEN:
                advice = NO_PERMISSION
            return InvoiceResult(planned, Status.REJECTED, ended(f"Kantata refused it: {outcome.message}"), advice)
        case OutcomeKind.REFUSED_FOR_NOW:
            return not_sent(planned, outcome.message)
        case OutcomeKind.TOKEN_REFUSED:
            return not_sent(planned, ended(f"Kantata refused the token: {outcome.message}"), "Renew KANTATA_TOKEN.")
        case OutcomeKind.UNKNOWN:
            reason = ended(f"It may exist in Kantata: {outcome.message}")
            return InvoiceResult(planned, Status.IN_DOUBT, reason, LOOK_FIRST)
        case OutcomeKind.CREATED:
            msg = "a created invoice"
            raise ValueError(msg)
        case _:
            assert_never(outcome.kind)


def _unrecorded(result: InvoiceResult) -> InvoiceResult:
    """The ledger could not note the answer: it says ``sending``, so the invoice is in doubt whatever came."""
    came = f"Created as invoice {result.invoice_id}" if result.invoice_id else result.reason
    return replace(
        result,
        status=Status.IN_DOUBT,
        reason=f"{came}, but the ledger could not note it.",
        what_to_do="Fix the ledger first; it is not sent again until it is settled.",
    )


def not_sent(planned: PlannedInvoice, reason: str, what_to_do: str = SUBMIT_AGAIN) -> InvoiceResult:
    """The result of an invoice that was not sent."""
    return InvoiceResult(planned, Status.NOT_SENT, ended(reason), what_to_do)
