"""The parts of an .xlsx where every reader looks for them, and only the sheets that hold cells.

The relations of a workbook say where its parts are. Excel follows them whatever the names are; python-calamine
knows the usual names only, and refuses a workbook that lists a sheet without a part, or a sheet of old macros.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from importer.reading.formats.archive import holds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.formats.archive import Archive

BOOK = "xl/workbook.xml"
BOOK_RELATIONS = "xl/_rels/workbook.xml.rels"
USUAL = {"styles": "xl/styles.xml", "sharedStrings": "xl/sharedStrings.xml"}
"""Kind of a relation → the name under which readers look for the part."""
_OF_RELATIONS = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}",
)
"""Namespaces of the attribute by which a sheet names its relation; the second is that of Strict OOXML."""
_READ = {"worksheet", "chartsheet", "dialogsheet"}
"""Kinds of sheets that the reader knows, and passes over where they hold no cells."""
_SHEET = re.compile(
    rb"<(?:[A-Za-z_][\w.-]*:)?sheet(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*(?:/>|>\s*</(?:[A-Za-z_][\w.-]*:)?sheet\s*>)"
)
_DIMENSION = re.compile(
    rb"<((?:[A-Za-z_][\w.-]*:)?)dimension\b(?![^>]*\sref=[\"'][A-Za-z]{1,3}\d{1,7}(?::[A-Za-z]{1,3}\d{1,7})?[\"'])[^>]*>(?:\s*</\1dimension\s*>)?"
)
_HEAD_BYTES = 10_000
"""A sheet says its extent at its beginning, long before this many bytes."""
_BLANKS_AROUND = re.compile(rb"(<(?:[A-Za-z_][\w.-]*:)?v>)(?:\s+(-?[0-9][0-9.eE+-]*)\s*|(-?[0-9][0-9.eE+-]*)\s+)</")


@dataclass(frozen=True, slots=True)
class Relation:
    """Where a part is that another part needs."""

    id: str
    kind: str
    """Last word of its type, such as ``worksheet``."""
    type: str
    path: str
    """Name of the part in the archive."""


def straighten(archive: Archive) -> None:
    """Put the parts of an .xlsx where readers look for them; leave other workbooks as they are.

    Raises ParseError for XML that is none, and ValueError where sheets share a part.
    """
    book = _name_of_book(archive)
    if not book.lower().endswith(".xml"):
        return
    relations = list(relations_of(archive, book))
    _refuse_shared_parts(archive.part(book) or b"<none/>", relations)
    listed = _listed(archive.part(book) or b"<none/>", relations)
    if book != BOOK or not all(listed):
        _put_book(archive, book, relations, listed)
    for relation in relations:
        data = archive.part(relation.path)
        if data is not None:
            _put_part(archive, relation, data)


def _put_part(archive: Archive, relation: Relation, data: bytes) -> None:
    """Put one part of the workbook under its usual name, and a sheet in the form that readers understand."""
    usual = USUAL.get(relation.kind)
    if usual is not None and relation.path.lower() != usual.lower():
        archive.put(usual, data)
    elif relation.kind == "worksheet":
        plain = _plain_sheet(data)
        if plain is not data:
            archive.put(relation.path, plain)


def relations_of(archive: Archive, part: str) -> Iterator[Relation]:
    """The parts that a part needs, but those outside the archive."""
    folder, name = posixpath.split(part)
    xml = archive.part(posixpath.join(folder, "_rels", f"{name}.rels"))
    for element in () if xml is None else ET.fromstring(xml):  # noqa: S314 - no DOCTYPE: see archive
        target = element.get("Target", "").replace("\\", "/")
        kind = element.get("Type", "")
        if element.get("TargetMode") != "External":
            path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            yield Relation(element.get("Id", ""), kind.rpartition("/")[2], kind, path)


def paths_of_sheets(archive: Archive) -> dict[str, str]:
    """Name of a sheet → name of its part."""
    paths = {relation.id: relation.path for relation in relations_of(archive, BOOK)}
    found: dict[str, str] = {}
    for element in _sheets(archive.part(BOOK) or b"<none/>"):
        path = paths.get(_relation_of(element))
        if path is not None:
            found.setdefault(element.get("name", ""), path)
    return found


def _refuse_shared_parts(book: bytes, relations: list[Relation]) -> None:
    """Raise ValueError when sheets share a part, which would be read once for each of thousands."""
    paths = {relation.id: relation.path.lower() for relation in relations}
    named = [paths[of_sheet] for of_sheet in map(_relation_of, _sheets(book)) if of_sheet in paths]
    if len(set(named)) < len(named):
        msg = "two sheets are the same part"
        raise ValueError(msg)


def _name_of_book(archive: Archive) -> str:
    for relation in relations_of(archive, ""):
        if relation.kind == "officeDocument" and archive.part(relation.path) is not None:
            return BOOK if relation.path.lower() == BOOK else relation.path
    return BOOK


def _sheets(book: bytes) -> list[ET.Element]:
    root = ET.fromstring(book)  # noqa: S314 - no DOCTYPE: see archive
    return [element for element in root.iter() if element.tag.rpartition("}")[2] == "sheet"]


def _relation_of(sheet: ET.Element) -> str:
    return next((sheet.get(f"{space}id", "") for space in _OF_RELATIONS if sheet.get(f"{space}id")), "")


def _listed(book: bytes, relations: list[Relation]) -> list[bool]:
    """For each sheet that a workbook lists, whether the reader can look at it.

    It cannot where nothing says which part it is, and where it is a sheet of old macros.
    A sheet whose part is lost stays: that workbook is damaged.
    """
    kinds = {relation.id: relation.kind for relation in relations}
    return [kinds.get(_relation_of(sheet)) in _READ for sheet in _sheets(book)]


def _put_book(archive: Archive, book: str, relations: list[Relation], listed: list[bool]) -> None:
    """Write the workbook under its usual name, without the sheets that are not to be looked at."""
    xml = archive.part(book) or b""
    if len(_SHEET.findall(xml)) != len(listed):
        return  # written in a way that is not understood; the reader will say so
    kept = iter(listed)
    archive.put(BOOK, _SHEET.sub(lambda match: match[0] if next(kept) else b"", xml))
    lines = [
        f'<Relationship Id="{escape(relation.id)}" Type="{escape(relation.type)}" Target="/{escape(relation.path)}"/>'
        for relation in relations
    ]
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    archive.put(BOOK_RELATIONS, f'<Relationships xmlns="{space}">{"".join(lines)}</Relationships>'.encode())


def _plain_sheet(xml: bytes) -> bytes:
    """The sheet without an extent that readers stumble over, and without line breaks around numbers."""
    match = _DIMENSION.search(xml, 0, _HEAD_BYTES)
    if match is not None:
        xml = xml[: match.start()] + xml[match.end() :]
    root = xml.find(b"<", 1)  # a line may end behind the declaration
    blanks = (b"\n", b"\r", b" ", b"\t")
    if any(holds(xml, b"v>" + blank, blank, root) or holds(xml, blank + b"</v", blank, root) for blank in blanks):
        xml = _BLANKS_AROUND.sub(lambda found: found[1] + (found[2] or found[3]) + b"</", xml)
    return xml
