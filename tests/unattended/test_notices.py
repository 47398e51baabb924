"""Notices and heartbeat: when, to whom, with what in front; and a failing one fails nothing."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from inboxes import STRICT, MailServer, filled, text_of
from scripted import Scripted, created, http

from importer.ledger.opening import open_ledger
from importer.ledger.outbox import News
from importer.sandbox.faults import Fault, FaultKind
from importer.settings.loading import load
from importer.unattended import notices
from importer.unattended.notices import Notice

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa
    from programs import Cli

    from importer.ledger.outbox import Outbox
    from importer.sandbox.running import Sandbox

AUTO = {"IMPORTER_UNATTENDED": "true", "IMPORTER_INBOX_SETTLE_SECONDS": "0"}


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """Return a mail server that listens."""
    with MailServer() as server:
        yield server


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """Return the outbox of a new ledger."""
    with closing(open_ledger(tmp_path / "ledger.sqlite", "account")) as ledger:
        yield ledger.outbox


def notice(title: str, *subjects: str, failed: bool = False) -> Notice:
    """Return a notice that says these things."""
    news = tuple(News(subject, f"{title}: {subject}", failed=failed) for subject in subjects)
    return Notice(title, "x", failed=failed, news=news, topic="run")


@pytest.mark.parametrize(
    ("when", "expected"),
    [("always", [1, 2, 3, 4, 5]), ("on_change", [1, 1, 2, 2, 2]), ("on_failure", [0, 0, 1, 2, 2])],
)
def test_when_a_notice_is_sent(mail: MailServer, outbox: Outbox, when: str, expected: list[int]) -> None:
    """Billed, the very same, something waits, it still waits, nothing: by each of the three settings."""
    settings = load(notify=mail.address, notify_when=when)
    counts = []
    for said in (
        notice("a", "1"),
        notice("a", "1"),
        notice("b", "2", failed=True),
        notice("b", "2", failed=True),
        notice("c"),
    ):
        assert notices.send(said, settings, outbox) is None
        counts.append(len(mail.received))
    assert counts == expected


def test_what_comes_again_after_quiet_is_news(mail: MailServer, outbox: Outbox) -> None:
    """A file that waits, an empty inbox, and a file that waits again: two mails."""
    settings = load(notify=mail.address)
    for said in (notice("a", "1"), notice("a"), notice("a", "1")):
        notices.send(said, settings, outbox)
    assert len(mail.received) == 2


def test_the_outbox_keeps_what_was_sent_and_when(mail: MailServer, outbox: Outbox, tmp_path: Path) -> None:
    """Each attempt is counted, with what went wrong; the addresses are not in it."""
    settings = load(notify=mail.address)
    mail.refuse = True
    notices.send(notice("a", "1", failed=True), settings, outbox)
    assert outbox.last_failure() is not None
    mail.refuse = False
    notices.send(notice("a", "1", failed=True), settings, outbox)
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as ledger:
        [row] = ledger.execute("SELECT topic, subject, attempts, sent_at IS NOT NULL, error FROM notices").fetchall()
    assert row == ("run", "1", 2, 1, None)
    assert (outbox.last_failure(), outbox.unsent(), len(mail.received)) == (None, [], 1)


def test_in_doubt_comes_first(cli: Cli, mail: MailServer) -> None:
    """Title and text begin with what needs a person; totals per status follow; the results are attached."""
    filled(cli.folder / "inbox" / "a.xlsx", 10, 20)
    with Scripted([b"", created()]) as server:
        env = {"KANTATA_TOKEN": "x", "KANTATA_BASE_URL": server.base_url, "IMPORTER_NOTIFY": mail.address, **AUTO}
        look = "import importer.flow.preview as p, importer.flow.submit as s\n"
        look += "p.with_earlier_invoices = s.with_earlier_invoices = lambda prepared, *_: prepared\n"
        look += "p.check_records = s.check_records = lambda prepared, api, go_on: prepared\n"
        look += "s.read_again = lambda planned, connect: planned\n"
        assert cli.start("run", before=look, **env).wait().exit_code == 8
    [told] = mail.received
    assert "1 in doubt, 1 file" in told["subject"]
    text = text_of(told)
    assert text.startswith("IN DOUBT")
    assert "invoice-importer reconcile" in text
    assert text.index("a.xlsx, row 2, project 101, 10.00") < text.index("created: 1 (20.00)")
    assert [one.get_filename()[-12:] for one in told.iter_attachments()] == ["results.html", "results.xlsx"]


def test_large_workbooks_are_not_attached(cli: Cli, sandbox: Sandbox, mail: MailServer) -> None:
    """They stay where they lie; the notice says where."""
    filled(cli.folder / "inbox" / "a.xlsx", 10)
    small = "import importer.unattended.digest as d\nd.MOST_ATTACHED_BYTES = 100\n"
    cli.at(sandbox).start("run", before=small, IMPORTER_NOTIFY=mail.address, **AUTO).wait()
    [told] = mail.received
    assert list(told.iter_attachments()) == []
    assert "inbox/done/" in text_of(told)


def test_a_webhook_is_told_too(cli: Cli, sandbox: Sandbox) -> None:
    """Through a real HTTP server, as chats and home-made receivers are."""
    filled(cli.folder / "inbox" / "a.xlsx", 10, 20)
    with Scripted([http(200)]) as hook:
        done = cli.at(sandbox).run("run", IMPORTER_NOTIFY=f"json://127.0.0.1:{hook.port}/told", **AUTO)
    assert done.exit_code == 0
    [told] = hook.received
    said = json.loads(told.body)
    assert said["title"] == "invoice-importer: 2 created, 1 file"
    assert "created: 2 (30.00)" in said["message"]
    assert "Tie-out EUR: sheet 30.00 · sent 30.00 · read back 30.00 · total in Kantata 30.00" in said["message"]


def test_a_failing_notice_fails_nothing_and_is_remembered(cli: Cli, sandbox: Sandbox, mail: MailServer) -> None:
    """The run ends as it would; the reason is on stderr, in the log and for doctor, without the password."""
    filled(cli.folder / "inbox" / "a.xlsx", 10)
    mail.refuse = True
    address = mail.address.replace("mailto://", "mailto://anna:sekret77@")
    done = cli.at(sandbox).run("run", IMPORTER_NOTIFY=address, **AUTO)
    assert done.exit_code == 0
    assert "notice could not be sent" in done.stderr
    assert cli.ledger.stat().st_mode & 0o077 == 0
    with closing(open_ledger(cli.ledger, sandbox.base_url)) as ledger:
        assert "address 1 (mailto)" in (ledger.outbox.last_failure() or "")
    [log] = Path.home().rglob("log.jsonl")
    assert "notice could not be sent" in log.read_text()
    assert not any("sekret77" in text for text in (done.stderr, done.stdout, log.read_text()))
    assert not any(b"sekret77" in path.read_bytes() for path in cli.ledger.parent.glob(f"{cli.ledger.name}*"))
    mail.refuse = False
    filled(cli.folder / "inbox" / "a.xlsx", 10)
    cli.at(sandbox).run("run", IMPORTER_NOTIFY=mail.address, **AUTO)
    with closing(open_ledger(cli.ledger, sandbox.base_url)) as ledger:
        assert ledger.outbox.last_failure() is None
    assert len(mail.received) == 1


@pytest.mark.parametrize("address", ["nonsense", "nosuch://x", "mailto://", "json://127.0.0.1:9/x"])
def test_an_address_that_is_none_is_said(cli: Cli, sandbox: Sandbox, address: str) -> None:
    """The run is not stopped; the address is named by its number and kind only."""
    filled(cli.folder / "inbox" / "a.xlsx", 10)
    done = cli.at(sandbox).run("run", IMPORTER_NOTIFY=address, **AUTO)
    assert done.exit_code == 0
    assert "address 1 (" in done.stderr


def test_without_the_extra_it_is_named(cli: Cli, sandbox: Sandbox) -> None:
    """The package is only needed by those who want notices; nothing is imported without an address."""
    before = "import sys\nsys.modules['apprise'] = None\n"
    done = cli.at(sandbox).start("run", before=before + "import os; os.mkdir('inbox')\n", **AUTO).wait()
    assert (done.exit_code, done.stderr) == (0, "")
    filled(cli.folder / "inbox" / "a.xlsx", 10)
    done = cli.at(sandbox).start("run", before=before, IMPORTER_NOTIFY="json://127.0.0.1/x", **AUTO).wait()
    assert done.exit_code == 0
    assert 'pipx inject kantata-invoice-importer "apprise"' in done.stderr


def test_a_file_of_addresses_that_others_can_read_is_refused(cli: Cli, sandbox: Sandbox, mail: MailServer) -> None:
    """It holds passwords: no notice, the remedy is named, the run goes on."""
    filled(cli.folder / "inbox" / "a.xlsx", 10)
    addresses = cli.folder / "notices"
    addresses.write_text(mail.address)
    addresses.chmod(0o644)
    done = cli.at(sandbox).run("run", IMPORTER_NOTIFY_FILE=str(addresses), **AUTO)
    assert (done.exit_code, len(mail.received)) == (0, 0)
    assert f"chmod 600 {addresses}" in done.stderr


def test_a_run_that_cannot_begin_is_told(cli: Cli, mail: MailServer) -> None:
    """The inbox is gone: the mail says so, and the heartbeat stays away."""
    with Scripted([http(200)]) as pulse:
        env = {"IMPORTER_NOTIFY": mail.address, "IMPORTER_HEARTBEAT_URL": f"http://127.0.0.1:{pulse.port}/x"}
        assert cli.run("run", **env, **AUTO).exit_code == 2
        assert pulse.received == []
    [told] = mail.received
    assert "the run failed" in told["subject"]
    assert "is not there" in text_of(told)


def test_a_file_that_waits_is_told_once(cli: Cli, sandbox: Sandbox, mail: MailServer) -> None:
    """A scheduler that comes every ten minutes must not fill a mailbox."""
    filled(cli.folder / "inbox" / "a.xlsx", 10, total=None)
    for _ in range(3):
        assert cli.at(sandbox).run("run", IMPORTER_NOTIFY=mail.address, **AUTO, **STRICT).exit_code == 9
    assert len(mail.received) == 1


def test_a_notice_outlives_the_name_of_its_machine(cli: Cli, sandbox: Sandbox, mail: MailServer) -> None:
    """It could not be sent, and the next run is in another container: it is told late, and what waits is told once."""
    sheet = filled(cli.folder / "inbox" / "a.xlsx", 10)
    filled(sheet.with_name("b.xlsx"), 20, total=None)
    env = AUTO | {"IMPORTER_NOTIFY": mail.address}
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, status=422))
    mail.refuse = True
    assert cli.at(sandbox).run("run", **env).exit_code == 4
    mail.refuse = False
    for name in ("other", "third"):
        renamed = f"import socket\nsocket.gethostname = lambda: {name!r}\n"
        assert cli.at(sandbox).start("run", before=renamed, **env).wait().exit_code == 9
    [late] = mail.received
    assert "a.xlsx: failed. 1 rejected" in text_of(late)


def test_bad_news_of_a_machine_that_is_gone_is_sent_by_another(
    ledger_place: sa.URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where machines share a ledger each sends its own; what was not sent for long is not lost with its machine."""
    for name in ("first", "second"):
        monkeypatch.setattr("socket.gethostname", lambda name=name: name)
        with closing(open_ledger(ledger_place, "account")) as ledger:
            bad, good = News(f"bad of {name}", "x", failed=True), News(f"good of {name}", "x")
            ledger.outbox.queue("run", [bad, good])
            if ledger_place.drivername != "sqlite":
                assert [news.subject for news in ledger.outbox.unsent()] == [bad.subject, good.subject]
            monkeypatch.setattr("importer.ledger.outbox.ABANDONED", timedelta(0))
            found = {news.subject for news in ledger.outbox.unsent()}
            assert found >= {bad.subject, good.subject, "bad of first"}
            monkeypatch.undo()


