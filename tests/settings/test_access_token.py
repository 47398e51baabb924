"""The token in the keyring: stored by login, used when nothing else is set, deleted by logout, never shown."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from importer.settings.redaction import HIDDEN, keep_secret, redacted

if TYPE_CHECKING:
    from pathlib import Path

    from programs import Cli, Finished

    from importer.sandbox.running import Sandbox

TOKEN = "ring-9c2e77/1+b=%x"  # noqa: S105 - planted


def with_keyring(
    cli: Cli, tmp_path: Path, *argv: object, name: str = "InFile", typed: str = "", **env: str
) -> Finished:
    """Run a command that has this keyring; ``typed`` comes through stdin."""
    given = tmp_path / "typed"
    given.write_text(typed)
    before = (
        f"import keyring, keyrings, os\nkeyring.set_keyring(keyrings.{name}())\n"
        f"os.dup2(os.open({str(given)!r}, os.O_RDONLY), 0)\n"
        "import importer.settings.access_token as a\na.KEYRING_SECONDS = 1\n"
    )
    return cli.start(*argv, before=before, TEST_KEYRING=str(tmp_path / "ring"), **env).wait()


def test_login_keeps_the_token_and_submit_uses_it(cli: Cli, tmp_path: Path, sandbox: Sandbox) -> None:
    """Piped in, never an argument; each account has its own; logout deletes it."""
    here = {"KANTATA_BASE_URL": sandbox.base_url}
    done = with_keyring(cli, tmp_path, "login", typed=f"{sandbox.token}\n", **here)
    assert (done.exit_code, done.stdout, sandbox.token in done.stderr) == (0, "", False)
    assert with_keyring(cli, tmp_path, "submit", cli.fees(1), "--yes", **here).exit_code == 0
    assert "valid; it is that of" in with_keyring(cli, tmp_path, "doctor", **here).stdout
    assert "keyring of the operating system" in with_keyring(cli, tmp_path, "settings", COLUMNS="150", **here).stdout
    elsewhere = with_keyring(cli, tmp_path, "submit", cli.fees(1), "--yes")
    assert (elsewhere.exit_code, "No access token is set" in elsewhere.stderr) == (2, True)
    assert "was deleted" in with_keyring(cli, tmp_path, "logout", **here).stderr
    assert "was not in" in with_keyring(cli, tmp_path, "logout", **here).stderr
    assert with_keyring(cli, tmp_path, "submit", cli.fees(2), "--yes", **here).exit_code == 2


def test_the_environment_overrules_the_keyring(cli: Cli, tmp_path: Path, sandbox: Sandbox) -> None:
    """A token that was set for this run is the one that is used."""
    here = {"KANTATA_BASE_URL": sandbox.base_url}
    with_keyring(cli, tmp_path, "login", typed="another-token\n", **here)
    done = with_keyring(cli, tmp_path, "submit", cli.fees(1), "--yes", **here, KANTATA_TOKEN=sandbox.token)
    assert done.exit_code == 0
    assert with_keyring(cli, tmp_path, "submit", cli.fees(2), "--yes", **here).exit_code == 5


@pytest.mark.parametrize("typed", ["", "\n", "two words\n"])
def test_what_is_no_token_is_not_stored(cli: Cli, tmp_path: Path, typed: str) -> None:
    """Nothing typed, or something with blanks: exit code 2, and the keyring is as it was."""
    done = with_keyring(cli, tmp_path, "login", typed=typed)
    assert (done.exit_code, (tmp_path / "ring").exists()) == (2, False)
    assert "two words" not in done.stderr


def test_a_keyring_that_keeps_nothing_is_said(cli: Cli, tmp_path: Path) -> None:
    """Not “it is in the keyring” of a token that the next run misses."""
    done = with_keyring(cli, tmp_path, "login", name="Nowhere", typed=f"{TOKEN}\n")
    assert (done.exit_code, "keeps nothing" in done.stderr, TOKEN in done.stderr) == (2, True, False)


@pytest.mark.parametrize(("name", "said"), [("Locked", "it is locked"), ("Silent", "did not answer within")])
def test_a_keyring_that_cannot_be_used_is_told_and_waits_for_nobody(
    cli: Cli, tmp_path: Path, name: str, said: str
) -> None:
    """As under cron: exit code 2, why, and where to put the token instead; a preview needs no token."""
    began = time.monotonic()
    done = with_keyring(cli, tmp_path, "submit", cli.fees(1), "--yes", name=name)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "KANTATA_TOKEN_FILE" in done.stderr
    assert with_keyring(cli, tmp_path, "preview", cli.fees(1), name=name).exit_code == 0
    assert time.monotonic() - began < 300  # the keyring would take an hour


def test_without_a_keyring_login_says_so(cli: Cli) -> None:
    """A server has none."""
    done = cli.run("login", PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
    assert done.exit_code == 2  # nothing was typed
    done = cli.run("logout", PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
    assert done.exit_code == 2
    assert "there is none" in done.stderr
    assert "KANTATA_TOKEN_FILE" in done.stderr


def test_without_the_extra_login_names_it(cli: Cli) -> None:
    """The package is only needed by those who want it."""
    before = "import importlib.util as u\nfind = u.find_spec\n"
    before += "u.find_spec = lambda name, *a: None if name == 'keyring' else find(name, *a)\n"
    done = cli.start("logout", before=before).wait()
    assert done.exit_code == 2
    assert 'pipx inject kantata-invoice-importer "keyring"' in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://api.example/x?access_token={TOKEN}&page=1",
        "GET https://api.example/x?access_token=ring-9c2e77%2F1%2Bb%3D%25x",
        f"{{'Authorization': 'Bearer {TOKEN}'}}",
        '{"token": "ring-9c2e77\\/1+b=%x"}',
        f"ValueError('{TOKEN}')",
        f"{TOKEN.encode()!r}",
        "https://me:other-secret-ring-9c2e77@mail.example/",
        "Authorization: Bearer unknown-ring-9c2e77",
        "authorization: basic cmluZy05YzJlNzc=",
    ],
)
def test_every_form_of_a_secret_is_hidden(text: str) -> None:
    """In addresses, headers, JSON, reprs and bytes; also what was never named, in headers and addresses."""
    keep_secret(TOKEN)
    shown = redacted(text)
    assert HIDDEN in shown
    assert "9c2e77" not in shown
    assert "cmluZ" not in shown


def test_plain_words_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no secret is not hidden, and an empty or tiny one hides nothing."""
    monkeypatch.setattr("importer.settings.redaction._secrets", set())
    keep_secret("", None, "ab")
    text = f"about a bearer of news, {os.sep}abc, anna@example.com, https://example.com/a@b"
    assert redacted(text).replace("bearer of", "") == text.replace("bearer of", "")
