"""The values of .xlsx, .xlsm, .xlsb and .ods workbooks, read by python-calamine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, cast
from xml.etree import ElementTree as ET
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

from importer.model.errors import FileProblem
from importer.model.messages import error
from importer.reading.formats import ods as ods_look
from importer.reading.formats import xlsb as xlsb_look
from importer.reading.formats import xlsx as xlsx_look
from importer.reading.formats.archive import Archive
from importer.reading.formats.grid import Grid, Limits, SideLook, bounded, may_be_cover
from importer.reading.formats.identify import Format, protected
from importer.reading.formats.number_formats import cells_with, styles_of

if TYPE_CHECKING:
    from importer.model.sheet import Cell
    from importer.reading.formats.grid import Faults

Look = Callable[[Archive, str], tuple[SideLook, "Faults"]]


def read(name: str, data: bytes, kind: Format, limits: Limits) -> list[Grid]:
    """Return every worksheet as a grid that begins at A1; error cells hold a CellFault.

    Raises FileProblem for an archive that is cut, damaged, protected or explodes.
    """
    archive = Archive(name, data, limits)
    if kind is Format.ODS and b"encryption-data" in (archive.part("META-INF/manifest.xml") or b""):
        raise protected(name)
    archive.refuse_far_cells()
    try:
        workbook = CalamineWorkbook.from_filelike(archive.for_reader())
        sheets = workbook.sheets_metadata
    except (CalamineError, OSError, ValueError) as why:
        raise _unusual(name, why) from why
    chosen = [meta for meta in sheets if "WorkSheet" in str(meta.typ)]
    if not chosen:
        raise error(FileProblem, "file.no_sheet", name=name)
    grids = []
    for meta in chosen:
        try:
            rows = cast("list[list[Cell]]", workbook.get_sheet_by_name(meta.name).to_python(skip_empty_area=False))
            look, faults = _LOOKS[kind](archive, meta.name)
        except (CalamineError, OSError, ValueError, ET.ParseError, expat.ExpatError) as why:
            raise _unusual(name, why) from why
        put(rows, faults)
        hidden = not str(meta.visible).endswith(".Visible")
        grids.append(bounded(Grid(meta.name, rows, hidden=hidden, look=look), limits))
    return grids


def _unusual(name: str, why: Exception) -> FileProblem:
    if "limit exceeded" in str(why):
        return error(FileProblem, "file.too_large:apart", name=name)
    return error(FileProblem, "file.damaged:unusual", name=name)


def put(rows: list[list[Cell]], faults: Faults) -> None:
    """Put errors and uncalculated formulas where the reader saw empty cells."""
    for (row, position), fault in faults.items():
        rows.extend([] for _ in range(row - len(rows)))
        cells = rows[row - 1]
        cells.extend("" for _ in range(position + 1 - len(cells)))
        cells[position] = fault


def _look_into_xlsx(archive: Archive, sheet: str) -> tuple[SideLook, Faults]:
    xml = xlsx_look.sheet_part(archive, sheet)
    if xml is None:
        msg = "the part of the sheet is not where it should be"
        raise ValueError(msg)
    side, faults = xlsx_look.look(xml, recalculated=xlsx_look.is_recalculated(archive))
    formats, struck = cells_with(xml, styles_of(archive))
    formulas = xlsx_look.formulas(xml) if may_be_cover(sheet) else frozenset()
    return replace(side, formats=formats, struck=struck, formulas=formulas), faults


_LOOKS: dict[Format, Look] = {
    Format.XLSX: _look_into_xlsx,
    Format.XLSB: xlsb_look.look,
    Format.ODS: ods_look.look,
}
