"""docs/reference/sheets.md says what the program does: each refusal is provoked, each example is run."""

from __future__ import annotations

import re
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest
from sheets import checked, csv_file, table, workbook
from typer.main import get_command

from importer.cli import app
from importer.model.errors import FileProblem
from importer.settings.model import Settings
from importer.values.amounts import typed_amount
from importer.values.dates import typed_date
from importer.values.readings import Typed

if TYPE_CHECKING:
    from collections.abc import Callable

    from programs import Cli

    from importer.model.problems import Problem

ROOT = Path(__file__).parents[2]
PREVIEW = ("preview", "october.xlsx", "--sandbox", "--no-completeness")
"""Without what else is open at the stand-in, which is no matter of that page."""
PAGE = (ROOT / "docs" / "reference" / "sheets.md").read_text(encoding="utf-8")
sys.path.insert(0, str(ROOT / "tools"))

HEADER = ("Project ID", "Item type", "Description", "Amount", "Invoice date", "Net days")
ITEMS = ("Project ID", "Item type", "Item ID", "Amount", "Net days")
CSV = "Project ID;Item type;Description;Amount;Net days\n"


def _fixed(amount: object = 1200, day: object = "2026-10-31", terms: object = 30) -> tuple[object, ...]:
    return (101, "Fixed fee", "Retainer", amount, day, terms)


def _rows(*rows: tuple[object, ...]) -> Callable[[Path], Path]:
    return lambda folder: table(folder / "x.xlsx", HEADER, *rows)


def _under(header: tuple[object, ...], *rows: tuple[object, ...]) -> Callable[[Path], Path]:
    return lambda folder: table(folder / "x.xlsx", header, *rows)


def _csv(content: str | bytes) -> Callable[[Path], Path]:
    return lambda folder: csv_file(folder / "x.csv", content)


def _two_sheets(folder: Path) -> Path:
    return workbook(folder / "x.xlsx", {"One": [HEADER, _fixed()], "Two": [HEADER, _fixed()]})


def _merged(folder: Path) -> Path:
    book = openpyxl.Workbook()
    for row in (HEADER, _fixed(), (None, *_fixed()[1:])):
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    book.save(folder / "x.xlsx")
    return folder / "x.xlsx"


