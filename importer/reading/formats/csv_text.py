"""Read a CSV file strictly: what is not certain is refused, with the line."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from importer.model.errors import FileProblem
from importer.model.headers import known_as
from importer.model.messages import error
from importer.reading.formats.grid import Grid, Limits, bounded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.model.sheet import Cell

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
"""What may stand between fields, and how people call it."""
HEADER_SEARCH_LINES = 100
"""How many lines from the top are tried when the delimiter is chosen."""
SAMPLE = 40
"""Characters of a line that are shown as a sample."""
BOMS = (  # UTF-32 before UTF-16: its mark begins like the other's
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_GUARDED = re.compile(r"""=[ ]?"([^"]*)"|'([0-9]+|[=+@-].*[^'])""", re.DOTALL)
"""A text as programs guard it from Excel: ="00042", '00042 or '=1+1."""
_END_OF_FILE = "\x1a"
"""What DOS programs put behind a text."""
_MARK = "\ufeff"
_NAMES = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "utf-16": "UTF-16", "utf-32": "UTF-32"}


def read(name: str, data: bytes, headers: Mapping[str, str], encoding: str | None, limits: Limits) -> tuple[Grid, str]:
    """Return a CSV file as a grid, every record a row, and how it was read in one sentence.

    ``encoding`` is what a person declared; a mark at the start of the file
    overrules it, and so does text that proves to be UTF-8. Raises FileProblem
    for bytes that are not the encoding they claim, NUL bytes and broken quotes.
    """
    text, how = _decode(name, data, encoding)
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise error(FileProblem, "csv.nul", name=name, line=line)
    text, declared = _without_sep_line(text.removeprefix(_MARK).removesuffix(_END_OF_FILE))
    delimiter = declared or _choose_delimiter(text, headers)
    text = without_padding(text, delimiter)
    # Excel numbers the "sep=" line too when it shows the file.
    rows: list[list[Cell]] = [[]] if declared else []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows.extend(_unguarded(record) for record in reader)
    except csv.Error as why:
        raise error(FileProblem, "csv.quotes", name=name, line=reader.line_num, why=why) from why
    _refuse_stray_quotes(name, text, rows, delimiter)
    between = DELIMITERS.get(delimiter, f"“{delimiter}”")
    by = "as its line “sep=” says" if declared else "as its header shows"
    grid = replace(bounded(Grid(name, rows), limits), records=True)
    return grid, f"Read as {how} text with {between} between the fields, {by}."


def without_padding(text: str, delimiter: str) -> str:
    """Take the blanks off that some programs write between a delimiter and a quoted field: ``a, "b"``."""
    if ' "' not in text and '" ' not in text:
        return text
    mark = re.escape(delimiter)
    quoted = r'"[^"]*(?:""[^"]*)*"'
    before = rf"(?<![^{mark}\r\n]) +(?={quoted} *(?:[{mark}\r\n]|$))"
    behind = rf'(?<=") +(?=[{mark}\r\n]|$)'
    # Quoted fields are matched as a whole, so that what they hold stays as it is.
    return re.sub(rf"({quoted})|{before}|{behind}", lambda found: found[1] or "", text)


def _unguarded(record: list[str]) -> list[Cell]:
    """Take off what a program writes around a text so that Excel does not change it."""
    for position, text in enumerate(record):
        if text[:1] in ("=", "'") and (guarded := _GUARDED.fullmatch(text)):
            record[position] = guarded[1] if guarded[2] is None else guarded[2]
    return cast("list[Cell]", record)


def _refuse_stray_quotes(name: str, text: str, rows: list[list[Cell]], delimiter: str) -> None:
    """A quote inside an unquoted field, or one field that holds a whole record, means that rows have merged."""
    if '"' not in text:
        return
    mark = re.escape(delimiter)
    rest = re.sub(rf'(?<![^{mark}\r\n])"(?:[^"]|"")*"(?![^{mark}\r\n])', "", text)
    rest = re.sub(rf'(?<![^{mark}\r\n])="[^"{mark}\r\n]*"(?![^{mark}\r\n])', "", rest)
    if '"' in rest:
        line = next(number for number, line in enumerate(rest.splitlines(), start=1) if '"' in line)
        raise error(FileProblem, "csv.quotes:stray", name=name, line=line)
    for number, record in enumerate(rows, start=1):
        fewest = max(2, len(record) - 1)
        if any(_holds_a_line(cell, delimiter, fewest) for cell in record):
            raise error(FileProblem, "csv.quotes:merged", name=name, number=number)


