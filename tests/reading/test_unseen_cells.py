"""Cells in the colour of their background: a person does not see them, and they are billed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from openpyxl import Workbook
from openpyxl.styles import Color, Font, PatternFill
from sheets import checked

from importer.model.problems import Severity

if TYPE_CHECKING:
    from pathlib import Path

WHITE, YELLOW, BLUE = "FFFFFFFF", "FFFFFF00", "FF003366"


def book(path: Path, font: Color | str | None, fill: str | None, *, at: str = "C3") -> Path:
    """Write two line items; the cell ``at`` has this font and fill."""
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    for row in (["Project ID", "Item type", "Amount"], [101, "Fixed fee", 500], [102, "Fixed fee", 700]):
        sheet.append(row)
    if font is not None:
        sheet[at].font = Font(color=font)
    if fill is not None:
        sheet[at].fill = PatternFill("solid", fgColor=fill)
    workbook.save(path)
    return path


@pytest.mark.parametrize(
    ("font", "fill"),
    [
        (WHITE, None),
        (Color(theme=0), None),
        (Color(indexed=9), None),
        (YELLOW, YELLOW),
        (WHITE, WHITE),
        (None, "FF000000"),
    ],
)
def test_an_amount_in_the_colour_of_its_background_has_a_warning(
    tmp_path: Path, font: Color | str | None, fill: str | None
) -> None:
    """It is billed, because the value is clear; the warning names it."""
    lines, problems = checked(book(tmp_path / "a.xlsx", font, fill))
    assert [(p.code, p.cell, p.severity) for p in problems] == [("amount.unseen", "C3", Severity.WARNING)]
    assert all(line.sound for line in lines)


@pytest.mark.parametrize(
    ("font", "fill", "at"),
    [(WHITE, BLUE, "C3"), (None, YELLOW, "C3"), (YELLOW, None, "C3"), (None, WHITE, "C3"), (WHITE, None, "C1")],
)
def test_other_colours_say_nothing(tmp_path: Path, font: str | None, fill: str | None, at: str) -> None:
    """White on dark is read by a person; a header that is understood is not billed."""
    assert not checked(book(tmp_path / "a.xlsx", font, fill, at=at))[1]
