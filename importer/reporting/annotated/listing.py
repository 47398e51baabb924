"""The first sheet of the annotated copy: the run, how to go on, and every finding with a link to its cell."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from importer.model.problems import Severity, cell_address
from importer.model.sheet import ANNOTATION_MARK
from importer.reporting.annotated.annotations import MOST_MARKS, Annotations, Finding
from importer.reporting.annotated.package import (
    BOOK,
    OFFICE,
    SPREADSHEET,
    CannotAnnotate,
    Package,
    attributes,
    in_cell,
    lines_of,
    prefix_of,
    quoted,
    section,
    with_attribute,
)
from importer.reporting.workbook.book import LINE_POINTS

if TYPE_CHECKING:
    from importer.reporting.annotated.styles import Styles

TITLE = "Import problems"
"""Name of the sheet, unless the user has one of that name."""
HEADER = ("Severity", "Cell", "Value", "What is wrong", "How to fix it")
WIDTHS = (14, 22, 26, 70, 60)
"""Characters."""
FACTS_ROW, HEADER_ROW = 4, 10
TITLE_POINTS = 24
MOST_POINTS = 400
"""Excel allows rows of at most 409 points."""
NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def put_listing(package: Package, annotations: Annotations, styles: Styles) -> None:
    """Put the list before all other sheets; one that an earlier copy put first is replaced."""
    sheets = package.sheets()
    name = _earlier(package) or _free_name(sheets, TITLE)
    _put_first(package, _listing(annotations, styles, sheets.keys() - {name}), name)


# --- its content ---


def _listing(annotations: Annotations, styles: Styles, sheets: AbstractSet[str]) -> str:
    """Return the XML of the sheet; links lead to ``sheets`` only."""
    line, bold, plain, link = styles.plain(), styles.bold(), styles.plain(wrap=True), styles.link()
    title, head = styles.bold(size=16), styles.header()
    colours = {severity: styles.marked(plain, severity) for severity in Severity}

    rows = [_row(1, [(ANNOTATION_MARK, title)], TITLE_POINTS), _row(2, [(annotations.how, line)])]
    for number, (label, value) in enumerate(annotations.facts, start=FACTS_ROW):
        rows.append(_row(number, [(label, bold), (value, line)]))
    rows.append(_row(HEADER_ROW, [(text, head) for text in HEADER]))

    links = []
    for number, finding in enumerate(annotations.findings[:MOST_MARKS], start=HEADER_ROW + 1):
        place = (finding.place, plain)
        if (target := _target(finding, sheets)) is not None:
            place = (finding.place, link)
            links.append(f'<hyperlink ref="{cell_address(1, number)}" location="{quoted(target)}"/>')
        texts = ((finding.value, plain), (finding.message, plain), (finding.hint, plain))
        cells = [(finding.word, colours[finding.severity]), place, *texts]
        rows.append(_row(number, cells, _points(cells)))

    left = len(annotations.findings) - MOST_MARKS
    if left > 0:
        more = [(f"… and {left:,} more; the workbook with the results lists them all.", line)]
        rows.append(_row(HEADER_ROW + MOST_MARKS + 1, more, _points(more)))
    return _sheet(rows, links, HEADER_ROW + min(len(annotations.findings), MOST_MARKS))


def _target(finding: Finding, sheets: AbstractSet[str]) -> str | None:
    """Return where a click on the place of a finding leads."""
    if finding.cell is None or finding.sheet is None or finding.sheet not in sheets:
        return None
    name = finding.sheet.replace("'", "''")
    return f"'{name}'!{finding.cell}"


def _row(number: int, cells: Sequence[tuple[str, int]], points: int = LINE_POINTS) -> str:
    written = []
    for at, (text, style) in enumerate(cells):
        if text:
            content = f'<is><t xml:space="preserve">{in_cell(text)}</t></is>'
            written.append(f'<c r="{cell_address(at, number)}" s="{style}" t="inlineStr">{content}</c>')
    return f'<row r="{number}" ht="{points}" customHeight="1">{"".join(written)}</row>'


def _points(cells: Sequence[tuple[str, int]]) -> int:
    """Return the height that wrapped texts need."""
    most = 1
    for (text, _), width in zip(cells, WIDTHS, strict=False):
        most = max(most, lines_of(text, width))
    return min(LINE_POINTS * most, MOST_POINTS)


def _sheet(rows: Sequence[str], links: Sequence[str], last: int) -> str:
    columns = [
        f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>' for at, width in enumerate(WIDTHS, start=1)
    ]
    hyperlinks = f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{NAMESPACE}">'
        '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        '<sheetViews><sheetView showGridLines="0" tabSelected="1" workbookViewId="0">'
        '<selection activeCell="A1" sqref="A1"/></sheetView></sheetViews>'
        f'<sheetFormatPr defaultRowHeight="15"/><cols>{"".join(columns)}</cols><sheetData>{"".join(rows)}</sheetData>'
        f'<autoFilter ref="A{HEADER_ROW}:E{max(last, HEADER_ROW + 1)}"/>'
        f"{hyperlinks}"
        '<pageMargins left="0.5" right="0.5" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>'
        '<pageSetup orientation="landscape" fitToHeight="0"/></worksheet>'
    )


# --- its place in the workbook ---


def _earlier(package: Package) -> str | None:
    """Return the name of the sheet that an earlier annotated copy put first."""
    for name, part in package.sheets().items():
        if part.lower().startswith("xl/worksheets/") and _first_cell(package, part).startswith(ANNOTATION_MARK):
            return name
    return None


def _first_cell(package: Package, part: str) -> str:
    """Return the text in A1."""
    xml = package.read(part)
    found = re.search(r"<((?:[\w.-]+:)?)c\b([^>]*\br=[\"']A1[\"'][^>]*)(?<!/)>(.*?)</\1c\s*>", xml, re.DOTALL)
    if found is None:
        return ""
    if attributes(found[2]).get("t") != "s":
        return _texts(found[3])
    index = re.search(r">(\d+)<", found[3])
    return _shared_text(package, int(index[1])) if index else ""


def _shared_text(package: Package, index: int) -> str:
    """Return one of the texts that the sheets of a workbook share."""
    part = package.related(BOOK, "sharedStrings")
    if part is None:
        return ""
    entries = re.finditer(r"<((?:[\w.-]+:)?)si\b[^>]*?(?:/>|>(.*?)</\1si\s*>)", package.read(part), re.DOTALL)
    for at, entry in enumerate(entries):
        if at == index:
            return _texts(entry[2] or "")
    return ""


def _texts(xml: str) -> str:
    return html.unescape("".join(re.findall(r"<(?:[\w.-]+:)?t\b[^>]*>([^<]*)<", xml)))


def _free_name(taken: Iterable[str], wanted: str) -> str:
    """Return the wanted name of a sheet, or with a number when it is taken."""
    folded = {name.casefold() for name in taken}
    name, number = wanted, 2
    while name.casefold() in folded:
        name, number = f"{wanted} {number}", number + 1
    return name


def _put_first(package: Package, xml: str, name: str) -> None:
    """Add a sheet before all others and open the workbook on it; an earlier one of that name is replaced."""
    sheets = package.sheets()
    if name in sheets:
        part = sheets[name]
        package.forget_relations(part)
    else:
        part, relation = package.free("xl/worksheets/sheet{}.xml"), package.free_id(BOOK)
        package.relate(BOOK, {relation: f"/{part}"}, "worksheet")
        package.declare(part, f"{SPREADSHEET}.worksheet+xml")
        _enlist(package, name, relation)
    for other in sheets.values():
        _deselect(package, other)
    package.put(part, xml)

    book = package.read(BOOK)
    view = re.search(rf"<{prefix_of(book, 'workbook')}workbookView\b[^>]*?(?=/?>)", book)
    if view is not None:
        tag = with_attribute(view[0], "activeTab", list(package.sheets()).index(name))
        tag = with_attribute(tag, "firstSheet", None)
        package.put(BOOK, book[: view.start()] + tag + book[view.end() :])


def _enlist(package: Package, name: str, relation: str) -> None:
    """Name the sheet first; names that belong to one sheet count sheets, so they move on by one."""
    xml = package.read(BOOK)
    p = prefix_of(xml, "workbook")
    listed = section(xml, f"{p}sheets")
    if listed is None or listed[2] is None:
        raise CannotAnnotate("it has no list of sheets")
    numbers = [int(attributes(tag).get("sheetId", "0")) for tag in package.sheet_tags()]
    tag = f'<{p}sheet xmlns:rel="{OFFICE}" sheetId="{max(numbers) + 1}" rel:id="{relation}"/>'
    xml = xml[: listed.start(2)] + with_attribute(tag, "name", name) + xml[listed.start(2) :]

    names = section(xml, f"{p}definedNames")
    if names is not None:
        moved = re.sub(r"\blocalSheetId=([\"'])(\d+)\1", lambda at: f'localSheetId="{int(at[2]) + 1}"', names[0])
        xml = xml[: names.start()] + moved + xml[names.end() :]
    package.put(BOOK, xml)


def _deselect(package: Package, part: str) -> None:
    """Take the selection from a sheet: two selected sheets would be edited together."""
    xml = package.read(part)
    changed = re.sub(r"(<(?:[\w.-]+:)?sheetView\b[^>]*?)\s+tabSelected=[\"'](?:1|true)[\"']", r"\1", xml)
    if changed != xml:
        package.put(part, changed)
