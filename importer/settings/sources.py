"""Where settings stand: the file ``importer.toml``, its profiles, and the environment."""

from __future__ import annotations

import difflib
import itertools
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import platformdirs
from pydantic_settings import EnvSettingsSource

from importer.model.errors import SettingsProblem
from importer.model.messages import error
from importer.settings.model import ENV_PREFIX, Settings
from importer.settings.plain_files import plain_text
from importer.settings.secrecy import SECRET
from importer.settings.trust import refuse_open
from importer.settings.values import did_you_mean

APP = "invoice-importer"
OWN_NAMES = {"KANTATA_TOKEN": "token", "KANTATA_TOKEN_FILE": "token_file", "KANTATA_BASE_URL": "base_url"}
FOUND_HERE = Path("importer.toml")
"""In the working directory, without a word of the user."""
LARGEST_MEGABYTES = 4
"""A settings file is never so large."""
MOST_POINTS = 1000
"""In one line of a settings file; the time for a key of many parts grows with their square."""
NOT_SETTINGS = frozenset({"IMPORTER_CONFIG", "IMPORTER_PROFILE"})


def settings_file(given: Path | None) -> Path | None:
    """The settings file that counts; None when there is none. Raises SettingsProblem for one that does not exist."""
    named = _named(given)
    if named is not None:
        if not named.is_file():
            raise error(SettingsProblem, "settings.file:absent", file=named)
        return named
    return next((place for place in (FOUND_HERE, _of_user()) if place.is_file()), None)


def file_to_write(given: Path | None) -> Path:
    """The settings file that counts, or would count; it need not exist."""
    return _named(given) or settings_file(None) or FOUND_HERE


def only_found(given: Path | None) -> Path | None:
    """The settings file, where it is one of the working directory that the user neither named nor put among the own."""
    path = settings_file(given)
    if path != FOUND_HERE or _named(given) or path.resolve() == _of_user().resolve():
        return None
    return path


def is_named(given: Path | None) -> bool:
    """Tell whether the user names the settings file, by the flag or the environment."""
    return _named(given) is not None


def _named(given: Path | None) -> Path | None:
    variable = os.environ.get("IMPORTER_CONFIG")
    return given or (Path(variable) if variable else None)


def user_folder() -> Path:
    """The folder for settings of this user."""
    return Path(platformdirs.user_config_dir(APP, appauthor=False))


def _of_user() -> Path:
    return user_folder() / "importer.toml"


def chosen_profile(given: str | None) -> str | None:
    """The profile of the flag, else of the environment."""
    return given or os.environ.get("IMPORTER_PROFILE") or None


def of_file(path: Path | None, profile: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings of the file, and those of the chosen profile, which lie on top. Raises SettingsProblem."""
    if path is None:
        if profile:
            raise error(SettingsProblem, "settings.profile:no_file", profile=profile)
        return {}, {}
    refuse_open(path)
    try:
        content = _parsed(plain_text(path, LARGEST_MEGABYTES))
    except UnicodeDecodeError as why:
        raise error(SettingsProblem, "settings.file:encoding", file=path) from why
    except (ValueError, OSError) as why:  # no TOML, or a number of thousands of digits
        key = "settings.file:twice" if "overwrite" in str(why) else "settings.file"
        raise error(SettingsProblem, key, file=path, why=why) from why
    profiles = _profiles_of(content, path)
    sections = {"": content} | {f" [profile.{name}]": section for name, section in profiles.items()}
    _refuse_secrets(path, sections.values())
    _refuse_unknown(path, sections)
    _refuse_misplaced(path, sections)
    if profile is None:
        return content, {}
    if profile not in profiles:
        near = did_you_mean(profile, profiles) or "."
        raise error(SettingsProblem, "settings.profile", file=path, profile=profile, near=near)
    return content, profiles[profile]


def _parsed(text: str) -> dict[str, Any]:
    """The content of a file. Raises ValueError for one that is no TOML, or would take long to read."""
    if any(line.count(".") > MOST_POINTS for line in text.split("\n")):
        msg = f"a line has more than {MOST_POINTS:,} points"
        raise ValueError(msg)
    try:
        return tomllib.loads(text)
    except RecursionError as why:
        msg = "its brackets are nested too deep"
        raise tomllib.TOMLDecodeError(msg) from why


def _profiles_of(content: dict[str, Any], path: Path) -> dict[str, dict[str, Any]]:
    """Take the profiles out of the content of a file."""
    profiles = content.pop("profile", {})
    if not isinstance(profiles, dict) or not all(isinstance(section, dict) for section in profiles.values()):
        raise error(SettingsProblem, "settings.profile:value", file=path)
    return profiles


def of_environment() -> dict[str, Any]:
    """Settings of the environment: IMPORTER_<NAME>, and the three variables that are named after Kantata."""
    try:
        found = EnvSettingsSource(Settings)()
    except RecursionError as why:
        raise error(SettingsProblem, "settings.value:nested") from why
    return found | {name: os.environ[variable] for name, variable in own_variables().items()}


def own_variables() -> dict[str, str]:
    """Setting → the variable named after Kantata that sets it."""
    return {name: variable for variable, name in OWN_NAMES.items() if os.environ.get(variable)}


def refuse_misspelt_variables() -> None:
    """A misspelt variable would be passed over silently; name the one that was meant."""
    known = {ENV_PREFIX + name.upper() for name in Settings.model_fields} | NOT_SETTINGS
    for variable in os.environ:
        if variable.startswith(ENV_PREFIX) and variable not in known:
            near = difflib.get_close_matches(variable, known, n=1, cutoff=0.85)
            if near:
                raise error(SettingsProblem, "settings.unknown:variable", variable=variable, near=near[0])


def _refuse_unknown(path: Path, sections: Mapping[str, dict[str, Any]]) -> None:
    """A misspelt setting would be passed over silently, also one that is only written in capitals."""
    for section, content in sections.items():
        for name in content.keys() - Settings.model_fields.keys():
            near = did_you_mean(name, Settings.model_fields) or "."
            raise error(SettingsProblem, "settings.unknown", name=name, near=near, place=f"{path}{section}")


def _refuse_misplaced(path: Path, sections: Mapping[str, dict[str, Any]]) -> None:
    """What is added at the end of the file belongs to its last section: below [workspaces] a gate would be a name."""
    for section, content in sections.items():
        names = content.get("workspaces")
        for name in names if isinstance(names, dict) else ():
            if name.strip().casefold().replace("-", "_").replace(" ", "_") in Settings.model_fields:
                raise error(SettingsProblem, "settings.misplaced", place=f"{path}{section}", name=name)


def _refuse_secrets(path: Path, sections: Iterable[dict[str, Any]]) -> None:
    """No section may hold a token, also one that is not used in this run."""
    for name in SECRET & set(itertools.chain.from_iterable(sections)):
        key = "settings.token:notify" if name == "notify" else "settings.token:in_file"
        raise error(SettingsProblem, key, file=path, name=name)
