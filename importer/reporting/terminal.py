"""Show the plan, or what became of it, in the terminal. Sends nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from importer.model.currency_sums import mixed
from importer.model.invoices import Invoice, UnsoundInvoice
from importer.model.plans import Status
from importer.model.problems import Severity
from importer.model.words import NOT_KNOWN, count_of, describe_lines, money, projects_of, row_ranges
from importer.reporting.balance import NOT_LOOKED_UP
from importer.reporting.report import by_currency
from importer.reporting.workbook.tables import STATUS_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from importer.model.plans import PlannedInvoice
    from importer.model.problems import Problem
    from importer.reporting.report import CurrencyTotal, Report

MOST_INVOICES = 60
"""Invoices shown in the terminal; the workbook holds them all."""
LONGEST_WORD = 18
"""Letters of a word in a project's title that are not broken, however narrow the terminal."""
MOST_RANGES = 8
"""Ranges of rows named of problems that say the same."""
MOST_PROBLEMS = 40
"""Problems shown in the terminal; the workbook holds them all."""

_BETWEEN = 3
"""Blanks between two columns of a table."""
_STYLES = {
    Status.READY: "cyan",
    Status.CREATED: "green",
    Status.ALREADY_CREATED: "dim",
    Status.REJECTED: "bold red",
    Status.IN_DOUBT: "bold red",
    Status.HELD: "yellow",
    Status.NOT_SENT: "red",
}


def show(report: Report, console: Console) -> None:
    """Print invoices, control totals, problems and files, in this order."""
    source = report.source
    console.print(
        f"[bold]{escape(source.path)}[/] · sheet {escape(source.sheet or '–')} · "
        f"{count_of(source.rows, 'row')} · batch [bold]{escape(report.batch)}[/]",
    )
    console.print(_invoice_table(report, console.width))
    hidden = len(report.planned) - MOST_INVOICES
    if hidden > 0:
        console.print(f"… and {count_of(hidden, 'more invoice')}; the workbook shows them all.")
    console.print(_totals_table(report))
    if several := mixed(report.planned, report.totals.amount):
        console.print(f"The total is a {several}.", highlight=False)
    if currencies := by_currency(report.planned):
        console.print(_currency_table(currencies))
    if report.command == "submit" and not report.settled:
        _show_sent(report, console)
    _show_tie_out(report, console)
    _show_reasons(report, console)
    _show_problems(report.problems, console)
    for notice in report.notices:
        console.print(f"[yellow]Note:[/] {escape(notice)}")
    for name, path in report.files.items():
        if path is not None:
            console.print(f"{_FILE_WORDS[name]}: ", Text(str(path), style="bold"), sep="", soft_wrap=True)


def _show_sent(report: Report, console: Console) -> None:
    """Say in a line that nothing was sent: a table of what earlier runs created looks like a table of what was."""
    counts = report.totals.by_status
    if counts and counts.get(Status.ALREADY_CREATED, 0) == report.totals.invoices:
        each = "the invoice" if report.totals.invoices == 1 else f"each of the {report.totals.invoices:,} invoices"
        console.print(f"[bold]Nothing was sent:[/] {each} was created before.", highlight=False)


