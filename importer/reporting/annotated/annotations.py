"""What the annotated copy says: how cells are marked, what its list holds, and the answer at each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from importer.model.plans import ReportedInvoice, Status
from importer.model.problems import Problem, Severity, cell_address
from importer.model.sheet import Sheet, is_blank
from importer.model.words import row_ranges
from importer.reporting.annotated.comments import FIRST_LINE
from importer.reporting.annotated.worksheet import row_and_column
from importer.reporting.report import DONE, Report, answer_of

MOST_MARKS = 5_000
"""Cells marked and findings listed; the results workbook holds them all."""
LONGEST_COMMENT = 4_000
"""Characters of our comment on one cell."""
UNDONE = frozenset({Status.REJECTED, Status.NOT_SENT, Status.HELD, Status.IN_DOUBT, Status.READY})
"""Statuses of a submit that leave something to do."""
KNOWN = DONE | {Status.IN_DOUBT, Status.HELD}
"""Statuses of invoices of which something is, or may be, in Kantata: what bills them must keep its batch."""


@dataclass
class Mark:
    """How one cell is marked."""

    severity: Severity
    texts: list[str] = field(default_factory=list)

    def add(self, severity: Severity, texts: Sequence[str]) -> None:
        """Say these texts too; one error makes the whole cell one."""
        self.texts += texts
        if severity is Severity.ERROR:
            self.severity = Severity.ERROR

    @property
    def comment(self) -> str:
        """All problems of the cell, below a line by which the comment is known as ours."""
        text = "\n\n".join([f"{FIRST_LINE}\n{self.texts[0]}", *self.texts[1:]])
        return text if len(text) <= LONGEST_COMMENT else f"{text[:LONGEST_COMMENT]} […]"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the list: a problem, or an invoice that was not created."""

    severity: Severity
    word: str
    """Shown as severity: error, warning, or the status of an invoice."""
    place: str
    """As a person would say it: ``Invoices!F17``."""
    sheet: str | None
    cell: str | None
    """Where a click leads, on ``sheet``."""
    value: str
    message: str
    hint: str
    also: tuple[str, ...] = ()
    """Other cells of the same column that it is about."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a row, in the five columns at the right of the table."""

    texts: tuple[str, str, str, str, str]
    severity: Severity | None
    """Colour of the status; None for invoices that are done."""


@dataclass(frozen=True)
class Annotations:
    """All that the copy says."""

    sheet: str
    """Name of the sheet with the rows."""
    header_row: int
    width: int
    """Columns of the table."""
    added: frozenset[int]
    """Positions of the answers of an earlier copy."""
    marks: Mapping[str, Mark]
    """Address → mark."""
    answers: Mapping[int, Answer]
    """Row → its answer; empty after a preview."""
    findings: Sequence[Finding]
    facts: Sequence[tuple[str, str]]
    """Label and value of what the copy is about: file, sheet, run, batch."""
    how: str
    """A line how to go on."""


def annotations_of(report: Report, sheet: Sheet, *, batch_named: bool) -> Annotations:
    """Return all that the copy says of a run; ``batch_named``: whether a person named the batch."""
    findings = list(_findings(report, sheet))
    answers, again = {}, "Nothing was sent yet."
    if report.command == "submit":
        answers, again = dict(_answers(report, sheet)), "Only invoices that were not created are sent."

    batch = ("Billing period", f"{report.batch}, as far as the dates tell")
    this_sheet = "This sheet itself is not imported."
    if batch_named or any(planned.status in KNOWN for planned in report.planned):
        batch, this_sheet = ("Batch", report.batch), "For another billing period delete this sheet."

    return Annotations(
        sheet=sheet.name,
        header_row=sheet.header_row,
        width=sheet.width,
        added=sheet.added,
        marks=_marks(findings[: min(len(report.problems), MOST_MARKS)], sheet.name),
        answers=answers,
        findings=findings,
        facts=(("File", report.source.path), ("Sheet", sheet.name), ("Run", report.run_id), batch),
        how=f"Fix the coloured cells, save, and submit this workbook as it is. {again} {this_sheet}",
    )


# --- the list and the marks ---


