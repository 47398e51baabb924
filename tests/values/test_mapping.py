"""The user's own headers and words: ignored columns, constants, value maps, and the lines that would add them."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sheets import checked, csv_file, found, raw_values, read, read_by, table, workbook

from importer.checking.grouping import Defaults, group
from importer.checking.row_checks import check_rows
from importer.model.columns import BY_NAME
from importer.model.errors import SettingsProblem
from importer.model.headers import OwnHeaders, is_ignored, known_as, known_headers
from importer.model.problems import Problems, Severity
from importer.settings.loading import load
from importer.values.mapping import NEVER_CONSTANT, check_aliases, in_known_words
from importer.values.toml_lines import alias_lines, ignore_line, use_or_ignore, value_lines

if TYPE_CHECKING:
    from programs import Cli

    from importer.model.problems import Problem
    from importer.model.sheet import Sheet, SheetLine
    from importer.settings.model import Settings

HEADER = ["Project ID", "Item type", "Amount"]
ROW = [101, "fixed_fee", 5]


def settings_of(text: str, folder: Path, profile: str | None = None) -> Settings:
    """Load settings from this text of importer.toml."""
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return load(config=path, profile=profile)


def refused(text: str, folder: Path) -> SettingsProblem:
    """Return the problem that these settings end in."""
    with pytest.raises(SettingsProblem) as caught:
        settings_of(text, folder)
    assert caught.value.code == "settings.value"
    assert "own.toml" in caught.value.hint
    return caught.value


def read_with(path: Path, text: str = "") -> tuple[Sheet, tuple[str, ...]]:
    """Read a file as a run does that has these settings."""
    own = settings_of(text, path.parent)
    known = known_headers(own=own.own_headers)
    return in_known_words(read_by(known, path), known, own.constants, own.values)


def checked_with(path: Path, text: str) -> tuple[tuple[SheetLine, ...], tuple[Problem, ...], tuple[str, ...]]:
    """Read and validate a file with these settings: lines, problems, notices."""
    sheet, notices = read_with(path, text)
    problems = Problems(sheet.problems)
    lines, _ = check_rows(sheet, problems, send_cents=False)
    return lines, problems.ordered(), notices


def lines_shown(hint: str) -> dict[str, Any]:
    """Parse the lines of importer.toml in a hint: all that follow its first line."""
    return tomllib.loads(hint.split("\n", 1)[1])


# --- headers to ignore -----------------------------------------------------------------


def test_an_ignored_header_is_carried_through_without_a_word(tmp_path: Path) -> None:
    """No warning; the cells stay in the rows; case, blanks and line ends do not matter."""
    path = table(tmp_path / "a.xlsx", ["Client", *HEADER, "Internal\nnote"], ["ACME", *ROW, "x"])
    sheet, notices = read_with(path, 'ignore_columns = ["internal Note", "CLIENT"]')
    assert (sheet.problems, notices, sheet.width) == ((), (), 5)
    assert list(sheet.rows[0].cells) == ["ACME", *ROW, "x"]


def test_an_ignored_header_is_no_near_miss(tmp_path: Path) -> None:
    """“Amuont” would be an error; a person who ignores it means something else by it."""
    path = table(tmp_path / "a.xlsx", ["Project ID", "Item type", "Amuont"], ROW)
    assert [p.code for p in read(path).problems] == ["column.near_miss"]
    assert read_with(path, 'ignore_columns = ["Amuont"]')[0].problems == ()


def test_ignoring_never_hides_that_a_required_column_is_missing(tmp_path: Path) -> None:
    """A misspelt required header that is ignored leaves its column missing, which is an error."""
    path = table(tmp_path / "a.xlsx", ["Project ID", "Itm type", "Amount"], ROW)
    problems = read_with(path, 'ignore_columns = ["Itm type"]')[0].problems
    assert [(p.code, p.column, p.severity) for p in problems] == [("column.missing", "item_type", Severity.ERROR)]


def test_an_ignored_known_header_is_not_used_and_that_is_said(tmp_path: Path) -> None:
    """Of “Amount” and “Net amount” one can be ignored instead of being refused as a duplicate; a notice says so."""
    path = table(tmp_path / "a.xlsx", [*HEADER, "Net amount"], [*ROW, 7])
    assert [p.code for p in read(path).problems] == ["column.duplicate"]
    sheet, notices = read_with(path, 'ignore_columns = ["amount"]')
    assert (sheet.problems, raw_values(sheet, "amount")) == ((), [7])
    assert notices == ("“Amount” is not used, although it could mean Amount, because ignore_columns names it.",)


def test_a_remark_in_brackets_is_part_of_an_ignored_header() -> None:
    """“Amount (old)” is ignored, “Amount” is not."""
    known = known_headers(own=OwnHeaders(ignored=["Amount (old)"]))
    assert (known_as("Amount (old)", known), known_as("Amount", known)) == (None, "amount")


def test_an_alias_beside_the_real_name_is_a_duplicate(tmp_path: Path) -> None:
    """A header of the settings and a built-in one for the same column are refused at the second."""
    path = table(tmp_path / "a.xlsx", [*HEADER, "Kunde"], [*ROW, 102])
    sheet, _ = read_with(path, '[columns]\nworkspace_id = ["Kunde"]')
    assert found(sheet.problems) == [("column.duplicate", "D1")]
    assert "A1 (“Project ID”) and D1 (“Kunde”)" in sheet.problems[0].message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[columns]\nnotes = ["Leistung"]\nmessage = ["leistung "]', "both notes and message"),
        ('ignore_columns = ["Leistung"]\n[columns]\nnotes = ["LEISTUNG"]', "[columns] makes it mean notes"),
        ('[columns]\nnotes = ["?"]', "no letter or digit"),
        ('ignore_columns = "Leistung"', "ignore_columns"),
    ],
)
def test_headers_that_contradict_are_refused(tmp_path: Path, text: str, said: str) -> None:
    """One header has one meaning, or none."""
    assert said in refused(text, tmp_path).message


# --- the lines that a hint shows ---------------------------------------------------------


def test_the_hint_of_an_unknown_header_ignores_it(tmp_path: Path) -> None:
    """Copied into importer.toml the lines silence the warning; earlier ones are kept."""
    path = table(tmp_path / "a.xlsx", [*HEADER, "Client", 'Say "when"'], [*ROW, "x", "y"])
    sheet, _ = read_with(path, 'ignore_columns = ["Client"]')
    [problem] = sheet.problems
    assert (problem.code, problem.cell, problem.severity) == ("column.unknown", "E1", Severity.WARNING)
    assert lines_shown(problem.hint) == {"ignore_columns": ["Client", 'Say "when"']}
    assert read_with(path, problem.hint.split("\n", 1)[1])[0].problems == ()


def test_the_hint_of_an_unknown_header_names_the_likely_column(tmp_path: Path) -> None:
    """“Our PO” may mean the PO number; the lines make it so and keep the aliases that exist."""
    path = table(tmp_path / "a.xlsx", [*HEADER, "Our PO"], [*ROW, "x"])
    sheet, _ = read_with(path, '[columns]\npurchase_order = ["Bestellung"]')
    assert "unless it means PO number" in sheet.problems[0].hint
    assert lines_shown(sheet.problems[0].hint) == {"columns": {"purchase_order": ["Bestellung", "Our PO"]}}
    sheet, _ = read_with(path, sheet.problems[0].hint.split("\n", 1)[1])
    assert (sheet.problems, raw_values(sheet, "purchase_order")) == ((), ["x"])


def test_a_column_that_is_there_is_not_proposed(tmp_path: Path) -> None:
    """“Fee amount” beside “Amount” would be a duplicate."""
    path = table(tmp_path / "a.xlsx", [*HEADER, "Fee amount"], [*ROW, "x"])
    assert lines_shown(read(path).problems[0].hint) == {"ignore_columns": ["Fee amount"]}


@pytest.mark.parametrize("header", ["Client", "Project manager", "Invoice comment", "Month", "Tax rate"])
def test_no_column_is_proposed_at_random(header: str) -> None:
    """A hint that guesses wildly would be followed once."""
    assert lines_shown(use_or_ignore(header, {}, set())) == {"ignore_columns": [header]}


def test_the_hint_of_a_misspelt_header_shows_both_ways_out(tmp_path: Path) -> None:
    """Keep the header as a name of the column, or ignore it."""
    [problem] = read(table(tmp_path / "a.xlsx", ["Project ID", "Item type", "Amuont"], ROW)).problems
    assert 'importer.toml:\n[columns]\namount = ["Amuont"]\n' in problem.hint
    assert problem.hint.endswith('\nignore_columns = ["Amuont"]')


@settings(max_examples=200, deadline=None)
@given(header=st.text(min_size=1).map(str.strip).filter(bool), column=st.sampled_from(sorted(BY_NAME)))
def test_shown_lines_are_toml_whatever_the_header(header: str, column: str) -> None:
    """Quotes, backslashes, line ends and control characters come back as they stood, and mean what they say."""
    ignored = tomllib.loads(ignore_line([header], {}))
    assert ignored == {"ignore_columns": [header]}
    assert is_ignored(header, known_headers(own=OwnHeaders(ignored=ignored["ignore_columns"])))
    assert tomllib.loads(alias_lines(column, header, {})) == {"columns": {column: [header]}}
    assert tomllib.loads(value_lines(column, header, header, ["x"])) == {"values": {column: {header: header}}}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=st.text(st.sampled_from("\"\\\n\r\t\x7f'#=[]{} äX"), min_size=1).map(lambda text: f"Y{text}Z"))
def test_a_hostile_header_in_a_real_file_gives_lines_that_silence_it(tmp_path: Path, header: str) -> None:
    """From the cell through the hint into importer.toml and back."""
    field = header.replace('"', '""')
    path = csv_file(tmp_path / "a.csv", f'Project ID,Item type,Amount,"{field}"\n101,fixed_fee,5,x\n')
    [problem] = read(path).problems
    assert read_with(path, problem.hint.split("\n", 1)[1])[0].problems == ()


# --- constants ---------------------------------------------------------------------------


def test_a_constant_stands_in_for_a_missing_column(tmp_path: Path) -> None:
    """Also for a required one; it is read as a cell would be, and a notice says it."""
    path = table(tmp_path / "a.xlsx", ["Project ID", "Amount"], [101, 5], [102, 6])
    lines, problems, notices = checked_with(path, '[constants]\nitem_type = "fixed"\npayment_schedule = "Net 30"')
    assert problems == ()
    assert [line.item.item_type.value for line in lines if line.item] == ["fixed_fee", "fixed_fee"]
    assert [line.invoice_values for line in lines] == [{"payment_schedule": 30}] * 2
    assert notices == (
        "Item type is “fixed” for every row, as [constants] says.",
        "Net days is “Net 30” for every row, as [constants] says.",
    )


def test_a_constant_satisfies_the_payment_terms(tmp_path: Path) -> None:
    """No column and no setting payment_schedule, but a constant: nothing is missing."""
    sheet, _ = read_with(table(tmp_path / "a.xlsx", HEADER, ROW), "[constants]\npayment_schedule = 0")
    problems = Problems()
    lines, _ = check_rows(sheet, problems, send_cents=False)
    [invoice] = group(lines, sheet, Defaults(None, draft=True, suppress_emails=True), problems)
    assert (invoice.payment_schedule, problems.ordered()) == (0, ())  # type: ignore[union-attr]


def test_types_of_toml_are_read(tmp_path: Path) -> None:
    """Numbers, yes and no, and dates need no quotes."""
    path = table(tmp_path / "a.xlsx", ["Item type", "Amount"], ROW[1:])
    text = "[constants]\nworkspace_id = 4100000001\ndraft = false\ninvoice_date = 2026-10-31\ntaxable = true"
    [line], problems, notices = checked_with(path, text)
    assert problems == ()
    assert line.item is not None
    assert (line.item.workspace_id, line.item.taxable) == (4100000001, True)
    assert line.invoice_values == {"draft": False, "invoice_date": date(2026, 10, 31)}
    assert "Draft is “no” for every row, as [constants] says." in notices
    assert "Invoice date is “2026-10-31” for every row, as [constants] says." in notices


def test_a_constant_fills_only_rows_whose_type_takes_it(tmp_path: Path) -> None:
    """Time entries take no tax flag; the constant is not put upon them."""
    path = table(tmp_path / "a.xlsx", [*HEADER, "Item ID"], ROW, [101, "Zeit", None, 5101001], [101, "?", 5])
    text = '[constants]\ntaxable = true\n[values.item_type]\nzeit = "time entry"'
    lines, problems, notices = checked_with(path, text)
    assert found(problems) == [("item_type.unknown", "B4")]
    assert [line.item.taxable for line in lines if line.item] == [True, None]
    assert "Taxable is “yes” for every row that takes it, as [constants] says." in notices


def test_the_order_of_constants_does_not_matter(tmp_path: Path) -> None:
    """A constant item type decides which other constants its rows take."""
    path = table(tmp_path / "a.xlsx", ["Project ID", "Item ID"], [101, 5101001])
    [line], problems, _ = checked_with(path, '[constants]\ntaxable = true\nitem_type = "time_entry"')
    assert problems == ()
    assert (line.item and line.item.taxable) is None


def test_a_present_column_is_never_filled(tmp_path: Path) -> None:
    """An empty cell of a column that the sheet has stays empty: it may be a mistake."""
    path = table(tmp_path / "a.xlsx", HEADER, ROW, [102, None, 6])
    lines, problems, notices = checked_with(path, '[constants]\nitem_type = "fixed_fee"')
    assert found(problems) == [("item_type.missing", "B3")]
    assert [line.item is not None for line in lines] == [True, False]
    assert "so item_type of [constants] is not used; its empty cells stay empty" in notices[0]


def test_a_misspelt_header_is_an_error_although_a_constant_would_fill_it(tmp_path: Path) -> None:
    """Else the values below it were silently replaced."""
    path = table(tmp_path / "a.xlsx", [*HEADER, "Taxble"], [*ROW, "no"])
    _, problems, _ = checked_with(path, "[constants]\ntaxable = true")
    assert found(problems) == [("column.near_miss", "D1")]


def test_a_second_table_is_never_skipped_when_constants_supply_what_is_required(tmp_path: Path) -> None:
    """With no required column to tell a header by, two rows like headers are an error."""
    path = table(
        tmp_path / "a.xlsx",
        ["Amount", "Description"],
        [5, "x"],
        [],
        ["Amount", "Description", "Net days"],
        [6, "y", 30],
    )
    sheet, _ = read_with(path, '[constants]\nworkspace_id = 101\nitem_type = "fixed_fee"')
    assert "header.several" in [p.code for p in sheet.problems]


def test_the_sheet_is_chosen_by_what_constants_leave_to_it(tmp_path: Path) -> None:
    """A sheet without item types is whole when a constant supplies them."""
    rows = [["Project ID", "Amount"], [101, 5]]
    path = workbook(tmp_path / "a.xlsx", {"Notes": [["Amount", "Date"], [1, "x"]], "October": rows})
    assert read_with(path, '[constants]\nitem_type = "fixed_fee"')[0].name == "October"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('item_type = "flat"', "item_type: “flat” is not known. Type Time entry"),
        ('payment_schedule = "soon"', "payment_schedule: “soon” is not a number of days"),
        ("payment_schedule = 1.5", "payment_schedule: “1.5” is not a number of days"),
        ("draft = 07:30:00", "draft must be a text, a number"),
        ("draft = [true]", "draft must be a text, a number"),
        ('draft = " "', "draft is empty"),
        ('"Item type" = "fixed_fee"', "unknown column “Item type”; did you mean “item_type”?"),
        ('item_typ = "fixed_fee"', "did you mean “item_type”?"),
        *((f'"{name}" = "101"', f"{name} cannot be a constant: {why}") for name, why in NEVER_CONSTANT.items()),
    ],
)
def test_a_wrong_constant_is_a_problem_of_the_settings(tmp_path: Path, line: str, said: str) -> None:
    """It names the setting, the column and the reason; no sheet is read."""
    error = refused(f"[constants]\n{line}", tmp_path)
    assert "The setting “constants” is wrong" in error.message
    assert said in error.message


def test_columns_with_a_point_need_no_quotes(tmp_path: Path) -> None:
    """TOML reads external_reference.status as a table within the table; it is understood."""
    text = (
        '[constants]\nexternal_reference.status = "pending"\n[values.external_reference.locked]\n"nö" = "no"\n'
        '[columns]\nexternal_reference.external_link = ["URL"]'
    )
    own = settings_of(text, tmp_path)
    assert own.constants == {"external_reference.status": "pending"}
    assert own.values == {"external_reference.locked": {"nö": "no"}}
    assert own.columns == {"external_reference.external_link": ["URL"]}
    assert (
        "did you mean “external_reference.status”"
        in refused('[constants]\n"external_reference.statu" = "x"', tmp_path).message
    )


# --- value maps ----------------------------------------------------------------------------


def test_words_of_a_column_are_mapped(tmp_path: Path) -> None:
    """Whatever their case and the blanks around them; number cells as they are shown; the rows stay as they were."""
    path = table(tmp_path / "a.xlsx", [*HEADER, "Taxable"], ["ACME", " t&m ", 5, 7], ["acme", "T&M", 6, "N/A"])
    text = (
        '[values.item_type]\n"T&M" = "additional"\n[values.taxable]\n7 = true\n"n/a" = ""\n'
        '[values.workspace_id]\n"ACME" = 101'
    )
    lines, problems, notices = checked_with(path, text)
    assert problems == ()
    items = [(i.workspace_id, i.item_type.value, i.amount, i.taxable) for line in lines if (i := line.item)]
    assert items == [(101, "additional", Decimal(5), True), (101, "additional", Decimal(6), None)]
    assert "[values.item_type] was used in 2 cells of “Item type”: it reads “T&M” as “additional”." in notices
    assert (
        "[values.taxable] was used in 2 cells of “Taxable”: it reads “7” as “yes”, “n/a” as an empty cell." in notices
    )
    assert list(read_with(path, text)[0].rows[0].cells) == ["ACME", " t&m ", 5, 7]


def test_a_map_that_no_cell_uses_says_nothing(tmp_path: Path) -> None:
    """Nor does one for a column that the sheet lacks."""
    path = table(tmp_path / "a.xlsx", HEADER, ROW)
    _, problems, notices = checked_with(path, '[values.item_type]\n"T&M" = "additional"\n[values.draft]\n"x" = true')
    assert (problems, notices) == ((), ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[values.item_type]\n"T&M" = "time"\n"t&m " = "expense"', "“t&m ” stands there twice"),
        ('[values.item_type]\n"T&M" = "hourly"', "item_type, “T&M”: “hourly” is not known"),
        ('[values.taxable]\n"" = "no"', "taxable maps an empty cell"),
        ('[values.amount]\n"free" = 10', "an amount stands in the sheet"),
        ('[values.itemtype]\n"T&M" = "time"', "did you mean “item_type”?"),
        ('[values]\nitem_type = "time"', "values"),
    ],
)
def test_a_wrong_map_is_a_problem_of_the_settings(tmp_path: Path, text: str, said: str) -> None:
    """It names the setting, the column and the word."""
    error = refused(text, tmp_path)
    assert "The setting “values" in error.message
    assert said in error.message


def test_the_hint_of_an_unknown_item_type_shows_the_lines(tmp_path: Path) -> None:
    """At the first cell of each word; copied into importer.toml they make it known."""
    path = table(tmp_path / "a.xlsx", HEADER, [101, 'T&"M', 5], [101, 't&"m', 6], [101, "Fixd fees", 7])
    _, problems = checked(path)
    first, second, third = problems
    assert (first.cell, lines_shown(first.hint)) == ("B2", {"values": {"item_type": {'T&"M': "time_entry"}}})
    assert "importer.toml" not in second.hint
    assert lines_shown(third.hint) == {"values": {"item_type": {"Fixd fees": "fixed_fee"}}}
    _, problems, _ = checked_with(path, third.hint.split("\n", 1)[1] + '\n"T&\\"M" = "additional"')
    assert problems == ()


# --- where settings come from -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ignore_columns", ["Internal note"]),
        ("constants", {"item_type": "fixed_fee", "payment_schedule": 30}),
        ("values", {"item_type": {"T&M": "time_entry"}}),
    ],
)
def test_the_environment_gives_them_as_json(monkeypatch: pytest.MonkeyPatch, variable: str, value: object) -> None:
    """As it gives [columns]; what is no JSON is a problem that names the variable and shows an example."""
    name = f"IMPORTER_{variable.upper()}"
    monkeypatch.setenv(name, json.dumps(value))
    assert getattr(load(), variable) == value
    monkeypatch.setenv(name, "not json")
    with pytest.raises(SettingsProblem) as caught:
        load()
    assert f"{name} is not JSON" in caught.value.message
    example = caught.value.hint.split(f"{name}=")[1].split(", or put")[0]
    monkeypatch.setenv(name, example)
    assert getattr(load(), variable) == json.loads(example)


def test_a_profile_has_its_own(tmp_path: Path) -> None:
    """A client's profile brings the constants of that client's sheets."""
    profile = '[profile.acme]\nignore_columns = ["X"]\n[profile.acme.constants]\nworkspace_id = 101'
    text = f"[constants]\ndraft = true\n{profile}"
    own = settings_of(text, tmp_path, "acme")
    assert (own.constants, own.ignore_columns) == ({"workspace_id": 101}, ["X"])
    assert settings_of(text, tmp_path).constants == {"draft": True}


def test_the_example_of_the_documentation_loads(tmp_path: Path) -> None:
    """What docs/how-to/own-headers.md shows is understood as it stands there."""
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "own-headers.md").read_text(encoding="utf-8")
    own = settings_of(page.split("```toml\n")[1].split("```")[0], tmp_path)
    assert own.ignore_columns == ["Internal note", "Approved by"]
    assert own.constants == {"item_type": "Fixed fee", "payment_schedule": "Net 30"}
    assert own.values["workspace_id"] == {"ACME": 101}


# --- the whole way ---------------------------------------------------------------------------

OWN = """
ignore_columns = ["Internal note"]
[columns]
notes = ["Leistung"]
[constants]
item_type = "Fixed fee"
payment_schedule = "Net 14"
[values.taxable]
"steuerfrei" = "no"
"""


def test_constants_and_maps_reach_kantata(cli: Cli) -> None:
    """Preview shows them, submit sends them, the results keep the sheet as it was; a second submit sends nothing."""
    (cli.folder / "importer.toml").write_text(OWN, encoding="utf-8")
    path = csv_file(
        cli.folder / "oct.csv", "Project ID,Amount,Leistung,Taxable,Internal note\n101,500,Konzept,Steuerfrei,secret\n"
    )
    preview = cli.run("preview", path, "--sandbox", "--json").document
    assert (preview["exit_code"], preview["problems"]) == (0, [])
    sent = cli.run("submit", path, "--sandbox", "--yes", "--json").document
    for document in (preview, sent):
        body = document["invoices"][0]["payload"]["invoice"]
        assert body["payment_schedule"] == 14
        assert body["fixed_fee_items"] == [{"notes": "Konzept", "amount": 500, "taxable": False}]
        assert "Item type is “Fixed fee” for every row, as [constants] says." in document["notices"]
    assert (sent["exit_code"], sent["invoices"][0]["status"]) == (0, "created")
    book = openpyxl.load_workbook(sent["files"]["results"])
    header, row = list(book["Lines"].iter_rows(values_only=True))
    assert header[:5] == ("Project ID", "Amount", "Leistung", "Taxable", "Internal note")
    assert [str(cell) for cell in row[:5]] == ["101", "500", "Konzept", "Steuerfrei", "secret"]
    assert any("as [constants] says" in str(cell) for cells in book["Summary"].values for cell in cells)
    book.close()
    assert cli.run("submit", path, "--sandbox", "--yes", "--json").statuses == ["already_created"]


def test_a_wrong_constant_stops_before_anything_is_read(cli: Cli) -> None:
    """Exit 2 with the name of the setting, no traceback."""
    (cli.folder / "importer.toml").write_text('[constants]\nitem_type = "flat"\n', encoding="utf-8")
    done = cli.run("preview", cli.fees(1), "--sandbox")
    assert done.exit_code == 2
    assert "The setting “constants” is wrong: item_type: “flat” is not known." in done.stderr
    assert "Traceback" not in done.stderr


def test_cents_cannot_be_mapped_to_the_amount() -> None:
    """Each line would be billed a hundredfold."""
    with pytest.raises(ValueError, match="500 cents would be billed as 500"):
        check_aliases({"amount": ["Amount in cents"]})


def test_the_invoice_id_of_the_upload_manager_groups_rows() -> None:
    """Its item rows name their invoice so."""
    assert known_headers()["externalinvoiceid"] == "invoice_key"
