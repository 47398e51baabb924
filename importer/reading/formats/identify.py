"""Tell what a file is by its content, not by its name; open what Excel encrypted under its built-in password."""

from __future__ import annotations

import io
import re
import zipfile
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING

from importer.model.errors import FileProblem
from importer.model.messages import error, problem

if TYPE_CHECKING:
    from importer.model.problems import Problem

ZIP_MAGIC = b"PK\x03\x04"
EMPTY_ZIP_MAGIC = b"PK\x05\x06"
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
RAW_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x08\x00", b"\x09\x08\x10\x00")
"""How the oldest workbooks begin, which have no container around them."""
START = 4096
"""Bytes from the start that are looked at."""


class Format(Enum):
    """What a file can be; the value is how people call it."""

    XLSX = "Excel workbook (.xlsx)"
    XLSB = "binary Excel workbook (.xlsb)"
    XLS = "old Excel workbook (.xls)"
    ODS = "OpenDocument spreadsheet (.ods)"
    CSV = "CSV text"


_SUFFIXES = {
    ".xlsx": Format.XLSX,
    ".xlsm": Format.XLSX,
    ".xltx": Format.XLSX,
    ".xltm": Format.XLSX,
    ".xlsb": Format.XLSB,
    ".xls": Format.XLS,
    ".xlt": Format.XLS,
    ".ods": Format.ODS,
    ".ots": Format.ODS,
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".tab": Format.CSV,
    ".txt": Format.CSV,
}
READ = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv", ".tsv", ".txt")
"""Endings of the files that are read; used to find the one that was meant."""
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a compressed file (gzip)"),
    (b"7z\xbc\xaf", "a compressed file (7z)"),
    (b"Rar!", "a compressed file (RAR)"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "a database"),
)
_FOREIGN_TEXT = (
    (re.compile(rb"ID;P[^;\r\n]*(?:;[NE])*\r?\n[A-Z]{1,2};"), "a SYLK file"),
    (re.compile(rb"mime-version:", re.IGNORECASE), "a web page (MHTML)"),
)
"""Texts are recognised by more than their first letters: a CSV may well begin with the headers “ID;Project ID”."""
_HTML = re.compile(rb"<!doctype\s+html|<html\b|<table\b|<head\b|<body\b")
_SPREADSHEET_2003 = b"urn:schemas-microsoft-com:office:spreadsheet"


def identify(name: str, data: bytes) -> Format:
    """Return what ``data`` is. Raises FileProblem for what is not read, saying what it seems to be."""
    if data.startswith(ZIP_MAGIC):
        return _in_zip(name, data)
    if data.startswith((OLE_MAGIC, *RAW_BIFF)):
        return Format.XLS

    start = data[:START].lstrip(b"\xef\xbb\xbf \r\n\t")
    if _is_web_page(start.lower()):
        raise error(FileProblem, "file.html", name=name)
    what = "an empty archive" if data.startswith(EMPTY_ZIP_MAGIC) else _foreign(start)
    if what is not None:
        raise error(FileProblem, "file.type", name=name, what=what)
    if _is_binary(data) and suffix_format(name) not in (None, Format.CSV):
        raise error(FileProblem, "file.damaged:binary", name=name)
    return Format.CSV


def _is_web_page(start: bytes) -> bool:
    return start.startswith(b"<") and _SPREADSHEET_2003 not in start and _HTML.search(start) is not None


def _foreign(start: bytes) -> str | None:
    """What a file is that is not read, by how it begins; None when it may be a CSV text."""
    for magic, what in _FOREIGN:
        if start.startswith(magic):
            return what
    for looks, what in _FOREIGN_TEXT:
        if looks.match(start):
            return what
    if not start.startswith(b"<"):
        return None
    if _SPREADSHEET_2003 in start.lower():
        return "an XML spreadsheet of Excel 2003"
    return "an XML document"


def _is_binary(data: bytes) -> bool:
    return b"\x00" in data[:START] and not data.startswith(BOM_STARTS)


BOM_STARTS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
"""Marks of UTF-16 and UTF-32, whose texts hold NUL bytes by nature."""


def suffix_format(name: str) -> Format | None:
    """What the name says that the file is; None when it says nothing."""
    return _SUFFIXES.get(PurePath(name).suffix.lower())


