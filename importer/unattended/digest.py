"""What a run over the inbox has to tell in a notice: what needs a person first, then each file, then the totals."""

from __future__ import annotations

import hashlib
import json
import socket
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.model.currency_sums import mixed
from importer.model.exit_codes import ExitCode
from importer.model.invoices import UnsoundInvoice
from importer.model.plans import Status
from importer.model.words import count_of, rows_named
from importer.sending.settlement import SETTLED
from importer.unattended.handled import Fate, Handled, exit_code_of
from importer.unattended.notices import TOPICS, Notice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.flow.reconciling import Reconciled
    from importer.model.errors import ImporterError
    from importer.reporting.report import Report

FIRST = {
    Status.IN_DOUBT: "IN DOUBT: these may exist in Kantata. Run: invoice-importer reconcile",
    Status.HELD: "HELD: these were not sent; a person decides",
    Status.REJECTED: "REJECTED by Kantata",
    Status.NOT_SENT: "NOT SENT",
}
"""What needs a person, the most urgent first."""
MOST_NAMED = 20
"""Invoices named per status; the results workbook has them all."""
MOST_ATTACHED_BYTES = 5_000_000
"""All attachments of one notice together; larger workbooks stay where they lie."""


def notice_of(done: list[Handled], account: str) -> Notice:
    """The notice about a run."""
    code = exit_code_of(done)
    lines = [*_urgent(done), *_files(done), *_totals(done), "", f"{account}, {socket.gethostname()}, exit code {code}"]
    return Notice(
        _title(done), "\n".join(lines), _attachments(done), failed=code is not ExitCode.DONE, news=_news(done)
    )


def notice_of_reconcile(done: Reconciled, moved: list[Handled], account: str) -> Notice:
    """The notice about invoices in doubt that were settled, or could not be."""
    code, counts = done.exit_code, Counter(one.words for one in done.settlements)
    lines = []
    for heading in SETTLED:
        found = [one for one in done.settlements if one.words == heading]
        lines += [f"{heading.upper()}: {len(found):,}"] * bool(found)
        for one in found[:MOST_NAMED]:
            projects = ", ".join(str(number) for number in one.doubt.workspace_ids)
            lines.append(
                f"  run {one.doubt.run_id}, {rows_named(one.doubt.rows)}, project {projects}, {one.doubt.amount:,.2f}"
            )
            differs = " It holds something else than was sent." if one.doubt.reference in done.differing else ""
            lines.append(f"    {one.reason}{differs} {one.what_to_do or ''}".rstrip())
        lines += [f"  … and {len(found) - MOST_NAMED} more"] * (len(found) > MOST_NAMED)
    lines += [f"Results written anew: {path}" for path in done.files]
    lines += [one.line for one in moved]
    lines += ["", f"{account}, {socket.gethostname()}, exit code {code}"]
    what = ", ".join(f"{counts[words]} {words}" for words in SETTLED if counts[words])
    news = tuple(_hashed([one.doubt.reference, one.status.value]) for one in done.settlements)
    return Notice(
        f"invoice-importer reconcile: {what}",
        "\n".join(lines),
        failed=code is not ExitCode.DONE,
        news=news,
        topic=TOPICS[1],
    )


def notice_of_failure(error: ImporterError, account: str, what: str = "the run", topic: str = TOPICS[0]) -> Notice:
    """The notice about a run that could not begin."""
    body = f"{error.message}\n{error.hint}\n\n{account}, {socket.gethostname()}, exit code {error.exit_code}"
    news = (_hashed([error.code, error.message]),)
    return Notice(f"invoice-importer: {what} failed", body, failed=True, news=news, topic=topic)


def _title(done: list[Handled]) -> str:
    statuses = _count(done)
    worst = next((status for status in FIRST if statuses[status]), None)
    if worst is not None:
        what = f"{statuses[worst]} {worst.value.replace('_', ' ')}"
    elif any(one.exit_code is not ExitCode.DONE for one in done):
        what = "something needs you"
    elif statuses[Status.CREATED]:
        what = f"{statuses[Status.CREATED]} created"
    else:
        what = "settled what was in doubt" if any(one.settled for one in done) else "nothing to do"
    return f"invoice-importer: {what}, {count_of(sum(one.is_file for one in done), 'file')}"


def _urgent(done: list[Handled]) -> Iterator[str]:
    for status, heading in FIRST.items():
        found = [
            (one.name, planned)
            for one in done
            if one.report
            for planned in one.report.planned
            if planned.status is status
        ]
        if found:
            yield heading
        for name, planned in found[:MOST_NAMED]:
            invoice = planned.invoice
            projects = ", ".join(str(number) for number in invoice.workspace_ids) or "–"
            unread = isinstance(invoice, UnsoundInvoice)  # some of its amounts may not be readable
            amount = "" if unread else f", {invoice.amount:,.2f}"
            yield f"  {name}, {rows_named(invoice.rows)}, project {projects}{amount}"
            yield f"    {planned.reason or ''}"
        if len(found) > MOST_NAMED:
            yield f"  … and {len(found) - MOST_NAMED} more; the results workbook lists them all"
        if found:
            yield ""


def _files(done: list[Handled]) -> Iterator[str]:
    for one in done:
        yield f"{one.name}: {one.fate.value}. {one.why}"
        if one.folder is not None:
            yield f"  {one.folder}"
        for problem in one.report.problems[:MOST_NAMED] if one.report and one.fate is Fate.FAILED else ():
            yield f"  {problem.address or '•'}: {problem.message}"
    if not done:
        yield "The inbox was empty."


def _totals(done: list[Handled]) -> Iterator[str]:
    counts, amounts = _count(done), Counter[Status]()
    for one in done:
        if one.report is not None:
            for status, amount in one.report.totals.amount_by_status.items():
                amounts[status] += amount  # type: ignore[assignment]
    planned = [each for one in done if one.report for each in one.report.planned]
    if counts:
        yield ""
        yield "In all:"
    for status in Status:
        if counts[status]:
            amount = Decimal(amounts[status])
            several = mixed((one for one in planned if one.status is status), amount)
            said = f"{amount:,.2f}, a {several}" if several else f"{amount:,.2f}"
            yield f"  {status.value.replace('_', ' ')}: {counts[status]:,} ({said})"


def _count(done: list[Handled]) -> Counter[Status]:
    counts: Counter[Status] = Counter()
    for one in done:
        counts.update(one.report.totals.by_status if one.report else {})
    return counts


def _attachments(done: list[Handled]) -> tuple[Path, ...]:
    """Results and the workbooks to be corrected, as long as all of them together are small."""
    paths = [
        path
        for one in done
        if one.report is not None
        for path in _to_read(one.report)
        if path is not None and path.exists()
    ]
    return tuple(paths) if sum(path.stat().st_size for path in paths) <= MOST_ATTACHED_BYTES else ()


def _to_read(report: Report) -> tuple[Path | None, Path | None]:
    """The results, and the workbook that is to be corrected: all of it while nothing was sent."""
    if report.exit_code is ExitCode.GATE:
        return report.files.get("results"), None  # the file itself is to be looked at
    whole = report.files.get("annotated") if report.exit_code is ExitCode.FILE_PROBLEMS else None
    return report.files.get("results"), whole or report.files.get("to_fix")


def _news(done: list[Handled]) -> tuple[str, ...]:
    """Hash of each thing that is told; a file that only waits is news once, whatever happens to others."""
    return tuple(_hashed([one.name, one.sha256, one.fate.value, one.why]) for one in done)


def _hashed(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
