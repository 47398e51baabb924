"""Who reads what a command says may go away (``2>&1 | head``); that ends no command and is no failure."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from importer.commands.streams import Lasting

if TYPE_CHECKING:
    from programs import Cli


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
