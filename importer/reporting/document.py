"""The document that a report is shown as: decided here once, laid out by the terminal, the workbook and mails.

Which totals there are, whether the tie-out is shown, what is said of an
invoice or a problem, in which order and up to how many.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from importer.model.columns import BY_NAME
from importer.model.currency_sums import mixed
from importer.model.exit_codes import ExitCode
from importer.model.invoices import UnsoundInvoice
from importer.model.plans import ReportedInvoice, Status, Totals
from importer.model.problems import Problem, Severity, errors_first
from importer.model.words import (
    NOT_KNOWN,
    amount_in_sheet,
    count_of,
    describe_lines,
    invoice_named,
    lacking_amounts,
    left_out,
    money,
    projects_of,
    row_ranges,
)
from importer.reporting.balance import NOT_LOOKED_UP, STRAY, Line
from importer.reporting.headline import drafts_waiting, headline_of, terms_apart
from importer.reporting.left_out import left_out_by_project, left_out_lines
from importer.reporting.report import Report, totals_by_currency
from importer.reporting.table import Column, Kind, Narrow, Table, without_blanks

MOST_INVOICES = 60
"""Invoices shown where a person reads from the top; the workbook holds them all."""
MOST_PROBLEMS = 40
"""Remarks, and problems, shown there."""
MOST_EXAMPLES = 3
"""Problems shown by themselves that differ in the value of the cell alone."""
MOST_RANGES = 8
"""Ranges of rows named of problems that say the same."""
UNKNOWN_COLUMN = "column.unknown"
GONE_COLUMN = "header.gone"
ABOUT_AMOUNTS = (
    "Amounts are those of fixed fees and additional items; time, expenses and milestones are priced by Kantata."
)
_IN_THE_WORKBOOK = "the workbook lists them all."
_UNREMARKABLE = frozenset({Status.READY, Status.ALREADY_CREATED})
_FILE_LABELS = {
    "preview": "Preview workbook",
    "results": "Results",
    "page": "Page",
    "to_fix": "Rows to fix",
    "annotated": "Your workbook, marked",
}


@dataclass(frozen=True, slots=True)
class Remark:
    """Why an invoice, or several that share the reason, stands as it does."""

    status: Status
    subject: str
    """“ACME”, “project 101”, “4 invoices”."""
    text: str
    what_to_do: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of the file, or several that say the same."""

    severity: Severity
    address: str
    """Of the first: ``Invoices!F17``; empty when it is about the file."""
    message: str
    likewise: str | None
    """Where the others are: “in 58 rows: 3-51, 53-61”."""
    hint: str
    """Its first line is a sentence; any further lines belong into importer.toml as they are."""


@dataclass(frozen=True, slots=True)
class Document:
    """All that is shown of a report, in this order."""

    title: str
    facts: tuple[tuple[str, str | datetime], ...]
    """Label and value; a moment is local time."""
    rows_counted: str
    """“38 rows”."""
    headline: str
    """What would be created, or was, with its sums per currency; empty where nothing was."""
    common_terms: str
    """What all sound invoices have in common: “All invoices: dated 2026-10-31, 30 days, draft.”; empty without any."""
    invoices: Table
    totals: Table
    lacking_amounts: str | None
    """How many rows are in no sum; None when all amounts are known."""
    expected: Table | None
    """What the invoices of a plan would come to, by currency; None where Kantata named no currency."""
    nothing_sent: str | None
    """Said when all had been created before."""
    left_out: tuple[str, ...]
    """What else is open in Kantata, its sums first; empty where that was not looked for."""
    left_out_by_project: Table | None
    is_plan: bool
    """Whether nothing has happened yet."""
    tie_out: tuple[Table, ...]
    """By currency, then by project; empty for a plan, and where nothing was looked up."""
    not_looked_up: str | None
    items_compared: str | None
    """What of rows without an amount was compared."""
    answered: str
    """Whether every row of the sheet has its answer."""
    all_answered: bool
    remarks: tuple[Remark, ...]
    more_remarks: str | None
    findings_counted: str
    """“3 problems and 1 warning”; empty when there are none."""
    findings: tuple[Finding, ...]
    """Errors first; those with the same hint stand together."""
    more_findings: str | None
    not_sent_columns: tuple[str, ...]
    """Titles of the columns that are copied to the results only."""
    gone_columns: tuple[str, ...]
    """Titles of the columns that an earlier import had and that are read no more; empty where it is a single one."""
    next_steps: tuple[str, ...]
    """For who opens the workbook without the terminal: one line per matter."""
    notices: tuple[str, ...]
    files: tuple[tuple[str, Path], ...]
    """Label and path."""


