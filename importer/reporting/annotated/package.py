"""The parts of a workbook file and how they point at each other, read and changed as text.

Libraries that load a workbook and save it again lose what they do not know: pictures, stored results of formulas,
number formats. Here only the places that change are touched and every other byte stays; a part that looks unusual is
refused instead.
"""

from __future__ import annotations

import html
import io
import posixpath
import re
import zipfile
from xml.parsers import expat

from importer.model.errors import ImporterError
from importer.reporting.workbook.book import LONGEST_CELL

BOOK = "xl/workbook.xml"
CONTENT_TYPES = "[Content_Types].xml"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
"""Namespace of ``r:id``, and beginning of every relationship's type."""
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_NO_RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>'
)
_ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_MACROS = re.compile(r"vbaProject|vbaData|attachedToolbars", re.IGNORECASE)
"""In names of parts that hold macros, or belong to them."""
_OLD_MACROS = re.compile(r"macrosheet", re.IGNORECASE)
_LOOKS_ESCAPED = re.compile(r"_(x[0-9A-Fa-f]{4}_)")


class CannotAnnotate(ImporterError):
    """The workbook is built in a way that cannot be changed in place with certainty."""


# --- XML as text ---


def attributes(tag: str) -> dict[str, str]:
    """Return the attributes of a tag, unescaped."""
    return {match[1]: html.unescape(match[2] or match[3] or "") for match in _ATTRIBUTE.finditer(tag)}


def with_attribute(tag: str, name: str, value: object) -> str:
    """Return the opening tag with one attribute set, or removed when ``value`` is None."""
    cleaned = re.sub(rf"\s+{re.escape(name)}\s*=\s*(?:\"[^\"]*\"|'[^']*')", "", tag)
    if value is None:
        return cleaned
    head = re.match(r"<[\w:.-]+", cleaned)
    if head is None:
        raise CannotAnnotate("a part holds something that is no element")
    return f'{head[0]} {name}="{quoted(str(value))}"{cleaned[head.end() :]}'


def quoted(text: str) -> str:
    """Return text as it may stand in an element or attribute."""
    return html.escape(_FORBIDDEN.sub("", text))


def in_cell(text: str) -> str:
    """Return text as it may stand in a cell or comment: what looks like Excel's own escapes is kept from being one."""
    return quoted(_LOOKS_ESCAPED.sub(r"_x005F_\1", text[:LONGEST_CELL]))


def lines_of(text: str, width: int) -> int:
    """Return how many lines a text takes where ``width`` characters fit into one, roughly."""
    lines = 0
    for paragraph in text.split("\n"):
        lines += 1 + len(paragraph) // width
    return lines


def prefix_of(xml: str, root: str) -> str:
    """Return the namespace prefix of a part's elements with its colon, mostly none. Raises CannotAnnotate."""
    match = re.search(rf"<((?:[A-Za-z_][\w.-]*:)?){root}\b([^>]*)>", xml[:20_000])
    if match is None or "purl.oclc.org" in match[2]:
        raise CannotAnnotate(f"its part “{root}” is unusual")
    if "<!" in xml:
        raise CannotAnnotate("its parts hold comments")
    return match[1]


def section(xml: str, tag: str) -> re.Match[str] | None:
    """Find an element that does not nest; group 1 is its opening tag, group 2 its content, None when empty."""
    return re.search(rf"(<{tag}\b[^>]*?)(?:/>|>(.*?)</{tag}\s*>)", xml, re.DOTALL)


def elements(xml: str, tag: str) -> list[str]:
    """Return every element of this name, whole; for elements that do not nest."""
    return [match[0] for match in re.finditer(rf"<{tag}\b(?:[^>]*/>|[^>]*>.*?</{tag}\s*>)", xml, re.DOTALL)]


def appended(xml: str, tag: str, added: str) -> str:
    """Return the part with something added at the end of its element ``tag``. Raises CannotAnnotate."""
    at = xml.rfind(f"</{tag}")
    if at >= 0:
        return xml[:at] + added + xml[at:]
    closed = re.search(rf"<{tag}\b([^>]*?)/>", xml)
    if closed is None:
        raise CannotAnnotate(f"its element “{tag}” is missing")
    return f"{xml[: closed.start()]}<{tag}{closed[1]}>{added}</{tag}>{xml[closed.end() :]}"


# --- the file ---


