"""The log: JSON lines with run, reference, rows, request id and duration; no secret, and nothing stops for it."""

from __future__ import annotations

import json
import logging
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from scripted import Scripted, created, http
from test_security import ECHOES, TOKEN, WRITTEN

from importer.settings import log
from importer.settings.redaction import keep_secret

if TYPE_CHECKING:
    from programs import Cli

    from importer.sandbox.running import Sandbox


def lines() -> list[dict[str, Any]]:
    """Every line of the log."""
    return [json.loads(line) for line in log.log_file().read_text(encoding="utf-8").splitlines()]


def test_each_invoice_has_its_line(cli: Cli, sandbox: Sandbox) -> None:
    """Run, reference, rows, ids, status and duration; the run itself with counts and exit code; the owner's only."""
    done = cli.at(sandbox).run("submit", cli.fees(2), "--yes", "--json")
    said = lines()
    sent = [one for one in said if one["where"] == "importer.sending.sender"]
    invoices = done.document["invoices"]
    assert [one["reference"] for one in sent] == [one["reference"] for one in invoices]
    assert [one["rows"] for one in sent] == [[2], [3]]
    assert {one["run_id"] for one in sent} == {done.document["run_id"]}
    assert all(one["request_id"] and one["duration_ms"] >= 0 and one["status"] == "created" for one in sent)
    [whole] = [one for one in said if "counts" in one]
    assert (whole["counts"], whole["amount"], whole["exit_code"]) == ({"created": 2}, "203", 0)
    assert said[-1]["exit_code"] == 0
    assert said[-1]["duration_ms"] > 0
    assert all(one["command"] == "submit" and one["time"].endswith("+00:00") for one in said)
    assert stat.S_IMODE(log.log_file().stat().st_mode) == 0o600


def test_verbose_tells_on_stderr_and_stdout_stays_data(cli: Cli, sandbox: Sandbox) -> None:
    """With --verbose a line per invoice; without it, and with --quiet, none."""
    here = cli.at(sandbox)
    loud = here.run("submit", cli.fees(1), "--yes", "--json", "--verbose")
    assert loud.document["exit_code"] == 0
    assert ": created" in loud.stderr
    assert "ended with exit code 0" in loud.stderr
    assert here.run("submit", cli.fees(2), "--yes", "--json").stderr == ""
    assert here.run("submit", cli.fees(3), "--yes", "--quiet").stderr == ""


def test_a_failure_is_in_the_log_and_told_once(cli: Cli) -> None:
    """What stopped the run, with its exit code; stderr says it once."""
    done = cli.run("submit", cli.fees(1), "--yes")
    assert done.stderr.count("No access token is set") == 1
    assert [(one["message"], one["exit_code"]) for one in lines() if one["level"] == "error"] == [
        ("No access token is set.", 2)
    ]


def test_a_rejection_is_in_the_log_with_its_request_id(cli: Cli) -> None:
    """The only handle for the vendor's support is kept, with Kantata's words."""
    refusal = http(422, '{"errors":[{"type":"validation","message":"No such project"}]}', X_Request_Id="r-77")
    with Scripted([refusal]) as server:
        env = {"KANTATA_TOKEN": "x", "KANTATA_BASE_URL": server.base_url}
        assert cli.run("submit", cli.fees(1), "--yes", "--offline", "--json", **env).exit_code == 4
    [one] = [one for one in lines() if one["level"] == "warning"]
    assert (one["request_id"], one["http_status"], one["status"]) == ("r-77", 422, "rejected")
    assert "No such project" in one["why"]


@pytest.mark.parametrize("name", ["JSON 200", "JSON 401", "JSON 422", "JSON 429", "HTML 502", "no HTTP", "redirect"])
def test_the_log_is_free_of_the_token_whatever_a_server_repeats(cli: Cli, name: str) -> None:
    """Planted in bodies, headers and addresses of answers; also in what --verbose says."""
    with Scripted([ECHOES[name], created()]) as server:
        env = {"KANTATA_TOKEN": TOKEN, "KANTATA_BASE_URL": server.base_url}
        said = [cli.run("submit", cli.fees(2), "--yes", "--offline", "--verbose", **env)]
        said += [cli.run("submit", cli.fees(3), "--yes", "--verbose", **env)]
    texts = [log.log_file().read_text(encoding="utf-8"), *(one.stderr + one.stdout for one in said)]
    assert len(lines()) > 4
    assert not any(piece in text for text in texts for piece in WRITTEN)