def test_a_file_that_fails_again_is_told_again(cli: Cli, sandbox: Sandbox, mail: MailServer) -> None:
    """Put back unchanged and refused once more in the next run: its money is unbilled still, and it was looked at."""
    sheet = filled(cli.folder / "inbox" / "a.xlsx", 10)
    content = sheet.read_bytes()
    for told in (1, 2):
        sheet.write_bytes(content)
        sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, status=422))
        failed = cli.at(sandbox).run("run", IMPORTER_NOTIFY=mail.address, **AUTO)
        assert (failed.exit_code, len(mail.received)) == (4, told)
    assert cli.at(sandbox).run("run", IMPORTER_NOTIFY=mail.address, **AUTO).exit_code == 0
    assert len(mail.received) == 2


@pytest.mark.parametrize("answer", [http(500), b"", b"no HTTP\r\n\r\n"])
def test_a_heartbeat_that_fails_fails_nothing(cli: Cli, answer: bytes) -> None:
    """It is fetched once; its address is a secret and is not repeated."""
    (cli.folder / "inbox").mkdir()
    with Scripted([answer]) as pulse:
        done = cli.run("run", IMPORTER_HEARTBEAT_URL=f"http://127.0.0.1:{pulse.port}/sekret99")
        assert len(pulse.received) == 1
    assert done.exit_code == 0
    assert "heartbeat could not be sent" in done.stderr
    assert "sekret99" not in done.stderr