def document_of(report: Report) -> Document:
    """Decide what is shown of the report."""
    tally = report.tally
    remarks = _remarks(report)
    others, not_sent_columns = _without_columns(UNKNOWN_COLUMN, report.problems)
    known, gone_columns = _without_columns(GONE_COLUMN, others)
    if len(gone_columns) == 1:  # its own words say more
        known, gone_columns = others, ()
    groups = _by_hint(_alike(known))
    left = sum(len(group) for group in groups[MOST_PROBLEMS:])
    common, own_terms = terms_apart(report.planned, MOST_INVOICES)
    return Document(
        title="Preview: nothing was sent" if report.command == "preview" else "Results",
        facts=_facts(report),
        rows_counted=count_of(report.source.rows, "row"),
        headline=headline_of(report),
        common_terms=_common_terms(common, len(report.planned)),
        invoices=_invoices(report, own_terms),
        totals=control_totals(report.planned, report.totals),
        lacking_amounts=lacking_amounts(report.totals),
        expected=_expected_totals(report),
        nothing_sent=_nothing_sent(report),
        left_out=left_out_lines(report),
        left_out_by_project=left_out_by_project(report),
        is_plan=report.is_plan,
        tie_out=_tie_out(report),
        not_looked_up=None if report.is_plan or tally.looked_up else NOT_LOOKED_UP,
        items_compared=None if report.is_plan else tally.items_sentence(),
        answered=tally.row_sentence(),
        all_answered=tally.rows_agree(),
        remarks=tuple(remarks[:MOST_PROBLEMS]),
        more_remarks=left_out(len(remarks), MOST_PROBLEMS, _IN_THE_WORKBOOK),
        findings_counted=_counted(report.problems),
        findings=tuple(map(_finding, groups[:MOST_PROBLEMS])),
        more_findings=left_out(left, 0, _IN_THE_WORKBOOK),
        not_sent_columns=not_sent_columns,
        gone_columns=gone_columns,
        next_steps=tuple(_next_steps(report)),
        notices=report.notices,
        files=tuple(_files(report)),
    )


def _facts(report: Report) -> tuple[tuple[str, str | datetime], ...]:
    return (
        ("File", report.source.path),
        ("Sheet", report.source.sheet or ""),
        ("Batch", report.batch),
        ("Run", report.run_id),
        ("Kantata account", report.account),
        ("Started", report.started_at.replace(microsecond=0, tzinfo=None)),
    )


def _files(report: Report) -> Iterator[tuple[str, Path]]:
    shown = dict(report.files)
    unfinished = report.totals.by_status.keys() - {Status.CREATED, Status.ALREADY_CREATED}
    if report.exit_code is ExitCode.GATE or (unfinished == {Status.NOT_SENT} and not report.errors):
        shown.pop("to_fix", None)  # nothing is to be fixed: what was not sent is sent from the file itself
    for name, path in shown.items():
        if path is not None:
            yield _FILE_LABELS[name], path


# --- tables -------------------------------------------------------------------------


def _amount(planned: ReportedInvoice) -> Decimal | str:
    """Amount in the sheet; a dash where the sheet has none because Kantata prices the lines."""
    return amount_in_sheet(planned) or "–"


def _expected(planned: ReportedInvoice) -> str | None:
    """What a ready invoice would come to, with its currency; blank for the others."""
    expected = planned.expected
    if expected is None or planned.status not in (Status.READY, Status.CREATED):
        return None
    if expected.total is not None:
        return f"{expected.currency or ''} {money(expected.total)}".strip()
    if expected.currency is None:  # Kantata was not asked: the record holds only the names of the sheet
        return None
    return NOT_KNOWN


def _in_kantata(planned: ReportedInvoice) -> str | None:
    """What Kantata says that the invoice comes to, with its currency; blank where it was not read back."""
    held = planned.read_back
    if held is None or held.total is None:
        return None
    return f"{held.currency or ''} {money(held.total)}".strip()


