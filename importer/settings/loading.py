"""Where each setting that is not a default comes from.

Put the settings together: flag > environment > ``importer.toml`` > default; and say what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from importer.model.errors import SettingsProblem, ended
from importer.model.messages import error
from importer.settings import sources
from importer.settings.model import ENV_PREFIX, Settings
from importer.settings.secrecy import without_secret
from importer.settings.trust import require_trust

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


@dataclass(frozen=True, slots=True)
class Origin:
    """A setting that is not the default, and where it comes from."""

    name: str
    shown: str
    """Its value, without secrets."""
    source: str


def changed(settings: Settings, *, config: Path | None, profile: str | None) -> list[Origin]:
    """Every setting that is not the default, with where its value comes from."""
    where = origins(config=config, profile=profile)
    return [
        Origin(name, without_secret(name, getattr(settings, name)), where.get(name, "a flag"))
        for name, field in Settings.model_fields.items()
        if getattr(settings, name) != field.get_default(call_default_factory=True)
    ]


def origins(*, config: Path | None = None, profile: str | None = None) -> dict[str, str]:
    """Where each setting that is not a default comes from, as a person would look for it.

    Raises SettingsProblem as :func:`importer.settings.load` does.
    """
    path, profile = sources.settings_file(config), sources.chosen_profile(profile)
    of_all, of_profile = sources.of_file(path, profile)
    found = dict.fromkeys(of_all, str(path)) | dict.fromkeys(of_profile, f"{path} [profile.{profile}]")
    variables, of_environment = sources.own_variables(), sources.of_environment()
    found |= {name: variables.get(name, ENV_PREFIX + name.upper()) for name in of_environment}
    preset = (of_all | of_profile | of_environment).get("preset")
    if preset:
        from importer.values.presets import PUT_TOGETHER

        for name in PUT_TOGETHER:
            found[name] = " and ".join(filter(None, (found.get(name), f"preset {preset}")))
    return found


def _with_preset(given: dict[str, Any]) -> dict[str, Any]:
    """The settings with the lines of the preset that they name, if any."""
    if not given.get("preset"):
        return given
    from importer.values.presets import with_preset

    return with_preset(given)


_WORDS = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "decimal_parsing": "a number such as 12345.50",
    "decimal_type": "a number such as 12345.50",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "greater_than": "more than {gt}",
    "finite_number": "a number",
    "string_type": "a text in quotes",
    "path_type": "the name of a file or folder, in quotes",
    "list_type": 'a list, such as ["Internal note"]',
    "dict_type": "a table of its own; the README shows one",
}
"""Kind of fault → what the setting must be."""
_JSON_EXAMPLES = {
    "columns": '{"workspace_id": ["Client"]}',
    "ignore_columns": '["Internal note"]',
    "line_text": '["Date", "Task"]',
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
        stronger = sources.of_environment() | given
        if found := sources.only_found(config):
            require_trust(found, (of_all | of_profile).keys() - stronger.keys())
        return Settings(**_with_preset(of_all | of_profile | stronger))
    except ValidationError as why:
        raise _explained(why, origins(config=config, profile=profile) | dict.fromkeys(given, "the flag")) from why
    except SettingsError as why:
        raise _no_json(why) from why


def without_file(profile: str | None = None) -> Settings:
    """The settings before there is a file: those of the environment, else the defaults. Raises SettingsProblem."""
    sources.refuse_misspelt_variables()
    sources.of_file(None, sources.chosen_profile(profile))  # a profile needs a file
    try:
        return checked(sources.of_environment(), None, "the environment")
    except SettingsError as why:
        raise _no_json(why) from why


def typed(name: str, text: str) -> object:
    """What a person types as a setting. Raises SettingsProblem."""
    return getattr(checked({name: text}, None, "what you typed"), name)


def checked(content: Mapping[str, Any], profile: str | None, place: str) -> Settings:
    """The settings of a file with this content and profile. Raises SettingsProblem for what is not accepted."""
    of_all = {name: value for name, value in content.items() if name != "profile"}
    of_profile = content.get("profile", {}).get(profile, {})
    try:
        return Settings(**_with_preset(of_all | of_profile))
    except ValidationError as why:
        raise _explained(why, dict.fromkeys(of_all | of_profile, place)) from why


def _explained(invalid: ValidationError, places: dict[str, str]) -> SettingsProblem:
    first = invalid.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    place = places.get(str(first["loc"][0]), "the flag")
    return error(SettingsProblem, "settings.value", name=name, why=ended(_in_words(first)), place=place)


def _in_words(fault: ErrorDetails) -> str:
    """What pydantic found, for somebody who does not know it."""
    bounds = fault.get("ctx", {})
    words = _WORDS.get(fault["type"])
    if words is not None:
        return "it must be " + words.format(**bounds)
    return fault["msg"].removeprefix("Value error, ").replace("Input should be", "it must be")


def _no_json(invalid: SettingsError) -> SettingsProblem:
    """Only tables and lists are JSON in the environment."""
    name = next((name for name in _JSON_EXAMPLES if f'"{name}"' in str(invalid)), "columns")
    variable = ENV_PREFIX + name.upper()
    example = _JSON_EXAMPLES[name]
    return error(SettingsProblem, "settings.value:json", name=name, variable=variable, example=example)