_FILE_WORDS = {
    "preview": "Preview workbook",
    "results": "Results",
    "to_fix": "Rows to fix",
    "annotated": "Your workbook, marked",
}


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the table of invoices."""

    title: str
    cells: list[str | Text]
    is_figure: bool = False
    """Never wrapped nor cut: an amount, an id or a status."""
    least: int = 0
    """Characters that a text needs at least."""

    @property
    def needed(self) -> int:
        widest = max((len(line) for cell in self.cells for line in str(cell).split("\n")), default=0)
        return max(len(self.title), widest if self.is_figure else min(widest, self.least))


def _invoice_table(report: Report, width: int) -> Table:
    """All that fits into ``width`` characters without breaking a figure; the workbook has every column."""
    shown = report.planned[:MOST_INVOICES]
    columns = _columns(shown, report, with_key=True, with_lines=True)
    if _width(columns) > width:
        columns = _columns(shown, report, with_key=True, with_lines=False)
    if _width(columns) > width:
        columns = _columns(shown, report, with_key=False, with_lines=False)
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    fits = _width(columns) <= width
    for column in columns:
        is_amount = column.title in ("Amount", "Expected", "Invoice")
        table.add_column(
            column.title,
            justify="right" if is_amount else "left",
            overflow="fold",
            no_wrap=column.is_figure,
            min_width=column.needed if column.is_figure or fits else None,
        )
    for cells in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*cells)
    return table


def _columns(shown: Sequence[PlannedInvoice], report: Report, *, with_key: bool, with_lines: bool) -> list[_Column]:
    """Without its own column, the key of an invoice stands below its projects."""
    with_key = with_key and any(one.invoice.key for one in shown)
    projects = [escape(projects_of(one)) or "–" for one in shown]
    if not with_key:
        named = zip(projects, shown, strict=True)
        projects = [f"{text}\n({escape(one.invoice.key)})" if one.invoice.key else text for text, one in named]
    longest = max((len(word) for text in projects for word in text.split()), default=0)
    columns = [_Column("Projects", list(projects), least=min(longest, LONGEST_WORD))]
    if with_key:
        columns.append(_Column("Key", [escape(one.invoice.key or "") for one in shown], least=LONGEST_WORD))
    columns.append(_Column("Rows", [row_ranges(one.invoice.rows) for one in shown], least=8))
    if with_lines:
        columns.append(_Column("Lines", [_lines(one) for one in shown], least=11))
    columns += [
        _Column("Amount", [_amount(one) for one in shown], is_figure=True),
        _Column("Status", [Text(STATUS_WORDS[one.status], style=_STYLES[one.status]) for one in shown], is_figure=True),
    ]
    if by_currency(report.planned):
        columns.append(_Column("Expected", [_expected(one) for one in shown], is_figure=True))
    if any(one.invoice_id for one in report.planned):
        columns.append(_Column("Invoice", [one.invoice_id or "" for one in shown], is_figure=True))
    return columns


def _width(columns: Sequence[_Column]) -> int:
    return sum(column.needed for column in columns) + _BETWEEN * len(columns) - 1


def _lines(planned: PlannedInvoice) -> str:
    invoice = planned.invoice
    return describe_lines(planned) if isinstance(invoice, Invoice) else count_of(len(invoice.rows), "row")


def _amount(planned: PlannedInvoice) -> str:
    invoice = planned.invoice
    return f"{invoice.amount:,.2f}" if invoice.amount or not isinstance(invoice, Invoice) else "–"


def _expected(planned: PlannedInvoice) -> str:
    """What a ready invoice would come to; blank for the others."""
    if planned.expected is None or planned.status not in (Status.READY, Status.CREATED):
        return ""
    total = planned.expected.total
    return NOT_KNOWN if total is None else f"{planned.expected.currency or ''} {money(total)}".strip()


def _currency_table(totals: Sequence[CurrencyTotal]) -> Table:
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Currency")
    for title in ("Invoices", "Amount in the sheet", "Expected total, tax excluded"):
        table.add_column(title, justify="right")
    for one in totals:
        expected = NOT_KNOWN if one.expected is None else money(one.expected)
        table.add_row(one.currency or NOT_KNOWN, f"{one.invoices:,}", f"{one.amount:,.2f}", expected)
    return table


def _totals_table(report: Report) -> Table:
    totals = report.totals
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Control totals")
    table.add_column("Invoices", justify="right")
    table.add_column("Amount in the sheet", justify="right")
    for status in Status:
        if count := totals.by_status.get(status, 0):
            amount = totals.amount_by_status[status]
            table.add_row(Text(STATUS_WORDS[status], style=_STYLES[status]), f"{count:,}", f"{amount:,.2f}")
    stray = totals.amount - sum(totals.amount_by_status.values())
    if stray:
        table.add_row("rows without a project", "", f"{stray:,.2f}")
    table.add_section()
    table.add_row(
        f"[bold]total ({count_of(totals.rows, 'row')})",
        f"[bold]{totals.invoices:,}",
        f"[bold]{totals.amount:,.2f}",
    )
    return table


def _show_tie_out(report: Report, console: Console) -> None:
    """Say in a few lines whether Kantata holds what the sheet says, and whether every row is answered."""
    if report.is_plan:
        return
    tally = report.tally
    if not tally.looked_up:
        console.print(NOT_LOOKED_UP, highlight=False)
    for line in tally.by_currency() if tally.looked_up else ():
        parts = [f"Tie-out {line.name}: sheet {line.sheet:,.2f} · sent {line.sent:,.2f}"]
        if line.read_back is not None:
            parts.append(f"read back {money(line.read_back)}")
        if line.difference:
            parts.append(f"[bold red]difference {money(line.difference)}[/]")
        if line.unread:
            parts.append(f"[yellow]not read back {line.unread_amount:,.2f} ({count_of(line.unread, 'invoice')})[/]")
        console.print(" · ".join(parts), highlight=False)
    style = None if tally.rows_agree() else "bold red"
    console.print(tally.row_sentence(), style=style, highlight=False)


def _show_reasons(report: Report, console: Console) -> None:
    """Say why each invoice that is not simply ready or created stands as it does."""
    quiet = (Status.READY, Status.ALREADY_CREATED)
    told = [one for one in report.planned if one.reason and (one.status not in quiet or one.differs or one.what_to_do)]
    same: dict[tuple[str, Status], int] = {}
    for one in told:
        same[(one.reason or "", one.status)] = same.get((one.reason or "", one.status), 0) + 1
    for one in told[:MOST_PROBLEMS]:
        count = same.pop((one.reason or "", one.status), 0)
        if not count:
            continue
        many = count > 1
        name = count_of(count, "invoice") if many else _name_of(one.invoice)
        console.print(
            f"[{_STYLES[one.status]}]{STATUS_WORDS[one.status]}[/] {escape(name)}: {escape(one.reason or '')}",
        )
        if one.what_to_do:
            console.print(f"    {escape(one.what_to_do)}", style="dim")


def _name_of(invoice: Invoice | UnsoundInvoice) -> str:
    return invoice.key or f"project {', '.join(str(one) for one in invoice.workspace_ids) or '–'}"


def _alike(problems: Sequence[Problem]) -> list[list[Problem]]:
    """Problems of cells that say the same of the same value, together; the order is that of the first of each."""
    groups: dict[tuple[object, ...], list[Problem]] = {}
    for number, one in enumerate(problems):
        alone = None if one.cell else number
        groups.setdefault((alone, one.code, one.sheet, one.column, one.message, one.hint), []).append(one)
    return list(groups.values())


def _places(problems: Sequence[Problem]) -> str:
    """Where problems of one column are: in which rows, the first ranges of them by name."""
    rows = row_ranges(sorted({one.row for one in problems if one.row is not None})).split(", ")
    more = f" and {len(rows) - MOST_RANGES:,} more places" if len(rows) > MOST_RANGES else ""
    return f"in {count_of(len(problems), 'row')}: {', '.join(rows[:MOST_RANGES])}{more}"


def _show_problems(problems: Sequence[Problem], console: Console) -> None:
    unknown = [str(problem.value) for problem in problems if problem.code == "column.unknown"]
    shown = [problem for problem in problems if problem.code != "column.unknown"]
    ordered = sorted(shown, key=lambda problem: problem.severity is not Severity.ERROR)
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    if problems:
        warnings = len(problems) - errors
        parts = [count_of(errors, "problem")] * bool(errors) + [count_of(warnings, "warning")] * bool(warnings)
        console.print(f"[bold]{' and '.join(parts)}[/]")
    groups = _alike(ordered)
    for problem, *others in groups[:MOST_PROBLEMS]:
        style = "red" if problem.severity is Severity.ERROR else "yellow"
        where = f"[{style}]{escape(problem.address)}[/]  " if problem.address else f"[{style}]•[/] "
        console.print(f"{where}{escape(problem.message)}", highlight=False)
        if others:
            console.print(f"    Likewise {_places(others)}.", style="dim", highlight=False)
        hint, *lines = problem.hint.split("\n")
        console.print(f"    {escape(hint)}", style="dim", highlight=False)
        for line in lines:  # of importer.toml: to be copied, so never broken
            console.print(f"    {escape(line)}", style="dim", highlight=False, soft_wrap=True)
    if unknown:
        console.print(f"[yellow]Columns copied to the results, not sent:[/] {escape(', '.join(unknown))}")
        console.print("    The sheet Problems shows the lines of importer.toml that use or ignore them.", style="dim")
    if len(groups) > MOST_PROBLEMS:
        hidden = sum(len(group) for group in groups[MOST_PROBLEMS:])
        console.print(f"… and {hidden:,} more; the workbook lists them all.")