def _holds_a_line(cell: Cell, delimiter: str, fewest: int) -> bool:
    """Tell whether a field has line ends and at least so many delimiters as only records have them.

    A comma before a blank belongs to a sentence, unless a line begins as a record does, with an id.
    """
    if not isinstance(cell, str) or not ("\n" in cell or "\r" in cell):
        return False
    if cell.count(delimiter) < fewest:
        return False
    mark = re.escape(delimiter)
    if re.search(rf"[\r\n]\s*[0-9]+\s*{mark}", cell):
        return True
    return len(re.findall(rf"{mark}(?![ \r\n])", cell)) >= fewest


def _decode(name: str, data: bytes, declared: str | None) -> tuple[str, str]:
    """Text, and what it was taken for. Raises FileProblem when the bytes are something else."""
    encoding = _marked(data) or declared or "utf-8"
    if encoding == declared and _is_utf_8(data):
        encoding = "utf-8"
    shown = _NAMES.get(encoding, encoding)
    try:
        return data.decode(encoding), shown
    except LookupError as why:
        raise error(FileProblem, "csv.encoding:unknown", encoding=encoding) from why
    except UnicodeDecodeError as why:
        line = data[: why.start].count(b"\n") + 1
        if encoding == "utf-8" and declared is None:
            raise _not_utf_8(name, data, why.start, line) from why
        raise error(FileProblem, "csv.encoding:declared", name=name, line=line, encoding=shown) from why


def _marked(data: bytes) -> str | None:
    """The encoding that a mark at the start names."""
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return encoding
    return None


def _is_utf_8(data: bytes) -> bool:
    """Tell whether bytes prove that they are UTF-8: letters beyond ASCII that hardly any other encoding writes so."""
    if data.isascii() or b"\x00" in data:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _not_utf_8(name: str, data: bytes, at: int, line: int) -> FileProblem:
    begin = data.rfind(b"\n", 0, at) + 1
    end = data.find(b"\n", at)
    whole = data[max(begin, at - SAMPLE // 2) : min(len(data) if end < 0 else end, at + SAMPLE // 2)]
    sample = "".join(c if c.isprintable() else " " for c in whole.decode("cp1252", errors="replace")).strip()
    return error(FileProblem, "csv.encoding", name=name, line=line, sample=sample)


def _without_sep_line(text: str) -> tuple[str, str | None]:
    """Take Excel's own hint ``sep=;`` off the first line."""
    first, _, rest = text.partition("\n")
    hint = first.strip("\r ").lower()
    if hint.startswith("sep=") and len(hint) == len("sep=;"):
        return rest, hint[-1]
    return text, None


def _choose_delimiter(text: str, headers: Mapping[str, str]) -> str:
    """The delimiter that yields the most known headers in one line; where none does, that of most lines."""
    lines = text[:200_000].splitlines()[:HEADER_SEARCH_LINES]

    def most_known(delimiter: str) -> int:
        return max((_known_headers(line.split(delimiter), headers) for line in lines), default=0)

    def most_common_count(delimiter: str) -> int:
        counts = Counter(line.count(delimiter) for line in lines)
        return max(counts, key=lambda count: (counts[count], count), default=0)

    best = max(DELIMITERS, key=most_known)
    return best if most_known(best) else max(DELIMITERS, key=most_common_count)


def _known_headers(fields: list[str], headers: Mapping[str, str]) -> int:
    counts = Counter(text.strip('" ') for text in fields)  # a line of marks only has one blank field thousands of times
    return sum(count for text, count in counts.items() if known_as(text, headers) is not None)
