"""What a command says may reach no reader: that ends no command, and is said where it matters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from importer.commands.streams import Lasting, last

if TYPE_CHECKING:
    from programs import Cli

    from importer.sandbox.running import Sandbox

FULL = "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1)"
CLOSED = "import os, sys; os.close(1); sys.stdout = None"
ALL_CLOSED = "import os, sys; [os.close(number) for number in (0, 1, 2)]; sys.stdin = sys.stdout = sys.stderr = None"
"""What happened to the streams before a command began."""


def test_a_stream_without_a_reader_goes_on() -> None:
    """Whatever is written then is gone, and nothing fails, also not at the end."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        lasting = Lasting(stream)
        assert lasting.write("a" * 100_000) == 100_000
        lasting.flush()
        lasting.write("b")
        lasting.flush()
        assert lasting.encoding == stream.encoding


@pytest.mark.parametrize(("words", "code"), [(["history", "--sandbox"], 0), (["preview", "none.csv", "--sandbox"], 2)])
def test_a_command_without_a_reader_ends_as_it_would(cli: Cli, words: list[str], code: int) -> None:
    """With its own exit code: 1 would say that the program failed."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "importer", *words]
    done = subprocess.run(command, env=cli.env, cwd=cli.folder, stdout=writing, stderr=writing, check=False)
    os.close(writing)
    assert done.returncode == code


@pytest.mark.parametrize("words", [["submit", "october.csv", "--yes"], ["submit", "october.csv", "--yes", "--json"]])
def test_a_submit_whose_output_is_lost_is_recorded_and_says_so(cli: Cli, sandbox: Sandbox, words: list[str]) -> None:
    """On stderr, with another exit code than 0: who reads a file of half a document must know."""
    cli = cli.at(sandbox)
    cli.fees(2)
    done = cli.start(*words, before=FULL).wait()
    assert done.exit_code == 1
    assert "could not be written to stdout (No space left on device)" in done.stderr
    assert "invoice-importer history" in done.stderr
    assert "Unexpected" not in done.stderr
    assert len(list((cli.folder / "reports").glob("*-results.xlsx"))) == 1
    again = cli.run("submit", "october.csv", "--yes", "--json")
    assert (again.exit_code, again.statuses) == (0, ["already_created"] * 2)


@pytest.mark.parametrize(
    ("before", "words", "code"),
    [
        (FULL, ["history"], 1),
        (FULL, ["history", "--json"], 1),
        (FULL, ["preview", "october.csv"], 1),
        (FULL, ["preview", "october.csv", "--quiet"], 0),
        (FULL, ["preview", "none.csv", "--json"], 2),
        (CLOSED, ["submit", "october.csv", "--yes", "--json"], 0),
        (CLOSED, ["history"], 0),
        (ALL_CLOSED, ["submit", "october.csv", "--yes"], 0),
        (ALL_CLOSED, ["submit", "october.csv"], 9),
        (ALL_CLOSED, ["preview", "none.csv"], 2),
    ],
)
def test_the_exit_code_is_that_of_the_work(
    cli: Cli, sandbox: Sandbox, before: str, words: list[str], code: int
) -> None:
    """Unless that would be 0 though something is lost; who closes a stream wants nothing of it."""
    cli = cli.at(sandbox)
    cli.fees(1)
    assert cli.start(*words, before=before).wait().exit_code == code


def test_no_file_takes_the_number_of_a_closed_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that writes its talk to stderr would write it into the ledger."""
    kept = os.dup(2)
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    try:
        os.close(2)
        last()
        with Path(os.devnull).open(encoding="utf-8") as file:
            assert file.fileno() > 2
        sys.stderr.write("to nothing")
        sys.stderr.close()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
