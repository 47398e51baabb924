"""Small helpers that write real workbooks and CSV files, and read them with the program."""

from __future__ import annotations

import io
import zipfile
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pandas as pd
import pytest

from importer.checking.conventions import Conventions
from importer.checking.grouping import Defaults, group
from importer.checking.row_checks import check_rows
from importer.checking.typed_cells import Parsed, parse
from importer.model.errors import FileProblem
from importer.model.headers import OwnHeaders, known_headers
from importer.model.problems import Problems
from importer.model.sheet import Header, Sheet
from importer.reading.formats.child import Refusal, Request, answer_to
from importer.reading.read import read_sheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from importer.model.invoices import Invoice, UnsoundInvoice
    from importer.model.problems import Problem
    from importer.model.sheet import SheetLine
    from importer.reading.formats.grid import Limits, Unpacked

TODAY = date(2026, 11, 22)
NET_30_DRAFT = Defaults(payment_schedule=30, draft=True, suppress_emails=True)
NO_TERMS = Defaults(payment_schedule=None, draft=True, suppress_emails=True)


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> Path:
    """Write a workbook: sheet name → its rows from A1 on. A text stays a text, also ``=1+1``."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for number, cells in enumerate(rows, start=1):
            for position, value in enumerate(cells, start=1):
                if value is not None:
                    cell = sheet.cell(number, position, value)
                    if isinstance(value, str):
                        cell.data_type = "s"
    book.save(path)
    book.close()
    return path


def table(path: Path, *rows: Sequence[object]) -> Path:
    """Write a workbook with one sheet “Invoices”; the first row is row 1."""
    return workbook(path, {"Invoices": rows})


def records(path: Path, *rows: Mapping[str, object]) -> Path:
    """Write a workbook with one column per key, in order of first use; row 2 is the first record."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return table(path, names, *([row.get(name) for name in names] for row in rows))


def csv_file(path: Path, content: str | bytes) -> Path:
    """Write a CSV file: text as UTF-8, bytes as they are."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path, sheet_name: str | None = None, more: dict[str, list[str]] | None = None) -> Sheet:
    """Read a file with the known headers, in this process."""
    return read_by(known_headers(OwnHeaders(more or {})), path, sheet_name)


def read_by(known: Mapping[str, str], path: Path, sheet_name: str | None = None) -> Sheet:
    """Read a file with these headers (:func:`importer.columns.known_headers`), in this process."""
    with in_this_process():
        return read_sheet(path, sheet_name, known)


@contextmanager
def in_this_process() -> Iterator[None]:
    """Take files apart without a process for each, which is quick; that process has tests of its own."""

    def unpack(name: str, data: bytes, headers: Mapping[str, str], *, encoding: str | None, limits: Limits) -> Unpacked:
        answer = answer_to(Request(name, data, dict(headers), encoding, limits))
        if isinstance(answer, Refusal):
            raise FileProblem(answer.message, answer.hint, code=answer.code)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("importer.reading.read.unpack", unpack)
        yield


def checked(path: Path, *, send_cents: bool = False) -> tuple[tuple[SheetLine, ...], tuple[Problem, ...]]:
    """Read and validate; the problems of both, in the order of the sheet."""
    sheet = read(path)
    problems = Problems(sheet.problems)
    lines, _ = check_rows(sheet, problems, send_cents=send_cents)
    return lines, problems.ordered()


def grouped(
    path: Path,
    defaults: Defaults = NET_30_DRAFT,
    *,
    send_cents: bool = False,
) -> tuple[tuple[Invoice | UnsoundInvoice, ...], tuple[Problem, ...]]:
    """Read, validate and group; the problems of all three steps."""
    sheet = read(path)
    problems = Problems(sheet.problems)
    lines, _ = check_rows(sheet, problems, send_cents=send_cents)
    return group(lines, sheet, defaults, problems), problems.ordered()


def column_of(name: str, *cells: object, conventions: Conventions | None = None) -> Parsed:
    """Parse one column of raw cells; the first stands in A2."""
    return parse(
        Sheet(
            path=Path("a.xlsx"),
            name="Invoices",
            sha256="",
            header_row=1,
            headers=(Header(0, name, name),),
            rows=(),
            frame=pd.DataFrame({name: list(cells)}, index=range(2, len(cells) + 2), dtype=object),
            problems=(),
            width=1,
            added=frozenset(),
            batch=None,
        ),
        conventions or Conventions(today=TODAY),
    )


def found(problems: Iterable[Problem]) -> list[tuple[str, str | None]]:
    """Code and cell of each problem."""
    return [(problem.code, problem.cell) for problem in problems]


def raw_values(sheet: Sheet, column: str) -> list[Any]:
    """Raw cells of a known column, in the order of the rows."""
    return sheet.frame[column].tolist()


def parts(content: bytes) -> dict[str, bytes]:
    """Content of every part of a workbook, however it is compressed; anything else is one part."""
    if not content.startswith(b"PK"):
        return {"": content}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def column(workbook: str, sheet: str, title: str) -> list[Any]:
    """Return the cells below a title."""
    book = openpyxl.load_workbook(workbook, read_only=True)
    rows = list(book[sheet].iter_rows(values_only=True))
    book.close()
    place = rows[0].index(title)
    return [row[place] for row in rows[1:]]
