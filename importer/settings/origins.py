"""Where each setting that is not a default comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.settings import sources
from importer.settings.model import ENV_PREFIX, Settings
from importer.settings.secrecy import without_secret

if TYPE_CHECKING:
    from pathlib import Path


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
    variables = sources.own_variables()
    return found | {name: variables.get(name, ENV_PREFIX + name.upper()) for name in sources.of_environment()}