def _in_amount(value: str, data_type: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        book = openpyxl.Workbook()
        book.active.append(HEADER)
        book.active.append(_fixed(value))
        book.active["D2"].data_type = data_type
        book.save(folder / "x.xlsx")
        return folder / "x.xlsx"

    return write


PROVOKED: dict[str, Callable[[Path], Path]] = {
    "file.html": _csv("<html><table>"),
    "csv.encoding": _csv(f"{CSV}101;Fixed fee;Büro;12;30\n".encode("cp1252")),
    "csv.width": _csv(f"{CSV}101;Fixed fee;a;b;12;30\n"),
    "csv.quotes": _csv(f'{CSV}101;Fixed fee;a "b;12;30\n'),
    "header.missing": _under(("A", "B"), (1, 2)),
    "sheet.ambiguous": _two_sheets,
    "sheet.side_by_side": _under((*HEADER, None, *HEADER), (*_fixed(), None, *_fixed())),
    "header.several": _rows(_fixed(), ITEMS),
    "column.duplicate": _under(("Project ID", "Project no", "Item type", "Amount"), (101, 101, "Fixed fee", 2)),
    "column.near_miss": _under(("Project ID", "Item type", "Amout"), (101, "Fixed fee", 2)),
    "column.missing": _under(("Project ID", "Item type"), (101, "Fixed fee")),
    "amount.unproved": _rows(_fixed("1,234")),
    "amount.contradicted": _rows(_fixed("1.234,50"), _fixed("1,234.50")),
    "amount.three_decimals": _rows(_fixed("12,5"), _fixed("1,000")),
    "amount.not_a_number": _rows(_fixed("on request")),
    "amount.fraction": _rows(_fixed(450.5)),
    "amount.negative": _rows(_fixed(-500)),
    "amount.error_value": _in_amount("#REF!", "e"),
    "amount.no_stored_value": _in_amount("=1+1", "f"),
    "invoice_date.unproved": _rows(_fixed(day="05/10/2026")),
    "invoice_date.swapped": _rows(_fixed(day=date(2026, 5, 10)), _fixed(day="31/10/2026")),
    "invoice_date.no_such_day": _rows(_fixed(day="31 February 2026")),
    "workspace_id.merged": _merged,
    "workspace_id.missing": _rows((None, *_fixed()[1:])),
    "workspace_id.too_many_digits": _rows((1234567890123456789.0, *_fixed()[1:])),
    "item_id.duplicate": _under(ITEMS, *[(101, "Time entry", 5101001, None, 30)] * 2),
    "amount.forbidden": _under(ITEMS, (101, "Time entry", 5101001, 12, 30)),
    "payment_schedule.not_days": _rows(_fixed(terms="soon")),
    "row.total_differs": _rows(_fixed(), ("Total", None, None, 1300)),
}
REFUSALS = re.findall(r"^\| “(.+)” \| `([a-z_.]+)` \|", PAGE, re.MULTILINE)


def _said(file: Path) -> list[tuple[str, str]]:
    """Code and words of all that the program says of a file."""
    try:
        problems: tuple[Problem, ...] = checked(file)[1]
    except FileProblem as refusal:
        return [(refusal.code, refusal.message)]
    return [(problem.code, problem.message) for problem in problems]


def test_every_refusal_of_the_page_is_provoked() -> None:
    """The table names what is tested here, no more and no less."""
    assert [code for _, code in REFUSALS] == list(PROVOKED)


@pytest.mark.parametrize(("words", "code"), REFUSALS, ids=[code for _, code in REFUSALS])
def test_refusals_are_worded_so(tmp_path: Path, words: str, code: str) -> None:
    """Such a file is refused with this code and these words; … stands for the file's name."""
    said = _said(PROVOKED[code](tmp_path))
    assert any(one == code and words.lstrip("… ") in message for one, message in said), said


def test_the_preview_on_the_page_is_what_the_program_prints(cli: Cli) -> None:
    """The terminal's text is that of the workbook in the picture, without the names of files."""
    import make_pictures

    make_pictures.understood(cli.folder / "october.xlsx")
    done = cli.run(*PREVIEW, COLUMNS="110")
    printed = [line.rstrip() for line in done.stdout.split("\n")]
    shown = PAGE.split("```text\n")[1].split("\n```")[0].split("\n")
    assert [line for line in shown if line] == [
        line for line in printed if line and not line.startswith(("Preview workbook", "Page:", "SANDBOX"))
    ]


def test_the_amounts_and_dates_on_the_page_are_read() -> None:
    """Each example of a typed amount or date is read in at least one way."""
    amounts = PAGE.split("all of these are read:\n")[1].split("\n\n")[0]
    dates = PAGE.split("As text, also ")[1].split("\n\n")[0]
    for text in re.findall(r"`(.+?)`", amounts):
        assert isinstance(typed_amount(text), Typed), text
    for text in re.findall(r"`(.+?)`", dates.replace("\n", " ")):
        assert isinstance(typed_date(text, date(2026, 11, 22)), Typed), text


def test_settings_and_options_on_the_page_exist() -> None:
    """No setting, and no option, is named that the program does not have."""
    named = set(re.findall(r"`([a-z]+_[a-z_]+)[` =]", PAGE))
    assert named
    assert named <= set(Settings.model_fields)
    commands = get_command(app).commands.values()  # type: ignore[attr-defined]
    options = {name for command in commands for parameter in command.params for name in parameter.opts}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE)) <= options | {"--json"}


def test_limits_on_the_page_are_the_defaults() -> None:
    """The table of limits says what holds when nobody sets anything."""
    limits = re.findall(r"^\| `(\w+)` \| ([\d,]+)", PAGE, re.MULTILINE)
    assert limits
    for name, most in limits:
        assert Settings.model_fields[name].default == int(most.replace(",", "")), name
