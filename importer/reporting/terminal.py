"""Lay the document of a report out in the terminal. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from importer.model.exit_codes import ExitCode
from importer.model.plans import Status
from importer.model.problems import Severity
from importer.model.visible import in_one_line
from importer.reporting.screen import plain
from importer.reporting.table import Kind, Narrow, Table, figures_of, text_of

if TYPE_CHECKING:
    from rich.console import Console

    from importer.reporting.document import Document, Finding
    from importer.reporting.report import Report

LONGEST_WORD = 20
"""Letters of a word in a text, such as the id of a run, that are not broken while other columns can give way."""
SHORTEST_TEXT = 8
"""Characters that a column of texts keeps, however narrow the terminal."""
_BETWEEN = 3
"""Blanks between two columns of a table."""
_AT_THE_EDGES = 2
_STYLES = {
    Status.READY: "cyan",
    Status.CREATED: "green",
    Status.ALREADY_CREATED: "dim",
    Status.REJECTED: "bold red",
    Status.IN_DOUBT: "bold red",
    Status.HELD: "yellow",
    Status.NOT_SENT: "red",
}
SENT = frozenset({Status.CREATED, Status.REJECTED, Status.IN_DOUBT})
"""Statuses of invoices that were sent in this run; of what was stopped before the first, a notice says all."""
_ALARM = "bold red"
_SEVERITY_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


def show(report: Report, console: Console, *, seen: Report | None = None) -> None:
    """Print invoices, control totals, problems and files, in this order.

    ``seen``: the plan that was shown already; only what became of it is printed.
    """
    from importer.reporting.document import document_of  # a table alone needs none of it

    document = document_of(report)
    notices = list(document.notices)
    if seen is not None:
        notices = [notice for notice in notices if notice not in seen.notices]
        stopped = report.exit_code in (ExitCode.GATE, ExitCode.INTERRUPTED)
        _show_outcome(document, console, refused=stopped and not SENT.intersection(report.totals.by_status))
    else:
        _show_all(document, console)
    for notice in notices:
        console.print(f"[yellow]Note:[/] {plain(notice)}")
    for label, path in document.files:
        console.print(f"{label}: ", Text(in_one_line(str(path)), style="bold"), sep="", soft_wrap=True)


def _show_all(document: Document, console: Console) -> None:
    _show_file(document, console)
    _show_headline(document, console)
    if document.common_terms:
        console.print(plain(document.common_terms), highlight=False)
    _show_totals(document, console)
    if not document.is_plan:
        _show_tie_out(document, console)
    _show_left_out(document, console)
    _show_remarks(document, console)
    _show_findings(document, console)


def _show_outcome(document: Document, console: Console, *, refused: bool) -> None:
    """What became of a plan that was shown; why all of it was ``refused`` stands in a notice."""
    if refused:
        return
    _show_headline(document, console)
    _show_tie_out(document, console)
    _show_left_out(document, console)
    _show_remarks(document, console)


def _show_left_out(document: Document, console: Console) -> None:
    """What else is open in Kantata: the sums, in a plan that can be sent with each project."""
    from importer.reporting.left_out import in_short

    for line in document.left_out:
        console.print(plain(line), highlight=False)
    has_errors = any(finding.severity is Severity.ERROR for finding in document.findings)
    if document.is_plan and document.left_out_by_project is not None and not has_errors:
        print_table(in_short(document.left_out_by_project), console)


def _show_headline(document: Document, console: Console) -> None:
    if document.headline:
        console.print(f"[bold]{plain(document.headline)}[/]", highlight=False)


def _show_file(document: Document, console: Console) -> None:
    facts = dict(document.facts)
    console.print(
        f"[bold]{plain(facts['File'])}[/] · sheet {plain(facts['Sheet'] or '–')} · "
        f"{document.rows_counted} · batch [bold]{plain(facts['Batch'])}[/]",
    )


def _show_totals(document: Document, console: Console) -> None:
    print_table(document.invoices, console)
    if document.expected is not None:
        print_table(document.expected, console)
    print_table(document.totals, console)
    if document.totals.note:
        console.print(f"The total is a {document.totals.note}.", highlight=False)
    if document.lacking_amounts:
        console.print(document.lacking_amounts, style=_ALARM, highlight=False)
    if document.nothing_sent:
        console.print(f"[bold]Nothing was sent:[/] {document.nothing_sent}", highlight=False)


def _show_tie_out(document: Document, console: Console) -> None:
    """Say in a few lines whether Kantata holds what the sheet says, and whether every row is answered."""
    if document.not_looked_up:
        console.print(document.not_looked_up, highlight=False)
    for table in document.tie_out[:1]:  # by project it is for the workbook
        for cells in table.rows:
            figures = [
                Text(figure.text, style="bold red" if figure.alarm else "") for figure in figures_of(table, cells)
            ]
            if figures:
                console.print(Text(f"Tie-out {cells[0]}: "), Text(" · ").join(figures), sep="", highlight=False)
    if document.items_compared:
        console.print(document.items_compared, highlight=False)
    style = None if document.all_answered else _ALARM
    console.print(document.answered, style=style, highlight=False)


def _show_remarks(document: Document, console: Console) -> None:
    following = [*document.remarks[1:], None]
    for remark, after in zip(document.remarks, following, strict=False):
        status = f"[{_STYLES[remark.status]}]{remark.status.words}[/]"
        console.print(f"{status} {plain(remark.subject)}: {plain(remark.text)}")
        if remark.what_to_do and (after is None or after.what_to_do != remark.what_to_do):
            console.print(_indented(remark.what_to_do))
    if document.more_remarks:
        console.print(document.more_remarks)


def _show_findings(document: Document, console: Console) -> None:
    if document.findings_counted:
        console.print(f"[bold]{document.findings_counted}[/]")
    following = [*document.findings[1:], None]
    for finding, after in zip(document.findings, following, strict=False):
        hint_follows = after is not None and after.hint == finding.hint and after.severity is finding.severity
        _show_finding(finding, console, with_hint=not hint_follows)
    if document.not_sent_columns:
        names = plain(", ".join(document.not_sent_columns))
        console.print(f"[yellow]Columns copied to the results, not sent:[/] {names}")
        console.print(_indented("The sheet Problems shows the lines of importer.toml that use or ignore them."))
    if document.gone_columns:
        names = plain(", ".join(document.gone_columns))
        console.print(f"[yellow]Columns that held values in an earlier import and are not read now:[/] {names}")
        console.print(_indented("The sheet Problems shows what to do if they only have other names now."))
    if document.more_findings:
        console.print(document.more_findings)


def _show_finding(finding: Finding, console: Console, *, with_hint: bool) -> None:
    """Print a problem; what it has in common with the next one, its hint, is printed below that one."""
    style = _SEVERITY_STYLES[finding.severity]
    where = f"[{style}]•[/] "
    if finding.address:
        where = f"[{style}]{plain(finding.address)}[/]  "
    console.print(f"{where}{plain(finding.message)}", highlight=False)
    if finding.likewise:
        console.print(_indented(f"Likewise {finding.likewise}."))
    if not with_hint:
        return
    hint, *lines = finding.hint.split("\n")
    console.print(_indented(hint))
    for line in lines:  # of importer.toml: to be copied, so never broken
        console.print(f"    {plain(line)}", style="dim", highlight=False, soft_wrap=True)


def _indented(text: str) -> Padding:
    """What stands below a line, in all its lines a little to the right."""
    return Padding(Text(text, style="dim"), (0, 0, 0, 4), expand=False)


# --- tables -------------------------------------------------------------------------


def print_table(table: Table, console: Console) -> None:
    """Lay the table out in the width of the terminal: texts give way, figures and ids are never broken nor cut."""
    if not table.columns:
        return
    for narrow in (Narrow.DROP, Narrow.FOLD, Narrow.DROP_LAST, Narrow.FOLD_LAST):
        if _total(_least_widths(table, LONGEST_WORD)) > console.width:
            table = _without(table, narrow)
    widths = _widths(table, console.width)
    grid = Grid(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column, width in zip(table.columns, widths, strict=True):
        grid.add_column(column.title, justify="right" if column.is_right else "left", overflow="fold", width=width)
    for cells in table.rows:
        grid.add_row(*map(_cell, cells))
    if table.total is not None:
        grid.add_section()
        grid.add_row(*map(_cell, table.total), style="bold")
    if table.after_total is not None:
        grid.add_row(*map(_cell, table.after_total))
    width = console.width
    console.width = max(width, _total(widths))  # too narrow even for the figures: long lines do less harm than cut ones
    console.print(grid)
    console.width = width
    if table.more:
        console.print(table.more)


def _cell(cell: object) -> Text:
    if isinstance(cell, Status):
        return Text(cell.words, style=_STYLES[cell])
    return Text(text_of(cell))


def _without(table: Table, narrow: Narrow) -> Table:
    """The table without these columns; what is folded stands below the first column."""
    kept = [position for position, column in enumerate(table.columns) if column.narrow is not narrow]
    rows = []
    for cells in table.rows:
        row = [cells[position] for position in kept]
        row[0] = "\n".join([text_of(row[0]), *_folded(table, cells, narrow)])
        rows.append(row)
    return replace(table, columns=[table.columns[position] for position in kept], rows=rows)


def _folded(table: Table, cells: Sequence[object], narrow: Narrow) -> Iterator[str]:
    """What stands below the first column of what is left out."""
    for column, cell in zip(table.columns, cells, strict=True):
        if column.narrow is narrow and cell:
            if narrow is Narrow.FOLD:
                yield text_of(cell)
            elif narrow is Narrow.FOLD_LAST:
                yield f"{column.title.lower()} {text_of(cell)}".replace("\n", ", ")


def _widths(table: Table, width: int) -> list[int]:
    """How wide each column is: as its contents, or where these do not fit, the widest less, down to the least."""
    widths = [max(map(cell_len, pieces)) for pieces in _pieces(table, "\n")]
    for longest_word in (LONGEST_WORD, SHORTEST_TEXT):
        least = _least_widths(table, longest_word)
        while _total(widths) > width:
            spare = [(have, position) for position, have in enumerate(widths) if have > least[position]]
            if not spare:
                break
            _, widest = max(spare)
            widths[widest] -= 1
    return widths


def _least_widths(table: Table, longest_word: int) -> list[int]:
    """The longest word of each title and text, up to ``longest_word``; all of a figure or id."""
    least = []
    for column, pieces in zip(table.columns, _pieces(table, None), strict=True):
        longest = max(map(cell_len, pieces))
        least.append(min(longest, longest_word) if column.kind is Kind.TEXT else longest)
    return least


def _pieces(table: Table, between: str | None) -> Iterator[list[str]]:
    """The title and texts of each column, cut at ``between`` (None: at blanks); figures and ids only into lines."""
    rows = [*table.rows, table.total or (), table.after_total or ()]
    for position, column in enumerate(table.columns):
        pieces = column.title.split(between)
        for cells in rows:
            if position < len(cells):
                text = text_of(cells[position])
                pieces += text.split(between if column.kind in (Kind.TEXT, Kind.STATUS) else "\n")
        yield pieces


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _BETWEEN * (len(widths) - 1) + _AT_THE_EDGES
