"""The template: what an accountant fills in, and what templates/ holds."""

from __future__ import annotations

import io
import sys
import tomllib
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sheets import parts

from importer.checking.grouping import Defaults, group
from importer.checking.row_checks import check_rows
from importer.model.columns import COLUMNS, ITEM_TYPE_TITLES
from importer.model.errors import FileProblem, WrongUse
from importer.model.headers import known_headers
from importer.model.invoices import Invoice
from importer.model.problems import Problems
from importer.reading.read import read_sheet
from importer.settings.loading import load
from importer.settings.model import Settings
from importer.template.sheets import EXAMPLE_HEADER_ROW, EXAMPLE_ROWS
from importer.template.write import template_csv, template_workbook, write

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
sys.path.insert(0, str(ROOT / "tools"))


@pytest.mark.parametrize("name", ["invoices.xlsx", "invoices.csv", "importer.toml"])
def test_templates_folder_is_what_the_code_writes(name: str) -> None:
    """templates/ holds what the code writes, part by part; ``make templates`` renews it."""
    import renew_templates

    assert parts((TEMPLATES / name).read_bytes()) == parts(renew_templates.contents()[name])


def test_every_header_is_friendly_and_explained() -> None:
    """The header row holds every column by its title, with a comment that says what belongs there."""
    sheet = load_workbook(io.BytesIO(template_workbook()))["Invoices"]
    assert [cell.value for cell in sheet[1]] == [column.title for column in COLUMNS]
    for cell, column in zip(sheet[1], COLUMNS, strict=True):
        assert column.meaning in cell.comment.text
        assert column.example in cell.comment.text
    assert sheet.freeze_panes == "E2"


def test_closed_choices_have_drop_downs_and_text_columns_keep_leading_zeros() -> None:
    """Item type and yes/no are chosen from a list; dates, amounts and texts have their formats."""
    sheet = load_workbook(io.BytesIO(template_workbook()))["Invoices"]
    lists = {str(v.sqref).split("2:")[0]: v.formula1 for v in sheet.data_validations.dataValidation if v.type == "list"}
    assert lists["D"] == f'"{",".join(ITEM_TYPE_TITLES.values())}"'
    assert set(lists) == {"D", "H", "Q", "R", "V", "Z"}
    letters = {column.name: cell.column_letter for column, cell in zip(COLUMNS, sheet[1], strict=True)}
    formats = {name: sheet.column_dimensions[letter].number_format for name, letter in letters.items()}
    assert formats["purchase_order"] == "@"
    assert formats["invoice_date"] == "yyyy-mm-dd"
    assert formats["amount"] == "#,##0.00"
    assert formats["workspace_id"] == "0"


def test_the_empty_template_is_refused_with_a_reason(tmp_path: Path) -> None:
    """Nothing filled in is said plainly; the example and the instructions are never taken for rows."""
    with pytest.raises(FileProblem) as caught:
        read_sheet(write(tmp_path / "new.xlsx"), None, known_headers())
    assert caught.value.code == "sheet.no_rows"
    with pytest.raises(WrongUse):
        read_sheet(tmp_path / "new.xlsx", "Example", known_headers())


def test_the_example_rows_are_sound_once_they_are_copied(tmp_path: Path) -> None:
    """What the example shows can be imported as it is: four invoices without a problem."""
    book = load_workbook(write(tmp_path / "new.xlsx"))
    for number, cells in enumerate(
        book["Example"].iter_rows(min_row=EXAMPLE_HEADER_ROW + 1, max_row=EXAMPLE_HEADER_ROW + len(EXAMPLE_ROWS)), 2
    ):
        for cell in cells:
            book["Invoices"].cell(number, cell.column, cell.value)
    book.save(tmp_path / "filled.xlsx")
    sheet = read_sheet(tmp_path / "filled.xlsx", None, known_headers())
    problems = Problems(sheet.problems)
    lines, _ = check_rows(sheet, problems, send_cents=False)
    invoices = group(lines, sheet, Defaults(None, draft=True, suppress_emails=True), problems)
    assert problems.errors() == ()
    assert len(invoices) == 4
    assert all(isinstance(invoice, Invoice) for invoice in invoices)


def test_the_csv_form_has_the_same_header() -> None:
    """The CSV form opens in Excel with its umlauts right, and has every title."""
    assert template_csv().decode("utf-8-sig").strip().split(",") == [column.title for column in COLUMNS]
    assert template_csv().startswith(b"\xef\xbb\xbf")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """An existing file is left as it is."""
    (tmp_path / "mine.xlsx").write_bytes(b"mine")
    with pytest.raises(WrongUse):
        write(tmp_path / "mine.xlsx")
    assert (tmp_path / "mine.xlsx").read_bytes() == b"mine"


def test_the_annotated_settings_file_shows_the_defaults(tmp_path: Path) -> None:
    """importer.toml loads as it is, and with every line uncommented it holds the defaults."""
    text = (TEMPLATES / "importer.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text) == {}
    active = "\n".join(
        line[1:] if line.startswith("#") and line[1:2] not in (" ", "") else line for line in text.split("\n")
    )
    values = tomllib.loads(active)
    values.pop("profile")
    (tmp_path / "all.toml").write_text(active, encoding="utf-8")
    loaded = load(config=tmp_path / "all.toml")
    assert set(values) == set(Settings.model_fields) - {"token", "token_file", "notify"}
    examples = {name for name, field in Settings.model_fields.items() if field.default is None}
    own = {"columns", "ignore_columns", "constants", "values", "workspaces", "line_text"}
    for name in set(values) - {"ledger"} - own - examples:
        assert getattr(loaded, name) == Settings.model_fields[name].get_default(call_default_factory=True)
