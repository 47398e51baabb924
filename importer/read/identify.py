"""Tell what a file is by its content, not by its name, and open it with the right reader."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from importer.errors import FileProblem, WrongUse
from importer.read.csv_text import read_csv
from importer.read.workbook import read_workbook

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from importer.read.grid import Grid

WORKBOOKS = (".xlsx", ".xlsm")
ACCEPTED = (*WORKBOOKS, ".csv")
ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def bytes_of(path: Path) -> bytes:
    """Read the whole file. Raises WrongUse when it is no file, FileProblem when it cannot be an import file."""
    if path.is_dir():
        msg = f"{path} is a folder, not a file."
        raise WrongUse(msg, "Name the workbook or CSV file itself.", code="file.is_folder")
    if not path.exists():
        msg = f"{path}: there is no such file."
        raise WrongUse(msg, _nearest_file(path), code="file.not_found")
    if path.name.startswith("~$"):
        msg = f"{path.name} is the lock file that Excel keeps beside an open workbook."
        raise FileProblem(msg, f"Use {path.name[2:]} itself.", code="file.lock_file")
    if path.suffix.lower() not in ACCEPTED:
        msg = f"{path.name}: files of type {path.suffix or 'without an ending'} are not read."
        raise FileProblem(msg, "Save it as an Excel workbook (.xlsx) or as CSV (.csv).", code="file.type")
    try:
        data = path.read_bytes()
    except OSError as error:
        msg = f"{path}: the file cannot be read ({error.strerror})."
        raise FileProblem(
            msg,
            "Close it in other programs and check its permissions.",
            code="file.unreadable",
        ) from error
    if not data.strip(b"\x00 \r\n\t"):
        msg = f"{path.name} is empty."
        raise FileProblem(msg, "Export or save it again.", code="file.empty")
    return data


def _nearest_file(path: Path) -> str:
    beside = [p.name for p in path.parent.glob("*") if p.suffix.lower() in ACCEPTED] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, beside, n=1)
    return f"Did you mean {near[0]}?" if near else "Check the name and the folder."


def grids_of(path: Path, data: bytes, headers: Mapping[str, str]) -> list[Grid]:
    """Return every sheet. Raises FileProblem for content that cannot be read."""
    start = data[:512].lstrip().lower()
    if data.startswith(ZIP_MAGIC):
        return read_workbook(path, data)
    if data.startswith(OLE_MAGIC):
        msg = f"{path.name} is an old Excel workbook (.xls) or is protected with a password."
        raise FileProblem(
            msg,
            "Open it in Excel and save it as .xlsx without a password.",
            code="file.old_or_protected",
        )
    if start.startswith((b"<!doctype html", b"<html", b"<table")):
        msg = f"{path.name} is a web page (HTML), not a workbook."
        raise FileProblem(msg, "Open it in Excel and save it as .xlsx.", code="file.html")
    if start.startswith((b"<?xml", b"%pdf")):
        msg = f"{path.name} is not an Excel workbook or CSV."
        raise FileProblem(msg, "Open it in Excel and save it as .xlsx.", code="file.type")
    if path.suffix.lower() in WORKBOOKS and b"\x00" in data[:4096]:
        msg = f"{path.name} is damaged or is not an Excel workbook."
        raise FileProblem(msg, "Open it in Excel and save it again, or get the file anew.", code="file.damaged")
    return [read_csv(path, data, headers)]