_OWN_TERMS = Column("Terms", narrow=Narrow.FOLD)
_AMOUNT = Column("Amount", Kind.MONEY)
_SIDE_NOTE = Column("In the sheet", Kind.MONEY, narrow=Narrow.DROP)
"""The amount in the sheet where a column beside it says what the whole invoice comes to."""
_INVOICE_COLUMNS: tuple[tuple[Column, Callable[[ReportedInvoice], object]], ...] = (
    (Column("Rows", narrow=Narrow.DROP_LAST), lambda planned: row_ranges(planned.invoice.rows)),
    (Column("Lines", narrow=Narrow.DROP), describe_lines),
    (_AMOUNT, _amount),
    (Column("Status", Kind.STATUS), lambda planned: planned.status),
    (Column("Expected", Kind.MONEY), _expected),
    (Column("In Kantata", Kind.MONEY), _in_kantata),
    (Column("Invoice", Kind.CODE, narrow=Narrow.FOLD_LAST), lambda planned: planned.invoice_id),
)


def _invoices(report: Report, own_terms: Sequence[str]) -> Table:
    """One row per invoice, with what a person looks at first; columns of which no cell is filled are left out."""
    shown = report.planned[:MOST_INVOICES]
    replaced, worth = "Expected", _in_kantata
    if report.is_plan:
        replaced, worth = "In Kantata", _expected
    described = [(column, value) for column, value in _INVOICE_COLUMNS if column.title != replaced]
    columns = [Column("Projects"), _OWN_TERMS, *(column for column, _ in described)]
    if all(map(worth, shown)):
        columns[columns.index(_AMOUNT)] = _SIDE_NOTE

    rows = []
    for planned, own in zip(shown, own_terms, strict=False):
        rows.append([projects_of(planned) or "–", own, *(value(planned) for _, value in described)])
    more = left_out(len(report.planned), MOST_INVOICES, _IN_THE_WORKBOOK)
    return without_blanks(Table("Invoices", columns, rows, more=more))


def control_totals(planned: Iterable[ReportedInvoice], totals: Totals) -> Table:
    """Invoices and amounts by status, with the amounts that belong to no invoice."""
    columns = (Column("Control totals"), Column("Invoices", Kind.COUNT), Column("Amount in the sheet", Kind.MONEY))
    return Table(
        "Control totals",
        columns,
        list(_by_status(totals)),
        total=("total", totals.invoices, totals.amount),
        after_total=("rows in the sheet", totals.rows, None),
        note=mixed(planned, totals.amount),
    )


def totals_over(reports: Sequence[Report]) -> Table:
    """Invoices and amounts by status over the reports of several files; what an amount adds up stands beside it."""
    columns = (
        Column("Status", Kind.STATUS),
        Column("Invoices", Kind.COUNT),
        Column("Amount in the sheet", Kind.MONEY),
        Column("Adds up"),
    )
    rows = []
    for status in Status:
        count, amount, invoices = 0, Decimal(0), []
        for report in reports:
            count += report.totals.by_status.get(status, 0)
            amount += report.totals.amount_by_status.get(status, Decimal(0))
            invoices += [planned for planned in report.planned if planned.status is status]
        if count:
            rows.append((status, count, amount, mixed(invoices, amount)))
    return Table("In all", columns, rows)


def _by_status(totals: Totals) -> Iterator[tuple[object, ...]]:
    for status in Status:
        if count := totals.by_status.get(status, 0):
            yield status, count, totals.amount_by_status[status]
    stray = totals.amount - sum(totals.amount_by_status.values())
    if stray:
        yield STRAY, None, stray


def _expected_totals(report: Report) -> Table | None:
    totals = totals_by_currency(report.planned)
    known = any(total.expected is not None or total.currency is not None for total in totals)
    if not known or not report.is_plan:
        return None
    columns = (
        Column("Currency"),
        Column("Invoices", Kind.COUNT),
        Column("Amount in the sheet", Kind.MONEY),
        Column("Expected total, tax excluded", Kind.MONEY),
    )
    rows = []
    for total in totals:
        expected = NOT_KNOWN if total.expected is None else total.expected
        rows.append((total.currency or NOT_KNOWN, total.invoices, total.amount, expected))
    return Table("Expected totals", columns, rows)


