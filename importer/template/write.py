"""The empty import workbook and its CSV form, made from the one list of columns.

The same content, byte for byte, whenever it is written: the copies in
``templates/`` are proved against it.
"""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.xml.functions import tostring

from importer.model.columns import COLUMNS
from importer.model.errors import WrongUse
from importer.template.instructions import add_instructions
from importer.template.look import AUTHOR
from importer.template.sheets import add_example, fill_invoices

INVOICES_SHEET = "Invoices"
MADE_AT = datetime(2026, 1, 1)  # noqa: DTZ001 - openpyxl writes a naive time as UTC
"""Created and modified, in the file's properties and of its parts."""
CORE_PROPERTIES = "docProps/core.xml"


def write(path: Path) -> Path:
    """Write the template to a new file: a workbook, or CSV when the name ends in ``.csv``.

    Raises WrongUse for another ending, and when the file exists or cannot be written.
    """
    match path.suffix.lower():
        case ".xlsx":
            return create(path, template_workbook())
        case ".csv":
            return create(path, template_csv())
        case "":
            msg = f"{path}: the name has no ending."
        case ending:
            msg = f"{path}: files of type {ending} are not written."
    raise WrongUse(msg, f"Choose a name that ends in .xlsx or .csv, such as {path.stem or 'invoices'}.xlsx.")


def template_workbook() -> bytes:
    """Return the template workbook: sheets Invoices, Instructions and Example."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = INVOICES_SHEET
    fill_invoices(sheet)
    add_instructions(book)
    add_example(book)
    return workbook_bytes(book, title="Invoice import")


def template_csv() -> bytes:
    """Return the header line as UTF-8 with a byte order mark, by which Excel recognises umlauts."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow(column.title for column in COLUMNS)
    return text.getvalue().encode("utf-8-sig")


def workbook_bytes(book: Workbook, *, title: str) -> bytes:
    """Return the file of a workbook. openpyxl stamps it with the present time, which is taken out again."""
    book.properties.creator = AUTHOR
    book.properties.title = title
    draft = io.BytesIO()
    book.save(draft)
    book.properties.created = book.properties.modified = MADE_AT
    final = io.BytesIO()
    with zipfile.ZipFile(draft) as source, zipfile.ZipFile(final, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == CORE_PROPERTIES:
                content = tostring(book.properties.to_tree())
            target.writestr(_member(name), content)
    return final.getvalue()


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, date_time=MADE_AT.timetuple()[:6])
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system = 0  # else the platform shows in the file
    return member


def refuse_existing(path: Path) -> None:
    """Raise WrongUse for a file that exists, or is no workbook, before Kantata is asked for what it is to hold."""
    if path.suffix.lower() != ".xlsx":
        msg = f"{path}: a prefilled month is written as a workbook."
        raise WrongUse(msg, f"Choose a name that ends in .xlsx, such as {path.stem or 'invoices'}.xlsx.")
    if path.exists():
        raise _exists(path)


def _exists(path: Path) -> WrongUse:
    msg = f"{path} exists already and was left as it is."
    return WrongUse(msg, "Choose another name, or move that file away first.", code="template.exists")


def create(path: Path, content: bytes) -> Path:
    """Write a new file. Raises WrongUse when it exists or cannot be written."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        msg = f"{path} cannot be written ({error.strerror})."
        raise WrongUse(msg, "Choose a folder that exists and in which you may write.", code="template.write") from error
    return path
