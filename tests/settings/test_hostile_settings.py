"""Settings that were made to take time, memory or a crash end with a sentence; passwords in them are not shown."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from importer.ledger.opening import shown_address
from importer.model.errors import LedgerProblem, SettingsProblem
from importer.settings.loading import load
from importer.settings.secrecy import without_secret

if TYPE_CHECKING:
    from pathlib import Path

MOST_SECONDS = 5.0
"""Of the processor; the worst took two minutes."""
CONTENTS = {
    "brackets": "ignore_columns = " + "[" * 100_000,
    "tables within each other": "columns = " + "{a=" * 100_000,
    "a key of many parts": ".".join(["a"] * 50_000) + " = 1",
    "many keys of parts": "".join(f"a.b{number} = 1\n" for number in range(50_000)),
    "many keys": "".join(f"k{number} = 1\n" for number in range(50_000)),
    "a number of many digits": "workers = " + "9" * 5_000,
    "an amount of many digits": "largest_total = '1e999999999'",
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_a_hostile_settings_file_is_refused_at_once(tmp_path: Path, content: str) -> None:
    """With its name, or that of the setting."""
    file = tmp_path / "importer.toml"
    file.write_text(content)
    file.chmod(0o600)
    began = time.process_time()
    with pytest.raises(SettingsProblem):
        load(config=file)
    assert time.process_time() - began < MOST_SECONDS


@pytest.mark.parametrize("value", ["[" * 100_000, '{"a":' * 100_000])
def test_a_hostile_variable_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """As JSON that is nested too deep."""
    monkeypatch.setenv("IMPORTER_COLUMNS", value)
    with pytest.raises(SettingsProblem, match="nested too deep"):
        load()


@pytest.mark.parametrize("setting", [":memory:", "sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_ledger_in_memory_is_refused(setting: str) -> None:
    """It would forget what was billed."""
    with pytest.raises(LedgerProblem, match="would forget what was billed"):
        shown_address(setting)


@pytest.mark.parametrize(
    "setting",
    [
        "host=db user=u password=geheim dbname=x",
        "user=u PASSWORD = 'geheim' host=h",
        "dbname=x\tpassword=geheim",
        "postgresql+psycopg://u:geheim@h/db",
        "postgresql+psycopg:///db?host=h&user=u&password=geheim",
        "postgresql+psycopg://h/db?sslpassword=geheim",
        "postgresql+psycopg://u:ge@heim@h/db",
        "mysql://u:geheim@h/d",
    ],
)
def test_the_password_of_a_ledger_is_never_shown(setting: str) -> None:
    """However PostgreSQL takes it, and where it is refused, too."""
    try:
        shown = shown_address(setting)
    except LedgerProblem as problem:
        shown = f"{problem.message} {problem.hint}"
    assert "heim" not in shown + without_secret("ledger", setting)