def _findings(report: Report, sheet: Sheet) -> Iterator[Finding]:
    """Yield the problems, errors first, then the invoices of a submit that were not created."""
    first = _first_filled(sheet)
    for problem in sorted(report.problems, key=lambda problem: problem.severity is not Severity.ERROR):
        yield _of_problem(problem, first)

    if report.command != "submit":
        return
    listed = UNDONE
    if report.errors:
        listed = UNDONE - {Status.NOT_SENT}  # else each of them repeats that there are errors
    for planned in report.planned:
        if planned.status in listed:
            yield _of_invoice(planned, sheet.name, first)


def _marks(problems: Sequence[Finding], sheet: str) -> dict[str, Mark]:
    """Return address → mark, of the problems on the sheet."""
    found: dict[str, Mark] = {}
    for problem in problems:
        if problem.cell is None or problem.sheet != sheet:
            continue
        for cell in (problem.cell, *problem.also):
            if cell not in found and len(found) >= MOST_MARKS:
                break
            mark = found.setdefault(cell, Mark(problem.severity))
            mark.add(problem.severity, [f"{problem.message}\nHow to fix it: {problem.hint}"])
    return found


def _of_problem(problem: Problem, first: Mapping[int, str]) -> Finding:
    cell = problem.cell
    if cell is None and problem.row is not None:
        cell = first.get(problem.row)
    also: tuple[str, ...] = ()
    if problem.cell is not None and problem.rows:
        _, position = row_and_column(problem.cell)
        also = tuple(cell_address(position, row) for row in problem.rows if row != problem.row)
    return Finding(
        severity=problem.severity,
        word=problem.severity.value,
        place=problem.address,
        sheet=problem.sheet,
        cell=cell,
        value=problem.value or "",
        message=problem.message,
        hint=problem.hint,
        also=also,
    )


def _of_invoice(planned: ReportedInvoice, sheet: str, first: Mapping[int, str]) -> Finding:
    invoice = planned.invoice
    return Finding(
        severity=_severity_of(planned.status) or Severity.ERROR,
        word=planned.status.words,
        place=f"{sheet}!row {row_ranges(invoice.rows)}",
        sheet=sheet,
        cell=first.get(invoice.rows[0]) if invoice.rows else None,
        value=invoice.key or ", ".join(map(str, invoice.workspace_ids)),
        message=planned.reason or "",
        hint=planned.what_to_do or "",
    )


def _first_filled(sheet: Sheet) -> dict[int, str]:
    """Return row → address of its first filled cell, the header's too."""
    found = {}
    for row in sheet.rows:
        for at, cell in enumerate(row.cells):
            if not is_blank(cell):
                found[row.number] = cell_address(at, row.number)
                break
    header = min((header.position for header in sheet.headers), default=0)
    found[sheet.header_row] = cell_address(header, sheet.header_row)
    return found


# --- the answers ---


def _answers(report: Report, sheet: Sheet) -> Iterator[tuple[int, Answer]]:
    """Yield the number of every row of the sheet and what became of it."""
    invoices, errors = report.by_row(), report.errors_by_row()
    for row in sheet.rows:
        if (why := sheet.excluded.get(row.number)) is not None:
            yield row.number, Answer(("", "", "", "", f"Left out: {why.value}."), None)
        else:
            yield row.number, _answer(report, invoices.get(row.number), errors.get(row.number, []))


def _answer(report: Report, planned: ReportedInvoice | None, errors: list[Problem]) -> Answer:
    status, number, link = Status.NOT_SENT, None, None
    if planned is not None:
        status, number, link = planned.status, planned.invoice_id, report.link_of(planned)
    error, advice = answer_of(report, planned, errors)
    # One line each: the rows keep the height that the user gave them.
    words = ((error or "").replace("\n", " "), (advice or "").replace("\n", " "))
    return Answer((status.words, number or "", link or "", *words), _severity_of(status))


def _severity_of(status: Status) -> Severity | None:
    """Return the colour of a status; None for invoices that are done."""
    if status in DONE:
        return None
    if status is Status.HELD:
        return Severity.WARNING
    return Severity.ERROR
