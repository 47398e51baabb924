"""The flow on one screen: read → validate → group → plan → preview | submit → results."""

from __future__ import annotations

import gc
import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from importer import results
from importer.columns import known_headers
from importer.errors import AccessDenied, GateRefused, ImporterError, LedgerProblem, NotReached
from importer.group import Defaults, group
from importer.plan import Knowledge, choose_batch, decide, draw_up, totals_of
from importer.problems import has_errors
from importer.read import read_sheet
from importer.records import ExitCode, Invoice, PlannedInvoice, Source, Status
from importer.report import Report
from importer.retry import Pace, RetryBudget
from importer.submit import Sender, Sent, Stop, not_sent
from importer.validate import validate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal
    from pathlib import Path

    from importer.kantata_api import KantataApi
    from importer.problems import Problem
    from importer.records import SheetLine
    from importer.settings import Settings
    from importer.sheet import Sheet
    from importer.submission_ledger import SubmissionLedger

RESOLVED = "Found in Kantata by its reference."


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person asked for."""

    path: Path
    sheet_name: str | None = None
    batch: str | None = None
    partial: bool = False
    """Send the sound invoices although others have problems."""
    allow_repeats: bool = False
    expect_invoices: int | None = None
    expect_total: Decimal | None = None
    """Main currency unit."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a run works with."""

    settings: Settings
    account: str
    """Name of the Kantata account in the ledger."""
    ledger: SubmissionLedger
    api: KantataApi | None
    """None: Kantata is not asked before sending."""
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """A plan, and everything it was made from."""

    run_id: str
    started_at: datetime
    """Local time."""
    wish: Wish
    source: Source
    sheet: Sheet
    lines: tuple[SheetLine, ...]
    batch: str
    planned: tuple[PlannedInvoice, ...]
    problems: tuple[Problem, ...]
    notices: tuple[str, ...]

    @property
    def refused(self) -> bool:
        """Whether problems keep the whole batch from being sent."""
        return has_errors(self.problems) and not self.wish.partial

    @property
    def ready(self) -> int:
        """How many invoices would be sent."""
        return sum(one.status is Status.READY for one in self.planned)


