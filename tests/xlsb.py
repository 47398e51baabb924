"""A small writer of .xlsb workbooks, record by record ([MS-XLSB]), since no library writes them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from raw_xlsx import zipped

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
ERRORS = {"#NULL!": 0, "#DIV/0!": 7, "#VALUE!": 0x0F, "#REF!": 0x17, "#NAME?": 0x1D, "#NUM!": 0x24, "#N/A": 0x2A}
NO_FORMULA = struct.pack("<HI", 0, 3) + b"\x1e\x01\x00" + struct.pack("<I", 0)
"""Flags, then a formula of three bytes (the number 1) and nothing beside it; readers take the stored value."""
TODAY = struct.pack("<HI", 0, 7) + b"\x19\x01\x00\x00\x21\xdd\x00" + struct.pack("<I", 0)
"""Flags, then the formula TODAY(), which says first that it changes."""
EPOCH, EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)


@dataclass(frozen=True)
class Error:
    """A cell that shows an error."""

    shown: str


@dataclass(frozen=True)
class RichText:
    """A text with formats of its own, stored within the cell."""

    text: str


@dataclass(frozen=True)
class Formula:
    """A formula with the value that Excel stored: a number, a text, a bool or an Error."""

    value: object


@dataclass(frozen=True)
class Changing:
    """A formula whose value is another one whenever it is calculated, such as TODAY()."""

    value: float | str


@dataclass(frozen=True)
class Formatted:
    """A number with a number format."""

    value: float
    code: str


def _record(number: int, content: bytes = b"") -> bytes:
    head = bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80, number >> 7])
    length, rest = b"", len(content)
    while True:
        rest, low = rest >> 7, rest & 0x7F
        length += bytes([low | (0x80 if rest else 0)])
        if not rest:
            return head + length + content


def _wide(text: str) -> bytes:
    data = text.encode("utf-16-le")
    return struct.pack("<I", len(data) // 2) + data


def _cell(position: int, value: object, strings: list[str], epoch: date, codes: list[str]) -> bytes:  # noqa: C901, PLR0911, PLR0912 - one per kind of record
    def head(style: int = 0) -> bytes:
        return struct.pack("<II", position, style)

    match value:
        case Formula(Error(shown)):
            return _record(11, head() + bytes([ERRORS[shown]]) + NO_FORMULA)
        case Formula(bool() as result):
            return _record(10, head() + bytes([result]) + NO_FORMULA)
        case Formula(str() as result):
            return _record(8, head() + _wide(result) + NO_FORMULA)
        case Formula(result):
            return _record(9, head() + struct.pack("<d", result) + NO_FORMULA)
        case Changing(str() as result):
            return _record(8, head() + _wide(result) + TODAY)
        case Changing(result):
            return _record(9, head() + struct.pack("<d", result) + TODAY)
        case RichText(text):
            return _record(62, head() + b"\0" + _wide(text))
        case Error(shown):
            return _record(3, head() + bytes([ERRORS[shown]]))
        case bool():
            return _record(4, head() + bytes([value]))
        case date():
            return _record(5, head(1) + struct.pack("<d", (value - epoch).days))
        case Formatted(number, code):
            codes.append(code)
            return _record(5, head(len(codes) + 1) + struct.pack("<d", number))
        case int() if 0 <= value < 2**29:
            return _record(2, head() + struct.pack("<I", value << 2 | 2))
        case int() | float():
            return _record(5, head() + struct.pack("<d", value))
        case str() if len(value) > 12:
            return _record(6, head() + _wide(value))
        case _:
            strings.append(str(value))
            return _record(7, head() + struct.pack("<I", len(strings) - 1))


def _sheet(  # noqa: PLR0913, PLR0917 - one argument per thing that a sheet can have
    rows: Sequence[Sequence[object]],
    hidden: tuple[Collection[int], Collection[int]],
    merged: Sequence[tuple[int, ...]],
    strings: list[str],
    epoch: date,
    codes: list[str],
) -> bytes:
    width = max(map(len, rows), default=1)
    data = _record(129) + _record(148, struct.pack("<IIII", 0, len(rows) - 1, 0, width - 1))
    if hidden[1]:
        columns = (struct.pack("<IIIIH", at, at, 0, 0, 1) for at in hidden[1])
        data += _record(390) + b"".join(_record(60, one) for one in columns) + _record(391)
    data += _record(145)
    for number, cells in enumerate(rows):
        unseen = 0x10 if number + 1 in hidden[0] else 0
        data += _record(0, struct.pack("<IIHBBBI", number, 0, 300, 0, unseen, 0, 0))
        data += b"".join(_cell(at, one, strings, epoch, codes) for at, one in enumerate(cells) if one is not None)
    data += _record(146)
    if merged:
        areas = b"".join(_record(176, struct.pack("<IIII", *area)) for area in merged)
        data += _record(177, struct.pack("<I", len(merged))) + areas + _record(178)
    return data + _record(130)


def workbook(  # noqa: PLR0913 - one argument per thing that a sheet can have
    rows: Sequence[Sequence[object]],
    *,
    name: str = "Invoices",
    hidden_rows: Collection[int] = (),
    hidden_columns: Collection[int] = (),
    merged: Sequence[tuple[int, int, int, int]] = (),
    state: int = 0,
    is_1904: bool = False,
) -> bytes:
    """An .xlsb with one sheet.

    ``hidden_rows`` are row numbers as Excel shows them, ``hidden_columns`` and
    ``merged`` (top, bottom, left, right) count from 0; ``state`` 1 is hidden, 2 very hidden.
    """
    strings: list[str] = []
    epoch = EPOCH_1904 if is_1904 else EPOCH
    codes: list[str] = []
    sheet = _sheet(rows, (hidden_rows, hidden_columns), merged, strings, epoch, codes)
    listed = _record(156, struct.pack("<II", state, 1) + _wide("rId1") + _wide(name))
    properties = _record(153, struct.pack("<III", int(is_1904), 0, 0))
    named = dict(enumerate(["yyyy\\-mm\\-dd", *codes], start=170))
    formats = b"".join(_record(44, struct.pack("<H", number) + _wide(code)) for number, code in named.items())
    styles = [struct.pack("<HHHHHBBHBB", 0, number, 0, 0, 0, 0, 0, 0, 0, 0) for number in (0, *named)]
    target = "application/vnd.ms-excel."
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="bin" ContentType="{target}sheet.binary.macroEnabled.main"/>'
            f'<Override PartName="/xl/worksheets/sheet1.bin" ContentType="{target}worksheet"/>'
            f'<Override PartName="/xl/styles.bin" ContentType="{target}styles"/>'
            f'<Override PartName="/xl/sharedStrings.bin" ContentType="{target}sharedStrings"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
            f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.bin"/></Relationships>',
            "xl/workbook.bin": _record(131) + properties + _record(143) + listed + _record(144) + _record(132),
            "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
            f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.bin"/>'
            f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.bin"/>'
            f'<Relationship Id="rId3" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.bin"/></Relationships>',
            "xl/styles.bin": _record(278)
            + _record(615, struct.pack("<I", len(named)))
            + formats
            + _record(616)
            + _record(617, struct.pack("<I", len(styles)))
            + b"".join(_record(47, one) for one in styles)
            + _record(618)
            + _record(279),
            "xl/sharedStrings.bin": _record(159, struct.pack("<II", len(strings), len(strings)))
            + b"".join(_record(19, b"\x00" + _wide(one)) for one in strings)
            + _record(160),
            "xl/worksheets/sheet1.bin": sheet,
        }
    )