def misnamed(name: str, found: Format) -> tuple[Problem, ...]:
    """Warn of a name that says something else than the content."""
    claimed = suffix_format(name)
    if claimed in (None, found):
        return ()
    ending = {Format.CSV: ".csv", Format.XLSX: ".xlsx", Format.XLSB: ".xlsb", Format.XLS: ".xls", Format.ODS: ".ods"}
    return (problem("file.misnamed", name=name, kind=found.value, ending=ending[found]),)


def _in_zip(name: str, data: bytes) -> Format:
    names, kind = _named_in(name, data)
    members = {member.replace("\\", "/").lower() for member in names}
    if "xl/workbook.bin" in members:
        return Format.XLSB
    if _has_part(members, "xl/") or b"spreadsheetml.sheet.main" in kind:
        return Format.XLSX
    if "content.xml" in members and b"opendocument.spreadsheet" in kind:
        return Format.ODS
    for start, what in _ZIPPED.items():
        if _has_part(members, start):
            raise error(FileProblem, "file.type", name=name, what=what)
    raise error(FileProblem, "file.type", name=name, what="a ZIP archive, but not an Excel workbook")


_NAMING = ("mimetype", "META-INF/manifest.xml", "[Content_Types].xml")
"""Parts that say what an archive is; programs leave out one or the other."""
_NAMING_BYTES = 100_000


def _named_in(name: str, data: bytes) -> tuple[list[str], bytes]:
    """Names of the parts, and what the parts say that name the kind."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            return names, b"".join(_start_of(archive, member) for member in _NAMING if member in names)
    except (zipfile.BadZipFile, ValueError, OSError, KeyError, RuntimeError, NotImplementedError, EOFError) as why:
        raise incomplete(name) from why


def _start_of(archive: zipfile.ZipFile, member: str) -> bytes:
    """The beginning of a part; it may be huge once it is unpacked."""
    with archive.open(member) as part:
        return part.read(_NAMING_BYTES)


def _has_part(members: set[str], start: str) -> bool:
    return any(member.startswith(start) for member in members)


_ZIPPED = {
    "word/": "a Word document",
    "ppt/": "a PowerPoint presentation",
    "index/": "a Numbers document; in Numbers, export it to Excel",
    "content.xml": "an OpenDocument file, but no spreadsheet",
}
"""Beginning of a part's name → what the archive is."""


def incomplete(name: str) -> FileProblem:
    """A workbook that is cut off or damaged."""
    return error(FileProblem, "file.damaged", name=name)


class Encrypted(FileProblem):
    """The file is behind a password; whose it is remains to be seen."""


def protected(name: str) -> Encrypted:
    """A workbook behind a password."""
    return error(Encrypted, "file.protected", name=name)


# --- behind Excel's built-in password -----------------------------------------

BUILT_IN_PASSWORD = "VelvetSweatshop"  # noqa: S105 - Excel's own, known to all
"""Excel protects with it without ever asking for it, so the owners do not know that there is one."""
_ENCRYPTED_PACKAGE, _RIGHTS, _OLD_RIGHTS, _BOOK, _DOCUMENT = (
    stream.encode("utf-16-le") for stream in ("encryptedpackage", "drmencrypted", "drmcontent", "book", "worddocument")
)
"""Streams of an OLE container, in lower case; the workbook is called Workbook or Book."""


def is_encrypted_package(name: str, data: bytes) -> bool:
    """Tell whether an OLE container holds an encrypted .xlsx.

    Raises FileProblem when it holds no workbook at all, or one that only some people may open.
    """
    names = data.lower()  # of streams: programs write them in any case
    if _RIGHTS in names or _OLD_RIGHTS in names:
        raise error(FileProblem, "file.protected:label", name=name)
    if _ENCRYPTED_PACKAGE in names:
        return True
    if _BOOK not in names:
        what = "a Microsoft Office file, but no workbook"
        if _DOCUMENT in names:
            what = "a Word document"
        raise error(FileProblem, "file.type:office", name=name, what=what)
    return False


def decrypted(name: str, data: bytes) -> bytes:
    """Return the workbook that is encrypted under the built-in password.

    Raises FileProblem when the password is the owner's own, or the container is damaged.
    """
    import msoffcrypto  # heavy, and few files need it
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, ParseError

    plain = io.BytesIO()
    try:
        office = msoffcrypto.OfficeFile(io.BytesIO(data))
        office.load_key(password=BUILT_IN_PASSWORD)
        office.decrypt(plain)
    except DecryptionError as why:
        raise protected(name) from why
    except (FileFormatError, ParseError) as why:
        raise incomplete(name) from why
    return plain.getvalue()
