"""Formulas of an old workbook that change by themselves."""

from __future__ import annotations

import struct

from importer.reading.formats.xls_formulas import changing

BEGIN, END = b"\x09\x08\x10\0" + bytes(16), b"\x0a\0\0\0"
TODAY, SEVEN = b"\x19\x01\0\0\x21\xdd\0", b"\x1e\x07\0"


def record(number: int, content: bytes) -> bytes:
    """A record of an .xls."""
    return struct.pack("<HH", number, len(content)) + content


def formula(row: int, position: int, parsed: bytes) -> bytes:
    """A cell with a formula, counted from 0."""
    value = struct.pack("<HHHdHIH", row, position, 0, 46326.0, 0, 0, len(parsed))
    return record(6, value + parsed)


def workbook(*sheets: tuple[int, bytes]) -> bytes:
    """The stream of a workbook: kind and records of each sheet."""
    listed = len(sheets) * len(record(0x85, bytes(8)))
    at, heads, bodies = len(BEGIN) + listed + len(END), b"", b""
    for kind, cells in sheets:
        heads += record(0x85, struct.pack("<IBBBB", at + len(bodies), 0, kind, 0, 0))
        bodies += BEGIN + cells + END
    return BEGIN + heads + END + bodies


def test_formulas_that_change_are_found_in_their_sheets() -> None:
    """They say so at their begin; cells of charts are none, and sheets of charts are not counted."""
    chart = BEGIN + formula(8, 8, TODAY) + END
    first = formula(1, 4, TODAY) + chart + formula(2, 4, SEVEN)
    stream = workbook((0, first), (2, formula(5, 5, TODAY)), (0, formula(3, 0, TODAY)))
    assert changing(stream) == [{(2, 4)}, {(4, 0)}]


def test_a_workbook_without_such_formulas_is_not_walked_through() -> None:
    """Most are like that."""
    assert changing(workbook((0, formula(1, 4, SEVEN)))) == []
