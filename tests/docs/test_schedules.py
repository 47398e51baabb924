"""The recipes for schedulers name commands and options that exist, and can be read by what reads them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.main import get_command

from importer.cli import app
from importer.settings.model import ENV_PREFIX, Settings
from importer.settings.sources import NOT_SETTINGS, OWN_NAMES

TEMPLATES = Path(__file__).parents[2] / "templates"
RECIPES = ("crontab", "invoice-importer.service", "invoice-importer.timer", "windows-task.xml")


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_name_what_exists(name: str) -> None:
    """Commands, options and variables are those of the program."""
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    commands = get_command(app).commands  # type: ignore[attr-defined]
    options = {
        option
        for command in commands.values()
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert set(re.findall(r"bin/invoice-importer (\w+)", text)) <= set(commands)
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= options | {"--user", "--now"}
    known = {ENV_PREFIX + field.upper() for field in Settings.model_fields} | NOT_SETTINGS | set(OWN_NAMES)
    assert set(re.findall(r"\b((?:IMPORTER|KANTATA)_[A-Z_]+)\b", text)) <= known


def test_every_line_of_the_crontab_is_one() -> None:
    """Five fields of time and a command, or a variable, or a remark."""
    lines = [line for line in (TEMPLATES / "crontab").read_text().splitlines() if line and not line.startswith("#")]
    for line in lines:
        assert re.fullmatch(r"[A-Z_]+=\S+|([\d*/,-]+\s+){5}/home/\S+/invoice-importer .*", line), line
    assert len(lines) == 4


def test_the_windows_task_is_xml_that_starts_run() -> None:
    """Whatever the Task Scheduler makes of it: one command, run, and never two at once."""
    task = ET.parse(TEMPLATES / "windows-task.xml").getroot()  # noqa: S314 - our own file
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    assert task.findtext(".//t:Exec/t:Arguments", namespaces=space) == "run --quiet"
    assert task.findtext(".//t:MultipleInstancesPolicy", namespaces=space) == "IgnoreNew"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """systemd-analyze finds nothing to complain about; only the path of the program is another one here."""
    for name in ("invoice-importer.service", "invoice-importer.timer"):
        text = (TEMPLATES / name).read_text().replace("%h/.local/bin/invoice-importer", "/bin/true")
        (tmp_path / name).write_text(text)
    units = [str(one) for one in sorted(tmp_path.iterdir())]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
