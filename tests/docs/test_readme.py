"""README and docs/ say what the program does, word for word where it can be checked."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest
from typer.main import get_command

from importer.cli import app
from importer.model.columns import COLUMNS
from importer.model.exit_codes import ExitCode
from importer.model.invoices import ItemType
from importer.settings.model import ENV_PREFIX, Settings
from importer.settings.sources import NOT_SETTINGS, OWN_NAMES

if TYPE_CHECKING:
    from programs import Cli

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted(DOCS.rglob("*.md")))
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
README = TEXTS["README.md"]
EVERYTHING = "\n".join(TEXTS.values())
MOST_LINES = 200
"""Lines of a README that a person still reads."""
LARGEST_PICTURE = 120_000
"""Bytes."""
OTHER_NAMES = {"docs/kantata.md", "docs/explanation/exactly-once.md", "docs/reference/settings.md"}
"""Pages that name fields of the API, states of the ledger and values of settings as well."""
sys.path.insert(0, str(ROOT / "tools"))


def _commands() -> set[str]:
    return set(get_command(app).commands)  # type: ignore[attr-defined]


def _options() -> set[str]:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    return {
        name
        for command in commands.values()
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


def _anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    outside_code = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    heads = re.findall(r"^#+ (.+)$", outside_code, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_the_readme_is_short() -> None:
    """It leads to the first invoice; everything else stands in docs/."""
    assert len(README.splitlines()) <= MOST_LINES


def test_generated_tables_are_current() -> None:
    """The tables of columns, settings and commands are those that the code makes; ``make docs`` renews them."""
    import docs_tables

    for page in docs_tables.TABLES:
        text = TEXTS[f"docs/reference/{page}"]
        assert docs_tables.renewed(page, text) == text, page


def test_the_marks_of_a_generated_table_must_be_there() -> None:
    """A page without them is not passed over in silence."""
    import docs_tables

    with pytest.raises(ValueError, match=r"settings\.md has not exactly one"):
        docs_tables.renewed("settings.md", "# Settings\n")


def test_every_option_exists() -> None:
    """No option is promised that no command has."""
    foreign = {"--user", "--help", "--now"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", EVERYTHING)) - foreign <= _options()


def test_every_command_is_explained() -> None:
    """Each command is named in the README and has a section in docs/reference/commands.md."""
    named = set(re.findall(r"invoice-importer (?!\[)([a-z]+)", README))
    assert named == _commands()
    sections = set(re.findall(r"^## (.+)$", TEXTS["docs/reference/commands.md"], re.MULTILINE))
    assert sections == _commands()


def test_every_command_named_exists() -> None:
    """No page sends its reader to a command that the program does not have."""
    assert set(re.findall(r"invoice-importer (?!\[)([a-z]+)", EVERYTHING)) <= _commands()


def test_every_setting_is_documented() -> None:
    """Each setting has a line in docs/reference/settings.md, and each line there is a setting."""
    table = TEXTS["docs/reference/settings.md"]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(Settings.model_fields)


def test_every_setting_named_exists() -> None:
    """What a page sets with ``name = value`` in code is a setting or a table of settings, column or word of one."""
    set_here = set(re.findall(r"`([a-z]+(?:_[a-z]+)*) = [^`]+`", EVERYTHING))
    assert set_here <= set(Settings.model_fields)
    for block in re.findall(r"```toml\n(.+?)```", EVERYTHING, re.DOTALL):
        parsed = tomllib.loads(block)
        profiles = parsed.pop("profile", {})
        for keys in (parsed, *profiles.values()):
            assert set(keys) <= set(Settings.model_fields)


def test_every_name_with_underscores_is_known() -> None:
    """A name such as ``settle_seconds`` is a setting, a column or an item type."""
    columns = {column.name for column in COLUMNS}
    known = {*Settings.model_fields, *columns, *(kind.value for kind in ItemType), "cost_center", "assert_never"}
    foreign = {"external_invoice_id", "amount_in_cents"}  # headers of other programs that the pages speak of
    for page in set(TEXTS) - OTHER_NAMES:
        assert set(re.findall(r"`([a-z]+_[a-z_]+)`", TEXTS[page])) <= known | foreign, page


def test_every_variable_exists() -> None:
    """No environment variable is named that the program does not read."""
    known = {ENV_PREFIX + field.upper() for field in Settings.model_fields} | NOT_SETTINGS | set(OWN_NAMES)
    assert set(re.findall(r"\b((?:IMPORTER|KANTATA)_[A-Z_]+)\b", EVERYTHING)) <= known


def test_exit_codes_are_those_of_the_program() -> None:
    """The exit-code table names exactly the codes that the program can end with."""
    table = TEXTS["docs/reference/exit-codes.md"]
    codes = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE) for code in row.split(",")}
    assert codes == {int(code) for code in ExitCode}


def test_every_make_target_exists() -> None:
    """Each make target that a page names is in the Makefile."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test", *re.findall(r"`make (\w+)`", EVERYTHING)} <= targets


