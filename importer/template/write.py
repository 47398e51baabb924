"""The empty import workbook and its CSV form, made from the one list of columns.

The same content, byte for byte, whenever it is written: the copies in
``templates/`` are proved against it.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from openpyxl import Workbook

from importer.model.columns import COLUMNS
from importer.model.errors import WrongUse
from importer.template.example import add_example
from importer.template.instructions import add_instructions
from importer.template.invoices import fill_invoices
from importer.template.saving import workbook_bytes

if TYPE_CHECKING:
    from pathlib import Path


INVOICES_SHEET = "Invoices"


def write(path: Path) -> Path:
    """Write the template to a new file: a workbook, or CSV when the name ends in ``.csv``.

    Raises WrongUse for another ending, and when the file exists or cannot be written.
    """
    match path.suffix.lower():
        case ".xlsx":
            return _create(path, template_workbook())
        case ".csv":
            return write_csv_template(path)
        case ending:
            what = f"files of type {ending} are not written" if ending else "the name has no ending"
            msg = f"{path}: {what}."
            raise WrongUse(msg, f"Choose a name that ends in .xlsx or .csv, such as {path.stem or 'invoices'}.xlsx.")


def write_csv_template(path: Path) -> Path:
    """Write the CSV form to a new file. Raises WrongUse when it exists or cannot be written."""
    return _create(path, template_csv())


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


def _create(path: Path, content: bytes) -> Path:
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        msg = f"{path} exists already and was left as it is."
        raise WrongUse(msg, "Choose another name, or move that file away first.", code="template.exists") from error
    except OSError as error:
        msg = f"{path} cannot be written ({error.strerror})."
        raise WrongUse(msg, "Choose a folder that exists and in which you may write.", code="template.write") from error
    return path
