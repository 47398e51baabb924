"""Read a CSV file strictly: what is not certain is refused, with the line."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, cast

from importer.columns import known_as
from importer.errors import FileProblem
from importer.problems import Problem, Severity
from importer.read.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from importer.sheet import Cell

DELIMITERS = ",;\t|"
HEADER_SEARCH_LINES = 50
"""How many lines from the top are tried when the delimiter is chosen."""
BOMS = (  # UTF-32 before UTF-16: its mark begins like the other's
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def read_csv(path: Path, data: bytes, headers: Mapping[str, str]) -> Grid:
    """Return a CSV file as a grid: every record is a row, blank lines keep their number.

    Raises FileProblem for bytes that are not the encoding they claim, NUL
    bytes, broken quotes, and records of another width than the header.
    """
    text = _decode(path, data)
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        msg = f"{path.name}: line {line} holds a NUL character; the file is damaged or is no CSV."
        raise FileProblem(msg, "Export it again.", code="csv.nul")
    text, declared = _without_sep_line(text)
    delimiter = declared or _choose_delimiter(text, headers)
    # Excel numbers the "sep=" line too when it shows the file.
    rows: list[list[Cell]] = [[]] if declared else []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows.extend(cast("list[Cell]", record) for record in reader)
    except csv.Error as error:
        msg = f"{path.name}: the quotes do not match near line {reader.line_num} ({error})."
        raise FileProblem(msg, "Look for a quote that is never closed, and export again.", code="csv.quotes") from error
    _refuse_stray_quotes(path, text, rows, delimiter)
    return Grid(path.name, rows, _misnamed(path), records=True)


def _refuse_stray_quotes(path: Path, text: str, rows: list[list[Cell]], delimiter: str) -> None:
    """A quote inside an unquoted field, or one field that holds a whole record, means that rows have merged."""
    if '"' not in text:
        return
    mark = re.escape(delimiter)
    rest = re.sub(rf'(?<![^{mark}\r\n])"(?:[^"]|"")*"(?![^{mark}\r\n])', "", text)
    hint = "Put the whole field into quotes and double the quotes in it, or export the file again."
    if '"' in rest:
        line = next(n for n, one in enumerate(rest.splitlines(), start=1) if '"' in one)
        msg = f"{path.name}: near line {line} a quote stands inside a field that is not quoted."
        raise FileProblem(msg, hint, code="csv.quotes")
    for number, record in enumerate(rows, start=1):
        for cell in record:
            if isinstance(cell, str) and "\n" in cell and cell.count(delimiter) >= max(2, len(record) - 1):
                msg = f"{path.name}: in row {number} one field holds a whole line; a quote is missing or too many."
                raise FileProblem(msg, hint, code="csv.quotes")


def _decode(path: Path, data: bytes) -> str:
    encoding = next((name for mark, name in BOMS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        guess = data[error.start : error.start + 1].decode("cp1252", errors="replace")
        msg = f"{path.name}: line {line} is not UTF-8 text (read as Windows-1252 the character would be “{guess}”)."
        hint = "In Excel, save it as “CSV UTF-8 (comma delimited)”, or as .xlsx."
        raise FileProblem(msg, hint, code="csv.encoding") from error


def _without_sep_line(text: str) -> tuple[str, str | None]:
    """Take Excel's own hint ``sep=;`` off the first line."""
    first, _, rest = text.partition("\n")
    hint = first.strip().lower()
    if hint.startswith("sep=") and len(hint) == len("sep=;"):
        return rest, hint[-1]
    return text, None


def _choose_delimiter(text: str, headers: Mapping[str, str]) -> str:
    """The delimiter that yields the most known headers in one line; a comma when none does."""
    lines = text.splitlines()[:HEADER_SEARCH_LINES]

    def score(delimiter: str) -> int:
        return max(
            (sum(known_as(cell.strip('"'), headers) is not None for cell in line.split(delimiter)) for line in lines),
            default=0,
        )

    return max(DELIMITERS, key=score)


def _misnamed(path: Path) -> tuple[Problem, ...]:
    if path.suffix.lower() == ".csv":
        return ()
    return (
        Problem(
            code="file.misnamed",
            message=f"{path.name} is a CSV text although its name ends in {path.suffix}; it was read as CSV.",
            hint="Rename it to .csv.",
            sheet=path.name,
            severity=Severity.WARNING,
        ),
    )
