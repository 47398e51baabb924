"""Carry a plan out, and always write what became of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from importer.checking.header_changes import headers_seen
from importer.flow import gates
from importer.flow.account_look_up import checked, with_currencies
from importer.flow.gates import check_limits
from importer.flow.looking_up import look_up
from importer.flow.prepare import compared, decided, knowledge_for, prepare, with_warnings
from importer.flow.prepared import Prepared, Tools, Wish, new_run_id, note_in_log, noting, report_of
from importer.kantata.backoff import Pace, RetryBudget
from importer.model.errors import AccessDenied, GateRefused, LedgerProblem, NotReached
from importer.model.exit_codes import ExitCode
from importer.model.plans import PlannedInvoice, Status
from importer.model.problems import has_errors
from importer.planning.totals import totals_of
from importer.reporting.annotated.annotate import annotate
from importer.reporting.workbook import results
from importer.reporting.workbook.to_fix import write_to_fix
from importer.sending.reconcile import apply, settle, told
from importer.sending.sender import Sender, Sent, not_sent
from importer.sending.throttle import Gate, Stop
from importer.sending.tieout import tied

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger
    from importer.reporting.report import Report


@dataclass(frozen=True, slots=True)
class Hooks:
    """How the terminal takes part in a submit."""

    connect: Callable[[], KantataApi]
    """Gives a connection for sending."""
    confirm: Callable[[Report], None]
    """Raises GateRefused when the person does not agree."""
    stop: Stop
    """When it is asked for, nothing more is sent."""
    progress: Callable[[PlannedInvoice], None]


def submit(wish: Wish, tools: Tools, hooks: Hooks) -> Report:
    """Carry the plan out and write the results. Raises LockedByAnother when another run is at work."""
    results.prepare_folder(tools.settings.reports)
    run_id = new_run_id()
    with tools.ledger.exclusive(run_id):
        prepared = compared(prepare(wish, tools, run_id), tools)
        return _carry_out(prepared, tools, hooks)


def _carry_out(prepared: Prepared, tools: Tools, hooks: Hooks) -> Report:
    if prepared.refused and prepared.named.stuck is None:
        return _refused(prepared, tools)
    try:
        prepared = _compared_with_account(prepared, tools)
        if prepared.refused:
            return _refused(prepared, tools)
        check_limits(prepared, tools)  # again: now it is known what Kantata prices
        prepared = with_warnings(prepared, tools)
        _agreed(prepared, tools, hooks)
    except (GateRefused, AccessDenied, NotReached) as error:
        prepared = noting(prepared, f"{error.message} {error.hint}")
        left = _unsent(prepared, error.message, error.hint)
        doubt = not isinstance(error, GateRefused) and any(one.status is Status.IN_DOUBT for one in left.planned)
        return _finished(prepared, tools, left, ExitCode.IN_DOUBT if doubt else error.exit_code)
    if not prepared.ready and not any(one.found_in_kantata for one in prepared.planned):
        nothing_sound = all(one.status is Status.NOT_SENT for one in prepared.planned)
        code = ExitCode.FILE_PROBLEMS if nothing_sound and has_errors(prepared.problems) else None
        return _finished(prepared, tools, Sent(prepared.planned), code)
    tools.ledger.begin_run(
        prepared.run_id,
        prepared.batch,
        prepared.source,
        totals_of(prepared.lines, prepared.planned),
        headers_seen(prepared.sheet),
        prepared.planned,
    )
    plan = report_of("submit", prepared, tools, prepared.planned, ExitCode.DONE)
    gates.begin(plan, tools)
    _adopt_found(prepared, tools.ledger)
    if not prepared.ready:
        gates.end(plan, tools, prepared.planned)
        return _finished(prepared, tools, Sent(prepared.planned), began=True)
    settings = tools.settings
    gate = Gate(Pace.of(settings.pace_per_second), RetryBudget(settings.retry_seconds), hooks.stop)
    sender = Sender(
        hooks.connect,
        tools.ledger,
        prepared.run_id,
        prepared.batch,
        prepared.source,
        gate,
        hooks.stop,
        settings.workers,
        hooks.progress,
    )
    sent = sender.send_all(prepared.planned)
    with suppress(LedgerProblem):  # what was sent must be told; an undo ends the approvals too
        gates.end(plan, tools, sent.planned)
    if hooks.stop.exit_code is None:  # who asked to stop does not wait for another look
        sent = replace(sent, planned=read_again(sent.planned, hooks.connect))
    return _finished(prepared, tools, sent, began=True)


def _compared_with_account(prepared: Prepared, tools: Tools) -> Prepared:
    """The plan with all that is known before sending. Raises GateRefused, AccessDenied or NotReached."""
    if prepared.named.stuck is not None:
        raise prepared.named.stuck
    try:
        check_limits(prepared, tools)
    except GateRefused:
        if tools.api is not None:
            check_limits(with_currencies(prepared, tools.api), tools)  # says of several currencies that they are
        raise
    if tools.api is None:
        return prepared
    prepared = look_up(_settle_own(prepared, tools, tools.api), tools.api, tools.settings.settle_seconds)
    return checked(prepared, tools.api, go_on=False)


def _agreed(prepared: Prepared, tools: Tools, hooks: Hooks) -> None:
    """Make sure that what is to be sent may be sent. Raises GateRefused."""
    if not prepared.ready:
        return
    hooks.connect()  # a missing token is said before the question
    plan = report_of("submit", prepared, tools, prepared.planned, ExitCode.DONE)
    if tools.settings.require_approval:
        gates.approved(plan, tools, prepared.wish)
    hooks.confirm(plan)


def read_again(planned: tuple[PlannedInvoice, ...], connect: Callable[[], KantataApi]) -> tuple[PlannedInvoice, ...]:
    """Ask once more for created invoices whose answer left something out; what stays unread says so."""
    unread = {
        one.invoice_id: one
        for one in planned
        if one.status is Status.CREATED and one.invoice_id and one.tie_out and one.tie_out.unread
    }
    if not unread:
        return planned
    found: dict[str, PlannedInvoice] = {}
    with suppress(AccessDenied, NotReached):
        for shown in connect().find_by_ids(unread):
            one = replace(unread[shown.invoice_id], reason=None, what_to_do=None)
            found[shown.invoice_id] = tied(one, shown.read_back)
    return tuple(found.get(one.invoice_id or "", one) for one in planned)


def _refused(prepared: Prepared, tools: Tools) -> Report:
    why = "Nothing was sent because the file has problems."
    advice = "Mend the rows listed under Problems and submit again, or add --partial to send what is sound."
    return _finished(prepared, tools, _unsent(prepared, why, advice), ExitCode.FILE_PROBLEMS)


def _settle_own(prepared: Prepared, tools: Tools, api: KantataApi) -> Prepared:
    """Settle what is in doubt of this plan, as far as enough time has passed, and decide anew."""
    doubtful = [one.reference for one in prepared.planned if one.status is Status.IN_DOUBT and one.reference]
    if not doubtful:
        return prepared
    settled = settle(tools.ledger.unsettled(doubtful), tools.ledger, api, tools.settings.settle_seconds)
    apply(settled, tools.ledger, prepared.run_id)
    prepared = decided(replace(prepared, knowledge=knowledge_for(prepared.drawn, tools.ledger)))
    return replace(prepared, planned=tuple(told(one, settled) for one in prepared.planned))


def _adopt_found(prepared: Prepared, ledger: SubmissionLedger) -> None:
    for one in prepared.planned:
        if one.found_in_kantata and one.invoice_id is not None:
            ledger.adopt(one, one.invoice_id, prepared.run_id, prepared.batch, prepared.source)


def _unsent(prepared: Prepared, why: str, advice: str) -> Sent:
    planned = (not_sent(one, why, advice) if one.status is Status.READY else one for one in prepared.planned)
    return Sent(tuple(planned))


def _finished(
    prepared: Prepared,
    tools: Tools,
    sent: Sent,
    code: ExitCode | None = None,
    *,
    began: bool = False,
) -> Report:
    code = exit_code_after(sent) if code is None else code
    if code is ExitCode.DONE and has_errors(prepared.problems):
        code = ExitCode.SOME_NOT_SENT  # also when the faulty rows belong to no invoice
    report = report_of("submit", prepared, tools, sent.planned, code)
    folder = tools.settings.reports
    files: dict[str, Path | None] = {}
    try:
        files["results"] = results.write_report(report, folder)
        files["to_fix"] = write_to_fix(report, folder)
    except Exception as error:  # noqa: BLE001 - the copy is an extra; without it the run is as good
        notice = f"The results could not be written whole ({error}); the ledger knows what was sent."
        code = ExitCode.UNEXPECTED if code is ExitCode.DONE else code
        report = replace(report, exit_code=code, notices=(*report.notices, notice))
    report = replace(report, files=files)
    note_in_log(report)
    with suppress(LedgerProblem):  # the invoices are on record; what became of them must be told all the same
        if not began:
            tools.ledger.begin_run(
                prepared.run_id, prepared.batch, prepared.source, report.totals, (), prepared.planned
            )
        tools.ledger.end_run(prepared.run_id, report.totals.by_status, int(code))
    named = not prepared.terms.batch_derived
    copy = annotate(report, folder, batch_named=named, wanted=prepared.wish.annotate)  # last: it may take its time
    return replace(report, files={**files, "annotated": copy.path}, notices=(*report.notices, *copy.notices))


def exit_code_after(sent: Sent) -> ExitCode:
    """How a submit ends: in doubt over access over unreachable over anything else left undone."""
    statuses = {one.status for one in sent.planned}
    if Status.IN_DOUBT in statuses:
        return ExitCode.IN_DOUBT
    if sent.stopped_by is not None:
        return sent.stopped_by
    if sent.access_refused:
        return ExitCode.ACCESS
    if sent.unreachable:
        return ExitCode.UNREACHABLE
    undone = {Status.REJECTED, Status.HELD, Status.NOT_SENT, Status.READY}
    amiss = any(one.differs or one.missing for one in sent.planned)
    return ExitCode.SOME_NOT_SENT if statuses & undone or amiss else ExitCode.DONE
