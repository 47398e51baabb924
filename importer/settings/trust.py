"""Which settings files count, and which host a token may go to.

A file that others may change is refused. The working directory may come from anyone: where it lies there, what leads
the token, the record of what was billed, or notices elsewhere counts only after the user trusted exactly this content.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from importer.kantata.addresses import is_loopback
from importer.model.errors import SettingsProblem
from importer.model.messages import error
from importer.settings.plain_files import read_plain
from importer.settings.private_files import write_private

GUARDED = ("base_url", "ledger", "notify_file", "heartbeat_url")
"""Settings that lead elsewhere: where the token, the record of what was billed, and notices go."""


# --- files that others may change -----------------------------------------------------------


def refuse_open(path: Path) -> None:
    """Refuse a settings file that another user may change or replace. Raises SettingsProblem. POSIX only."""
    if sys.platform == "win32":
        return

    file = path.resolve()
    for place in dict.fromkeys((path.absolute().parent, file.parent, file)):
        if why := _changed_by_others(place):
            raise error(SettingsProblem, why, file=path, place=place)
    if path.lstat().st_uid not in _own_users():  # in a folder such as /tmp, where anyone may make a link
        raise error(SettingsProblem, "settings.open:owner", file=path, place=path)


def _changed_by_others(place: Path) -> str | None:
    """The message why others may change a file, or what lies in a folder; None when they may not."""
    found = place.stat()
    if found.st_uid not in _own_users():
        return "settings.open:owner"
    if stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX:
        return None  # as /tmp: only the owner of a file may replace it
    if found.st_mode & stat.S_IWOTH:
        return "settings.open:others"
    if found.st_mode & stat.S_IWGRP and not _is_own_group(found.st_gid):
        return "settings.open:group"
    return None


def _own_users() -> tuple[int, ...]:
    if sys.platform == "win32":
        return ()
    return (os.geteuid(), 0)


def _is_own_group(group: int) -> bool:
    """Whether only this user is in a group, as where each user has one of the same name."""
    if sys.platform == "win32":
        return True
    import grp
    import pwd

    user = os.geteuid()
    try:
        name, entry = pwd.getpwuid(user).pw_name, grp.getgrgid(group)
    except KeyError:  # a container without names
        return group == user
    return entry.gr_name == name and set(entry.gr_mem) <= {name}


# --- trust ----------------------------------------------------------------------------------


def require_trust(path: Path, names: Collection[str]) -> None:
    """Refuse a file of the working directory that sets any of these guarded names untrusted. Raises SettingsProblem."""
    guarded = [name for name in GUARDED if name in names]
    if guarded and not is_trusted(path):
        raise error(SettingsProblem, "settings.trust", file=path.absolute(), names=" and ".join(guarded))


def is_trusted(path: Path) -> bool:
    """Whether the user let a file count, exactly as it is now. Raises SettingsProblem."""
    return _noted("files").get(str(path.resolve())) == _print_of(path)


def trust(path: Path) -> None:
    """Let a file of the working directory count, exactly as it is now. Raises SettingsProblem."""
    _note("files", str(path.resolve()), _print_of(path))


def bind(token: str, base_url: str, *, again: bool = False) -> None:
    """Let a token go to the host that it went to first, and to no other; ``again``: to this one from now on.

    Raises SettingsProblem. A stand-in on this machine is no other host.
    """
    if is_loopback(base_url):
        return

    host = urlsplit(base_url).netloc
    known = hashlib.sha256(b"token " + token.encode()).hexdigest()[:32]
    bound = _noted("tokens").get(known)
    if bound is not None and bound != host and not again:
        raise error(SettingsProblem, "settings.trust:token", host=host, bound=bound)
    if bound != host:
        _note("tokens", known, host)


def _print_of(path: Path) -> str:
    try:
        return hashlib.sha256(read_plain(path)).hexdigest()
    except OSError as why:
        raise error(SettingsProblem, "settings.file", file=path, why=why.strerror) from why


def _state() -> Path:
    return Path(platformdirs.user_state_dir("invoice-importer", appauthor=False)) / "trusted.json"


def _noted(kind: str) -> dict[str, str]:
    try:
        known = json.loads(_state().read_bytes())[kind]
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    return known if isinstance(known, dict) else {}


def _note(kind: str, name: str, value: str) -> None:
    path = _state()
    noted = {each: _noted(each) for each in ("files", "tokens")}
    noted[kind][name] = value
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, json.dumps(noted, indent=1).encode())
    except OSError as why:
        raise error(SettingsProblem, "settings.trust:state", file=path, why=why.strerror) from why
