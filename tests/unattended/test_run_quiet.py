"""What a scheduler mails: under ``--quiet`` one line per file that needs somebody, and nothing when all went well."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from inboxes import MailServer, filled, text_of
from scripted import Scripted, http

from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from programs import Cli

    from importer.sandbox.running import Sandbox

AUTO = {"IMPORTER_UNATTENDED": "true", "IMPORTER_INBOX_SETTLE_SECONDS": "0"}
DEAD = "json://127.0.0.1:9/x"
"""An address where nobody listens."""


def test_nothing_is_said_when_all_went_well(cli: Cli, sandbox: Sandbox) -> None:
    """Neither of a file that was billed nor of an empty inbox, nor of a folder that lies there."""
    (filled(cli.folder / "inbox" / "a.xlsx", 10).parent / "notes").mkdir()
    for _ in range(2):
        done = cli.at(sandbox).run("run", "--quiet", **AUTO)
        assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (3, ["failed", "a.xlsx: ", "Amount", "-annotated.xlsx"]),
        (5, ["left in the inbox", "401", "KANTATA_TOKEN"]),
        (6, ["left in the inbox", "could not be asked", "Check the network"]),
        (8, ["in-doubt", "It may exist in Kantata", "reconcile"]),
        (9, ["left in the inbox", "no gate guards", "Expected total"]),
    ],
)
def test_each_file_that_needs_somebody_has_its_line(cli: Cli, sandbox: Sandbox, code: int, words: list[str]) -> None:
    """On stderr, with reason and remedy, and nothing on stdout."""
    filled(cli.folder / "inbox" / "a.xlsx", "ten" if code == 3 else 10, total=None if code == 9 else 10)
    here = cli.at(sandbox)
    env = {"KANTATA_TOKEN": "refused"} if code == 5 else {"KANTATA_BASE_URL": "http://127.0.0.1:9/api/v1"}
    if code == 8:
        sandbox.misbehave(Fault(FaultKind.DROP_AFTER))
    done = here.run("run", "--quiet", **AUTO, **(env if code in (5, 6) else {}))
    assert (done.exit_code, done.stdout) == (code, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("a.xlsx: ")
    assert [word for word in words if word not in line] == []


def test_the_mail_of_a_waiting_file_has_reason_and_remedy_and_comes_again_with_another_reason(
    cli: Cli, sandbox: Sandbox
) -> None:
    """The token is refused, twice, and then Kantata is away: two mails."""
    filled(cli.folder / "inbox" / "a.xlsx", 10)
    with MailServer() as mail:
        here, env = cli.at(sandbox), {"IMPORTER_NOTIFY": mail.address, **AUTO}
        for address in (sandbox.base_url, sandbox.base_url, "http://127.0.0.1:9/api/v1", "http://127.0.0.1:9/api/v1"):
            here.run("run", "--quiet", KANTATA_TOKEN="refused", KANTATA_BASE_URL=address, **env)  # noqa: S106
        first, second = (text_of(one) for one in mail.received)
    assert "Check that KANTATA_TOKEN is current" in first
    assert "Check the network" in second


@pytest.mark.parametrize("name", ["IMPORTER_NOTIFY", "IMPORTER_HEARTBEAT_URL"])
def test_a_notice_or_heartbeat_that_fails_is_said(cli: Cli, sandbox: Sandbox, name: str) -> None:
    """Exit code 0, for what was to be done is done; but a line on stderr, and doctor knows it next time."""
    filled(cli.folder / "inbox" / "a.xlsx", 10)
    env = {name: DEAD if name == "IMPORTER_NOTIFY" else "http://127.0.0.1:9/x"}
    done = cli.at(sandbox).run("run", "--quiet", **AUTO, **env)
    assert (done.exit_code, done.stdout) == (0, "")
    what = "notice" if name == "IMPORTER_NOTIFY" else "heartbeat"
    assert f"The {what} could not be sent" in done.stderr
    checks = cli.at(sandbox).run("doctor", "--json", **AUTO, **env).document["checks"]
    [check] = [one for one in checks if one["name"] in (f"{what}s", what)]
    assert (check["state"], "failed" in check["says"]) == ("warn", True)


def test_a_heartbeat_that_works_again_is_well_again(cli: Cli, sandbox: Sandbox) -> None:
    """Only the last one counts."""
    (cli.folder / "inbox").mkdir()
    with Scripted([http(500), http(200)]) as pulse:
        env = {"IMPORTER_HEARTBEAT_URL": f"http://127.0.0.1:{pulse.port}/x", **AUTO}
        states = []
        for _ in range(2):
            cli.at(sandbox).run("run", **env)
            checks = cli.at(sandbox).run("doctor", "--json", **env).document["checks"]
            states += [one["state"] for one in checks if one["name"] == "heartbeat"]
    assert states == ["warn", "ok"]


def test_two_runs_at_once_are_no_failure(cli: Cli, sandbox: Sandbox) -> None:
    """A long run meets the next one of the scheduler: exit code 7, and no mail."""
    filled(cli.folder / "inbox" / "a.xlsx", 10)
    with MailServer() as mail, FileLock(cli.folder / "inbox" / ".invoice-importer.lock"):
        done = cli.at(sandbox).run("run", "--quiet", IMPORTER_NOTIFY=mail.address, **AUTO)
        assert (done.exit_code, mail.received) == (7, [])


def test_a_rehearsal_is_told_as_one_and_is_no_heartbeat(cli: Cli, sandbox: Sandbox) -> None:
    """Its notice says so in the subject; the monitor must not take it for the real run; nor is it old news then."""
    filled(cli.folder / "inbox" / "a.xlsx", 10)
    with MailServer() as mail, Scripted([http(200)]) as pulse:
        env = {"IMPORTER_NOTIFY": mail.address, "IMPORTER_HEARTBEAT_URL": f"http://127.0.0.1:{pulse.port}/x", **AUTO}
        assert cli.run("run", "--sandbox", **env).exit_code == 0
        assert ([one["subject"][:9] for one in mail.received], pulse.received) == (["REHEARSAL"], [])
        assert cli.at(sandbox).run("run", **env).exit_code == 0
        assert "REHEARSAL" not in mail.received[1]["subject"]
        assert len(pulse.received) == 1


def test_a_folder_in_the_inbox_is_not_counted_as_a_file(cli: Cli, sandbox: Sandbox) -> None:
    """“1 created, 1 file”, though a folder lies beside it."""
    (filled(cli.folder / "inbox" / "a.xlsx", 10).parent / "notes").mkdir()
    with MailServer() as mail:
        cli.at(sandbox).run("run", IMPORTER_NOTIFY=mail.address, **AUTO)
    assert mail.received[0]["subject"] == "invoice-importer: 1 created, 1 file"


def test_a_run_without_a_usable_ledger_is_told(cli: Cli, sandbox: Sandbox) -> None:
    """The notice needs no ledger, though what was told is remembered beside it."""
    (cli.folder / "inbox").mkdir()
    (cli.folder / "f").touch()
    with MailServer() as mail:
        env = {"IMPORTER_NOTIFY": mail.address, "IMPORTER_LEDGER": str(cli.folder / "f" / "l.db"), **AUTO}
        assert cli.at(sandbox).run("run", "--quiet", **env).exit_code == 2
    assert "the run failed" in mail.received[0]["subject"]
    assert Path(env["IMPORTER_LEDGER"]).parent.is_file()


@pytest.mark.parametrize(("token", "code"), [("refused", 5), ("", 2)])
def test_a_dead_token_is_known_before_a_workbook_needs_it(cli: Cli, sandbox: Sandbox, token: str, code: int) -> None:
    """With an empty inbox too: said, mailed once, and no heartbeat; but a run that may not send needs none."""
    (cli.folder / "inbox").mkdir()
    with MailServer() as mail, Scripted([http(200)]) as pulse:
        env = {"IMPORTER_NOTIFY": mail.address, "IMPORTER_HEARTBEAT_URL": f"http://127.0.0.1:{pulse.port}/x", **AUTO}
        for _ in range(2):
            done = cli.at(sandbox).run("run", "--quiet", **env | {"KANTATA_TOKEN": token})
            assert (done.exit_code, "KANTATA_TOKEN" in done.stderr) == (code, True)
        assert (len(mail.received), pulse.received) == (1, [])
        by_hand = env | {"KANTATA_TOKEN": token, "IMPORTER_UNATTENDED": "false"}
        assert cli.at(sandbox).run("run", "--quiet", **by_hand).exit_code == 0


def test_kantata_away_does_not_matter_while_there_is_nothing_to_send(cli: Cli) -> None:
    """A short outage at night wakes nobody."""
    (cli.folder / "inbox").mkdir()
    done = cli.run("run", "--quiet", KANTATA_TOKEN="x", **AUTO)  # noqa: S106
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize("kind", ["text", "link"])
def test_a_stray_thing_in_the_inbox_is_said_once(cli: Cli, sandbox: Sandbox, kind: str) -> None:
    """It may have been meant to be billed, so the first run ends with 3; it must not spoil all later ones."""
    inbox = cli.folder / "inbox"
    inbox.mkdir()
    here = cli.at(sandbox)

    def put() -> None:
        if kind == "text":
            (inbox / "notes.txt").write_text("x")
        else:
            (inbox / "notes.txt").symlink_to(filled(cli.folder / "a.xlsx", 10))

    put()
    runs = [here.run("run", "--quiet", **AUTO) for _ in range(3)]
    assert [one.exit_code for one in runs] == [3, 0, 0]
    assert [one.stderr.count("notes.txt: left in the inbox") for one in runs] == [1, 0, 0]
    (inbox / "more.zip").write_text("x")
    more = here.run("run", "--quiet", **AUTO)
    assert (more.exit_code, "more.zip" in more.stderr, "notes.txt" in more.stderr) == (3, True, False)
    (inbox / "notes.txt").unlink()
    assert here.run("run", "--quiet", **AUTO).exit_code == 0
    put()
    assert here.run("run", "--quiet", **AUTO).exit_code == 3


def test_a_workbook_that_somebody_has_open_is_said_by_each_run(cli: Cli, sandbox: Sandbox) -> None:
    """It is not billed before it is closed."""
    filled(cli.folder / "inbox" / "a.xlsx", 10).with_name("~$a.xlsx").touch()
    runs = [cli.at(sandbox).run("run", "--quiet", **AUTO) for _ in range(2)]
    assert [(one.exit_code, one.stderr.count("a.xlsx: left")) for one in runs] == [(3, 1), (3, 1)]


def test_results_without_a_place_are_a_matter_of_the_settings(cli: Cli, sandbox: Sandbox) -> None:
    """Exit code 2, said of the folder, and nothing was sent."""
    filled(cli.folder / "inbox" / "a.xlsx", 10)
    (cli.folder / "reports").touch()
    done = cli.at(sandbox).run("run", "--quiet", **AUTO)
    assert (done.exit_code, "The results cannot be written to" in done.stderr) == (2, True), done.stderr
    assert sandbox.invoices() == []


def test_a_file_that_cannot_be_read_is_said_of_itself(cli: Cli, sandbox: Sandbox) -> None:
    """Not of the folder to which it would be copied."""
    filled(cli.folder / "inbox" / "a.xlsx", 10)
    refuse = "import os\nopen_ = os.open\ndef refuse(path, *a, **k):\n    if str(path).endswith('inbox/a.xlsx'):\n"
    refuse += "        raise PermissionError(13, 'Permission denied', str(path))\n    return open_(path, *a, **k)\n"
    refuse += "os.open = refuse\n"
    done = cli.at(sandbox).start("run", "--quiet", before=refuse, **AUTO).wait()
    assert (done.exit_code, "It cannot be read (Permission denied)" in done.stderr) == (3, True)


@pytest.mark.parametrize("command", ["preview", "submit"])
def test_quiet_says_what_is_wrong_in_a_line(cli: Cli, sandbox: Sandbox, command: str) -> None:
    """An exit code alone tells nobody what to do; when all is well there is nothing on either stream."""
    more = ["--yes"] if command == "submit" else []
    cli.sheet({"workspace_id": 101, "amount": "abc"})
    wrong = cli.at(sandbox).run(command, cli.folder / "october.csv", "--quiet", *more)
    assert (wrong.exit_code, wrong.stdout, wrong.stderr.count("\n")) == (3, "", 1)
    assert "1 problem in the file. october.csv!D2: Amount" in wrong.stderr
    assert "submit that" in wrong.stderr
    cli.sheet({"workspace_id": 101, "amount": 5})
    right = cli.at(sandbox).run(command, cli.folder / "october.csv", "--quiet", *more)
    assert (right.exit_code, right.stdout, right.stderr) == (0, "", "")


def test_quiet_says_of_an_undo_what_was_kept(cli: Cli, sandbox: Sandbox) -> None:
    """One line, with the reason."""
    cli.sheet({"workspace_id": 101, "amount": 5})
    cli.at(sandbox).run("submit", cli.folder / "october.csv", "--yes")
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, "DELETE", "/invoices/*", status=403))
    done = cli.at(sandbox).run("undo", "last", "--yes", "--quiet")
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (4, "", 1)
    assert "1 kept. Kantata refused it" in done.stderr


def test_a_banner_is_no_error(cli: Cli, sandbox: Sandbox) -> None:
    """A scheduler would mail it each quarter of an hour."""
    (cli.folder / "inbox").mkdir()
    (cli.folder / "importer.toml").write_text("[profile.real]\nproduction = true\n")
    done = cli.at(sandbox).run("run", "--quiet", "--profile", "real", **AUTO)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "PRODUCTION" in cli.at(sandbox).run("run", "--profile", "real", **AUTO).stderr


@pytest.mark.parametrize(
    ("name", "code"), [("a.pdf", 3), ("a.xltx", 3), ("a.json", 3), ("a.docx", 3), ("a.tmp", 0), ("1A2B3C00", 0)]
)
def test_whatever_may_have_been_meant_is_said(cli: Cli, sandbox: Sandbox, name: str, code: int) -> None:
    """Only what programs put there for a moment is none of it."""
    inbox = cli.folder / "inbox"
    inbox.mkdir()
    (inbox / name).write_text("x")
    assert cli.at(sandbox).run("run", "--quiet", **AUTO).exit_code == code


def test_a_folder_with_workbooks_is_said(cli: Cli, sandbox: Sandbox) -> None:
    """Nobody takes them there; an empty folder is nobody's concern."""
    filled(cli.folder / "inbox" / "October" / "a.xlsx", 10)
    (cli.folder / "inbox" / "empty").mkdir()
    runs = [cli.at(sandbox).run("run", "--quiet", **AUTO) for _ in range(2)]
    assert [one.exit_code for one in runs] == [3, 0]
    assert ("October" in runs[0].stderr, "empty" in runs[0].stderr) == (True, False)


def test_what_waits_is_not_told_again_because_something_else_happened(cli: Cli, sandbox: Sandbox) -> None:
    """Told once, then with the news of another file, and no third time when that is gone."""
    inbox = filled(cli.folder / "inbox" / "open.xlsx", 10).parent
    (inbox / "~$open.xlsx").touch()
    with MailServer() as mail:
        env = {"IMPORTER_NOTIFY": mail.address, **AUTO}
        cli.at(sandbox).run("run", **env)
        filled(inbox / "b.xlsx", 20, key="b")
        cli.at(sandbox).run("run", **env)
        assert len(mail.received) == 2
        cli.at(sandbox).run("run", **env)
        assert len(mail.received) == 2
