"""The whole of it: a bare environment, three files, a mail; and again, when nothing is left to do."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from inboxes import MailServer, aged, filled, lying, put_away, text_of
from scripted import Scripted, http

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = "Project ID,Item type,Amount,Net days\n"


@pytest.fixture
def kantata(tmp_path: Path) -> Iterator[str]:
    """Serve a stand-in Kantata in a process of its own; the lines that it prints are the settings."""
    command = [sys.executable, "-m", "importer", "sandbox", "--port", "0"]
    home = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "kantata")}
    with subprocess.Popen(command, env=home, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip().partition("=")[2]
        token = server.stdout.readline().strip().partition("=")[2]
        yield f"{address} {token}"
        server.terminate()


def set_up(home: Path, kantata: str, mail: MailServer, heartbeat: str) -> Path:
    """Write what an administrator writes: settings, token file, addresses of notices; return the inbox."""
    address, token = kantata.split()
    home.mkdir()
    for name, content in (("token", token), ("notices", f"# who is told\n{mail.address}\n")):
        (home / name).write_text(content)
        (home / name).chmod(0o600)
    (home / "importer.toml").write_text(
        f'base_url = "{address}"\nledger = "{home}/ledger.sqlite"\nreports = "{home}/reports"\n'
        f'inbox = "{home}/In box"\ninbox_settle_seconds = "0.2 s"\nunattended = true\nproduction = true\n'
        f'notify_file = "{home}/notices"\nheartbeat_url = "{heartbeat}"\n'
    )
    return home / "In box"


def by_cron(home: Path) -> subprocess.CompletedProcess[str]:
    """Start the program as cron does: hardly any environment, the home folder as working directory, no terminal."""
    command = [
        "/usr/bin/env",
        "-i",
        f"HOME={home}",
        "PATH=/usr/bin:/bin",
        "SHELL=/bin/sh",
        f"IMPORTER_CONFIG={home}/importer.toml",
        f"KANTATA_TOKEN_FILE={home}/token",
        sys.executable,
        "-m",
        "importer",
        "run",
    ]
    return subprocess.run(
        command, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.slow
def test_a_month_of_three_files_without_anyone_watching(tmp_path: Path, kantata: str) -> None:
    """Good: billed. Mistakes: to failed/ with the marked copy. A duplicate: nothing. A mail tells; then silence."""
    with MailServer() as mail, Scripted([http(200)]) as pulse:
        home = tmp_path / "home of anna"
        inbox = set_up(home, kantata, mail, f"http://127.0.0.1:{pulse.port}/ping/5ecret")
        good = filled(inbox / "Oktober Größe & Söhne.xlsx", 1200, 300, age=300)
        (inbox / "mistakes.csv").write_text(f"{ROWS}101,Fixed fee,100,30\n101,Fixd fee,12,30\n")
        aged(inbox / "mistakes.csv", 200)
        shutil.copy(good, inbox / "copy of it.xlsx")
        done = by_cron(home)
        assert done.returncode == 3, done.stderr
        lines = [line.partition(" → ")[0] for line in done.stdout.splitlines()]
        assert "mistakes.csv!B3: Item type: “Fixd fee” is not known" in lines[1]
        lines[1] = lines[1].partition(" mistakes.csv!")[0]
        assert lines == [
            "Oktober Größe & Söhne.xlsx: done. 2 created; EUR 1,500.00 (2).",
            "mistakes.csv: failed. Nothing was sent: 1 problem in the file.",
            f"copy of it.xlsx: done. Nothing to do: run {run_of(inbox)} billed just this content.",
        ]
        assert lying(inbox) == []
        assert [name[21:] or name for name in put_away(inbox, "failed") if name[:3] == "202"] == [
            "annotated.xlsx",
            "results.html",
            "results.xlsx",
            "to-fix.xlsx",
        ]
        assert {"Oktober Größe & Söhne.xlsx", "copy of it.xlsx"} < set(put_away(inbox, "done"))
        [told] = mail.received
        text = text_of(told)
        assert told["to"] == "anna@firm.test"
        assert "1 not sent, 3 files" in told["subject"]
        assert "mistakes.csv!C3" in text or "Fixd" in text
        assert "created: 2 (1,500.00)" in text
        assert "Oktober Größe & Söhne.xlsx: done. 2 created" in text
        names = {one.get_filename() for one in told.iter_attachments()}
        assert {name[21:] for name in names if name} == {"results.xlsx", "results.html", "annotated.xlsx"}
        assert pulse.received == []
        again = by_cron(home)
        assert (again.returncode, again.stdout) == (0, f"Nothing to do: no workbook in {inbox}.\n")
        assert len(mail.received) == 1
        assert [one.target for one in pulse.received] == ["/ping/5ecret"]
    assert "PRODUCTION" in done.stderr
    log = (home / ".local/state/invoice-importer/log/log.jsonl").read_text()
    assert '"outcome": "failed"' in log
    assert "5ecret" not in log


def run_of(inbox: Path) -> str:
    """The run whose results lie in done/."""
    [results] = (inbox / "done").rglob("*-results.xlsx")
    return results.name.removesuffix("-results.xlsx")
