"""The values of .xlsx, .xlsm and .xlsb workbooks, read by python-calamine."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from xml.etree import ElementTree as ET
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

from importer.model.errors import FileProblem
from importer.model.messages import error
from importer.reading.formats import xlsb, xlsx
from importer.reading.formats.archive import MOST_CELLS, MOST_MEMBERS, Archive
from importer.reading.formats.grid import Grid, Limits, SideLook, bounded
from importer.reading.formats.identify import Format
from importer.reading.formats.workbook_parts import straighten

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.model.sheet import Cell


def read(name: str, data: bytes, kind: Format, limits: Limits) -> list[Grid]:
    """Return every worksheet as a grid that begins at A1; error cells hold a CellFault.

    Raises FileProblem for an archive that is cut, damaged, protected or explodes.
    """
    archive = Archive(name, data, limits)
    try:
        straighten(archive)
        archive.refuse_far_cells()
        workbook = CalamineWorkbook.from_filelike(archive.for_reader())
        sheets = workbook.sheets_metadata
    except (CalamineError, OSError, ValueError, ET.ParseError) as why:
        raise _unusual(name, why) from why
    chosen = [meta for meta in sheets if "WorkSheet" in str(meta.typ)]
    if not chosen:
        raise error(FileProblem, "file.no_sheet", name=name)
    if len(chosen) > MOST_MEMBERS:  # a binary workbook may list one part again and again
        raise error(FileProblem, "file.too_large:parts", name=name, parts=len(chosen))
    grids, cells = [], 0
    try:
        looker = _LOOKERS[kind](archive)
        for meta in chosen:
            rows = cast("list[list[Cell]]", workbook.get_sheet_by_name(meta.name).to_python(skip_empty_area=False))
            cells += len(rows) * len(rows[0] if rows else ())
            if cells > MOST_CELLS:
                raise error(FileProblem, "file.too_large:apart", name=name)
            look = looker(meta.name)
            _put_faults(rows, look)
            hidden = not str(meta.visible).endswith(".Visible")
            grids.append(bounded(Grid(meta.name, rows, hidden=hidden, look=look), limits))
    except (CalamineError, OSError, ValueError, ET.ParseError, expat.ExpatError) as why:
        raise _unusual(name, why) from why
    return grids


def _unusual(name: str, why: Exception) -> FileProblem:
    if "limit exceeded" in str(why):
        return error(FileProblem, "file.too_large:apart", name=name)
    return error(FileProblem, "file.damaged:unusual", name=name)


def _put_faults(rows: list[list[Cell]], look: SideLook) -> None:
    """Put errors, uncalculated formulas and texts of parts where the reader saw empty cells."""
    for (row, position), value in {**look.faults, **look.within}.items():
        rows.extend([] for _ in range(row - len(rows)))
        cells = rows[row - 1]
        cells.extend([""] * (position + 1 - len(cells)))
        cells[position] = value
    look.faults.clear()
    look.within.clear()


_LOOKERS: dict[Format, Callable[[Archive], Callable[[str], SideLook]]] = {
    Format.XLSX: xlsx.looker,
    Format.XLSB: xlsb.looker,
}
"""What the sheets of a workbook hold besides their values: archive → name of a sheet → its look."""