class Package:
    """The parts of an .xlsx or .xlsm file; every part that is not set is kept byte for byte."""

    def __init__(self, data: bytes) -> None:
        """Open the archive. Raises CannotAnnotate when it is none."""
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise CannotAnnotate("it is not a workbook of this kind") from error
        self.changed: dict[str, str] = {}
        """Parts that are new or changed, by name."""
        self.dropped: set[str] = set()
        """Parts that are left out."""
        self.names = set(self._archive.namelist())

    def read(self, name: str) -> str:
        """Return a part as text. Raises CannotAnnotate when there is none, or it is not sound XML in UTF-8."""
        if name in self.changed:
            return self.changed[name]
        try:
            data = self._archive.read(name)
            expat.ParserCreate().Parse(data, True)  # noqa: FBT003 - the end; searching a part without ends takes long
            return data.decode("utf-8-sig")
        except (KeyError, UnicodeDecodeError, zipfile.BadZipFile, expat.ExpatError) as error:
            raise CannotAnnotate(f"its part {name} is missing or unusual") from error

    def put(self, name: str, text: str) -> None:
        """Set a part."""
        self.changed[name] = text
        self.names.add(name)

    def free(self, pattern: str) -> str:
        """Return a part name that is not taken; ``{}`` in the pattern stands for a number."""
        taken = {name.lower() for name in self.names}
        number = 1
        while pattern.format(number).lower() in taken:
            number += 1
        return pattern.format(number)

    def saved(self) -> bytes:
        """Return the file: all parts in their order, the new ones last."""
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
            for info in self._archive.infolist():
                if info.filename in self.changed:
                    out.writestr(info.filename, self.changed[info.filename])
                elif info.filename not in self.dropped:
                    out.writestr(info.filename, self._archive.read(info))
            for name in sorted(set(self.changed) - set(self._archive.namelist())):
                out.writestr(name, self.changed[name])
        return made.getvalue()

    # --- sheets ---

    def sheets(self) -> dict[str, str]:
        """Return sheet name → name of its part, in the order of the tabs."""
        relations = self.relations(BOOK)
        found = {}
        for tag in self.sheet_tags():
            given = attributes(tag)
            relation = next((value for name, value in given.items() if name.endswith(":id")), "")
            if relation in relations:
                _, found[given["name"]] = relations[relation]
        return found

    def sheet_tags(self) -> list[str]:
        """Return the tags by which the workbook lists its sheets."""
        xml = self.read(BOOK)
        p = prefix_of(xml, "workbook")
        listed = section(xml, f"{p}sheets")
        return [] if listed is None else elements(listed[2] or "", f"{p}sheet")

    # --- macros ---

    def drop_macros(self) -> None:
        """Leave the macros out: what we hand out runs nothing. Raises CannotAnnotate where they are sheets."""
        types = self.read(CONTENT_TYPES)
        if _OLD_MACROS.search(types):
            raise CannotAnnotate("it holds sheets of macros")
        self.dropped = {name for name in self.names if _MACROS.search(name)}
        if not self.dropped and "macroEnabled" not in types:
            return
        self.names -= self.dropped
        types = re.sub(rf"<(?:[\w.-]+:)?Override\b[^>]*{_MACROS.pattern}[^>]*>", "", types, flags=re.IGNORECASE)
        kind = re.compile(r"application/vnd\.ms-excel\.(?:sheet|template)\.macroEnabled\.main\+xml")
        self.put(CONTENT_TYPES, kind.sub(f"{SPREADSHEET}.sheet.main+xml", types))
        relations = _relations_name(BOOK)
        tag = re.compile(rf"<(?:[\w.-]+:)?Relationship\b[^>]*{_MACROS.pattern}[^>]*>", re.IGNORECASE)
        self.put(relations, tag.sub("", self.read(relations)))

    def drop_order_of_calculation(self) -> None:
        """Leave out the list of cells with formulas, which Excel makes again: it names cells that have none now."""
        name = self.related(BOOK, "calcChain")
        if name is None:
            return
        for part, tag in ((_relations_name(BOOK), "Relationship"), (CONTENT_TYPES, "Override")):
            kept = re.sub(rf"<(?:[\w.-]+:)?{tag}\b[^>]*calcChain[^>]*/>", "", self.read(part))
            self.put(part, kept)
        self.names.discard(name)
        self.dropped.add(name)

    # --- relationships ---

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Return id → (last word of the type, name of the part pointed at) of a part's inner relationships."""
        found = {}
        for tag in re.findall(r"<(?:[\w.-]+:)?Relationship\b[^>]*>", self._relations_xml(part)):
            given = attributes(tag)
            if given.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", posixpath.dirname(part), given["Target"])).lstrip("/")
                found[given["Id"]] = (given["Type"].rpartition("/")[2], target)
        return found

    def related(self, part: str, kind: str) -> str | None:
        """Return the name of the first part of a kind, such as ``comments``, that a part points at."""
        return next((target for word, target in self.relations(part).values() if word == kind), None)

    def relate(self, part: str, targets: dict[str, str], kind: str, *, external: bool = False) -> None:
        """Add relationships, id → target, to a part."""
        xml = self._relations_xml(part)
        p = prefix_of(xml, "Relationships")
        mode = ' TargetMode="External"' if external else ""
        added = [
            f'<{p}Relationship Id="{relation}" Type="{OFFICE}/{kind}" Target="{quoted(target)}"{mode}/>'
            for relation, target in targets.items()
        ]
        self.put(_relations_name(part), appended(xml, f"{p}Relationships", "".join(added)))

    def forget_relations(self, part: str) -> None:
        """Take all relationships of a part away, when its whole content is replaced."""
        if (name := _relations_name(part)) in self.names:
            self.changed[name] = _NO_RELATIONS

    def free_id(self, part: str) -> str:
        """Return a beginning of relationship ids that the part does not use yet."""
        xml = html.unescape(self._relations_xml(part))
        number = 1
        while re.search(rf"rIdImport{number}[\"'_]", xml):
            number += 1
        return f"rIdImport{number}"

    def _relations_xml(self, part: str) -> str:
        name = _relations_name(part)
        return self.read(name) if name in self.names else _NO_RELATIONS

    # --- types of parts ---

    def declare(self, part: str, content_type: str) -> None:
        """Say what a new part is."""
        xml = self.read(CONTENT_TYPES)
        p = prefix_of(xml, "Types")
        tag = f'<{p}Override PartName="/{part}" ContentType="{content_type}"/>'
        self.put(CONTENT_TYPES, appended(xml, f"{p}Types", tag))

    def declare_ending(self, ending: str, content_type: str) -> None:
        """Say what all parts with an ending are, as Excel does for drawings of comments."""
        xml = self.read(CONTENT_TYPES)
        p = prefix_of(xml, "Types")
        if re.search(rf"Extension\s*=\s*[\"']{ending}[\"']", xml, re.IGNORECASE) is None:
            tag = f'<{p}Default Extension="{ending}" ContentType="{content_type}"/>'
            self.put(CONTENT_TYPES, re.sub(rf"(<{p}Types\b[^>]*>)", rf"\g<1>{tag}", xml, count=1))


def _relations_name(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")
