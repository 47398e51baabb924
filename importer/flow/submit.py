"""Carry a plan out, and always write what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from importer.checking.header_changes import headers_seen
from importer.flow import approving
from importer.flow.earlier_imports import with_header_changes, with_near_repeats, with_retainers
from importer.flow.earlier_invoices import with_earlier_invoices
from importer.flow.gates import check_limits
from importer.flow.knowledge import knowledge_for, with_decisions
from importer.flow.named_records import check_records, with_currencies
from importer.flow.open_items import check_left_out, with_left_out
from importer.flow.prepare import prepare
from importer.flow.prepared import Prepared, Tools, Wish, new_run_id, note_in_log
from importer.flow.preview import as_far_as_shown
from importer.flow.reading_in import with_remembered_preset
from importer.kantata.backoff import Pace, RetryBudget
from importer.ledger.recorded_plan import RecordedPlan
from importer.model.errors import AccessDenied, GateRefused, ImporterError, LedgerProblem, NotReached
from importer.model.exit_codes import ExitCode
from importer.model.plans import InvoiceResult, ReportedInvoice, Status
from importer.model.problems import has_errors
from importer.planning.totals import totals_of
from importer.reporting.annotated.annotate import Annotated, annotate
from importer.reporting.workbook import results
from importer.reporting.workbook.to_fix import write_to_fix
from importer.sending.reconcile import note_settlements, settle_twice, with_outcome
from importer.sending.sender import Sender, Sent, not_sent
from importer.sending.throttle import BrokenOff, Stop, Throttle
from importer.sending.tieout import with_tie_out

if TYPE_CHECKING:
    from importer.kantata.client import KantataApi
    from importer.reporting.report import Report


LONGEST_WAIT_SECONDS = 5
"""What a submit waits for a second look at its invoices in doubt."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """How the terminal takes part in a submit."""

    connect: Callable[[], KantataApi]
    """Gives a connection for sending."""
    confirm: Callable[[Report], None]
    """Raises GateRefused when the person does not agree."""
    stop: Stop
    """When it is asked for, nothing more is sent."""
    progress: Callable[[ReportedInvoice], None]


@dataclass(frozen=True, slots=True)
class Examined:
    """A plan with all that is known before sending."""

    prepared: Prepared
    obstacle: GateRefused | AccessDenied | NotReached | None = None
    """Why nothing of it can be sent now: its figures, the token, or Kantata, which cannot be asked."""

    @property
    def is_faulty(self) -> bool:
        """Whether its problems are what keeps it back; that comes before what a gate refuses."""
        return self.prepared.refused and (self.obstacle is None or isinstance(self.obstacle, GateRefused))


def submit(wish: Wish, tools: Tools, hooks: Hooks) -> Report:
    """Carry the plan out and write the results. Raises LockedByAnother when another run is at work."""
    results.prepare_folder(tools.settings.reports)
    run_id = new_run_id()
    with tools.ledger.exclusive(run_id):
        return carry_out(examine(wish, tools, run_id), tools, hooks)


# --- before sending ------------------------------------------------------------


def examine(wish: Wish, tools: Tools, run_id: str) -> Examined:
    """Make the plan of a file and compare it with the account; sends nothing.

    To be called, and carried out, under the lock of the ledger (``tools.ledger.exclusive``): what
    guards against billing twice holds only as long as no other run sends.
    """
    tools = with_remembered_preset(wish, tools)
    examined = _examine_without_left_out(wish, tools, run_id)
    examined = replace(examined, prepared=with_near_repeats(examined.prepared, tools))
    if isinstance(examined.obstacle, (AccessDenied, NotReached)):  # Kantata is not there to be asked for more
        return examined
    prepared = with_left_out(examined.prepared, tools)
    if examined.obstacle is None and prepared.ready and not prepared.refused:
        try:
            check_left_out(prepared, tools)
        except GateRefused as refused:
            return Examined(prepared, refused)
    return replace(examined, prepared=prepared)


def _examine_without_left_out(wish: Wish, tools: Tools, run_id: str) -> Examined:
    """The plan and what Kantata shows of it."""
    prepared = with_header_changes(prepare(wish, tools, run_id), tools)
    if prepared.named.stuck is not None:
        return Examined(prepared, prepared.named.stuck)
    if prepared.refused:  # nothing is sent, but all problems are shown that a preview shows
        return Examined(as_far_as_shown(prepared, tools))
    try:
        _check_limits(prepared, tools)
    except GateRefused as refused:
        if prepared.ready:
            prepared = as_far_as_shown(prepared, tools)
        return Examined(prepared, refused)
    try:
        prepared = _own_doubts_settled(prepared, tools)
        prepared = _compared_with_account(prepared, tools)
        if not prepared.refused:
            check_limits(prepared, tools)  # again: now it is known what Kantata prices
            prepared = with_retainers(prepared)
    except (GateRefused, AccessDenied, NotReached) as error:
        return Examined(prepared, error)
    return Examined(prepared)


def _check_limits(prepared: Prepared, tools: Tools) -> None:
    """Raise GateRefused when the amounts in the sheet break a limit already."""
    try:
        check_limits(prepared, tools)
    except GateRefused:
        if tools.api is not None:  # the refusal names the currencies, when there are several
            check_limits(with_currencies(prepared, tools.api), tools)
        raise


def _compared_with_account(prepared: Prepared, tools: Tools) -> Prepared:
    """The plan with what Kantata shows. Raises AccessDenied or NotReached."""
    if tools.api is None:
        return prepared
    prepared = with_earlier_invoices(prepared, tools.api, tools.settings.settle_seconds, tools.ledger)
    return check_records(prepared, tools.api, go_on=False)


def _own_doubts_settled(prepared: Prepared, tools: Tools) -> Prepared:
    """Settle what is in doubt of this plan, as far as enough time has passed, and decide again."""
    in_doubt = [planned.reference for planned in prepared.planned if planned.status is Status.IN_DOUBT]
    doubtful = [reference for reference in in_doubt if reference is not None]
    if tools.api is None or not doubtful:
        return prepared
    # What an undo left open is for reconcile and undo: who submits has not asked for that.
    own = [doubt.reference for doubt in tools.ledger.open_questions(doubtful) if not doubt.being_undone]
    seconds, run_id = tools.settings.settle_seconds, prepared.run_id
    settled = settle_twice(own, tools.ledger, tools.api, seconds, run_id, _briefly)
    note_settlements(settled, tools.ledger, prepared.run_id)
    known = knowledge_for(prepared.drawn, tools.ledger, prepared.terms)
    prepared = with_decisions(replace(prepared, knowledge=known))
    return prepared.with_each(lambda planned: with_outcome(planned, settled))


def _briefly(seconds: float) -> bool:
    """Wait where that is short."""
    if seconds > LONGEST_WAIT_SECONDS:
        return False
    time.sleep(seconds)
    return True


# --- sending -------------------------------------------------------------------


def carry_out(examined: Examined, tools: Tools, hooks: Hooks) -> Report:
    """Send what may be sent, and write what became of every row. Only under the lock of the ledger."""
    report, prepared = _carry_out_without_copy(examined, tools, hooks), examined.prepared
    named, copy = not prepared.terms.batch_derived, Annotated()
    if report.exit_code is ExitCode.GATE and not report.errors and not prepared.wish.annotate:
        return report  # nothing is wrong with the file
    with suppress(BrokenOff), hooks.stop.at_once():  # last, as it may take its time
        copy = annotate(report, tools.settings.reports, batch_named=named, wanted=prepared.wish.annotate)
    return replace(report, files={**report.files, "annotated": copy.path}, notices=(*report.notices, *copy.notices))


def _carry_out_without_copy(examined: Examined, tools: Tools, hooks: Hooks) -> Report:
    prepared = examined.prepared
    if examined.is_faulty:
        return _refused(prepared, tools, examined.obstacle)
    obstacle = examined.obstacle or _objection(prepared, tools, hooks)
    if obstacle is not None:
        return _obstructed(prepared, tools, obstacle)
    if not prepared.ready and not any(planned.found_in_kantata for planned in prepared.planned):
        return _nothing_to_send(prepared, tools)

    report = prepared.report("submit", tools, prepared.planned, ExitCode.DONE)
    _begin(prepared, tools, report)
    sent = Sent(prepared.planned)
    if prepared.ready:
        sent = _send(prepared, tools, hooks)
    with suppress(LedgerProblem):  # what was sent must be shown; an undo ends the approvals too
        approving.note_complete(report, tools, sent.planned)
    if prepared.ready and hooks.stop.exit_code is None:  # who asked to stop does not wait for another look
        sent = replace(sent, planned=read_again(sent.planned, hooks.connect))
    return _finished(prepared, tools, sent, began=True)


def _objection(prepared: Prepared, tools: Tools, hooks: Hooks) -> GateRefused | AccessDenied | NotReached | None:
    """Why what is ready may not be sent: no token, no approval, or the person does not agree."""
    if not prepared.ready:
        return None
    try:
        hooks.connect()  # a missing token is said before the question
        report = prepared.report("submit", tools, prepared.planned, ExitCode.DONE)
        if tools.settings.require_approval:
            approving.require_approval(report, tools, prepared.wish)
        hooks.confirm(report)
    except (GateRefused, AccessDenied, NotReached) as error:
        return error
    return None


def _begin(prepared: Prepared, tools: Tools, report: Report) -> None:
    """Note in the ledger that the run begins, and adopt what Kantata holds of it already."""
    totals, headers = totals_of(prepared.lines, prepared.planned), headers_seen(prepared.sheet)
    recorded = _recorded(prepared)
    tools.ledger.begin_run(prepared.run_id, prepared.batch, prepared.source, totals, headers, recorded)
    approving.note_begun(report, tools)
    for planned in prepared.planned:
        if planned.found_in_kantata and planned.invoice_id is not None:
            tools.ledger.adopt(planned, planned.invoice_id, prepared.run_id, prepared.batch, prepared.source)


def _send(prepared: Prepared, tools: Tools, hooks: Hooks) -> Sent:
    settings = tools.settings
    sender = Sender(
        hooks.connect,
        tools.ledger,
        prepared.run_id,
        prepared.batch,
        prepared.source,
        Throttle(Pace.of(settings.pace_per_second), RetryBudget(settings.retry_seconds), hooks.stop),
        hooks.stop,
        settings.workers,
        hooks.progress,
    )
    return sender.send_all(prepared.planned)


def read_again(planned: tuple[ReportedInvoice, ...], connect: Callable[[], KantataApi]) -> tuple[ReportedInvoice, ...]:
    """Ask once more for created invoices whose answer left something out; what stays unread says so."""
    unread: dict[str, InvoiceResult] = {}
    for invoice in planned:
        if isinstance(invoice, InvoiceResult) and invoice.invoice_id and invoice.tie_out and invoice.tie_out.unread:
            unread[invoice.invoice_id] = invoice
    if not unread:
        return planned
    found: dict[str, InvoiceResult] = {}
    with suppress(AccessDenied, NotReached):
        for shown in connect().find_by_ids(unread):
            created = replace(unread[shown.invoice_id], reason=None, what_to_do=None)
            found[shown.invoice_id] = with_tie_out(created, shown.read_back)
    return tuple(found.get(invoice.invoice_id or "", invoice) for invoice in planned)


# --- afterwards ----------------------------------------------------------------


def _refused(prepared: Prepared, tools: Tools, besides: ImporterError | None) -> Report:
    """The file has problems, and only a whole file is sent; what a gate refuses ``besides`` is said too."""
    if besides is not None:
        prepared = prepared.with_notice(f"{besides.message} {besides.hint}")
    why = "Nothing was sent because the file has problems."
    advice = "Fix the rows listed under Problems and submit again, or add --partial to send what is sound."
    return _finished(prepared, tools, _unsent(prepared, why, advice), ExitCode.FILE_PROBLEMS)


def _nothing_to_send(prepared: Prepared, tools: Tools) -> Report:
    """All is billed already, held, or in doubt; or nothing of a partial file is sound."""
    code = None
    if has_errors(prepared.problems) and all(planned.status is Status.NOT_SENT for planned in prepared.planned):
        code = ExitCode.FILE_PROBLEMS
    return _finished(prepared, tools, Sent(prepared.planned), code)


def _obstructed(prepared: Prepared, tools: Tools, obstacle: GateRefused | AccessDenied | NotReached) -> Report:
    """Nothing could be sent; an invoice in doubt is still the first thing to know, unless a gate refused."""
    prepared = prepared.with_notice(f"{obstacle.message} {obstacle.hint}")
    left = _unsent(prepared, obstacle.message, obstacle.hint)
    code = obstacle.exit_code
    in_doubt = any(planned.status is Status.IN_DOUBT for planned in left.planned)
    if in_doubt and not isinstance(obstacle, GateRefused):
        code = ExitCode.IN_DOUBT
    return _finished(prepared, tools, left, code)


def _unsent(prepared: Prepared, why: str, advice: str) -> Sent:
    left: list[ReportedInvoice] = []
    for planned in prepared.planned:
        left.append(not_sent(planned, why, advice) if planned.status is Status.READY else planned)
    return Sent(tuple(left))


def _finished(
    prepared: Prepared, tools: Tools, sent: Sent, code: ExitCode | None = None, *, began: bool = False
) -> Report:
    """Write what became of the plan: results, log and ledger."""
    if code is None:
        code = exit_code_after(sent)
    if code is ExitCode.DONE and has_errors(prepared.problems):
        code = ExitCode.SOME_NOT_SENT  # also when the faulty rows belong to no invoice
    report = _with_results(prepared.report("submit", tools, sent.planned, code), tools)
    note_in_log(report)
    with suppress(LedgerProblem):  # the invoices are on record; what became of them must be shown all the same
        _end(prepared, tools, report, began=began)
    return report


def _with_results(report: Report, tools: Tools) -> Report:
    """The report with its workbooks, or with a notice why they could not be written."""
    files: dict[str, Path | None] = {}
    try:
        files["results"], files["page"] = results.write_with_page(report, tools.settings.reports)
        files["to_fix"] = write_to_fix(report, tools.settings.reports)
    except Exception as error:  # noqa: BLE001 - whatever it is, what was sent must be shown
        notice = f"The results could not be written whole ({error}); the ledger knows what was sent."
        code = ExitCode.UNEXPECTED if report.exit_code is ExitCode.DONE else report.exit_code
        report = replace(report, exit_code=code, notices=(*report.notices, notice))
    return replace(report, files=files)


def _recorded(prepared: Prepared) -> RecordedPlan:
    """The plan as later results are written from it: with the commands as a person types them."""
    advised = prepared.with_advice()
    return RecordedPlan(advised.planned, advised.problems, advised.notices)


def _end(prepared: Prepared, tools: Tools, report: Report, *, began: bool) -> None:
    """Note in the ledger how the run ended; also of a run that sent nothing."""
    if not began:
        recorded = _recorded(prepared)
        tools.ledger.begin_run(prepared.run_id, prepared.batch, prepared.source, report.totals, (), recorded)
    tools.ledger.end_run(prepared.run_id, report.totals.by_status, int(report.exit_code))


def exit_code_after(sent: Sent) -> ExitCode:
    """How a submit ends: in doubt over access over unreachable over anything else left undone."""
    statuses = {planned.status for planned in sent.planned}
    if Status.IN_DOUBT in statuses:
        return ExitCode.IN_DOUBT
    if sent.stopped_by is not None:
        return sent.stopped_by
    if sent.access_refused:
        return ExitCode.ACCESS
    if sent.unreachable:
        return ExitCode.UNREACHABLE
    left = statuses & {Status.REJECTED, Status.HELD, Status.NOT_SENT, Status.READY}
    amiss = any(planned.differs or planned.missing for planned in sent.planned)
    if left or amiss:
        return ExitCode.SOME_NOT_SENT
    return ExitCode.DONE
