"""What stops a run is said in whole sentences, without the names of what failed inside."""

from __future__ import annotations

import socket
import struct
import threading
from typing import TYPE_CHECKING

import pytest

from importer.model.errors import ImporterError, NotReached, ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from programs import Cli

    from importer.kantata.client import KantataApi


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Connection refused", "Connection refused."),
        ("Not found.", "Not found."),
        ("Did you mean “draft”?", None),
        ("Did you mean “draft?”", None),
        ("It says “no”", "It says “no”."),
        ("", ""),
        ("Cut off …", None),
    ],
)
def test_a_sentence_has_its_mark(said: str, told: str | None) -> None:
    """What others say ends with a point when it is joined with a remedy; one that has its mark gets none."""
    assert ended(said) == (said if told is None else told)
    assert ImporterError(said).message == ended(said)


@pytest.fixture
def rude() -> Iterator[str]:
    """Return the address of a server that breaks every connection off."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    there, _ = server.accept()
                except OSError:  # the test is over
                    return
                there.recv(10)
                there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not an end
                there.close()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/api/v1"


def test_a_broken_connection_is_said_in_words(rude: str, connect: Callable[..., KantataApi]) -> None:
    """No name of a Python exception, and nothing raw."""
    for address, words in ((rude, "broken off"), ("http://127.0.0.1:9/api/v1", "no program listens there")):
        with pytest.raises(NotReached) as stopped:
            list(connect(address).find_by_ids(["1"]))
        assert words in stopped.value.message
        assert "Error" not in stopped.value.message


def test_the_help_keeps_its_brackets(cli: Cli) -> None:
    """A section of importer.toml is no markup."""
    assert "[profile.NAME]" in cli.run("preview", "--help", COLUMNS="200").stdout
