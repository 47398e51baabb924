"""A command loads only what it needs, so that it answers at once."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from importer.cli import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = frozenset(
    {
        "pandas",
        "pandera",
        "numpy",
        "sqlalchemy",
        "requests",
        "pydantic",
        "openpyxl",
        "rapidfuzz",
        "xlsxwriter",
        "flask",
        "jinja2",
        "apprise",
    }
)
LOADED = """
import runpy, sys
sys.argv = ["importer", *sys.argv[1:]]
try:
    runpy.run_module("importer", run_name="__main__", alter_sys=True)
except SystemExit:
    pass
sys.stderr.write("\\nLOADED " + " ".join(sys.modules))
"""


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        ("--help", set()),
        ("settings", {"sqlalchemy", "pydantic"}),
        ("history", {"sqlalchemy", "pydantic"}),
        ("doctor", {"sqlalchemy", "pydantic", "requests"}),
        ("template", {"openpyxl", "numpy", "pydantic"}),  # openpyxl loads numpy where it is installed
    ],
)
def test_a_command_loads_no_heavy_library_that_it_does_not_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, needed: set[str]
) -> None:
    """Pandas alone costs more than a second; each command is loaded only when it is called."""
    monkeypatch.setenv("IMPORTER_LEDGER", str(tmp_path / "ledger.sqlite"))
    monkeypatch.setenv("IMPORTER_UNATTENDED", "false")
    done = subprocess.run(
        [sys.executable, "-c", LOADED, command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.rpartition("LOADED ")[2].split())
    assert "importer" in loaded
    assert loaded & HEAVY <= needed
    if command == "history":  # where nothing is set, what cells mean is not needed; nor another database
        assert not {"importer.values.cells", "importer.reporting.document", "sqlalchemy.dialects.postgresql"} & loaded
    if command != "--help":  # which says something of each
        others = set(COMMANDS.values()) - {command, "sandbox"}  # others embed the sandbox
        assert not loaded & {f"importer.commands.{module}" for module in others}


def test_the_first_page_of_the_app_needs_no_pandas(tmp_path: Path) -> None:
    """It is shown within a second; what reads files is loaded when one is chosen."""
    code = (
        "import sys, importer.commands.app, importer.commands.session, importer.app.serving\n"
        "print(' '.join(name for name in sys.modules if '.' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & HEAVY <= {"sqlalchemy", "requests", "pydantic", "flask", "jinja2"}
