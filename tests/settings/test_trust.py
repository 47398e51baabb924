"""Settings of a folder that someone else may have made take neither the token nor the record of what was billed."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from scripted import Scripted, created

from importer.model.errors import SettingsProblem
from importer.settings import trust
from importer.settings.loading import load
from importer.settings.private_files import create_private, write_private

if TYPE_CHECKING:
    from programs import Cli

TOKEN = "sekret-0123456789abcdef"  # noqa: S105 - no real token


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the settings file of an own working directory."""
    folder = tmp_path / "work"
    folder.mkdir(mode=0o700)
    monkeypatch.chdir(folder)
    return folder / "importer.toml"


# --- files that others may change ------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o646, 0o666, 0o602])
@pytest.mark.parametrize("how", ["found", "named", "in the environment"])
def test_a_file_that_everyone_may_change_is_refused(
    here: Path, monkeypatch: pytest.MonkeyPatch, mode: int, how: str
) -> None:
    """Whatever it says, and also where the user names it."""
    here.write_text("payment_schedule = 30\n")
    assert load().payment_schedule == 30
    here.chmod(mode)
    if how == "in the environment":
        monkeypatch.setenv("IMPORTER_CONFIG", str(here))
    with pytest.raises(SettingsProblem, match="can be changed by every user") as caught:
        load(config=here if how == "named" else None)
    assert caught.value.code == "settings.open"
    assert f"chmod go-w {here}" in caught.value.hint


def test_a_folder_that_everyone_may_change_is_refused(here: Path) -> None:
    """They could put another file there; but in a folder such as /tmp only the owner of a file may."""
    here.write_text("payment_schedule = 30\n")
    here.parent.chmod(0o777)
    with pytest.raises(SettingsProblem, match=f"{here.parent} can be changed by every user"):
        load()
    here.parent.chmod(0o1777)
    assert load().payment_schedule == 30


