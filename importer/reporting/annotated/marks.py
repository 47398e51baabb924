"""What the annotated copy has to say: which cells are marked, with which words, and what its list holds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.model.plans import Status
from importer.model.problems import Severity, cell_address, column_position
from importer.model.sheet import is_blank
from importer.model.words import row_ranges
from importer.reporting.annotated.comments import FIRST_LINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.model.plans import PlannedInvoice
    from importer.model.problems import Problem
    from importer.model.sheet import Sheet
    from importer.reporting.report import Report

MOST_MARKS = 5_000
"""Cells marked and matters listed; the results workbook holds them all."""
LONGEST_COMMENT = 4_000
"""Characters of our comment on one cell."""
UNDONE = frozenset({Status.REJECTED, Status.NOT_SENT, Status.HELD, Status.IN_DOUBT, Status.READY})
"""Statuses of a submit that leave something to do."""


@dataclass
class Mark:
    """How one cell is marked."""

    severity: Severity
    texts: list[str] = field(default_factory=list)

    @property
    def comment(self) -> str:
        """All problems of the cell, below a line by which the comment is known as ours."""
        text = "\n\n".join([f"{FIRST_LINE}\n{self.texts[0]}", *self.texts[1:]])
        return text if len(text) <= LONGEST_COMMENT else f"{text[:LONGEST_COMMENT]} […]"


@dataclass(frozen=True, slots=True)
class Matter:
    """One line of the list."""

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


def matters_of(report: Report, sheet: Sheet) -> list[Matter]:
    """Problems, errors first, then the invoices of a submit that were not created."""
    first = _first_filled(sheet)
    ordered = sorted(report.problems, key=lambda problem: problem.severity is not Severity.ERROR)
    found = [_of_problem(problem, first) for problem in ordered]
    if report.command == "submit":
        told = UNDONE - {Status.NOT_SENT} if report.errors else UNDONE  # else each repeats that there are errors
        found += [_of_invoice(one, sheet.name, first) for one in report.planned if one.status in told]
    return found


def marks_of(matters: list[Matter], problems: int, sheet: str) -> dict[str, Mark]:
    """Address → mark, of the problems on the sheet; they are the first of the matters."""
    found: dict[str, Mark] = {}
    for one in matters[: min(problems, MOST_MARKS)]:
        if one.cell is None or one.sheet != sheet:
            continue
        for cell in (one.cell, *one.also):
            if cell not in found and len(found) >= MOST_MARKS:
                break
            mark = found.setdefault(cell, Mark(one.severity))
            if one.severity is Severity.ERROR:
                mark.severity = Severity.ERROR
            mark.texts.append(f"{one.message}\nHow to mend it: {one.hint}")
    return found


def _of_problem(problem: Problem, first: Callable[[int], str | None]) -> Matter:
    cell = problem.cell
    if cell is None and problem.row is not None:
        cell = first(problem.row)
    also: tuple[str, ...] = ()
    if problem.cell is not None and problem.rows:
        _, position = split(problem.cell)
        also = tuple(cell_address(position, row) for row in problem.rows if row != problem.row)
    return Matter(
        problem.severity,
        problem.severity.value,
        problem.address,
        problem.sheet,
        cell,
        problem.value or "",
        problem.message,
        problem.hint,
        also,
    )


def _of_invoice(one: PlannedInvoice, sheet: str, first: Callable[[int], str | None]) -> Matter:
    rows = one.invoice.rows
    return Matter(
        Severity.WARNING if one.status is Status.HELD else Severity.ERROR,
        one.status.words,
        f"{sheet}!row {row_ranges(rows)}",
        sheet,
        first(rows[0]) if rows else None,
        one.invoice.key or ", ".join(map(str, one.invoice.workspace_ids)),
        one.reason or "",
        one.what_to_do or "",
    )


def _first_filled(sheet: Sheet) -> Callable[[int], str | None]:
    """Give a function that finds the address of the first filled cell of a row, the header's too."""
    rows = {row.number: row.cells for row in sheet.rows}
    header = min((header.position for header in sheet.headers), default=0)

    def find(row: int) -> str | None:
        if row == sheet.header_row:
            return cell_address(header, row)
        return next((cell_address(at, row) for at, cell in enumerate(rows.get(row, ())) if not is_blank(cell)), None)

    return find


def split(address: str) -> tuple[int, int]:
    """Row as Excel shows it, and column from 0, of an address."""
    match = re.fullmatch(r"([A-Z]{1,3})(\d+)", address)
    return (0, 0) if match is None else (int(match[2]), column_position(match[1]))
