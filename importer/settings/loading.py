"""Put the settings together: flag > environment > ``importer.toml`` > default; and say what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic_settings import SettingsError

from importer.errors import SettingsProblem
from importer.settings import sources
from importer.settings.model import ENV_PREFIX, Settings
from importer.settings.near import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

_JSON_EXAMPLES = {
    "columns": '{"workspace_id": ["Client"]}',
    "ignore_columns": '["Internal note"]',
    "constants": '{"item_type": "fixed_fee"}',
    "values": '{"item_type": {"T&M": "time_entry"}}',
    "workspaces": '{"ACME retainer": 101}',
}
"""Settings that are JSON in the environment."""


def load(*, config: Path | None = None, profile: str | None = None, **flags: object) -> Settings:
    """Load the settings. Raises SettingsProblem that names the setting, where it stands and the remedy.

    ``config`` and ``profile`` are the flags; a flag that is None was not given.
    """
    sources.refuse_misspelt_variables()
    path = sources.settings_file(config)
    of_all, of_profile = sources.of_file(path, sources.chosen_profile(profile))
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**(of_all | of_profile | sources.of_environment() | given))
    except ValidationError as error:
        raise _explained(error, path) from error
    except SettingsError as error:
        raise _no_json(error) from error


def _explained(error: ValidationError, path: Path | None) -> SettingsProblem:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        msg = f"The setting “{name}” is not known{did_you_mean(name, Settings.model_fields)}."
        where = f" in {path}" if path else ""
        hint = f"Correct or delete it{where}; the README lists all settings."
        return SettingsProblem(msg, hint, code="settings.unknown")
    said = first["msg"].removeprefix("Value error, ")
    where = f"the flag, {ENV_PREFIX}{name.upper()}" + (f" or {path}" if path else "")
    return SettingsProblem(f"The setting “{name}” is wrong: {said}.", f"Correct {where}.", code="settings.value")


def _no_json(error: SettingsError) -> SettingsProblem:
    """Only tables and lists are JSON in the environment."""
    name = next((name for name in _JSON_EXAMPLES if f'"{name}"' in str(error)), "columns")
    variable = ENV_PREFIX + name.upper()
    msg = f"The setting “{name}” is wrong: {variable} is not JSON."
    hint = f"Write {variable}={_JSON_EXAMPLES[name]}, or put it into importer.toml."
    return SettingsProblem(msg, hint, code="settings.value")