_TIE_OUT_FIGURES = (
    Column("Sheet", Kind.MONEY),
    Column("Sent", Kind.MONEY),
    Column("Read back", Kind.MONEY),
    Column("Difference", Kind.MONEY, alarm=True),
    Column("Not read back", Kind.MONEY),
    Column("Invoices not read back", Kind.COUNT, alarm=True),
    Column("Total in Kantata", Kind.MONEY),
)


def _tie_out(report: Report) -> tuple[Table, ...]:
    """Sheet, sent and read back side by side, by currency and by project; what is not known is blank."""
    tally = report.tally
    if report.is_plan or not tally.looked_up:
        return ()
    tables = []
    for title, lines in (("Tie-out by currency", tally.by_currency()), ("Tie-out by project", tally.by_project())):
        columns = [Column(title), *_TIE_OUT_FIGURES]
        if any(line.title for line in lines):
            columns.append(Column("Project title"))
        rows = [_tie_out_row(line)[: len(columns)] for line in lines]
        tables.append(Table(title, columns, rows))
    return tuple(tables)


def _tie_out_row(line: Line) -> tuple[object, ...]:
    unread = (line.unread_amount, line.unread) if line.unread else (None, None)
    compared: tuple[Decimal | None, ...] = (line.sheet, line.sent, line.read_back, line.difference)
    if not line.has_amounts and not line.difference:  # 0.00 would look like a figure that was compared
        compared = (None,) * len(compared)
    return line.name, *compared, *unread, line.total, line.title


# --- sentences ----------------------------------------------------------------------


def _common_terms(common: str, invoices: int) -> str:
    if not common:
        return ""
    subject = "All invoices" if invoices > 1 else "The invoice"
    return f"{subject}: {common}."


def _nothing_sent(report: Report) -> str | None:
    """A table of what earlier runs created looks like a table of what was sent now: say that it is none."""
    count = report.totals.invoices
    if report.command != "submit" or report.settled or not count:
        return None
    if report.totals.by_status.get(Status.ALREADY_CREATED, 0) != count:
        return None
    if count == 1:
        return "the invoice was created before."
    return f"each of the {count:,} invoices was created before."


def _remarks(report: Report) -> list[Remark]:
    """Say why each invoice that is not simply ready or created stands as it does; those that share a reason once."""
    same: dict[tuple[str, Status], list[ReportedInvoice]] = {}
    unsound, faulty = [], report.errors_by_row()
    for planned in report.planned:
        is_remarkable = planned.status not in _UNREMARKABLE or planned.differs or planned.what_to_do
        if _has_faulty_rows(planned, faulty):
            unsound.append(planned)
        elif planned.reason and is_remarkable:
            same.setdefault((planned.reason, planned.status), []).append(planned)
    remarks = list(_unsound_in_short(unsound, faulty))
    for (reason, status), [first, *others] in same.items():
        subject = invoice_named(first.invoice.key, first.invoice.workspace_ids)
        if others:
            subject = count_of(len(others) + 1, "invoice")
        remarks.append(Remark(status, subject, reason, first.what_to_do))
    return remarks


def _has_faulty_rows(planned: ReportedInvoice, faulty: Collection[int]) -> bool:
    """Whether errors in its own rows are what keeps it back."""
    is_unsound = isinstance(planned.invoice, UnsoundInvoice) and planned.status is Status.NOT_SENT
    return is_unsound and any(row in faulty for row in planned.invoice.rows)


def _unsound_in_short(unsound: Sequence[ReportedInvoice], faulty: Collection[int]) -> Iterator[Remark]:
    """Say once in which of their rows the errors are that keep invoices back; the problems themselves are listed."""
    if not unsound:
        return
    rows: set[int] = set()
    for planned in unsound:
        rows.update(row for row in planned.invoice.rows if row in faulty)
    first = unsound[0]
    if len(unsound) == 1:
        subject = invoice_named(first.invoice.key, first.invoice.workspace_ids)
        yield Remark(first.status, subject, first.reason or "", first.what_to_do)
        return
    ranges = row_ranges(sorted(rows)).split(", ")
    more = f" and {len(ranges) - MOST_RANGES:,} more places" if len(ranges) > MOST_RANGES else ""
    where = f"Not sent because of errors in rows {', '.join(ranges[:MOST_RANGES])}{more}."
    yield Remark(first.status, count_of(len(unsound), "invoice"), where, first.what_to_do)


