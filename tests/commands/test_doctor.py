"""The doctor finds what would keep a run from going well, says how to mend it, and never shows the token."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from inboxes import MailServer
from scripted import Scripted, http

from importer import sandbox as stand_in
from importer.ledger.opening import open_ledger
from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from programs import Cli, Finished

    from importer.sandbox.running import Sandbox

TOKEN = "s3cret-t0ken-of-anna"  # noqa: S105 - to be looked for
ME = {"results": [{"key": "users", "id": "7"}], "users": {"7": {"full_name": "Anna Muster", "email_address": "a@b.ch"}}}


def doctor(cli: Cli, *options: object, **env: str) -> Finished:
    """Run the doctor, with JSON; the token must be nowhere."""
    done = cli.run("doctor", "--json", *options, **env)
    assert TOKEN not in done.stdout + done.stderr
    return done


def checks(done: Finished) -> dict[str, dict[str, Any]]:
    """The checks by name."""
    return {one["name"]: one for one in done.document["checks"]}


def states(done: Finished) -> dict[str, str]:
    """Those that are not well."""
    return {name: one["state"] for name, one in checks(done).items() if one["state"] != "ok"}


def test_all_is_well(cli: Cli) -> None:
    """Everything that was asked for has its line; exit 0; no token in sight."""
    with stand_in.start(token=TOKEN) as kantata:
        cli = cli.at(kantata)
        cli.fees(2)
        cli.run("submit", cli.folder / "october.csv", "--yes")
        done = doctor(cli)
        shown = cli.run("doctor").stdout
    assert TOKEN not in shown
    assert (done.exit_code, states(done)) == (0, {})
    says = {name: one["says"] for name, one in checks(done).items()}
    assert set(says) > {
        "program",
        "settings",
        "token",
        "connection",
        "clock",
        "projects",
        "ledger",
        "reports",
        "time zone",
        "pace",
        "extra postgres",
        "extra sandbox",
    }
    assert "Jordan" in says["token"] or "@" in says["token"]
    assert "sees the finances of" in says["projects"]
    assert "2 invoices" in says["ledger"]
    assert says["setting token"] == "(secret), from KANTATA_TOKEN"
    assert all(one["remedy"] is None for one in checks(done).values())
    assert all(shown.count(f"  {name} ") for name in says)


def test_where_each_value_comes_from(cli: Cli, sandbox: Sandbox) -> None:
    """File, profile and environment are told apart; a password in an address is not shown."""
    (cli.folder / "importer.toml").write_text("workers = 2\nretry_seconds = 7\n[profile.test]\npayment_schedule = 14\n")
    cli = cli.at(sandbox)
    env = {"IMPORTER_LEDGER": f"postgresql+psycopg://anna:{TOKEN}@127.0.0.1:1/x"}
    says = {name: one["says"] for name, one in checks(doctor(cli, "--profile", "test", **env)).items()}
    assert says["setting retry_seconds"].endswith("from IMPORTER_RETRY_SECONDS")
    assert says["setting payment_schedule"] == "14, from importer.toml [profile.test]"
    assert says["setting ledger"].startswith("postgresql+psycopg://127.0.0.1:1/x")
    del cli.env["IMPORTER_WORKERS"]
    assert checks(doctor(cli))["setting workers"]["says"] == "2, from importer.toml"


def test_wrong_settings_end_with_2(cli: Cli) -> None:
    """What cannot be read is said, with the remedy."""
    (cli.folder / "importer.toml").write_text("wrokers = 2\n")
    done = doctor(cli)
    assert (done.exit_code, states(done)) == (2, {"settings": "fail"})
    assert "workers" in checks(done)["settings"]["says"]


@pytest.mark.parametrize(("token", "code"), [("", 2), (TOKEN, 5)])
def test_no_token_ends_with_2_and_a_refused_one_with_5(cli: Cli, sandbox: Sandbox, token: str, code: int) -> None:
    """The rest is checked all the same."""
    done = doctor(cli, KANTATA_BASE_URL=sandbox.base_url, KANTATA_TOKEN=token)
    assert (done.exit_code, states(done)) == (code, {"token": "fail"})
    assert "KANTATA_TOKEN" in checks(done)["token"]["remedy"]
    assert {"ledger", "reports", "pace"} < set(checks(done))


def test_nobody_there_ends_with_6(cli: Cli) -> None:
    """The token cannot be checked then, which is a warning."""
    done = doctor(cli, KANTATA_TOKEN=TOKEN)
    assert (done.exit_code, states(done)) == (6, {"token": "warn", "connection": "fail"})


@pytest.mark.parametrize(("minutes", "state"), [(1, "ok"), (-1, "ok"), (3, "warn"), (-3, "warn")])
def test_a_clock_that_is_off_is_a_warning(cli: Cli, minutes: int, state: str) -> None:
    """Beyond two minutes; exit 0, because a warning stops nobody."""
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    spaces = {"count": 1, "workspaces": {"5": {"permissions": {"can_see_financials": True}}}}
    answers = [http(200, json.dumps(ME), Date=date), http(200, json.dumps(spaces), Date=date)]
    with Scripted(list(answers)) as server:
        done = doctor(cli, KANTATA_BASE_URL=server.base_url, KANTATA_TOKEN=TOKEN)
    assert (done.exit_code, checks(done)["clock"]["state"]) == (0, state)
    assert "Anna Muster <a@b.ch>" in checks(done)["token"]["says"]
    if state == "warn":
        assert f"3 min {'behind' if minutes > 0 else 'ahead of'} Kantata" in checks(done)["clock"]["says"]


def test_finances_that_nobody_may_see_are_a_warning(cli: Cli) -> None:
    """Without financial permission no invoice can be created or seen."""
    spaces = {"count": 1, "workspaces": {"5": {"permissions": {"can_see_financials": False}}}}
    with Scripted([http(200, json.dumps(ME), Date="x"), http(200, json.dumps(spaces))]) as server:
        done = doctor(cli, KANTATA_BASE_URL=server.base_url, KANTATA_TOKEN=TOKEN)
    assert states(done) == {"clock": "warn", "projects": "warn"}
    assert checks(done)["projects"]["says"] == "sees the finances of 0 of 1 project"


def test_what_is_in_doubt_is_a_warning(cli: Cli, sandbox: Sandbox) -> None:
    """With the way out."""
    cli = cli.at(sandbox)
    cli.fees(1)
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER))
    cli.run("submit", cli.folder / "october.csv", "--yes")
    done = doctor(cli)
    assert (done.exit_code, states(done)) == (0, {"ledger": "warn"})
    assert "reconcile" in checks(done)["ledger"]["remedy"]


def test_a_ledger_that_cannot_be_used_ends_with_1(cli: Cli, sandbox: Sandbox) -> None:
    """A file that is something else."""
    cli.ledger.parent.mkdir()
    cli.ledger.write_text("no ledger at all, but long enough to be looked at by SQLite" * 20)
    done = doctor(cli.at(sandbox))
    assert (done.exit_code, states(done)) == (1, {"ledger": "fail"})


def test_it_makes_no_ledger_and_no_folder(cli: Cli, sandbox: Sandbox) -> None:
    """Looking changes nothing."""
    done = doctor(cli.at(sandbox))
    assert (done.exit_code, cli.ledger.exists(), (cli.folder / "reports").exists()) == (0, False, False)


def test_a_folder_that_others_may_open_is_a_warning(cli: Cli, sandbox: Sandbox) -> None:
    """And one that is no folder fails."""
    reports = cli.folder / "reports"
    reports.mkdir(mode=0o755)
    reports.chmod(0o755)
    assert states(doctor(cli.at(sandbox))) == {"reports": "warn"}
    reports.rmdir()
    reports.write_text("a file")
    done = doctor(cli.at(sandbox))
    assert (done.exit_code, states(done)) == (1, {"reports": "fail"})


def test_the_lock_of_a_dead_machine_is_ended_by_a_person(cli: Cli, sandbox: Sandbox, postgresql: Any) -> None:
    """The doctor names who holds it; without a terminal it ends none."""
    cli = cli.at(sandbox)
    env = {"IMPORTER_LEDGER": postgresql.address}
    assert checks(doctor(cli, **env))["lock"]["says"] == "no run is at work"
    ledger = open_ledger(postgresql.url, sandbox.base_url)
    with ledger.exclusive("20261001-120000-abcd"):
        assert "20261001-120000-abcd" in checks(doctor(cli, **env))["lock"]["says"]
        done = cli.run("doctor", "--unlock", **env)
        assert (done.exit_code, ledger.holder() is None) == (9, False)
    ledger.close()


def test_both_kinds_of_ledger_tell_how_they_stand(cli: Cli, sandbox: Sandbox, postgresql: Any) -> None:
    """PostgreSQL too: version and size, and no password."""
    cli = cli.at(sandbox)
    env = {"IMPORTER_LEDGER": postgresql.address}
    cli.fees(1)
    assert cli.run("submit", cli.folder / "october.csv", "--yes", **env).exit_code == 0
    says = checks(doctor(cli, **env))["ledger"]["says"]
    assert "1 invoice" in says
    assert "MB" in says


def test_a_test_notice_goes_to_every_address(cli: Cli, sandbox: Sandbox) -> None:
    """Of each it is said by its number whether it went; one that failed ends with 1."""
    with MailServer() as mail:
        env = {"IMPORTER_NOTIFY": f"json://127.0.0.1:9/sekret99x {mail.address}"}
        done = cli.at(sandbox).run("doctor", "--notify", **env)
        assert ([one["subject"] for one in mail.received], done.exit_code) == (
            ["invoice-importer: test of the notices"],
            1,
        )
        assert re.search(r"fail +test notice +address 1 \(json\) failed", done.stdout.replace(":", "")) is not None
        assert re.search(r"ok +test notice +address 2 \(mailto\): sent", done.stdout) is not None
        assert "sekret99x" not in done.stdout
        cli.at(sandbox).run("doctor", **env)
        assert len(mail.received) == 1
    nowhere = cli.at(sandbox).run("doctor", "--notify")
    assert (nowhere.exit_code, "no address is set" in nowhere.stdout) == (1, True)


@pytest.mark.parametrize("setting", ["IMPORTER_LEDGER", "IMPORTER_REPORTS"])
@pytest.mark.parametrize("parent", ["f", "/proc"])
def test_what_cannot_be_made_is_found_before_a_run_needs_it(
    cli: Cli, sandbox: Sandbox, setting: str, parent: str
) -> None:
    """Below a file, or where the system makes no files, whatever the permissions say."""
    (cli.folder / "f").touch()
    done = doctor(cli.at(sandbox), **{setting: str(cli.folder / parent / "x" / "l.db")})
    assert (done.exit_code, states(done)) == (1, {setting.removeprefix("IMPORTER_").lower(): "fail"})
    assert list(cli.folder.rglob(".write-test*")) == []


def test_a_ledger_that_cannot_be_written_is_found(cli: Cli, sandbox: Sandbox) -> None:
    """Though it can be read: a write is tried and taken back, so that nothing is changed."""
    cli = cli.at(sandbox)
    cli.fees(1)
    cli.run("submit", cli.folder / "october.csv", "--yes")
    before = dump(cli)
    assert states(doctor(cli)) == {}
    assert dump(cli) == before
    readonly = "import importer.ledger.opening as o\ndurable = o._make_durable\n"
    readonly += "def only_reads(c, r):\n    durable(c, r)\n    c.execute('PRAGMA query_only=ON')\n"
    readonly += "o._make_durable = only_reads\n"
    done = cli.start("doctor", "--json", before=readonly).wait()
    assert (done.exit_code, states(done)) == (1, {"ledger": "fail"})


def dump(cli: Cli) -> list[str]:
    """All that the ledger holds."""
    import sqlite3

    with sqlite3.connect(cli.ledger) as ledger:
        held = list(ledger.iterdump())
    ledger.close()
    return held


@pytest.mark.parametrize(
    ("env", "code"), [({"IMPORTER_INBOX": "gone"}, 2), ({"IMPORTER_UNATTENDED": "true"}, 2), ({}, 0)]
)
def test_an_inbox_that_is_not_there_is_found(cli: Cli, sandbox: Sandbox, env: dict[str, str], code: int) -> None:
    """Where run is used: somebody set it, or lets it send."""
    done = doctor(cli.at(sandbox), **env)
    assert (done.exit_code, states(done)) == (code, {"inbox": "fail"} if code else {})
    (cli.folder / env.get("IMPORTER_INBOX", "inbox")).mkdir()
    done = doctor(cli.at(sandbox), **env)
    assert (done.exit_code, states(done)) == (0, {})
    (cli.folder / env.get("IMPORTER_INBOX", "inbox") / "failed").touch()
    assert states(doctor(cli.at(sandbox), **env)) == {"inbox": "fail"}


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_terminal_breaks_long_lines_between_words(cli: Cli, width: int) -> None:
    """What is said of a check goes on below its beginning."""
    done = cli.run("doctor", FORCE_COLOR="1", COLUMNS=str(width))
    shown = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    assert max(map(len, shown.splitlines())) <= width
    assert "KANTATA_TOKEN" in shown
