"""What python-calamine cannot tell, taken from the workbook's own XML.

Error cells and formulas without a stored value come back from it as empty, and
it does not know hidden rows (spreadsheets.md section 2). The markers of all
three are searched in the inflated part at C speed; nothing is parsed.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from importer.sheet import CellFault

if TYPE_CHECKING:
    from collections.abc import Iterator

_P = rb"(?:[A-Za-z_][\w.-]*:)?"
"""An optional namespace prefix: every fifth file writes ``<x:row>``."""
_HIDDEN_ROW = re.compile(rb"<" + _P + rb"row\b([^>]*\bhidden=[\"'](?:1|true)[\"'][^>]*)>")
_ERROR_CELL = re.compile(
    rb"<" + _P + rb"c\b([^>]*\bt=[\"']e[\"'][^>]*)>(?:(?!</" + _P + rb"c>).)*?<" + _P + rb"v>([^<]*)", re.DOTALL
)
_FORMULA_CELL = re.compile(
    rb"<" + _P + rb"c\b([^>]*[^>/]|)>\s*<" + _P + rb"f\b(?:[^>]*/>|[^>]*>[^<]*</" + _P + rb"f>)\s*"
    rb"(?:<" + _P + rb"v\s*/>|<" + _P + rb"v>\s*</" + _P + rb"v>|(?=</" + _P + rb"c>))"
)  # fmt: skip
_PREFIX = re.compile(rb"<([A-Za-z_][\w.-]*:)")
PREFIX_BYTES = 100_000
"""A part names its prefixes at its root, long before this many bytes."""
_ADDRESS = re.compile(rb"\br=[\"']([A-Z]{0,3}\d*)[\"']")
_EMPTY_TEXT = re.compile(rb"\bt=[\"']str[\"']")
_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_STRICT_RELATIONS = "{http://purl.oclc.org/ooxml/officeDocument/relationships}"


@dataclass(frozen=True, slots=True)
class SideLook:
    """What one sheet holds besides its values."""

    hidden_rows: frozenset[int] = frozenset()
    """Row numbers as Excel shows them."""
    faults: dict[str, CellFault] = field(default_factory=dict)
    """Cell address → why its value is not known."""


def look_aside(data: bytes, sheet_name: str) -> SideLook:
    """Search the XML of one sheet of an .xlsx or .xlsm file.

    A file whose parts cannot be told apart yields nothing: what it holds was
    readable to calamine, which is stricter.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            part = _part_of(archive, sheet_name)
            if part is None:
                return SideLook()
            xml = archive.read(part)
    except (zipfile.BadZipFile, KeyError, ET.ParseError, OSError, ValueError):
        return SideLook()
    return SideLook(frozenset(_hidden_rows(xml)), dict(_faults(xml)))


def _hidden_rows(xml: bytes) -> Iterator[int]:
    # Plain searches first: most sheets hold no marker, and a regular expression would stop at every cell.
    if b"hidden=" in xml:
        for match in _HIDDEN_ROW.finditer(xml):
            if (address := _address(match)).isdigit():
                yield int(address)


def _faults(xml: bytes) -> Iterator[tuple[str, CellFault]]:
    if b't="e"' in xml or b"t='e'" in xml:
        for match in _ERROR_CELL.finditer(xml):
            shown = match[2].decode("utf-8", errors="replace")
            yield _address(match), CellFault(shown, "error_value", "is an error, not a value", "Mend the formula.")
    if not any(b"<" + prefix + b"f" in xml for prefix in _prefixes(xml)):
        return
    for match in _FORMULA_CELL.finditer(xml):
        if not _EMPTY_TEXT.search(match[1] or b""):
            yield (
                _address(match),
                CellFault(
                    "=…",
                    "no_stored_value",
                    "is a formula whose result is not stored in the file, so nobody can know it without Excel",
                    "Open the workbook in Excel, let it calculate, save it, and use it again.",
                ),
            )


def _prefixes(xml: bytes) -> set[bytes]:
    """Namespace prefixes of the part's elements, with their colon; the empty one is always among them."""
    return {b"", *(match[1] for match in _PREFIX.finditer(xml[:PREFIX_BYTES]))}


def _address(match: re.Match[bytes]) -> str:
    found = _ADDRESS.search(match[1] or b"")
    return found[1].decode() if found else ""


def _part_of(archive: zipfile.ZipFile, sheet_name: str) -> str | None:
    """Path of the sheet's part inside the archive."""
    names = {name.replace("\\", "/").lower(): name for name in archive.namelist()}
    book, relations = names.get("xl/workbook.xml"), names.get("xl/_rels/workbook.xml.rels")
    if book is None or relations is None:
        return None
    targets = {one.get("Id"): one.get("Target") for one in _root(archive, relations)}
    for sheet in _root(archive, book).iter():
        if sheet.tag.rpartition("}")[2] == "sheet" and sheet.get("name") == sheet_name:
            target = targets.get(sheet.get(_RELATIONS + "id") or sheet.get(_STRICT_RELATIONS + "id"))
            if target is not None:
                return names.get(posixpath.normpath(posixpath.join("/xl", target)).lstrip("/").lower())
    return None


def _root(archive: zipfile.ZipFile, name: str) -> ET.Element:
    xml = archive.read(name)
    if b"<!DOCTYPE" in xml:
        msg = "a document type has no place in a workbook"
        raise ValueError(msg)
    return ET.fromstring(xml)  # noqa: S314 - expat limits expansion, and a DOCTYPE is refused