@contextmanager
def _many_records() -> Iterator[None]:
    """Keep the cycle collector from walking the records of a large sheet again and again.

    They hold no cycles and live to the end of the run; at 100,000 rows the walks cost a sixth of the time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@_many_records()
def prepare(wish: Wish, tools: Tools) -> Prepared:
    """Read, validate, group and plan. Sends nothing and asks nobody but the ledger."""
    settings, now = tools.settings, datetime.now().astimezone()
    sheet = read_sheet(wish.path, wish.sheet_name, known_headers(settings.columns), hidden_rows=settings.hidden_rows)
    lines, row_problems = validate(sheet, send_cents=settings.fractional_amounts == "send")
    defaults = Defaults(settings.payment_schedule, settings.draft, settings.suppress_emails)
    invoices, invoice_problems = group(lines, sheet, defaults)
    # Of all rows, also faulty ones: mending them must not change the batch.
    dates = [day for line in lines if isinstance(day := line.invoice_values.get("invoice_date"), date)]
    batch = choose_batch(wish.batch, sheet.batch, dates, now.date())
    drawn = draw_up(invoices, batch)
    planned = decide(drawn, _knowledge(drawn, tools.ledger), allow_repeats=wish.allow_repeats)
    return Prepared(
        run_id=f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}",
        started_at=now,
        wish=wish,
        source=Source(str(wish.path), sheet.name, sheet.sha256, len(sheet.rows)),
        sheet=sheet,
        lines=lines,
        batch=batch,
        planned=planned,
        problems=(*sheet.problems, *row_problems, *invoice_problems),
        notices=tools.notices,
    )


def preview(wish: Wish, tools: Tools) -> Report:
    """The dry run: the plan, told whole, with its workbook."""
    results.prepare_folder(tools.settings.reports)
    prepared = prepare(wish, tools)
    if tools.api is not None:
        try:
            prepared = look_up(prepared, tools.api)
        except (AccessDenied, NotReached) as error:
            prepared = _noting(prepared, f"{error.message} So only the ledger was asked about earlier invoices.")
    if has_errors(prepared.problems):
        code = ExitCode.FILE_PROBLEMS
    elif any(one.status is Status.IN_DOUBT for one in prepared.planned):
        code = ExitCode.IN_DOUBT
    else:
        code = ExitCode.DONE
    report = _report("preview", prepared, tools, prepared.planned, code)
    return replace(report, files={"preview": results.write_report(report, tools.settings.reports)})


def submit(  # noqa: PLR0913 - one argument per option or field
    wish: Wish,
    tools: Tools,
    *,
    connect: Callable[[], KantataApi],
    confirm: Callable[[Report], None],
    stop: Stop,
    progress: Callable[[PlannedInvoice], None],
) -> Report:
    """Carry the plan out and write the results.

    ``connect`` gives the connection for sending; ``confirm`` raises GateRefused
    when the person does not agree; ``stop`` set: nothing more is sent.
    """
    results.prepare_folder(tools.settings.reports)
    prepared = prepare(wish, tools)
    if prepared.refused:
        why = "Nothing was sent because the file has problems."
        return _finished(prepared, tools, _unsent(prepared, why), ExitCode.FILE_PROBLEMS)
    try:
        _check_expectations(prepared)
        if tools.api is not None and prepared.ready:
            prepared = look_up(prepared, tools.api)
        if prepared.ready:
            connection = connect()
            confirm(_report("submit", prepared, tools, prepared.planned, ExitCode.DONE))
    except (GateRefused, AccessDenied, NotReached) as error:
        prepared = _noting(prepared, error.message)
        return _finished(prepared, tools, _unsent(prepared, error.message), error.exit_code)
    if not prepared.ready and not any(one.reason == RESOLVED for one in prepared.planned):
        return _finished(prepared, tools, Sent(prepared.planned))
    tools.ledger.begin_run(
        prepared.run_id,
        prepared.batch,
        prepared.source,
        totals_of(prepared.lines, prepared.planned),
    )
    _adopt_found(prepared, tools.ledger)
    if not prepared.ready:
        return _finished(prepared, tools, Sent(prepared.planned), began=True)
    sender = Sender(
        connection, tools.ledger, prepared.run_id, prepared.batch, prepared.source,
        Pace.of(tools.settings.pace_per_second), RetryBudget(tools.settings.retry_seconds), stop, progress,
    )  # fmt: skip
    return _finished(prepared, tools, sender.send_all(prepared.planned), began=True)


def look_up(prepared: Prepared, api: KantataApi) -> Prepared:
    """Ask Kantata for the references of the plan, so that a lost ledger protects still."""
    triples = {
        _triple(one): one.reference
        for one in prepared.planned
        if one.status is Status.READY and one.payload is not None
    }
    found: dict[str | None, list[str]] = {}
    for invoice in api.find_by_references(list(triples)):
        found.setdefault(triples[invoice.triple], []).append(invoice.invoice_id)
    return replace(prepared, planned=tuple(_known_to_kantata(one, found) for one in prepared.planned))


def _known_to_kantata(one: PlannedInvoice, found: dict[str | None, list[str]]) -> PlannedInvoice:
    ids = found.get(one.reference, []) if one.status is Status.READY else []
    if not ids:
        return one
    if len(ids) > 1:
        return replace(
            one, status=Status.HELD, reason=f"Kantata holds several invoices with its reference: {', '.join(ids)}.",
            what_to_do="Look at them in Kantata and cancel what is too much.",
        )  # fmt: skip
    return replace(one, status=Status.ALREADY_CREATED, invoice_id=ids[0], reason=RESOLVED)


def _triple(one: PlannedInvoice) -> tuple[str, str, str]:
    reference = (one.payload or {})["invoice"]["external_reference"]
    return (reference["service_name"], reference["service_model"], reference["service_model_ref"])


def _adopt_found(prepared: Prepared, ledger: SubmissionLedger) -> None:
    for one in prepared.planned:
        if one.reason == RESOLVED and one.invoice_id is not None:
            ledger.adopt(one, one.invoice_id, prepared.run_id, prepared.batch, prepared.source)


def _knowledge(drawn: tuple[PlannedInvoice, ...], ledger: SubmissionLedger) -> Knowledge:
    sound = [one.invoice for one in drawn if isinstance(one.invoice, Invoice)]
    return Knowledge(
        ledger.entries([one.reference for one in drawn if one.reference is not None]),
        ledger.live_by_fingerprint([one.fingerprint for one in drawn if one.fingerprint is not None]),
        ledger.live_by_item(
            [(line.item_type, line.item_id) for one in sound for line in one.lines if line.item_id is not None],
        ),
    )


def _check_expectations(prepared: Prepared) -> None:
    """Raise GateRefused unless the plan matches the control totals that were given."""
    wish, totals = prepared.wish, totals_of(prepared.lines, prepared.planned)
    if wish.expect_invoices is not None and wish.expect_invoices != totals.invoices:
        msg = f"Nothing was sent: the sheet makes {totals.invoices} invoices, but {wish.expect_invoices} were expected."
        raise GateRefused(msg, "Check the sheet, or correct --expect-invoices.", code="gate.invoices")
    if wish.expect_total is not None and wish.expect_total != totals.amount:
        msg = f"Nothing was sent: the sheet has {totals.amount:,.2f}, but {wish.expect_total:,.2f} was expected."
        raise GateRefused(msg, "Check the sheet, or correct --expect-total.", code="gate.total")


def _unsent(prepared: Prepared, why: str) -> Sent:
    planned = (not_sent(one, why) if one.status is Status.READY else one for one in prepared.planned)
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
    report = _report("submit", prepared, tools, sent.planned, code)
    try:
        folder = tools.settings.reports
        files = {"results": results.write_report(report, folder), "to_fix": results.write_to_fix(report, folder)}
        report = replace(report, files=files)
    except (OSError, ImporterError) as error:
        # What was sent is in the ledger and in what is printed; say that the workbook is missing.
        notice = f"The results workbook could not be written: {error}."
        code = ExitCode.UNEXPECTED if code is ExitCode.DONE else code
        report = replace(report, exit_code=code, notices=(*report.notices, notice))
    if began:
        with suppress(LedgerProblem):  # the invoices are on record; what became of them must be told all the same
            tools.ledger.end_run(prepared.run_id, report.totals.by_status, int(code))
    return report


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
    return ExitCode.SOME_NOT_SENT if statuses & undone else ExitCode.DONE


def _report(
    command: str,
    prepared: Prepared,
    tools: Tools,
    planned: tuple[PlannedInvoice, ...],
    code: ExitCode,
) -> Report:
    return Report(
        command=command,
        run_id=prepared.run_id,
        batch=prepared.batch,
        account=tools.account,
        started_at=prepared.started_at,
        exit_code=code,
        source=prepared.source,
        sheet=prepared.sheet,
        planned=planned,
        totals=totals_of(prepared.lines, planned),
        problems=prepared.problems,
        notices=prepared.notices,
        invoice_link=tools.settings.invoice_link,
    )


def _noting(prepared: Prepared, notice: str) -> Prepared:
    return replace(prepared, notices=(*prepared.notices, notice))