def test_a_heartbeat_follows_no_redirect(cli: Cli) -> None:
    """It would lead anywhere, also to a machine that only this one reaches."""
    (cli.folder / "inbox").mkdir()
    with Scripted([http(200)]) as inside:
        away = http(302, Location=f"http://127.0.0.1:{inside.port}/inside?sekret99")
        with Scripted([away]) as pulse:
            done = cli.run("run", IMPORTER_HEARTBEAT_URL=f"http://127.0.0.1:{pulse.port}/ping?key=sekret99")
        assert (len(pulse.received), inside.received) == (1, [])
    assert done.exit_code == 0
    assert "leads to another one (HTTP 302), which is not followed" in done.stderr
    assert "sekret99" not in done.stderr


@pytest.mark.parametrize("address", ["http://example.com/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "x"])
def test_a_heartbeat_goes_to_a_safe_address(cli: Cli, address: str) -> None:
    """Refused with its setting, and not repeated."""
    done = cli.run("run", IMPORTER_HEARTBEAT_URL=address)
    assert done.exit_code == 2
    assert "heartbeat_url" in done.stderr
    assert f"{address}." not in done.stderr


def test_amounts_of_several_files_are_added(cli: Cli, sandbox: Sandbox, mail: MailServer) -> None:
    """The totals are those of all files together, to the cent."""
    filled(cli.folder / "inbox" / "a.xlsx", 1000, 20, key="a")
    filled(cli.folder / "inbox" / "b.xlsx", 300, key="b")
    cli.at(sandbox).run("run", IMPORTER_NOTIFY=mail.address, **AUTO)
    assert f"created: 3 ({Decimal(1320):,.2f})" in text_of(mail.received[0])


BAD = "mailto://anna:sekret77@[half/tokentoken"
"""An address that cannot even be taken apart."""


def test_a_total_over_several_currencies_says_so(cli: Cli, sandbox: Sandbox, mail: MailServer) -> None:
    """Of the file and of the whole run: euros and dollars are one figure in no notice."""
    cli.at(sandbox).sheet({"amount": 100}, {"workspace_id": 106, "amount": 50})
    (cli.folder / "inbox").mkdir()
    (cli.folder / "october.csv").rename(cli.folder / "inbox" / "october.csv")
    cli.at(sandbox).run("run", IMPORTER_NOTIFY=mail.address, IMPORTER_LARGEST_TOTAL="1000", **AUTO)
    text = " ".join(text_of(mail.received[0]).split())
    assert "2 created; EUR 100.00 (1), USD 50.00 (1)." in text
    assert "created: 2 (150.00, a sum over 2 currencies: EUR 100.00 + USD 50.00)" in text


def test_a_bad_address_keeps_no_other_from_being_told(cli: Cli, sandbox: Sandbox, mail: MailServer) -> None:
    """The good one is told once, run after run; the bad one is on stderr and in doctor, by number, without secrets."""
    filled(cli.folder / "inbox" / "a.xlsx", 10)
    env = {"IMPORTER_NOTIFY": f"{BAD} {mail.address}"}
    first = cli.at(sandbox).run("run", **env, **AUTO)
    assert (first.exit_code, len(mail.received)) == (0, 1)
    assert "address 1 (mailto)" in first.stderr
    assert cli.at(sandbox).run("run", **env, **AUTO).exit_code == 0
    assert len(mail.received) == 1
    doctor = cli.at(sandbox).run("doctor", **env)
    assert (doctor.exit_code, "address 1 (mailto) is none" in doctor.stdout) == (0, True)
    assert not any(word in first.stderr + doctor.stdout for word in ("sekret77", "tokentoken"))
    assert len(mail.received) == 1


def test_a_file_that_others_can_read_keeps_no_address_of_the_settings_from_being_told(
    cli: Cli, sandbox: Sandbox, mail: MailServer
) -> None:
    """Only the addresses in that file are left out."""
    filled(cli.folder / "inbox" / "a.xlsx", 10)
    (open_to_all := cli.folder / "notices").write_text(mail.address)
    open_to_all.chmod(0o644)
    env = {"IMPORTER_NOTIFY": mail.address, "IMPORTER_NOTIFY_FILE": str(open_to_all)}
    done = cli.at(sandbox).run("run", **env, **AUTO)
    assert (len(mail.received), "chmod 600" in done.stderr) == (1, True)


def test_doctor_says_that_the_last_notice_failed(cli: Cli, sandbox: Sandbox, mail: MailServer) -> None:
    """Nobody reads the log of a scheduler."""
    filled(cli.folder / "inbox" / "a.xlsx", 10)
    mail.refuse = True
    cli.at(sandbox).run("run", IMPORTER_NOTIFY=mail.address, **AUTO)
    doctor = cli.at(sandbox).run("doctor", "--json", IMPORTER_NOTIFY=mail.address)
    [check] = [one for one in doctor.document["checks"] if one["name"] == "notices"]
    assert (check["state"], "the last one failed: address 1 (mailto)" in check["says"]) == ("warn", True)


def test_reconcile_tells_what_is_not_billed(cli: Cli, sandbox: Sandbox, mail: MailServer) -> None:
    """With where its file lies now; what reconcile tells is no news of run, and the other way round."""
    filled(cli.folder / "inbox" / "a.xlsx", 10)
    filled(cli.folder / "inbox" / "waits.xlsx", 20, total=None, key="w")
    sandbox.misbehave(Fault(FaultKind.DROP_BEFORE))
    here, env = cli.at(sandbox), {"IMPORTER_NOTIFY": mail.address, "IMPORTER_SETTLE_SECONDS": "0", **AUTO}
    assert here.run("run", **env).exit_code == 8
    told = len(mail.received)
    assert here.run("reconcile", **env).exit_code == 4
    assert here.run("reconcile", **env).exit_code == 0
    [mail_of_reconcile] = mail.received[told:]
    assert "1 not billed" in mail_of_reconcile["subject"]
    text = text_of(mail_of_reconcile)
    assert "row 2, project 101, 10.00" in text
    assert "a.xlsx: left in the inbox. Settled: 1 not billed. The file is back in the inbox" in text
    assert [here.run("run", **env).exit_code for _ in range(3)] == [9, 9, 9]
    assert len(mail.received) == told + 2  # of reconcile, and of the file that was billed at last


def test_a_reconcile_that_cannot_ask_is_told(cli: Cli, sandbox: Sandbox, mail: MailServer) -> None:
    """A scheduler starts it too."""
    done = cli.at(sandbox).run("reconcile", IMPORTER_NOTIFY=mail.address, KANTATA_TOKEN="")
    assert done.exit_code == 2
    [told] = mail.received
    assert "reconcile failed" in told["subject"]


@pytest.mark.parametrize("ends", ["os._exit(99)", "raise RuntimeError('planted')"])
def test_what_a_run_handled_before_it_was_ended_is_told(
    cli: Cli, sandbox: Sandbox, mail: MailServer, ends: str
) -> None:
    """The file lies in failed/ already: no later run looks at it, so its notice must not get lost with the run."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10, total=99, age=9).parent
    filled(inbox / "b.xlsx", 20, key="b")
    env = {
        "IMPORTER_UNATTENDED": "true",
        "IMPORTER_INBOX_SETTLE_SECONDS": "0",
        "IMPORTER_NOTIFY": mail.address,
    }
    ended = "import importer.unattended.running as r, os\nturn = r._turn_of\ndef second(this, candidate, *a):\n"
    ended += f"    if candidate.path.name == 'b.xlsx':\n        {ends}\n    return turn(this, candidate, *a)\n"
    code = 99 if "exit" in ends else 1
    assert cli.at(sandbox).start("run", before=f"{ended}r._turn_of = second\n", **env).wait().exit_code == code
    assert cli.at(sandbox).run("run", **env).exit_code == 0
    texts = [text_of(one) for one in mail.received]
    assert sum("a.xlsx: failed" in text for text in texts) == 1
    assert "a.xlsx: failed" in texts[0]
    assert cli.at(sandbox).run("run", **env).exit_code == 0
    assert len(mail.received) == len(texts)


def test_bad_news_that_comes_late_is_in_the_subject(outbox: Outbox) -> None:
    """The mail server was away: “nothing to do” is no subject for a file that failed, nor for when it did."""
    bad = News("1", "a.xlsx: failed. Nothing was sent: 1 problem in the file.", failed=True)
    with MailServer() as mail:
        settings = load(notify=mail.address)
        mail.refuse = True
        assert notices.send(Notice("b", "x", failed=True, news=(bad,), topic="run"), settings, outbox) is not None
        mail.refuse = False
        idle = Notice("invoice-importer: nothing to do, 0 files", "The inbox was empty.", topic="run")
        for _ in range(2):
            assert notices.send(idle, settings, outbox) is None
    [late] = mail.received
    assert late["subject"] == "invoice-importer: late notice: a.xlsx: failed"
    text = text_of(late)
    assert text.index("a.xlsx: failed.") < text.index("The inbox was empty.")
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d a.xlsx: failed", text)


def test_a_ledger_that_cannot_be_used_is_reported_once(cli: Cli, sandbox: Sandbox, mail: MailServer) -> None:
    """A scheduler comes every quarter of an hour; when the ledger can be used again, its next failure is news."""
    (cli.folder / "inbox").mkdir()
    cli.ledger.parent.mkdir(parents=True, exist_ok=True)
    for sound, expected in ((False, 1), (False, 1), (True, 1), (False, 2)):
        cli.ledger.unlink(missing_ok=True)
        if not sound:
            cli.ledger.write_text("no database, whatever its name says")
        cli.at(sandbox).run("run", "--quiet", IMPORTER_NOTIFY=mail.address, **AUTO)
        assert len([one for one in mail.received if "the run failed" in one["subject"]]) == expected


def test_a_file_without_an_address_is_a_warning(tmp_path: Path) -> None:
    """“Every address is understood” is no comfort when there is none."""
    file = tmp_path / "notify"
    file.write_text("# mailto://later\n")
    file.chmod(0o600)
    assert notices.faults(load(notify_file=file)) == ["there is no address in it, so no notice is sent"]
