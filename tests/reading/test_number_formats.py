"""Cells with a number format are found however a program writes them."""

from __future__ import annotations

import pytest

from importer.reading.formats.grid import SideLook
from importer.reading.formats.number_formats import BUILT_IN, FormatRuns, Styles, is_telling, see_styles

STYLES = Styles({b"3": "0%", b"5": "0-"}, frozenset({b"4"}))
CELLS = {"0%": [(2, 2, 3), (2, 5, 5)], "0-": [(3, 3, 3)]}
EXCEL = (
    '<sheetData><row r="1" s="3" customFormat="1"><c r="A1" s="1"><v>3</v></c></row>'
    '<row r="2"><c r="C2" s="3"><v>1</v></c><c r="E2" s="4"><v>1</v></c></row>'
    '<row r="3"><c r="C3" s="3" t="n"><v>1</v></c><c r="D3" s="5"><v>1</v></c></row>'
    '<row r="5"><c r="C5" s="3"><v>1</v></c></row></sheetData>'
)
WRITTEN = {
    "as Excel": EXCEL,
    "single quotes": EXCEL.replace('"', "'"),
    "style first": EXCEL.replace('r="C3" s="3"', 's="3" r="C3"'),
    "type before style": EXCEL.replace('s="3" t="n"', 't="n" s="3"'),
    "lower case": EXCEL.replace('r="C', 'r="c'),
    "prefixes": EXCEL.replace("<", "<x:").replace("<x:/", "</x:").replace("<x:sheetData", '<x:sheetData xmlns:x="x"'),
    "without addresses": (
        '<sheetData><row r="2"><c/><c/><c s="3"><v>1</v></c><c/><c s="4"/></row><row><c r="C3" s="3"/><c s="5"/></row>'
        '<row r="5"><c/><c/><c s="3"/></row></sheetData>'
    ),
    "blanks": EXCEL.replace('s="3" t="n"', 's = "3"'),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_cells_are_found_however_they_are_written(how: str) -> None:
    look = SideLook()
    see_styles(WRITTEN[how].encode(), STYLES, look, is_usual=how != "blanks")
    assert look.formats == CELLS
    assert look.struck == {(2, 4)}


def test_cells_below_each_other_are_one_run() -> None:
    runs = FormatRuns()
    for row, position in ((2, 0), (2, 1), (3, 0), (4, 0), (4, 1), (6, 0)):
        runs.add("0%", row, position)
    assert runs.found() == {"0%": [(0, 2, 4), (1, 2, 2), (1, 4, 4), (0, 6, 6)]}


def test_only_general_text_and_whole_dates_show_what_they_hold_in_any_column() -> None:
    plain = ["", "General", "@", "yyyy-mm-dd", "dd/mm/yyyy", r"yyyy\-mm\-dd", "[$-407]d. mmm yyyy;@", "m/d/yyyy h:mm"]
    assert [code for code in plain if is_telling(code)] == []
    telling = ["0", "0.00", "mmm-yy", "d-mmm", '"2026"-mm-dd', 'yyyy-mm-dd;"x"', "h:mm", "0%", "00000", ";;;"]
    assert [code for code in telling if not is_telling(code)] == []
    assert is_telling(BUILT_IN[17])
    assert not is_telling(BUILT_IN[14])