def test_a_group_counts_as_others_unless_it_is_the_users_own(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many systems give each user a group of the same name."""
    here.write_text("payment_schedule = 30\n")
    here.chmod(0o660)
    monkeypatch.setattr(trust, "_is_own_group", lambda group: group == here.stat().st_gid)
    assert load().payment_schedule == 30
    monkeypatch.setattr(trust, "_is_own_group", lambda _: False)
    with pytest.raises(SettingsProblem, match="by the users of its group"):
        load()


def test_a_file_of_another_user_is_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions alone do not tell: its owner may change it."""
    here.write_text("payment_schedule = 30\n")
    monkeypatch.setattr(trust, "_own_users", lambda: (os.geteuid() + 1,))
    with pytest.raises(SettingsProblem, match="belongs to another user"):
        load()


def test_what_a_link_leads_to_is_judged(here: Path, tmp_path: Path) -> None:
    """The folder of the file itself counts, not only that of the link."""
    real = tmp_path / "shared" / "importer.toml"
    real.parent.mkdir(mode=0o777)
    real.parent.chmod(0o777)
    real.write_text("payment_schedule = 30\n")
    here.symlink_to(real)
    with pytest.raises(SettingsProblem, match=f"{real.parent} can be changed"):
        load()


# --- trust -------------------------------------------------------------------------------------

LINES = {
    "base_url": 'base_url = "https://evil.example/api/v1"',
    "ledger": 'ledger = "elsewhere.sqlite"',
    "notify_file": 'notify_file = "addresses"',
    "heartbeat_url": 'heartbeat_url = "https://evil.example/ping"',
}


@pytest.mark.parametrize("name", trust.GUARDED)
@pytest.mark.parametrize("profile", [None, "client"])
def test_what_leads_elsewhere_needs_trust(here: Path, name: str, profile: str | None) -> None:
    """Of exactly this content, also where it stands in the chosen profile; other settings need none."""
    section = f"[profile.{profile}]\n" if profile else ""
    here.write_text(f"draft = false\n{section}{LINES[name]}\n")
    with pytest.raises(SettingsProblem, match=f"sets {name}, and is not trusted") as caught:
        load(profile=profile)
    assert "settings --trust" in caught.value.hint
    assert caught.value.exit_code == 2
    trust.trust(here)
    assert load(profile=profile).draft is False
    here.write_text(here.read_text() + "# changed\n")
    with pytest.raises(SettingsProblem, match="not trusted"):
        load(profile=profile)


def test_what_does_not_count_needs_no_trust(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that is not chosen, and what the environment or a flag overrules."""
    here.write_text(f"{LINES['ledger']}\n[profile.client]\n{LINES['base_url']}\n")
    monkeypatch.setenv("IMPORTER_LEDGER", "mine.sqlite")
    assert load().ledger == "mine.sqlite"
    assert load(profile="client", base_url="https://x.example").base_url == "https://x.example"


def test_a_file_that_the_user_names_is_trusted(here: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With --config, in IMPORTER_CONFIG, or in the folder of the user's settings."""
    here.write_text(LINES["ledger"])
    assert load(config=Path("importer.toml")).ledger == "elsewhere.sqlite"
    own = tmp_path / "config" / "invoice-importer"
    own.mkdir(parents=True, mode=0o700)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(own.parent))
    here.rename(own / "importer.toml")
    assert load().ledger == "elsewhere.sqlite"
    monkeypatch.chdir(own)
    assert load().ledger == "elsewhere.sqlite"
    (own / "importer.toml").rename(here)
    monkeypatch.chdir(here.parent)
    monkeypatch.setenv("IMPORTER_CONFIG", "importer.toml")
    assert load().ledger == "elsewhere.sqlite"


def test_a_copy_elsewhere_is_not_trusted(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of files in it lead to other files there."""
    here.write_text(LINES["notify_file"])
    trust.trust(here)
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    (other / "importer.toml").write_text(LINES["notify_file"])
    monkeypatch.chdir(other)
    with pytest.raises(SettingsProblem, match="not trusted"):
        load()


@pytest.mark.parametrize("command", ["preview", "submit", "run", "doctor", "settings", "history"])
def test_the_token_does_not_reach_a_host_that_a_folder_names(cli: Cli, command: str) -> None:
    """Nor is anything done, also unattended; after the one command it goes there."""
    sheet = [cli.fees(1)] if command in ("preview", "submit") else []
    env = {"KANTATA_TOKEN": TOKEN, "KANTATA_BASE_URL": "", "IMPORTER_UNATTENDED": "true"}
    with Scripted([created()]) as server:
        (cli.folder / "importer.toml").write_text(f'base_url = "{server.base_url}"\n')
        done = cli.run(command, *sheet, **env)
        assert done.exit_code == 2
        assert "settings --trust" in done.stderr + done.stdout
        assert server.received == []


def test_one_command_trusts_the_file(cli: Cli) -> None:
    """It says which file, and shows what the settings are then."""
    (cli.folder / "importer.toml").write_text('base_url = "http://127.0.0.1:9/api/v1"\n')
    trusted = cli.run("settings", "--trust", "--json", KANTATA_BASE_URL="")
    assert trusted.exit_code == 0
    assert trusted.stderr == f"{cli.folder / 'importer.toml'} is trusted, exactly as it is now.\n"
    values = {entry["name"]: (entry["value"], entry["origin"]) for entry in trusted.document["settings"]}
    assert values["base_url"] == ("http://127.0.0.1:9/api/v1", "importer.toml")
    assert cli.run("settings", KANTATA_BASE_URL="").exit_code == 0


def test_the_state_is_private(here: Path) -> None:
    """Its folder and file are for the owner, and hold no token."""
    here.write_text(LINES["ledger"])
    trust.trust(here)
    trust.bind(TOKEN, "https://x.example/api/v1")
    [file] = [path for path in Path(os.environ["XDG_STATE_HOME"]).rglob("*") if path.is_file()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert TOKEN not in file.read_text()


# --- a token belongs to a host ------------------------------------------------------------------


def test_a_token_goes_to_the_host_that_it_went_to_first() -> None:
    """Another one needs a word of the user; a stand-in on this machine is none, and paths do not matter."""
    trust.bind(TOKEN, "https://api.mavenlink.com/api/v1")
    trust.bind(TOKEN, "http://127.0.0.1:8765/api/v1")
    trust.bind(TOKEN, "https://api.mavenlink.com/api/v2")
    with pytest.raises(SettingsProblem, match=r"was used with api\.mavenlink\.com so far, and is not sent to evil"):
        trust.bind(TOKEN, "https://evil.example/api/v1")
    trust.bind("another-token", "https://evil.example/api/v1")
    trust.bind(TOKEN, "https://evil.example/api/v1", again=True)
    trust.bind(TOKEN, "https://evil.example/api/v1")


def test_another_host_is_refused_and_named(cli: Cli) -> None:
    """By every command that would use the token; --trust is the word of the user."""
    sheet, env = cli.fees(1), {"KANTATA_TOKEN": TOKEN, "IMPORTER_CONNECT_TIMEOUT_SECONDS": "0.1"}
    first = {**env, "KANTATA_BASE_URL": "https://one.test/api/v1"}
    other = {**env, "KANTATA_BASE_URL": "https://two.test/api/v1"}
    done = cli.run("preview", sheet, "--offline", **first)
    assert done.exit_code == 0
    assert "Account: https://one.test/api/v1, which is not the usual address of Kantata." in done.stderr
    refused = cli.run("preview", sheet, "--offline", **other)
    assert refused.exit_code == 2
    assert "used with one.test so far, and is not sent to two.test" in refused.stderr
    assert cli.run("settings", "--trust", **other).exit_code == 0
    assert cli.run("preview", sheet, "--offline", **other).exit_code == 0


# --- files of the user alone ---------------------------------------------------------------------


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    """What the link leads to keeps its content; the file takes the place of the link."""
    precious, link = tmp_path / ".bashrc", tmp_path / "state.json"
    precious.write_text("mine")
    link.symlink_to(precious)
    with pytest.raises(FileExistsError):
        create_private(link, b"theirs")
    write_private(link, b"theirs")
    assert (precious.read_text(), link.read_bytes(), link.is_symlink()) == ("mine", b"theirs", False)
    assert stat.S_IMODE(link.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [".bashrc", "state.json"]