def _without_columns(code: str, problems: Iterable[Problem]) -> tuple[list[Problem], tuple[str, ...]]:
    """The problems but those of this code, and the titles of the columns they are about: one line names them all."""
    known, titles = [], []
    for problem in problems:
        if problem.code == code:
            titles.append(_column_title(problem))
        else:
            known.append(problem)
    return known, tuple(titles)


def _column_title(problem: Problem) -> str:
    """As the sheet calls it; of one that is gone, the title of the column."""
    if problem.value is not None:
        return str(problem.value)
    known = BY_NAME.get(problem.column or "")
    return known.title if known else str(problem.column)


def _counted(problems: Sequence[Problem]) -> str:
    """“3 problems and 1 warning”; empty when there are none."""
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    parts = []
    if errors:
        parts.append(count_of(errors, "problem"))
    if warnings := len(problems) - errors:
        parts.append(count_of(warnings, "warning"))
    return " and ".join(parts)


def _alike(problems: Iterable[Problem]) -> list[list[Problem]]:
    """Problems of cells that say the same, together; errors first, then in the order of the first of each.

    Where they differ in the value alone, a few stand by themselves; of many the first is an example of all.
    """
    groups: dict[tuple[object, ...], list[Problem]] = {}
    for number, problem in enumerate(errors_first(problems)):
        alone = None if problem.cell else number
        key = (alone, problem.code, problem.sheet, problem.column, _without_value(problem), problem.hint)
        groups.setdefault(key, []).append(problem)

    found = []
    for group in groups.values():
        same = _grouped(group, lambda problem: problem.message)
        found += [group] if len(same) > MOST_EXAMPLES else same
    return found


def _without_value(problem: Problem) -> str:
    """What a problem says of whatever value."""
    return problem.message.replace(str(problem.value), "…") if problem.value else problem.message


def _grouped(problems: Iterable[Problem], key: Callable[[Problem], object]) -> list[list[Problem]]:
    groups: dict[object, list[Problem]] = {}
    for problem in problems:
        groups.setdefault(key(problem), []).append(problem)
    return list(groups.values())


def _by_hint(groups: Iterable[list[Problem]]) -> list[list[Problem]]:
    """The groups with those of the same hint next to each other, so that it need be read only once."""
    same: dict[tuple[Severity, str], list[list[Problem]]] = {}
    for group in groups:
        same.setdefault((group[0].severity, group[0].hint), []).append(group)
    return [group for groups_of_a_hint in same.values() for group in groups_of_a_hint]


def _finding(alike: Sequence[Problem]) -> Finding:
    first, *others = alike
    likewise = _places(others) if others else None
    return Finding(first.severity, first.address, first.message, likewise, first.hint)


def _places(problems: Sequence[Problem]) -> str:
    """Where problems of one column are: in which rows, the first ranges of them by name."""
    rows = row_ranges(sorted({problem.row for problem in problems if problem.row is not None})).split(", ")
    more = ""
    if len(rows) > MOST_RANGES:
        more = f" and {len(rows) - MOST_RANGES:,} more places"
    return f"in {count_of(len(problems), 'row')}: {', '.join(rows[:MOST_RANGES])}{more}"


def _next_steps(report: Report) -> Iterator[str]:
    """What to do next, in one line per matter."""
    counts = report.totals.by_status
    matters = (
        (report.errors, "problem", "in the file: see the sheet Problems."),
        (counts.get(Status.IN_DOUBT, 0), "invoice", "in doubt: may exist in Kantata. Look there first."),
        (
            sum(planned.differs for planned in report.planned),
            "invoice",
            "in Kantata differ from what was sent: the sheet Invoices says how.",
        ),
        (
            sum(planned.missing for planned in report.planned),
            "invoice",
            "could not be found again in Kantata: the sheet Invoices says what to do.",
        ),
        (counts.get(Status.HELD, 0), "invoice", "held: a person decides. The sheet Invoices says why."),
    )
    for count, noun, matter in matters:
        if count:
            yield f"{count_of(count, noun)} {matter}"
    if report.command == "submit" and (counts.get(Status.REJECTED) or counts.get(Status.NOT_SENT)):
        yield "Rows that did not become invoices are in the to-fix workbook beside this one."
    if report.command == "submit" and (waiting := drafts_waiting(report.planned)):
        yield waiting