def test_a_token_in_an_exception_reaches_neither_log_nor_crash_file(cli: Cli) -> None:
    """Message, cause, address, header and body: the traceback is kept, the secret is not."""
    crash = (
        "import importer.flow.submit as p, os, urllib.parse\n"
        "def crash(*args, **kwargs):\n"
        "    token = os.environ['KANTATA_TOKEN']\n"
        "    try:\n"
        "        raise ValueError({'Authorization': 'Bearer ' + token, 'body': token.encode()})\n"
        "    except ValueError as error:\n"
        "        raise RuntimeError('planted https://x/?t=' + urllib.parse.quote(token, '')) from error\n"
        "p.prepare = crash\n"
    )
    done = cli.start("submit", cli.fees(1), "--yes", "--json", "--verbose", before=crash, KANTATA_TOKEN=TOKEN).wait()
    assert done.exit_code == 1
    [file] = Path.home().rglob("crash-*.txt")
    for text in (done.stdout, done.stderr, file.read_text(), log.log_file().read_text()):
        assert not any(piece in text for piece in WRITTEN)
    assert "planted" in file.read_text()
    assert "planted" in log.log_file().read_text()


def test_a_log_that_cannot_be_written_stops_nothing(cli: Cli, sandbox: Sandbox, tmp_path: Path) -> None:
    """A file where the folder should be, or a folder that vanishes: the invoices are sent all the same."""
    (tmp_path / "nofolder").write_text("")
    done = cli.at(sandbox).run("submit", cli.fees(1), "--yes", "--json", XDG_STATE_HOME=str(tmp_path / "nofolder"))
    assert (done.exit_code, done.statuses, done.stderr.count("log.jsonl cannot be written")) == (0, ["created"], 1)
    vanish = (
        "import importer.sending.sender as s, shutil, importer.settings.log as log\nsend = s.Sender._send\n"
        "def gone(self, one):\n    shutil.rmtree(log.log_file().parent)\n    return send(self, one)\n"
        "s.Sender._send = gone\n"
    )
    done = cli.at(sandbox).start("submit", cli.fees(2), "--yes", "--json", before=vanish).wait()
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_stops_nothing() -> None:
    """Neither a line that finds no room, nor the end of the log after it, fails."""
    log.log_file().parent.mkdir(parents=True)
    log.log_file().symlink_to("/dev/full")
    with log.logging_to_file("test", verbose=False, quiet=True):
        logging.getLogger("importer").warning("no room for this")


def test_the_file_rotates_and_loses_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several writers at once, as several processes are: each line is whole, and older files are kept."""
    monkeypatch.setattr(log, "LARGEST_FILE_BYTES", 20_000)
    monkeypatch.setattr(log, "OLDER_FILES", 50)
    log.log_file().parent.mkdir(parents=True)
    handlers = [log._SharedFile(log.log_file()) for _ in range(4)]  # noqa: SLF001 - one per process

    def write(number: int) -> None:
        handlers[number].setFormatter(log._Json("test"))  # noqa: SLF001
        for count in range(50):
            record = logging.LogRecord("importer.x", logging.INFO, "", 0, f"{number}-{count} {'x' * 300}", None, None)
            handlers[number].handle(record)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = [
        one for one in log.log_file().parent.iterdir() if one.name.startswith("log.jsonl") and one.suffix != ".lock"
    ]
    said = [json.loads(line)["message"].split()[0] for file in files for line in file.read_text().splitlines()]
    assert len(files) > 2
    assert sorted(said) == sorted(f"{number}-{count}" for number in range(4) for count in range(50))
    assert max(file.stat().st_size for file in files) <= 20_000


def test_logging_leaves_no_trace_in_the_process() -> None:
    """Handlers and level are as before when the command has ended."""
    logger = logging.getLogger("importer")
    before = (list(logger.handlers), logger.level, logger.propagate)
    keep_secret("planted-secret")
    with log.logging_to_file("test", verbose=False, quiet=True):
        logger.info("with a planted-secret")
    assert (list(logger.handlers), logger.level, logger.propagate) == before
    assert [one["message"] for one in lines()] == ["with a (hidden)"]
