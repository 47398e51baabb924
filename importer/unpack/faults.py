"""What stands in a cell whose value the file does not hold."""

from __future__ import annotations

from functools import cache

from importer.sheet import CellFault

NOT_CALCULATED = CellFault(
    "=…",
    "no_stored_value",
    "is a formula whose result is not stored in the file, so nobody can know it without Excel",
    "Open the workbook in Excel, let it calculate, save it, and use it again.",
)
BROKEN_TEXT = CellFault(
    "?",
    "broken_text",
    "is a text that the file refers to in a wrong way, so it cannot be known",
    "Open the workbook in Excel, look at the cell, save it, and use it again.",
)
UNUSUAL = CellFault(
    "?",
    "unusual",
    "is written in a way that programs read differently, so its value cannot be known",
    "Open the workbook in Excel, look at the cell, save it, and use it again.",
)


@cache
def error_value(shown: str) -> CellFault:
    """An error such as ``#REF!``."""
    return CellFault(shown, "error_value", "is an error, not a value", "Mend the formula.")
