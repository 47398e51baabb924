"""The sample data: sound where it should be, wrong where it was planted."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sheets import parts

from importer.checking.grouping import Defaults, group
from importer.checking.row_checks import check_rows
from importer.model.headers import known_headers
from importer.model.invoices import Invoice, ItemType, UnsoundInvoice
from importer.model.problems import Problem, Problems
from importer.reading.read import read_sheet

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_data"
sys.path.insert(0, str(ROOT / "tools"))


def load(name: str) -> tuple[tuple[Invoice | UnsoundInvoice, ...], list[Problem]]:
    """Read, validate and group one sample; return its invoices and its errors."""
    sheet = read_sheet(SAMPLES / name, None, known_headers())
    problems = Problems(sheet.problems)
    lines, _ = check_rows(sheet, problems, send_cents=False)
    invoices = group(lines, sheet, Defaults(None, draft=True, suppress_emails=True), problems)
    return invoices, list(problems.errors())


def test_samples_are_what_the_script_writes() -> None:
    """sample_data/ holds what its script writes, part by part; ``make templates`` renews it."""
    import make_sample_data

    for name, content in make_sample_data.contents().items():
        assert parts((SAMPLES / name).read_bytes()) == parts(content)


@pytest.mark.parametrize("name", ["agency_october_2026.xlsx", "agency_october_2026.csv"])
def test_the_sound_sample_has_everything_and_no_error(name: str) -> None:
    """All five item types, a multi-project invoice, a credit, big ids and umlauts are in it."""
    invoices, errors = load(name)
    assert not errors
    sound = [invoice for invoice in invoices if isinstance(invoice, Invoice)]
    lines = [line for invoice in sound for line in invoice.lines]
    assert {line.item_type for line in lines} == set(ItemType)
    assert any(len(invoice.workspace_ids) > 1 for invoice in sound)
    assert any(line.amount is not None and line.amount < 0 for line in lines)
    assert any(line.item_id is not None and line.item_id > 2**31 for line in lines)
    assert sound[0].purchase_order == "00042"
    assert "für" in str(sound[0].message)


def test_workbook_and_csv_say_the_same() -> None:
    """The same month as .xlsx and .csv makes the same invoices, apart from row numbers."""

    def without_rows(name: str) -> list[object]:
        invoices, _ = load(name)
        sound = [invoice for invoice in invoices if isinstance(invoice, Invoice)]
        return [replace(one, lines=tuple(replace(line, row=0) for line in one.lines)) for one in sound]

    assert without_rows("agency_october_2026.xlsx") == without_rows("agency_october_2026.csv")


def test_every_planted_mistake_is_found_at_its_cell() -> None:
    """One run names all mistakes, each at its cell, and nothing else."""
    import make_sample_data

    invoices, errors = load("agency_with_mistakes.xlsx")
    assert sorted((error.code, str(error.cell)) for error in errors) == sorted(make_sample_data.PLANTED)
    # One row has no readable project, so it might belong to any of them.
    assert not any(isinstance(invoice, Invoice) for invoice in invoices)


def test_the_benchmark_measures_sound_rows(tmp_path: Path) -> None:
    """Rows that are refused would measure something else; and each step that it measures is still there."""
    sys.path.insert(0, str(ROOT / "tools"))
    import bench

    bench.write_input(tmp_path / "input.xlsx", 50)
    problems = Problems()
    sheet = read_sheet(tmp_path / "input.xlsx", None, known_headers())
    lines, _ = check_rows(sheet, problems, send_cents=False)
    assert (len(lines), problems.ordered()) == (50, ())
    for step in (bench.bare_read, bench.whole_preview, bench.competent, bench.by_hand):
        step(tmp_path / "input.xlsx", tmp_path)
    (written,) = tmp_path.glob("*-preview.xlsx")
    bench.bare_write(written, tmp_path)
