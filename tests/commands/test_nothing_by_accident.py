"""What an unset variable or a hostile setting would do by accident is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from programs import Cli

    from importer.sandbox.running import Sandbox


@pytest.mark.parametrize("name", ["", "2", "2026112"])
def test_a_run_to_undo_is_named_by_eight_characters(cli: Cli, sandbox: Sandbox, name: str) -> None:
    """An unset variable of a shell script undid the only run."""
    there = cli.at(sandbox)
    assert there.run("submit", cli.fees(1), "--yes").exit_code == 0
    done = there.run("undo", name, "--yes")
    assert (done.exit_code, sandbox.received("DELETE")) == (2, [])
    assert "at least 8 characters" in done.stderr


@pytest.mark.parametrize("ledger", [":memory:", "sqlite://", "sqlite:///:memory:", "host=db user=me password=sekret-1"])
def test_a_ledger_that_forgets_or_shows_a_password_is_refused(cli: Cli, ledger: str) -> None:
    """Exit code 2, and no file of that name."""
    for command in (["preview", cli.fees(1)], ["settings"], ["doctor"]):
        done = cli.run(*command, IMPORTER_LEDGER=ledger)
        assert done.exit_code != 0
        assert "sekret-1" not in done.stdout + done.stderr
    assert [path.name for path in cli.folder.iterdir() if "=" in path.name or "memory" in path.name] == []


def test_settings_nested_too_deep_are_a_message(cli: Cli) -> None:
    """A hundred thousand brackets are no crash."""
    (cli.folder / "importer.toml").write_text("workers = " + "[" * 100_000)
    done = cli.run("settings")
    assert done.exit_code == 2
    assert "nested too deep" in done.stderr