def test_every_file_exists() -> None:
    """Each file of the project that a page names is there."""
    named = re.findall(r"`((?:templates|sample_data|importer|docs|tests|tools|\.ci|\.github)/[\w./-]*)`", EVERYTHING)
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_link_leads_somewhere() -> None:
    """Each link within the project names a file that is there, and a heading that it has."""
    for page, text in TEXTS.items():
        here = ROOT / page
        for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
            path, _, anchor = target.partition("#")
            file = (here.parent / path).resolve() if path else here
            assert file.exists(), (page, target)
            if anchor:
                assert anchor in _anchors(file.read_text(encoding="utf-8")), (page, target)


def test_every_page_can_be_found() -> None:
    """The index links each page of docs/."""
    linked = {(DOCS / target).resolve() for target in re.findall(r"\]\(([^)#\s]+)", TEXTS["docs/README.md"])}
    assert set(DOCS.rglob("*.md")) - {DOCS / "README.md"} <= linked


def test_pictures_exist() -> None:
    """Every picture is there and small, and none lies about unused."""
    used = {
        (page.parent / name).resolve()
        for page in PAGES
        for name in re.findall(r"!\[.+?\]\((.+?)\)", page.read_text(encoding="utf-8"))
    }
    assert used == set((DOCS / "pictures").iterdir())
    assert all(picture.stat().st_size < LARGEST_PICTURE for picture in used)


def test_the_drawn_terminal_is_current(tmp_path: Path) -> None:
    """The picture in the README shows what the program prints now, and loads no fonts; ``make docs`` renews it."""
    import make_pictures

    drawn = make_pictures.terminal(tmp_path)
    assert drawn == (DOCS / "pictures" / "terminal.svg").read_text(encoding="utf-8")
    assert "url(http" not in drawn


def test_the_extras_exist() -> None:
    """Each extra that a page names, or installs, is one of the package's."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    installed = {
        name for names in re.findall(r'(?:"\.|importer)\[([\w,]+)\]"', EVERYTHING) for name in names.split(",")
    }
    assert installed
    assert installed | set(re.findall(r"extra `(\w+)`", EVERYTHING)) <= set(extras)


def test_the_words_are_plain() -> None:
    """Words that readers stumble over are not used; what the program prints is quoted as it is (lines with ``>``)."""
    own = "\n".join(line for line in EVERYTHING.splitlines() if not line.startswith(">"))
    own = own.replace("not “mend”", "")
    assert re.findall(r"\b(nobody|anew|told|unasked|mend|mended)\b", own, re.IGNORECASE) == []


def test_the_first_invoice_of_the_readme(cli: Cli) -> None:
    """Who follows the README's five minutes has invoices; who submits once more is answered that they exist."""
    first, last, to = re.search(
        r"Copy rows (\d+) to (\d+) of the sheet\s+\*\*Example\*\* to row (\d+)", README
    ).groups()  # type: ignore[union-attr]
    steps = README.split("## Your first invoice")[1].split("\n## ")[0]
    template, preview, submit = (line.split()[1:] for line in re.findall(r"invoice-importer .+", steps))

    assert cli.run(*template).exit_code == 0
    path = cli.folder / "october.xlsx"
    book = openpyxl.load_workbook(path)
    copied = book["Example"].iter_rows(min_row=int(first), max_row=int(last), values_only=True)
    for number, row in enumerate(copied, start=int(to)):
        for column, value in enumerate(row, start=1):
            book["Invoices"].cell(number, column).value = value
    book.save(path)

    shown = cli.run(*preview, IMPORTER_COMPLETENESS="true").stdout
    assert re.search(r"^ ready +4 ", shown, re.MULTILINE)
    assert "Open in Kantata for 2026-10, not in this file" in shown  # its items are of the month that it bills
    assert re.search(r"^ created +4 ", cli.run(*submit, "--yes").stdout, re.MULTILINE)
    assert re.search(r"^ already created +4 ", cli.run(*submit, "--yes").stdout, re.MULTILINE)
