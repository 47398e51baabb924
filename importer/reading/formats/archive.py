"""Look into a zipped workbook before any reader does: it must be whole, honest and bounded."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import TYPE_CHECKING

from importer.model.errors import FileProblem
from importer.model.messages import error
from importer.model.problems import column_position
from importer.reading.formats.identify import incomplete, protected

if TYPE_CHECKING:
    from importer.reading.formats.grid import Limits

MOST_MEMBERS = 5_000
"""Most parts of a workbook (the most seen in an honest one: 1,033)."""
_FIRST_PART, _END, _BIG_END = b"PK\3\4", b"PK\5\6", b"PK\6\7"
"""How an archive begins, and how the records at its end begin."""
_END_BYTES = 22
CHUNK = 2**20
"""Bytes inflated at a time."""
MOST_CELLS = 50_000_000
"""Most cells between A1 and the last value: the reader makes room for all of them."""
FIRST_WIDE = 26
"""Position of column AA; narrower sheets are never too large."""
_MARKS = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"<\0\0\0": "utf-32-le",
    b"\0\0\0<": "utf-32-be",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}
"""How XML in another encoding than UTF-8 begins."""
_LOOKS_LIKE_XML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<[?!A-Za-z]|(?:\xff\xfe)?<\0|(?:\xfe\xff)?\0<|\0\0(?:\xfe\xff)?\0\0\0<"
)
"""Parts with XML may have any name."""
_DECLARED = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml\s[^>]*?\bencoding\s*=\s*[\"']([A-Za-z][\w.-]*)[\"']")
_DECLARATION = re.compile(r"<\?xml\s[^>]*\?>")
_UTF_8 = {b"utf-8", b"utf8", b"us-ascii", b"ascii"}
_WIDE = re.compile(rb'r="([A-Z]{2,3})\d')
_TALL = re.compile(rb'r="[A-Z]{1,3}(\d{6,7})"')
_WIDE_FILLED = re.compile(rb'<(?:\w+:)?c\b[^<>]*\br="([A-Z]{2,3})\d+"(?![^<>]*/>)')
_TALL_FILLED = re.compile(rb'<(?:\w+:)?c\b[^<>]*\br="[A-Z]{1,3}(\d{6,7})"(?![^<>]*/>)')


class Archive:
    """The parts of a zipped workbook, each read once and checked.

    Part names are compared without regard to case, with ``/`` between folders.
    """

    def __init__(self, name: str, data: bytes, limits: Limits) -> None:
        """Read every part. Raises FileProblem for an archive that is cut, damaged, protected or explodes."""
        self._name, self._data, self._limits = name, data, limits
        self._unequivocal = data.startswith(_FIRST_PART) and _has_one_end(data)
        self._parts: dict[str, bytes] = {}
        self._own_names: dict[str, str] = {}
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                self._read(archive)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as e:
            raise incomplete(name) from e

    def _read(self, archive: zipfile.ZipFile) -> None:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > MOST_MEMBERS:
            raise error(FileProblem, "file.too_large:parts", name=self._name, parts=len(members))
        if any(member.flag_bits & 1 for member in members):
            raise protected(self._name)
        total = 0
        for member in members:
            data = bytearray()
            with archive.open(member) as part:  # checks its length and checksum, whatever the directory declares
                while chunk := part.read(CHUNK):
                    total += len(chunk)
                    if total > self._limits.unpacked_bytes:
                        megabytes = self._limits.unpacked_bytes // 2**20
                        raise error(FileProblem, "file.too_large:unpacked", name=self._name, megabytes=megabytes)
                    data += chunk
            self._unequivocal &= "\\" not in member.filename
            self._add(member.filename.replace("\\", "/"), bytes(data))

    def _add(self, own_name: str, data: bytes) -> None:
        part = own_name.lower()
        if part in self._parts:
            raise error(FileProblem, "file.damaged:part_twice", name=self._name, part=part)
        if part.endswith((".xml", ".rels")) or _LOOKS_LIKE_XML.match(data):
            plain = in_utf_8(data)
            self._unequivocal &= plain is data
            data = plain
            if holds(data, b"<!DOCTYPE", b"!"):
                raise error(FileProblem, "file.unsafe", name=self._name)
        self._parts[part] = data
        self._own_names[part] = own_name

    def put(self, name: str, data: bytes) -> None:
        """Put a part in place of the one of that name, or beside the others, for all readers."""
        self._parts[name.lower()] = data
        self._own_names.setdefault(name.lower(), name)
        self._unequivocal = False

    def for_reader(self) -> io.BytesIO:
        """The archive for another reader, who sees in it just what was checked here.

        That is the file itself, or its parts written again where readers could
        take the file differently.
        """
        if self._unequivocal:
            return io.BytesIO(self._data)
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as plain:
            for part, data in self._parts.items():
                plain.writestr(zipfile.ZipInfo(self._own_names[part]), data)
        archive.seek(0)
        return archive

    def names(self) -> list[str]:
        """Names of all parts, in lower case."""
        return list(self._parts)

    def part(self, name: str) -> bytes | None:
        """Content of a part; None when there is none of that name."""
        return self._parts.get(name.lower())

    def refuse_far_cells(self) -> None:
        """Refuse values so far apart that the reader would make room for billions of cells between them."""
        for name, xml in self._parts.items():
            if not name.startswith("xl/") or b"sheetData" not in xml or _extent(xml, _WIDE, _TALL) <= MOST_CELLS:
                continue  # the quick look also counts formatted blanks, which the reader passes over
            if _extent(xml, _WIDE_FILLED, _TALL_FILLED) > MOST_CELLS:
                raise error(FileProblem, "file.too_large:apart", name=self._name)


def in_utf_8(xml: bytes) -> bytes:
    """The same XML in UTF-8, without its declaration where that names another encoding.

    The reader takes a part in another encoding for empty. Raises ValueError for bytes that are not in the
    encoding that they claim.
    """
    mark = next((mark for mark in _MARKS if xml.startswith(mark)), None)
    declared = _DECLARED.match(xml)
    if mark is not None:
        encoding = _MARKS[mark]
    elif declared is None or declared[1].lower() in _UTF_8:
        return xml
    elif declared[1].lower().startswith(b"utf-16"):  # the declaration itself proves that it is not
        encoding = "utf-8"
    else:
        encoding = declared[1].decode("ascii")
    try:
        text = xml.decode(encoding)
    except LookupError as why:
        msg = f"no encoding has the name {encoding}"
        raise ValueError(msg) from why
    return _DECLARATION.sub("", text.removeprefix("\ufeff"), count=1).encode()


def holds(xml: bytes, mark: bytes, rare: bytes, start: int = 0) -> bool:
    """Tell whether a part holds a mark; ``rare`` is a byte of it, which is looked for ten times as fast."""
    at = xml.find(rare, start)
    return at >= 0 and xml.find(mark, max(start, at - len(mark))) >= 0


def _has_one_end(data: bytes) -> bool:
    """Tell whether the archive ends with the one directory that it has; each reader finds that, and no other."""
    at = data.find(_END)
    return at >= 0 and at == len(data) - _END_BYTES and data.endswith(b"\0\0") and _BIG_END not in data


def _extent(xml: bytes, wide: re.Pattern[bytes], tall: re.Pattern[bytes]) -> int:
    """Cells between A1 and the last cell, roughly: sheets within column Z and row 99,999 count as small."""
    width = 1 + max((column_position(letters.decode()) for letters in set(wide.findall(xml))), default=FIRST_WIDE)
    return width * max(map(int, tall.findall(xml)), default=0)
