"""The command ``settings``, quantities in words, and what marks a production account."""

from __future__ import annotations

import json
import os
import pty
import select
import tomllib
from typing import TYPE_CHECKING

import pytest

from importer.settings import quantities

if TYPE_CHECKING:
    from programs import Cli

    from importer.sandbox.running import Sandbox


def values_of(done_stdout: str) -> dict[str, tuple[object, str]]:
    """Setting → value and origin."""
    return {one["name"]: (one["value"], one["origin"]) for one in json.loads(done_stdout)["settings"]}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("180 s", 180),
        ("180s", 180),
        ("3 min", 180),
        ("1 hour", 3600),
        ("1.5 minutes", 90),
        ("2 h", 7200),
        ("5", "5"),
        (7, 7),
        ("soon", "soon"),
        ("3 weeks", "3 weeks"),
        ("s", "s"),
        ("-1 s", "-1 s"),
    ],
)
def test_times_are_taken_in_words(text: object, number: object) -> None:
    """Numbers with a unit become seconds; what is none stays, to be refused with its setting."""
    assert quantities.seconds(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("5/s", 5), ("120 / min", 2), ("5 per second", 5), ("3600/h", 1), ("5", "5"), ("5/week", "5/week")],
)
def test_paces_are_taken_in_words(text: object, number: object) -> None:
    """A number per time becomes a number per second."""
    assert quantities.per_second(text) == number


def test_each_value_is_shown_with_its_origin(cli: Cli) -> None:
    """Environment over profile over the rest of the file over default; times are shown as they are used."""
    file = cli.folder / "importer.toml"
    file.write_text('settle_seconds = "3 min"\ndraft = false\n[profile.client]\ndraft = true\npayment_schedule = 14\n')
    done = cli.run("settings", "--json", "--profile", "client")
    values = values_of(done.stdout)
    assert done.exit_code == 0
    assert values["settle_seconds"] == (180, "importer.toml")
    assert values["draft"] == (True, "importer.toml [profile.client]")
    assert values["payment_schedule"] == (14, "importer.toml [profile.client]")
    assert values["base_url"][1] == "KANTATA_BASE_URL"
    assert values["workers"] == (1, "IMPORTER_WORKERS")
    assert values["hidden_rows"] == ("warn", "default")
    assert "importer.toml [profile.client]" in cli.run("settings", "--profile", "client", COLUMNS="200").stdout


def test_secrets_are_not_shown(cli: Cli) -> None:
    """Token, addresses of notices, heartbeat, and the password of a ledger are hidden, with their origin."""
    env = {
        "KANTATA_TOKEN": "sekret1",
        "IMPORTER_NOTIFY": "mailto://me:sekret2@mail.example",
        "IMPORTER_HEARTBEAT_URL": "https://hc.example/sekret3",
        "IMPORTER_LEDGER": "postgresql://me:sekret4@db.example/ledger",
    }
    for argv in (["--json"], []):
        done = cli.run("settings", *argv, **env)
        assert (done.exit_code, "sekret" in done.stdout + done.stderr) == (0, False)
    assert values_of(cli.run("settings", "--json", **env).stdout)["token"] == ("(hidden)", "KANTATA_TOKEN")


def test_wrong_settings_are_refused_by_it_too(cli: Cli) -> None:
    """A misspelt key is named with the one that was meant."""
    (cli.folder / "importer.toml").write_text("unatended = true\n")
    done = cli.run("settings")
    assert done.exit_code == 2
    assert "“unattended”" in done.stderr


def test_addresses_of_notices_do_not_belong_into_the_file(cli: Cli) -> None:
    """They hold passwords; the file that may hold them is named instead."""
    (cli.folder / "importer.toml").write_text('notify = "mailto://me:sekret@mail.example"\n')
    done = cli.run("settings")
    assert done.exit_code == 2
    assert "notify_file" in done.stderr
    assert "sekret" not in done.stderr


def typed(cli: Cli, sandbox: Sandbox, answer: str, *argv: str) -> tuple[int, str]:
    """Submit two invoices of 101 and 102 at a terminal of its own, and type an answer."""
    sheet = cli.fees(2)
    terminal, inside = pty.openpty()
    running = cli.at(sandbox).start("submit", sheet, *argv, terminal=os.ttyname(inside), TERM="xterm", COLUMNS="120")
    said, asked, ended = b"", False, False
    while not ended:
        ended = running.ended  # looked at first, so that nothing it said is missed
        while select.select([terminal], [], [], 0.02)[0]:
            said += os.read(terminal, 65536)
        if b" to send:" in said and not asked:
            os.write(terminal, answer.encode() + b"\n")
            asked = True
    os.close(inside)
    os.close(terminal)
    return running.wait().exit_code, said.decode()


@pytest.mark.parametrize(("answer", "code", "sent"), [("203.00", 0, 2), ("203", 0, 2), ("yes", 9, 0), ("204", 9, 0)])
def test_production_asks_for_the_total(cli: Cli, sandbox: Sandbox, answer: str, code: int, sent: int) -> None:
    """A profile marked as production shows a banner and sends only when its total was typed."""
    (cli.folder / "importer.toml").write_text("[profile.real]\nproduction = true\n")
    ended, said = typed(cli, sandbox, answer, "--profile", "real")
    assert (ended, len([one for one in sandbox.received() if one.method == "POST"])) == (code, sent), said
    assert "PRODUCTION" in said


def test_without_production_there_is_no_banner(cli: Cli, sandbox: Sandbox) -> None:
    """What is always there is not seen."""
    assert "PRODUCTION" not in cli.at(sandbox).run("preview", cli.fees(1)).stderr


def test_settings_print_the_lines_of_a_preset(cli: Cli) -> None:
    """On stdout, ready to be copied; a name that does not exist is wrong use."""
    done = cli.run("settings", "--preset", "harvest")
    assert (done.exit_code, tomllib.loads(done.stdout)["columns"]["amount"]) == (0, ["Billable Amount"])
    assert cli.run("settings", "--preset", "everhour").exit_code == 2


def test_settings_say_what_comes_from_a_preset(cli: Cli) -> None:
    """Its lines stand in the settings that they belong to, below those of the user."""
    (cli.folder / "own.toml").write_text('preset = "toggl"\nignore_columns = ["Deal ID"]\n')
    values = values_of(cli.run("settings", "--json", "--config", "own.toml").stdout)
    ignored, origin = values["ignore_columns"]
    assert (ignored[:2], origin) == (["Deal ID", "Email"], "own.toml and preset toggl")
    assert values["constants"] == ({"item_type": "Additional item"}, "preset toggl")
