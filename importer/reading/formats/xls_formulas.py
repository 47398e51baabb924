"""Formulas of an .xls that change by themselves, which xlrd does not tell: from the records of the file ([MS-XLS])."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from importer.reading.formats.xlsb import CHANGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.formats.grid import Place

_FORMULA, _END, _SHEET = 0x0006, 0x000A, 0x0085
_BEGINS = {0x0009, 0x0209, 0x0409, 0x0809}
"""Record numbers: Formula, EOF, BoundSheet8, and BOF of each version."""
_WORKSHEET = 0
_PARSED = 22
"""Bytes of a record before its parsed formula: place, style, value, flags, length."""


def changing(stream: bytes) -> list[set[Place]]:
    """For each worksheet the cells whose formula says that it changes; the stream is that of the workbook."""
    if CHANGES not in stream:
        return []
    return [set(_changing_from(stream, start)) for start in _sheets(stream)]


def _sheets(stream: bytes) -> Iterator[int]:
    """Where the records of each worksheet begin."""
    for number, data in _records(stream, 0):
        if number == _SHEET and data[5] == _WORKSHEET:
            yield struct.unpack_from("<I", data)[0]


def _changing_from(stream: bytes, start: int) -> Iterator[Place]:
    for number, data in _records(stream, start):
        if number == _FORMULA and data[_PARSED : _PARSED + len(CHANGES)] == CHANGES:
            row, position = struct.unpack_from("<HH", data)
            yield row + 1, position


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Number and content of the records of a part of the workbook, those of charts within it left out."""
    depth = 0
    while at + 4 <= len(stream):
        number, length = struct.unpack_from("<HH", stream, at)
        if number in _BEGINS:
            depth += 1
        elif number == _END:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield number, stream[at + 4 : at + 4 + length]
        at += 4 + length
