"""Annotate a workbook in place, and look at the result: our marks, comments, answers and list, nothing lost."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

from importer.model.columns import RESULT_COLUMNS
from importer.model.problems import Severity, cell_address
from importer.reporting.annotated.annotations import Annotations, Answer, Mark
from importer.reporting.annotated.comments import replace_comments
from importer.reporting.annotated.listing import put_listing
from importer.reporting.annotated.package import BOOK, CannotAnnotate, Package, attributes
from importer.reporting.annotated.styles import Styles
from importer.reporting.annotated.worksheet import LAST_POSITION, Edit, Worksheet, row_and_column
from importer.reporting.workbook.book import MOST_LINKS

ANSWER_WIDTHS = (15, 12, 42, 60, 50)
"""Characters."""
LINK = RESULT_COLUMNS.index("invoice_link")
"""Its place among the answers."""


@dataclass(frozen=True, slots=True)
class Patched:
    """A workbook with our annotations."""

    package: Package
    answers: range
    """Positions of the columns with the answers."""


def patched(data: bytes, annotations: Annotations) -> Patched:
    """Return the workbook with all annotations. Raises CannotAnnotate."""
    package = Package(data)
    package.drop_macros()
    part, look = package.sheets().get(annotations.sheet), package.related(BOOK, "styles")
    if part is None:
        raise CannotAnnotate("its sheet was not found")
    if look is None:
        raise CannotAnnotate("it has no formats")
    styles = Styles(package.read(look))
    sheet = Worksheet(package.read(part), styles)

    marks = _anchored(annotations.marks, sheet.anchors())
    answers = _place(package, part, sheet, annotations)
    sheet.edit(_edits(annotations, marks, answers, styles))
    if answers:
        _link(package, part, sheet, annotations.answers, answers)
        sheet.widen(dict(zip(answers, ANSWER_WIDTHS, strict=True)))
    replace_comments(package, part, sheet, {address: mark.comment for address, mark in marks.items()})
    package.put(part, sheet.xml)
    put_listing(package, annotations, styles)
    package.put(look, styles.xml())

    return Patched(package, answers)


def _anchored(marks: Mapping[str, Mark], anchors: Mapping[str, str]) -> dict[str, Mark]:
    """Return the marks; one inside a merged range goes to its first cell, as only that can show anything."""
    found: dict[str, Mark] = {}
    for address, mark in marks.items():
        first = found.setdefault(anchors.get(address, address), Mark(mark.severity))
        first.add(mark.severity, mark.texts)
    return found


# --- the answers at the right of the table ---


def _place(package: Package, part: str, sheet: Worksheet, annotations: Annotations) -> range:
    """Return the columns of the answers: where they were, else right of the table where nothing stands.

    They keep out of Excel tables. The range is empty without answers, and when there is no room.
    """
    if not annotations.answers:
        return range(0)
    count, added = len(RESULT_COLUMNS), annotations.added
    start = min(added, default=annotations.width)
    if len(added) == count:
        return range(start, start + count)

    tables = _tables(package, part, annotations.header_row)
    for first in range(start, LAST_POSITION + 1 - count):
        place = range(first, first + count)
        others = [at for at in place if at not in added]
        if not _overlap(place, tables) and not sheet.filled(others, annotations.header_row):
            return place
    return range(0)


def _overlap(place: range, others: list[range]) -> bool:
    return any(place.start < other.stop and other.start < place.stop for other in others)


def _tables(package: Package, part: str, header_row: int) -> list[range]:
    """Return the columns of the Excel tables that reach below the header."""
    found = []
    for word, target in package.relations(part).values():
        if word != "table":
            continue
        table = re.search(r"<(?:[\w.-]+:)?table\b[^>]*>", package.read(target))
        if table is None:
            continue
        first, _, last = attributes(table[0]).get("ref", "").partition(":")
        (_, left), (bottom, right) = row_and_column(first), row_and_column(last or first)
        if bottom >= header_row:
            found.append(range(left, right + 1))
    return found


def _link(package: Package, part: str, sheet: Worksheet, answers: Mapping[int, Answer], place: range) -> None:
    """Make the links to invoices clickable; many rows share one."""
    base = package.free_id(part)
    relations: dict[str, str] = {}
    links: dict[str, str] = {}
    for row, answer in answers.items():
        address = answer.texts[LINK]
        if not address:
            continue
        relation = relations.setdefault(address, f"{base}_{len(relations)}")
        if len(links) < MOST_LINKS:
            links[cell_address(place[LINK], row)] = relation
    if relations:
        targets = {relation: address for address, relation in relations.items()}
        package.relate(part, targets, "hyperlink", external=True)
    sheet.link(links, place)


# --- the cells that change ---


def _edits(
    annotations: Annotations, marks: Mapping[str, Mark], place: range, styles: Styles
) -> dict[int, dict[int, Edit]]:
    """Return row → column → what becomes of the cell."""
    edits: dict[int, dict[int, Edit]] = {}
    if place:
        edits = _edits_of_answers(annotations, place, styles)
    for address, mark in marks.items():
        row, at = row_and_column(address)
        if row and at not in place:
            edits.setdefault(row, {})[at] = Edit(mark=mark.severity)
    return edits


def _edits_of_answers(annotations: Annotations, place: range, styles: Styles) -> dict[int, dict[int, Edit]]:
    header, plain = styles.header(), styles.plain()
    colours: dict[Severity | None, int] = {severity: styles.marked(plain, severity) for severity in Severity}
    colours[None] = plain

    cleared = {at: Edit(text="") for at in annotations.added if at not in place}
    titles: dict[int, Edit] = {}
    if len(annotations.added) != len(place):
        titles = {at: Edit(text=name, style=header) for at, name in zip(place, RESULT_COLUMNS, strict=True)}
    edits = {annotations.header_row: cleared | titles}
    for row, answer in annotations.answers.items():
        edits[row] = dict(cleared)
        for at, text in zip(place, answer.texts, strict=True):
            edits[row][at] = Edit(text=text, style=plain)
        edits[row][place.start] = Edit(text=answer.texts[0], style=colours[answer.severity])
    return edits


# --- the look at the result ---


def check(data: bytes, copy: bytes, made: Patched, annotations: Annotations) -> None:
    """Look at the copy before a person gets it: nothing lost, nothing changed but what was meant.

    Raises CannotAnnotate when a part is missing or broken, or a cell reads otherwise than before.
    """
    with zipfile.ZipFile(io.BytesIO(copy)) as archive, zipfile.ZipFile(io.BytesIO(data)) as before:
        if missing := set(before.namelist()) - set(archive.namelist()) - made.package.dropped:
            raise CannotAnnotate(f"parts would be lost: {', '.join(sorted(missing))}")
        for name in made.package.changed:
            if not name.endswith(".vml"):  # Excel itself writes drawings that are no XML
                _parse(archive.read(name), name)

    ours = {*made.answers, *annotations.added}
    old, new = read_rows(io.BytesIO(data), annotations.sheet), read_rows(io.BytesIO(copy), annotations.sheet)
    if len(old) != len(new):
        raise CannotAnnotate("rows would be lost")
    for number, (before_row, row) in enumerate(zip(old, new, strict=True), start=1):
        width = len(before_row)
        if before_row != row[:width] and _without(before_row, ours) != _without(row[:width], ours):
            raise CannotAnnotate(f"row {number} would read otherwise")


def _parse(xml: bytes, name: str) -> None:
    try:
        expat.ParserCreate().Parse(xml, True)  # noqa: FBT003 - its only signature
    except expat.ExpatError as error:
        raise CannotAnnotate(f"its part {name} would be broken") from error


def read_rows(stream: io.BytesIO, sheet: str) -> list[list[object]]:
    """The cells of a sheet from A1 on, as another program reads them. Raises CannotAnnotate."""
    try:
        return CalamineWorkbook.from_filelike(stream).get_sheet_by_name(sheet).to_python(skip_empty_area=False)  # type: ignore[return-value]
    except (CalamineError, OSError, ValueError) as error:
        raise CannotAnnotate("it would not read any more") from error
    except BaseException as error:
        # A panic inside the Rust reader arrives as PanicException, which derives from BaseException.
        if type(error).__name__ == "PanicException":
            raise CannotAnnotate("it would not read any more") from error
        raise


def _without(row: list[object], positions: set[int]) -> list[object]:
    return [cell for at, cell in enumerate(row) if at not in positions]
