"""The text of a notice: what needs a person first, then each file, then the totals."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from importer.ledger.inbox_files import FileState
from importer.ledger.outbox import News
from importer.model.exit_codes import ExitCode
from importer.model.invoices import UnsoundInvoice
from importer.model.lifecycle import Fate
from importer.model.plans import ReportedInvoice, Status
from importer.model.visible import in_one_line
from importer.model.words import MOST_LISTED, count_of, left_out, projects_named, rows_named
from importer.reporting.balance import SENT
from importer.reporting.document import document_of, totals_over
from importer.reporting.table import figures_of, text_of
from importer.unattended.notices import RECONCILE_TOPIC, Notice
from importer.unattended.outcomes import InboxResult, exit_code_of, subject_of

if TYPE_CHECKING:
    from importer.flow.reconciling import Reconciled
    from importer.model.errors import ImporterError
    from importer.reporting.report import Report
    from importer.sending.settlement import Settlement

URGENT = {
    Status.IN_DOUBT: "IN DOUBT: these may exist in Kantata. Run: invoice-importer reconcile",
    Status.HELD: "HELD: these were not sent; a person decides",
    Status.REJECTED: "REJECTED by Kantata",
    Status.NOT_SENT: "NOT SENT",
}
"""What needs a person, the most urgent first."""
MOST_ATTACHED_BYTES = 5_000_000
"""All attachments of one notice together; larger workbooks stay where they lie."""


def notice_of_run(results: list[InboxResult], account: str, topic: str) -> Notice:
    """The notice about a run over the inbox."""
    code = exit_code_of(results)
    lines = [*_urgent(results), *_files(results), *_totals(results), "", _signature(account, code)]
    return Notice(
        _title(results),
        "\n".join(lines),
        _attachments(results),
        failed=code is not ExitCode.DONE,
        news=tuple(result.news for result in results),
        topic=topic,
    )


def notice_of_reconcile(done: Reconciled, moved: list[InboxResult], account: str) -> Notice:
    """The notice about invoices in doubt that were settled, or could not be."""
    lines = [*_settled(done)]
    lines += [in_one_line(f"Results written again: {path}") for path in done.files]
    lines += map(in_one_line, done.unwritten.values())
    lines += [result.line for result in moved]
    code = exit_code_of(moved, done.exit_code)
    lines += ["", _signature(account, code)]

    counts = Counter(settlement.fate for settlement in done.settlements)
    what = ", ".join(f"{counts[fate]} {fate.value}" for fate in Fate if counts[fate])
    news = [_news_of(settlement) for settlement in done.settlements]
    news += [result.news for result in moved]
    return Notice(
        f"invoice-importer reconcile: {what or count_of(len(moved), 'file')}",
        "\n".join(lines),
        failed=code is not ExitCode.DONE,
        news=tuple(news),
        topic=RECONCILE_TOPIC,
    )


def notice_of_failure(error: ImporterError, account: str, topic: str, command: str = "the run") -> Notice:
    """The notice about a command that could not begin, or was ended by an error."""
    title = f"invoice-importer: {command} failed"
    body = f"{error.message}\n{error.hint}\n\n{_signature(account, error.exit_code)}"
    news = News(subject_of(error.code, error.message), f"{title}. {error.message} {error.hint}", failed=True)
    return Notice(title, body, failed=True, news=(news,), topic=topic, is_whole=False)


def _signature(account: str, code: ExitCode) -> str:
    return f"{account}, {socket.gethostname()}, exit code {code}"


# --- run -------------------------------------------------------------------------------------


def _title(results: list[InboxResult]) -> str:
    files = count_of(sum(result.is_file for result in results), "file")
    return f"invoice-importer: {_what_matters_most(results)}, {files}"


def _what_matters_most(results: list[InboxResult]) -> str:
    counts = _counts(results)
    for status in URGENT:
        if counts[status]:
            return f"{counts[status]} {status.words}"
    if exit_code_of(results) is not ExitCode.DONE:
        return "something needs you"
    if counts[Status.CREATED]:
        return f"{counts[Status.CREATED]} created"
    if any(result.settled for result in results):
        return "settled what was in doubt"
    return "nothing to do"


def _counts(results: list[InboxResult]) -> Counter[Status]:
    counts: Counter[Status] = Counter()
    for report in _reports(results):
        counts.update(report.totals.by_status)
    return counts


def _reports(results: list[InboxResult]) -> Iterator[Report]:
    for result in results:
        if result.report is not None:
            yield result.report


def _urgent(results: list[InboxResult]) -> Iterator[str]:
    """The invoices that need a person, by status."""
    for status, heading in URGENT.items():
        lines: list[str] = []
        for result in results:
            lines += _invoices_in(result, status)
        if not lines:
            continue
        yield heading
        yield from lines[:MOST_LISTED]
        if more := left_out(len(lines), MOST_LISTED, "the results workbook lists them all"):
            yield f"  {more}"
        yield ""


def _invoices_in(result: InboxResult, status: Status) -> Iterator[str]:
    """Each invoice of a file with this status, in two lines as one text."""
    if result.report is None:
        return
    for planned in result.report.planned:
        if planned.status is status:
            yield f"  {in_one_line(result.name)}, {_invoice(planned)}\n    {in_one_line(planned.reason or '')}"


def _invoice(planned: ReportedInvoice) -> str:
    invoice = planned.invoice
    named = f"{rows_named(invoice.rows)}, {projects_named(invoice.workspace_ids)}"
    if isinstance(invoice, UnsoundInvoice):  # some of its amounts may not be readable
        return named
    return f"{named}, {invoice.amount:,.2f}"


def _files(results: list[InboxResult]) -> Iterator[str]:
    for result in results:
        yield in_one_line(f"{result.name}: {result.outcome_words}. {result.reason}")
        if result.folder is not None:
            yield in_one_line(f"  {result.folder}")
        if result.report is None:
            continue
        if not SENT.isdisjoint(result.report.totals.by_status):
            yield from _tie_out(result.report)
        if result.state is FileState.FAILED:
            for problem in result.report.problems[:MOST_LISTED]:
                yield in_one_line(f"  {problem.address or '•'}: {problem.message}")
    if not results:
        yield "The inbox was empty."


def _tie_out(report: Report) -> Iterator[str]:
    """One currency a line: “Tie-out EUR: sheet 510.00 · sent 409.00”."""
    for table in document_of(report).tie_out[:1]:
        for cells in table.rows:
            figures = " · ".join(figure.text for figure in figures_of(table, cells))
            yield f"  Tie-out {cells[0]}: {figures}"


def _totals(results: list[InboxResult]) -> Iterator[str]:
    """One status a line: “created: 2 (150.00)”."""
    totals = totals_over(list(_reports(results)))
    if not totals.rows:
        return
    yield ""
    yield "In all:"
    for status, count, amount, note in totals.rows:
        words = text_of(amount)
        if note:
            words = f"{words}, a {note}"
        yield f"  {text_of(status)}: {text_of(count)} ({words})"


def _attachments(results: list[InboxResult]) -> tuple[Path, ...]:
    """Results and the workbooks to be corrected, as long as all of them together are small."""
    paths = tuple(_attachable(results))
    if sum(path.stat().st_size for path in paths) > MOST_ATTACHED_BYTES:
        return ()
    return paths


def _attachable(results: list[InboxResult]) -> Iterator[Path]:
    for report in _reports(results):
        for path in (report.files.get("page"), report.files.get("results"), _to_correct(report)):
            if path is not None and path.exists():
                yield path


def _to_correct(report: Report) -> Path | None:
    """The workbook that a person corrects: all of it while nothing was sent; None when the file itself is meant."""
    if report.exit_code is ExitCode.GATE:
        return None
    if report.exit_code is ExitCode.FILE_PROBLEMS and report.files.get("annotated"):
        return report.files["annotated"]
    return report.files.get("to_fix")


# --- reconcile -------------------------------------------------------------------------------


def _settled(done: Reconciled) -> Iterator[str]:
    """What became of each invoice in doubt, by what became of it."""
    for fate in Fate:
        found = [settlement for settlement in done.settlements if settlement.fate is fate]
        if not found:
            continue
        yield f"{fate.value.upper()}: {len(found):,}"
        for settlement in found[:MOST_LISTED]:
            yield from _settlement(settlement, done)
        if more := left_out(len(found), MOST_LISTED, "the results list them all"):
            yield f"  {more}"


def _settlement(settlement: Settlement, done: Reconciled) -> Iterator[str]:
    doubt = settlement.doubt
    projects = projects_named(doubt.workspace_ids)
    yield f"  run {doubt.run_id}, {rows_named(doubt.rows)}, {projects}, {doubt.amount:,.2f}"
    reason = settlement.reason
    if doubt.reference in done.differing:
        reason = f"{reason} It holds something else than was sent."
    yield in_one_line(f"    {reason} {settlement.what_to_do or ''}".rstrip())


def _news_of(settlement: Settlement) -> News:
    doubt = settlement.doubt
    text = f"{projects_named(doubt.workspace_ids)} of run {doubt.run_id}: {settlement.fate.value}. {settlement.reason}"
    return News(subject_of(doubt.reference, settlement.status.value), text, failed=settlement.fate is not Fate.BILLED)
