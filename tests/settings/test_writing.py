"""Settings are written into the user's own file, and all else in it stays as it is."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from importer.model.errors import SettingsProblem
from importer.settings.loading import load
from importer.settings.sources import file_to_write
from importer.settings.trust import trust
from importer.settings.writing import with_settings, write_settings

if TYPE_CHECKING:
    from pathlib import Path

OWN = """\
# settings of the agency
draft = true  # never active

# headers of our sheets
[columns]
# the project
workspace_id = ["Client"]  # as on the list

# names
[workspaces]
"ACME retainer" = 101
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the settings file of an own working directory."""
    folder = tmp_path / "work"
    folder.mkdir(mode=0o700)
    monkeypatch.chdir(folder)
    return folder / "importer.toml"


def test_comments_and_order_are_kept() -> None:
    """A new setting stands below the last of its table, above the remark about the next one."""
    changes = {
        "payment_schedule": 30,
        "draft": False,
        "columns": {"workspace_id": ["Client", "Kunde"], "external_reference.status": ["State"]},
        "values": {"item_type": {"T&M": "time_entry"}},
    }
    assert with_settings(OWN, changes) == (
        """\
# settings of the agency
draft = false  # never active
payment_schedule = 30

# headers of our sheets
[columns]
# the project
workspace_id = ["Client", "Kunde"]  # as on the list
"external_reference.status" = ["State"]

# names
[workspaces]
"ACME retainer" = 101

[values.item_type]
"T&M" = "time_entry"
"""
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing yet\n",
        "draft = true",
        "draft = true\r\n\r\n[columns]\r\nworkspace_id = ['Client']\r\n",
        "[columns]\nworkspace_id = ['Client']\n",
        "values.item_type.a = 'expense'\n[profile.test]\ndraft = false\n[columns]\n[profile.b]\ndraft = true\n",
        'line_text = [\n  "Date",\n  # a remark\n  "Task",\n]\n',
    ],
)
def test_any_layout_of_a_file_takes_a_setting(text: str) -> None:
    """What it said before it says afterwards, and the new."""
    changed = with_settings(text, {"payment_schedule": 30, "values": {"item_type": {"T&M": "time_entry"}}})
    after, before = tomllib.loads(changed), tomllib.loads(text)
    assert after.pop("payment_schedule") == 30
    assert after["values"]["item_type"].pop("T&M") == "time_entry"
    assert after == {"values": {"item_type": {}}} | before
    assert changed.count("\r\n") >= text.count("\r\n")


def test_a_new_file_is_for_its_owner_only(here: Path) -> None:
    """It is the file that counts here, also where it names the account."""
    assert file_to_write(None).resolve() == here
    write_settings(file_to_write(None), {"payment_schedule": 30, "base_url": "https://kantata.example/api/v1"})
    assert here.stat().st_mode & 0o777 == 0o600
    assert load().payment_schedule == 30
    assert [path.name for path in here.parent.iterdir()] == ["importer.toml"]


def test_a_profile_has_settings_of_its_own(here: Path) -> None:
    """Those of all profiles stay as they are."""
    here.write_text("draft = true\n\n[profile.test]\nworkers = 2\n")
    write_settings(here, {"payment_schedule": 14}, profile="test")
    write_settings(here, {"payment_schedule": 7}, profile="new")
    assert load().payment_schedule is None
    assert (load(profile="test").payment_schedule, load(profile="test").workers) == (14, 2)
    assert load(profile="new").payment_schedule == 7


@pytest.mark.parametrize(
    ("text", "changes", "why"),
    [
        ("draft = maybe\n", {"workers": 2}, "cannot be read"),
        ("drafft = true\n", {"workers": 2}, "did you mean"),
        ("", {"workers": 200}, "must be 32 or less"),
        ("", {"columns": {"invoice_date": ["Day"], "workspace_id": ["Day"]}}, "Day"),
    ],
)
def test_what_would_not_be_accepted_is_not_written(here: Path, text: str, changes: dict[str, object], why: str) -> None:
    """The file stays as it was, to the byte."""
    here.write_text(text)
    with pytest.raises(SettingsProblem, match=why):
        write_settings(here, changes)
    assert here.read_text() == text


def test_a_file_that_cannot_be_written_is_named(here: Path) -> None:
    """With the reason of the system."""
    here.mkdir()
    with pytest.raises(SettingsProblem, match=r"importer\.toml cannot be"):
        write_settings(here, {"workers": 2})


def test_nothing_is_made_through_a_link_to_nothing(here: Path) -> None:
    """Whoever laid it would choose where the settings lie."""
    target = here.parent.parent / "elsewhere" / "new.toml"
    here.symlink_to(target)
    with pytest.raises(SettingsProblem, match="link to a file that is not there"):
        write_settings(here, {"workers": 2})
    assert here.is_symlink()
    assert not target.parent.exists()


def test_half_a_character_is_refused(here: Path) -> None:
    """A header may hold it; a file cannot."""
    here.write_text("draft = true\n")
    with pytest.raises(SettingsProblem, match="half a character"):
        write_settings(here, {"columns": {"workspace_id": ["Client \ud800"]}})
    assert here.read_text() == "draft = true\n"


def test_a_trusted_file_stays_trusted(here: Path) -> None:
    """The program changed it itself; one that the user has not trusted stays so."""
    text = 'base_url = "https://kantata.example/api/v1"\n'
    here.write_text(text)
    write_settings(here, {"workers": 2})
    with pytest.raises(SettingsProblem, match="trust"):
        load()

    trust(here)
    write_settings(here, {"workers": 3})
    assert load().workers == 3


def test_a_link_and_the_rights_of_a_file_are_kept(here: Path, tmp_path: Path) -> None:
    """The settings of a team may lie elsewhere, for others to read."""
    shared = tmp_path / "shared.toml"
    shared.write_text("draft = true\n")
    shared.chmod(0o644)
    here.symlink_to(shared)
    write_settings(here, {"workers": 2})
    assert here.is_symlink()
    assert shared.read_text() == "draft = true\nworkers = 2\n"
    assert shared.stat().st_mode & 0o777 == 0o644
