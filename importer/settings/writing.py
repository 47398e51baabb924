"""Write settings into ``importer.toml`` and leave all else in it as it is: comments, order, what others wrote."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.model.errors import SettingsProblem
from importer.model.messages import error
from importer.settings import sources
from importer.settings.loading import checked
from importer.settings.private_files import write_private
from importer.settings.trust import is_trusted, trust

if TYPE_CHECKING:
    from tomlkit.container import Container


def write_settings(path: Path, changes: Mapping[str, Any], profile: str | None = None) -> None:
    """Write settings into a file, whole or not at all; it is made where it does not exist.

    ``changes``: a mapping changes single keys of a table, any other value takes the place of the old one.
    ``profile``: they belong to this profile. A file that the user trusted, or that is new, is trusted
    as it then is. Raises SettingsProblem where the file cannot be used or would not be accepted with these settings.
    """
    wanted: Mapping[str, Any] = {"profile": {profile: changes}} if profile else changes
    try:
        text, trusted = _read(path)
        changed = with_settings(text, wanted)
        expected = _merged(tomllib.loads(text), wanted)
        if tomllib.loads(changed) != expected:
            raise error(SettingsProblem, "settings.writing:shape", file=path, names=", ".join(changes))
        checked(expected, profile, str(path))

        file = path.resolve()
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(file, changed.encode())
        file.chmod(mode)
    except OSError as why:
        raise error(SettingsProblem, "settings.writing", file=path, why=why.strerror) from why
    except UnicodeEncodeError as why:
        raise error(SettingsProblem, "settings.writing:letters", file=path) from why
    if trusted:
        trust(path)


def _read(path: Path) -> tuple[str, bool]:
    """The text of a file, and whether it is trusted. Raises SettingsProblem for one that cannot be used."""
    if not path.exists():
        if path.is_symlink():
            raise error(SettingsProblem, "settings.writing", file=path, why="it is a link to a file that is not there")
        return "", True
    sources.of_file(path, None)
    with path.open(encoding="utf-8-sig", newline="") as file:  # its line ends are kept
        return file.read(), is_trusted(path)


def with_settings(text: str, changes: Mapping[str, Any]) -> str:
    """The text of a settings file with these changes; as those of :func:`write_settings`."""
    import tomlkit

    document = tomlkit.parse(text)
    _change(document, changes)
    return tomlkit.dumps(document)


def _change(container: Container, changes: Mapping[str, Any]) -> None:
    from tomlkit.items import Table

    for name, value in changes.items():
        held = container.get(name)
        if isinstance(value, Mapping) and isinstance(held, Mapping):
            _change(held.value if isinstance(held, Table) else held, value)  # type: ignore[arg-type]  # a view of two
        elif name in container:
            container[name] = value
        else:
            _add(container, name, value)


def _add(container: Container, name: str, value: object) -> None:
    """Add a setting below the last of its table: what stands behind that may be a remark about the next table."""
    from tomlkit.items import AoT, Table

    last = None
    for key, item in getattr(container, "body", ()):
        if key is not None and not isinstance(item, Table | AoT):
            last = key
    if last is None or isinstance(value, Mapping):
        container[name] = value
    else:
        container._insert_after(last, name, value)  # noqa: SLF001 - tomlkit has no public way to a place


def _merged(old: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """What the file must say afterwards."""
    new = dict(old)
    for name, value in changes.items():
        held = old.get(name)
        if isinstance(value, Mapping):
            new[name] = _merged(held if isinstance(held, Mapping) else {}, value)
        else:
            new[name] = value
    return new
