"""Tell people what a run did: notices through Apprise, and a heartbeat. Neither ever fails a run."""

from __future__ import annotations

import json
import logging
import os
import urllib.request
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from importer.errors import SettingsProblem
from importer.redaction import keep_secret, redacted
from importer.settings import Settings, secret_text

if TYPE_CHECKING:
    from pathlib import Path

LOG = logging.getLogger(__name__)
MOST_UNTOLD = 20_000
"""Characters that are remembered of notices which could not be sent."""
HEARTBEAT_SECONDS = 10
"""How long to wait for the heartbeat's address."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told."""

    title: str
    body: str
    attachments: tuple[Path, ...] = ()
    failed: bool = False
    news: str = ""
    """Hash of what is told; the same twice is no news. Empty: nothing happened at all."""


def send(notice: Notice, settings: Settings, state: Path) -> str | None:
    """Send a notice when it is due; return why that failed, None when all is well.

    ``state`` is a file that remembers what was told last, and the last failure.
    """
    known = _read(state)
    due = {
        "always": True,
        "on_failure": notice.failed,
        "on_change": bool(notice.news) and notice.news != known.get("news"),
    }[settings.notify_when]
    untold = str(known.get("untold") or "")
    if untold:  # what an earlier run could not tell is told now, also when nothing else is
        due, notice = True, replace(notice, body=f"{notice.body}\n\nWhat could not be told before:\n\n{untold}")
    why = _sent(notice, settings) if due else None
    if why is not None:
        LOG.warning("The notice could not be sent: %s", why, extra={"why": why})
    if due or notice.news != known.get("news"):
        # What could not be told stays news, so that the next run tries again.
        told = known.get("news", "") if why else notice.news
        failure = {"failure": why, "failed_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"} if why else {}
        kept = failure if due else {name: known[name] for name in ("failure", "failed_at") if name in known}
        later = {"untold": f"{notice.title}\n{notice.body}"[:MOST_UNTOLD]} if why else {}
        _write(state, {"news": told} | kept | later)
    return why


def last_failure(state: Path) -> str | None:
    """Why the last notice that was due could not be sent, and when; None when it was sent."""
    known = _read(state)
    return f"{known['failure']} ({known.get('failed_at')})" if known.get("failure") else None


def heartbeat(settings: Settings) -> str | None:
    """Fetch the heartbeat's address; return why that failed, None when all is well or none is set."""
    address = settings.heartbeat_url.get_secret_value() if settings.heartbeat_url else ""
    if not address:
        return None
    keep_secret(address, *urlsplit(address).path.split("/"))
    try:
        with urllib.request.urlopen(address, timeout=HEARTBEAT_SECONDS) as answer:  # noqa: S310 - checked by Settings
            answer.read(1000)
    except Exception as error:  # noqa: BLE001 - whatever answers there, it never fails the run
        why = redacted(f"{type(error).__name__}: {error}")
        LOG.warning("The heartbeat could not be sent: %s", why, extra={"why": why})
        return why
    return None


def addresses(settings: Settings) -> list[str]:
    """Apprise addresses of the settings; from now on none of them is ever shown. Raises SettingsProblem."""
    found = settings.notify.get_secret_value().split() if settings.notify else []
    if settings.notify_file is not None:
        lines = secret_text(settings.notify_file, "file of notice addresses", "notify_file").splitlines()
        found += [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    for address in found:
        parts = urlsplit(address)
        keep_secret(address, parts.password, *(piece for piece in parts.path.split("/") if len(piece) >= 8))  # noqa: PLR2004 - a token, not a word
    return found


def _sent(notice: Notice, settings: Settings) -> str | None:
    try:
        given = addresses(settings)
        return _through_apprise(notice, given) if given else None
    except SettingsProblem as problem:
        return f"{problem.message} {problem.hint}"
    except ImportError:
        return 'It needs the package apprise: pipx install "kantata-invoice-importer[notify]"'
    except Exception as error:  # noqa: BLE001 - a notice never fails the run
        return redacted(f"{type(error).__name__}: {error}")


def _through_apprise(notice: Notice, given: list[str]) -> str | None:
    import apprise

    failed = []
    for number, address in enumerate(given, start=1):
        kind = urlsplit(address).scheme or "unknown"
        messenger = apprise.Apprise()
        if not messenger.add(address):
            failed.append(f"address {number} ({kind}) is none that Apprise understands")
            continue
        with apprise.LogCapture(level=logging.WARNING) as said:  # type: ignore[no-untyped-call]
            sent = messenger.notify(
                title=redacted(notice.title), body=redacted(notice.body), body_format=apprise.NotifyFormat.TEXT,
                attach=[str(path) for path in notice.attachments] or None,
            )  # fmt: skip
            words = " ".join(said.getvalue().split())
        if not sent:
            failed.append(redacted(f"address {number} ({kind}): {words or 'refused'}"))
    return "; ".join(failed) or None


def _read(state: Path) -> dict[str, Any]:
    try:
        known = json.loads(state.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(state: Path, content: dict[str, Any]) -> None:
    new = state.with_name(f"{state.name}.{os.getpid()}")
    try:
        new.write_text(json.dumps(content), encoding="utf-8")
        new.replace(state)
    except OSError as error:
        LOG.warning("What was told last cannot be remembered (%s).", error.strerror)
