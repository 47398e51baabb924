"""The README says what the program does, word for word where it can be checked."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from importer.cli import app
from importer.model.exit_codes import ExitCode

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
sys.path.insert(0, str(ROOT / "tools"))


def test_generated_tables_are_current() -> None:
    """The column and settings tables are those that the code makes; ``make readme`` renews them."""
    import readme_tables

    assert readme_tables.renewed(README) == README


def test_every_option_in_the_readme_exists() -> None:
    """No option is promised that no command has."""
    commands = get_command(app).commands  # type: ignore[attr-defined]
    options = {
        name
        for command in commands.values()
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    foreign = {"--user", "--help", "--now"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) - foreign <= options


def test_every_command_is_explained() -> None:
    """Each command is named in the README, and each one in the README exists."""
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"invoice-importer (?!\[)([a-z]+)", README))
    assert named <= commands
    assert commands <= named


def test_exit_codes_are_those_of_the_program() -> None:
    """The exit-code table names exactly the codes that the program can end with."""
    table = README.split("### Exit codes")[1].split("###")[0]
    codes = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE) for code in row.split(",")}
    assert codes == {int(code) for code in ExitCode}


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make (\w+)`", README)) | {"demo", "test"}))
def test_every_make_target_exists(target: str) -> None:
    """Each make target in the README is in the Makefile."""
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:templates|sample_data|importer|docs)/[\w./]*)`", README)))
)
def test_every_file_in_the_readme_exists(path: str) -> None:
    """Each file of the project that the README names is there."""
    assert (ROOT / path).exists()


def test_help_answers_without_the_heavy_libraries() -> None:
    """``--help`` loads neither pandas nor pandera nor SQLAlchemy, so it answers at once."""
    heavy = "{'pandas', 'pandera', 'sqlalchemy', 'requests', 'pydantic', 'openpyxl', 'xlsxwriter', 'flask'}"
    code = f"import sys, importer.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
