"""The workbook as a whole: which part is which sheet, and a new first sheet."""

from __future__ import annotations

import html
import re

from importer.model.sheet import ANNOTATION_MARK
from importer.reporting.annotated.package import (
    CONTENT_TYPES,
    OFFICE,
    SPREADSHEET,
    CannotAnnotate,
    Package,
    attributes,
    elements,
    prefix_of,
    section,
    with_attribute,
)

BOOK = "xl/workbook.xml"
LONGEST_NAME = 31
"""Characters that Excel allows in the name of a sheet."""


def sheets_of(package: Package) -> dict[str, str]:
    """Sheet name → name of its part, in the order of the tabs."""
    targets = {one: target for one, (_, target) in package.relations(BOOK).items()}
    found = {}
    for tag in _tags(package):
        given = attributes(tag)
        number = next((value for name, value in given.items() if name.endswith(":id")), "")
        if number in targets:
            found[given["name"]] = targets[number]
    return found


def _tags(package: Package) -> list[str]:
    xml = package.read(BOOK)
    p = prefix_of(xml, "workbook")
    listed = section(xml, f"{p}sheets")
    return elements(listed[2] or "", f"{p}sheet") if listed else []


def earlier_listing(package: Package) -> str | None:
    """Name of the sheet that an earlier annotated copy put first."""
    for name, part in sheets_of(package).items():
        if part.lower().startswith("xl/worksheets/") and _first_cell(package, part).startswith(ANNOTATION_MARK):
            return name
    return None


def _first_cell(package: Package, part: str) -> str:
    """Text in A1."""
    xml = package.read(part)
    found = re.search(r"<((?:[\w.-]+:)?)c\b([^>]*\br=[\"']A1[\"'][^>]*)(?<!/)>(.*?)</\1c\s*>", xml, re.DOTALL)
    if found is None:
        return ""
    if attributes(found[2]).get("t") == "s":
        index = re.search(r">(\d+)<", found[3])
        return _shared(package, int(index[1])) if index else ""
    return _texts(found[3])


def _shared(package: Package, index: int) -> str:
    part = package.related(BOOK, "sharedStrings")
    xml = package.read(part) if part else ""
    for at, match in enumerate(re.finditer(r"<((?:[\w.-]+:)?)si\b[^>]*?(?:/>|>(.*?)</\1si\s*>)", xml, re.DOTALL)):
        if at == index:
            return _texts(match[2] or "")
    return ""


def _texts(xml: str) -> str:
    return html.unescape("".join(re.findall(r"<(?:[\w.-]+:)?t\b[^>]*>([^<]*)<", xml)))


def free_name(taken: list[str], wanted: str) -> str:
    """The wanted name of a sheet, or with a number when it is taken."""
    folded, name, number = {one.casefold() for one in taken}, wanted, 2
    while name.casefold() in folded:
        name, number = f"{wanted} {number}", number + 1
    return name


def put_first(package: Package, xml: str, name: str) -> None:
    """Add a sheet before all others and open the workbook on it; an earlier one of that name is replaced."""
    sheets = sheets_of(package)
    part = sheets.get(name)
    if part is None:
        part = package.free("xl/worksheets/sheet{}.xml")
        one = package.free_id(BOOK)
        package.relate(BOOK, {one: f"/{part}"}, "worksheet")
        package.declare(part, f"{SPREADSHEET}.worksheet+xml")
        _enlist(package, name, one)
    else:
        package.forget_relations(part)
    for other in sheets.values():
        _deselect(package, other)
    package.put(part, xml)
    book = package.read(BOOK)
    position = list(sheets_of(package)).index(name)
    view = re.search(rf"<{prefix_of(book, 'workbook')}workbookView\b[^>]*", book)
    if view is not None:
        tag = with_attribute(with_attribute(view[0].rstrip("/"), "activeTab", position), "firstSheet", None)
        closing = "/" if view[0].endswith("/") else ""
        package.put(BOOK, book[: view.start()] + tag + closing + book[view.end() :])


def _enlist(package: Package, name: str, relation: str) -> None:
    """Name the sheet first; names that belong to one sheet count sheets, so they move on by one."""
    xml = package.read(BOOK)
    p = prefix_of(xml, "workbook")
    listed = section(xml, f"{p}sheets")
    if listed is None or listed[2] is None:
        raise CannotAnnotate("it has no list of sheets")
    number = 1 + max(int(attributes(tag).get("sheetId", "0")) for tag in _tags(package))
    tag = with_attribute(f'<{p}sheet xmlns:rel="{OFFICE}" sheetId="{number}" rel:id="{relation}"/>', "name", name)
    xml = xml[: listed.start(2)] + tag + xml[listed.start(2) :]
    names = section(xml, f"{p}definedNames")
    if names is not None:
        moved = re.sub(r"\blocalSheetId=([\"'])(\d+)\1", lambda m: f'localSheetId="{int(m[2]) + 1}"', names[0])
        xml = xml[: names.start()] + moved + xml[names.end() :]
    package.put(BOOK, xml)


def _deselect(package: Package, part: str) -> None:
    """Two selected sheets would be edited together."""
    xml = package.read(part)
    changed = re.sub(r"(<(?:[\w.-]+:)?sheetView\b[^>]*?)\s+tabSelected=[\"'](?:1|true)[\"']", r"\1", xml)
    if changed != xml:
        package.put(part, changed)


def keeps_macros(package: Package) -> bool:
    """Tell whether the workbook is of the kind that holds macros."""
    return "macroEnabled" in package.read(CONTENT_TYPES)
