"""Save a workbook so that the same content always makes the same file."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING

from openpyxl.xml.functions import tostring

if TYPE_CHECKING:
    from openpyxl import Workbook


AUTHOR = "invoice-importer"
MADE_AT = datetime(2026, 1, 1)  # noqa: DTZ001 - openpyxl writes a naive time as UTC
"""Created and modified, in the file's properties and of its parts."""
CORE_PROPERTIES = "docProps/core.xml"


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
            content = tostring(book.properties.to_tree()) if name == CORE_PROPERTIES else source.read(name)
            target.writestr(_member(name), content)
    return final.getvalue()


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, date_time=MADE_AT.timetuple()[:6])
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system = 0  # else the platform shows in the file
    return member
