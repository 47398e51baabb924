"""The first sheet of the annotated copy: of what run it tells, how to go on, and every matter with a link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model.problems import Severity, cell_address
from importer.model.sheet import ANNOTATION_MARK
from importer.reporting.annotated.marks import MOST_MARKS
from importer.reporting.annotated.package import in_cell, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from importer.reporting.annotated.marks import Matter
    from importer.reporting.annotated.styles import Styles

TITLE = "Import problems"
HEADER_FILL = "FF1F4E78"
HEADER = ("Severity", "Cell", "Value", "What is wrong", "How to mend it")
WIDTHS = (14, 22, 26, 70, 60)
"""Characters."""
HEADER_ROW = 10
LINE_POINTS = 15
MOST_POINTS = 400
"""Excel allows rows of at most 409 points."""
NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def listing(
    facts: Sequence[tuple[str, str]],
    matters: Sequence[Matter],
    styles: Styles,
    sheets: AbstractSet[str],
    how: str,
) -> str:
    """The XML of the sheet. ``facts`` stand in rows 4 to 8; links lead to ``sheets`` only."""
    line, bold, plain = styles.look(), styles.look(bold=True), styles.look(wrap=True)
    link = styles.look(link=True, wrap=True)
    title, head = styles.look(bold=True, size=16), styles.look(bold=True, fill=HEADER_FILL)
    colours = {one: styles.marked(plain, one) for one in Severity}
    rows = [_row(1, [(ANNOTATION_MARK, title)]), _row(2, [(how, line)])]
    rows += [_row(at, [(label, bold), (value, line)]) for at, (label, value) in enumerate(facts, start=4)]
    rows.append(_row(HEADER_ROW, [(text, head) for text in HEADER]))
    links = []
    for at, one in enumerate(matters[:MOST_MARKS], start=HEADER_ROW + 1):
        linked = one.cell is not None and one.sheet in sheets
        cells = [(one.word, colours[one.severity]), (one.place, link if linked else plain)]
        rows.append(_row(at, [*cells, *((text, plain) for text in (one.value, one.message, one.hint))]))
        if linked:
            target = f"'{(one.sheet or '').replace(chr(39), chr(39) * 2)}'!{one.cell}"
            links.append(f'<hyperlink ref="{cell_address(1, at)}" location="{quoted(target)}"/>')
    if len(matters) > MOST_MARKS:
        more = f"… and {len(matters) - MOST_MARKS:,} more; the workbook with the results lists them all."
        rows.append(_row(HEADER_ROW + MOST_MARKS + 1, [(more, line)]))
    return _sheet(rows, links, HEADER_ROW + min(len(matters), MOST_MARKS))


def _row(number: int, cells: Sequence[tuple[str, int]]) -> str:
    written = "".join(
        f'<c r="{cell_address(at, number)}" s="{style}" t="inlineStr">'
        f'<is><t xml:space="preserve">{in_cell(text)}</t></is></c>'
        for at, (text, style) in enumerate(cells)
        if text
    )
    lines = max(_lines(text, WIDTHS[at]) for at, (text, _) in enumerate(cells)) if number > HEADER_ROW else 1
    points = 24 if number == 1 else min(LINE_POINTS * lines, MOST_POINTS)
    return f'<row r="{number}" ht="{points}" customHeight="1">{written}</row>'


def _lines(text: str, width: int) -> int:
    return sum(1 + len(part) // width for part in text.split("\n"))


def _sheet(rows: Sequence[str], links: Sequence[str], last: int) -> str:
    columns = "".join(
        f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>' for at, width in enumerate(WIDTHS, start=1)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{NAMESPACE}">'
        '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        '<sheetViews><sheetView showGridLines="0" tabSelected="1" workbookViewId="0">'
        '<selection activeCell="A1" sqref="A1"/></sheetView></sheetViews>'
        f'<sheetFormatPr defaultRowHeight="15"/><cols>{columns}</cols><sheetData>{"".join(rows)}</sheetData>'
        f'<autoFilter ref="A{HEADER_ROW}:E{max(last, HEADER_ROW + 1)}"/>'
        + (f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else "")
        + '<pageMargins left="0.5" right="0.5" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>'
        '<pageSetup orientation="landscape" fitToHeight="0"/></worksheet>'
    )
