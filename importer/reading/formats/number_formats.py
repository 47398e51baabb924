"""Which cells of a sheet have a number format that may show something else than they hold, or are crossed out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from xml.parsers import expat

from importer.model.problems import column_position

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from importer.reading.formats.grid import Place, Run, SideLook

_Key = TypeVar("_Key", int, str)
BUILT_IN = {
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    5: '"$"#,##0_);\\("$"#,##0\\)',
    6: '"$"#,##0_);[Red]\\("$"#,##0\\)',
    7: '"$"#,##0.00_);\\("$"#,##0.00\\)',
    8: '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)',
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: "m/d/yyyy",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "m/d/yyyy h:mm",
    37: "#,##0_);\\(#,##0\\)",
    38: "#,##0_);[Red]\\(#,##0\\)",
    39: "#,##0.00_);\\(#,##0.00\\)",
    40: "#,##0.00_);[Red]\\(#,##0.00\\)",
    41: '_(* #,##0_);_(* \\(#,##0\\);_(* "-"_);_(@_)',
    42: '_("$"* #,##0_);_("$"* \\(#,##0\\);_("$"* "-"_);_(@_)',
    43: '_(* #,##0.00_);_(* \\(#,##0.00\\);_(* "-"??_);_(@_)',
    44: '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)',
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
    **dict.fromkeys((*range(27, 37), *range(50, 59)), "yyyy/m/d"),
    59: "0",
    60: "0.00",
    61: "#,##0",
    62: "#,##0.00",
    67: "0%",
    68: "0.00%",
    69: "# ?/?",
    70: "# ??/??",
    71: "d/m/yyyy",
    72: "d-mmm-yy",
    73: "d-mmm",
    74: "mmm-yy",
    75: "h:mm",
    76: "h:mm:ss",
    77: "d/m/yyyy h:mm",
    78: "mm:ss",
    79: "[h]:mm:ss",
    80: "mm:ss.0",
    81: "d/m/yyyy",
}
"""Formats that a file names by number only; 0 is General. 27-36 and 50-58 are East Asian dates, 59-81 Thai."""
LONGEST_CODE = 1000
"""Characters of a number format that are kept; Excel allows 255, and what is longer is refused where it matters."""

_PLAIN = re.compile(r"|@|General", re.IGNORECASE)
_WHOLE_DATE = re.compile(
    r"(?=[^;]*y)(?=[^;]*m)(?=[^;]*d)(?:\[\$-[^\]]*\])?(?:[ymdhs /.,:-]|\\[ ,./-]|AM/PM)+(?:;@)?", re.IGNORECASE
)
_FAST = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})" $')
_ANY_STYLE = re.compile(rb' s="([0-9]+)"')
FEW_STYLES, MANY_STYLES = 3, 16
_LONGEST_START = 20
"""Bytes of the beginning of a cell with its address."""
_ROW = re.compile(rb"<row\s[^<>]*$")
_LONGEST_ROW_START = 300
_STYLED = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})" s="([0-9]+)"|<row\s[^<>]*|\ss="')
_ADDRESS = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.IGNORECASE)


def code_of(codes: Mapping[_Key, str | None], key: _Key) -> str:
    """The number format of this number; what is too long to be one is kept in part, so that it stays too long."""
    return (codes.get(key) or "")[: LONGEST_CODE + 1]


def is_telling(code: str) -> bool:
    """Tell whether a format may show something else than the cell holds: any but General, text and whole dates."""
    return _PLAIN.fullmatch(code) is None and _WHOLE_DATE.fullmatch(code) is None


class FormatRuns:
    """Collects cells with their formats; those below each other with the same one become one run."""

    def __init__(self) -> None:
        self._runs: dict[str, list[list[int]]] = {}
        self._open: dict[tuple[str, int], list[int]] = {}

    def add(self, code: str, row: int, position: int) -> None:
        """Add a cell; ``row`` as Excel shows it, column counted from 0."""
        self.extend(code, position, row, row)

    def extend(self, code: str, position: int, first: int, last: int) -> None:
        """Add the cells of one column from one row to another, if there are any."""
        if last < first:
            return
        run = self._open.get((code, position))
        if run is not None and run[2] == first - 1:
            run[2] = last
            return
        run = self._open[code, position] = [position, first, last]
        self._runs.setdefault(code, []).append(run)

    def found(self) -> dict[str, list[Run]]:
        """The runs of each format."""
        return {code: [(run[0], run[1], run[2]) for run in runs] for code, runs in self._runs.items()}


@dataclass(frozen=True, slots=True)
class Styles:
    """The styles of an .xlsx that matter, by the number under which cells name them."""

    telling: dict[bytes, str] = field(default_factory=dict)
    """Style → number format that may show something else than the cell holds."""
    struck: set[bytes] = field(default_factory=set)
    """Styles that cross a cell out."""
    unseen: set[bytes] = field(default_factory=set)
    """Styles that write a cell in the colour of its background."""
    conditional: dict[str, set[str]] = field(default_factory=dict)
    """Style of conditional formats → number formats that it applies, and CROSSES_OUT."""


def see_styles(xml: bytes, styles: Styles, look: SideLook, *, is_usual: bool = False) -> None:
    """Note the cells of a sheet with a telling format, and those that are crossed out or not seen.

    ``is_usual`` says that the XML holds no comments and no blanks around “=”.
    """
    for style, runs in _runs_of(
        xml, [*dict.fromkeys([*styles.telling, *styles.struck, *styles.unseen])], is_usual=is_usual
    ).items():
        if style in styles.telling:
            look.formats.setdefault(styles.telling[style], []).extend(runs)
        if style in styles.struck:
            look.struck.update(_cells_of(runs))
        if style in styles.unseen:
            look.unseen.extend(runs)


def _runs_of(xml: bytes, styles: list[bytes], *, is_usual: bool) -> dict[bytes, list[Run]]:
    """Style → its cells."""
    has_single_quotes = xml.find(b"'", xml.find(b"?>") + 1) >= 0
    if not is_usual or (has_single_quotes and b" s='" in xml):
        return _StyleWalk(xml, styles).runs()
    if len(styles) > FEW_STYLES:  # each costs a search of its own
        used = set(_ANY_STYLE.findall(xml))
        styles = list(filter(used.__contains__, styles))
    if len(styles) > MANY_STYLES:
        return _runs_of_many(xml, styles) or _StyleWalk(xml, styles).runs()
    found: dict[bytes, list[Run]] = {}
    for style in styles:
        runs = _quick_runs(xml, style)
        if runs is None:
            return _StyleWalk(xml, styles).runs()
        found[style] = runs
    return found


def _cells_of(runs: list[Run]) -> Iterator[Place]:
    for position, first, last in runs:
        for row in range(first, last + 1):
            yield row, position


def _quick_runs(xml: bytes, style: bytes) -> list[Run] | None:
    """The cells of a style, where all are written as Excel writes them: ``<c r="D17" s="3"``; else None."""
    mark = b's="' + style + b'"'
    runs = FormatRuns()
    letters, first, row = b"", 1, 0
    below = b"?"  # how the cell below the last one begins: mostly it is the next of this style
    at = xml.find(mark)
    while at >= 0:
        if xml.startswith(below, at - len(below)):
            row += 1
        elif match := _FAST.search(xml, max(0, at - _LONGEST_START), at):
            runs.extend("", column_position(letters.decode()), first, row)
            letters, row = match[1], int(match[2])
            first = row
        elif not _ROW.search(xml, max(0, at - _LONGEST_ROW_START), at):
            return None
        below = b'<c r="%b%d" ' % (letters, row + 1)
        at = xml.find(mark, at + len(mark))
    runs.extend("", column_position(letters.decode()), first, row)
    return runs.found().get("", [])


def _runs_of_many(xml: bytes, styles: list[bytes]) -> dict[bytes, list[Run]] | None:
    """As _quick_runs, but all styles in one search."""
    wanted = {style: style.decode() for style in styles}
    runs = FormatRuns()
    for cell in _STYLED.finditer(xml):
        letters, number, style = cell.groups()
        if style in wanted:
            runs.add(wanted[style], int(number), column_position(letters.decode()))
        elif style is None and not cell[0].startswith(b"<row"):
            return None
    return _by_style(runs)


def _by_style(runs: FormatRuns) -> dict[bytes, list[Run]]:
    return {style.encode(): found for style, found in runs.found().items()}


class _StyleWalk:
    """Finds the cells of some styles however they are written; also without addresses."""

    def __init__(self, xml: bytes, styles: Iterable[bytes]) -> None:
        self._styles = {style.decode() for style in styles}
        self._runs = FormatRuns()
        self._row, self._position = 0, 0
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.Parse(xml, True)  # noqa: FBT003 - the end of the text

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "row":
            number = attributes.get("r") or ""
            self._row = int(number) if number.isdigit() else self._row + 1
            self._position = 0
        elif name == "c":
            row = self._row
            if address := _ADDRESS.fullmatch(attributes.get("r") or ""):
                self._position, row = column_position(address[1].upper()), int(address[2])
            if attributes.get("s") in self._styles:
                self._runs.add(attributes["s"], row, self._position)
            self._position += 1

    def runs(self) -> dict[bytes, list[Run]]:
        """Style → its cells."""
        return _by_style(self._runs)
