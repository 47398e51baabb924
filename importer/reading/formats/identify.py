"""Tell what a file is by its content, not by its name."""

from __future__ import annotations

import io
import re
import zipfile
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING, NoReturn

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
"""Texts are told by more than their first letters: a CSV may well begin with the headers “ID;Project ID”."""
_HTML = re.compile(rb"<!doctype\s+html|<html\b|<table\b|<head\b|<body\b")
_SPREADSHEET_2003 = b"urn:schemas-microsoft-com:office:spreadsheet"


def identify(name: str, data: bytes) -> Format:
    """Return what ``data`` is. Raises FileProblem for what is not read, saying what it seems to be."""
    if data.startswith(ZIP_MAGIC):
        return _in_zip(name, data)
    if data.startswith(OLE_MAGIC) or data.startswith(RAW_BIFF):
        return Format.XLS
    if data.startswith(EMPTY_ZIP_MAGIC):
        _refuse(name, "an empty archive")
    start = data[:START].lstrip(b"\xef\xbb\xbf \r\n\t")
    foreign = [what for magic, what in _FOREIGN if start.startswith(magic)]
    foreign += [what for looks, what in _FOREIGN_TEXT if looks.match(start)]
    if foreign:
        _refuse(name, foreign[0])
    start = start.lower()
    if start.startswith(b"<") and _SPREADSHEET_2003 not in start and _HTML.search(start):
        raise error(FileProblem, "file.html", name=name)
    if start.startswith(b"<"):
        what = "an XML spreadsheet of Excel 2003" if _SPREADSHEET_2003 in start else "an XML document"
        _refuse(name, what)
    if suffix_format(name) not in (None, Format.CSV) and b"\x00" in data[:START] and not data.startswith(BOM_STARTS):
        raise error(FileProblem, "file.damaged:binary", name=name)
    return Format.CSV


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
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {member.replace("\\", "/").lower() for member in archive.namelist()}
            kind = archive.read("mimetype")[:200] if "mimetype" in members else b""
    except (zipfile.BadZipFile, ValueError, OSError, KeyError, RuntimeError, NotImplementedError, EOFError) as why:
        raise incomplete(name) from why
    if "xl/workbook.bin" in members:
        return Format.XLSB
    if "xl/workbook.xml" in members or any(member.startswith("xl/") for member in members):
        return Format.XLSX
    if b"opendocument.spreadsheet" in kind:
        return Format.ODS
    what = next((what for start, what in _ZIPPED.items() if any(m.startswith(start) for m in members)), None)
    return _refuse(name, what or "a ZIP archive, but not an Excel workbook")


_ZIPPED = {
    "word/": "a Word document",
    "ppt/": "a PowerPoint presentation",
    "index/": "a Numbers document; in Numbers, export it to Excel",
    "content.xml": "an OpenDocument file, but no spreadsheet",
}


def incomplete(name: str) -> FileProblem:
    """A workbook that is cut off or damaged."""
    return error(FileProblem, "file.damaged", name=name)


class Encrypted(FileProblem):
    """The file is behind a password; whose it is remains to be seen."""


def protected(name: str) -> Encrypted:
    """A workbook behind a password."""
    return error(Encrypted, "file.protected", name=name)


def _refuse(name: str, what: str) -> NoReturn:
    raise error(FileProblem, "file.type", name=name, what=what)
