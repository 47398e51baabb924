"""Tell people what a run did: notices through Apprise, and a heartbeat. Neither ever fails a run."""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import urllib.request
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from importer.model.errors import SettingsProblem
from importer.settings.redaction import keep_secret, redacted
from importer.settings.secrecy import secret_text

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from importer.settings.model import Settings


LOG = logging.getLogger(__name__)
MOST_UNTOLD = 20_000
"""Characters that are remembered of notices which could not be sent."""
TOPICS = ("news", "news_of_reconcile")
"""What the state remembers of, each by the hash that was told last: of run, and of reconcile."""
UNDER_WAY = "under_way"
"""Under this name the state keeps what a run that is at work has to tell."""
NOT_INSTALLED = 'It needs the package apprise: pipx install "kantata-invoice-importer[notify]"'
SHORTEST_TOKEN = 8
"""Characters of a part of an address that is hidden like the whole: a token, not a word."""
_KIND = re.compile(r"([a-z][a-z0-9+.-]{0,20})://")
HEARTBEAT_SECONDS = 10
"""How long to wait for the heartbeat's address."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told."""

    title: str
    body: str
    attachments: tuple[Path, ...] = ()
    failed: bool = False
    news: tuple[str, ...] = ()
    """Hash of each thing that is told; what was told the last time is no news. Empty: nothing happened at all."""
    topic: str = "news"
    """What it is about, one of :data:`TOPICS`: what one command told is no news of the other."""


def send(notice: Notice, settings: Settings, state: Path) -> str | None:
    """Send a notice when it is due; return what failed, None when all is well.

    An address that fails keeps no other from being told. ``state`` is a file that
    remembers what was told last, and the last failure.
    """
    known, topic = _read(state), notice.topic
    due = {
        "always": True,
        "on_failure": notice.failed,
        "on_change": bool(set(notice.news) - _told(known, topic)),
    }[settings.notify_when]
    untold = str(known.get("untold") or "")
    if untold:  # what an earlier run could not tell is told now, also when nothing else is
        due, notice = True, _with_late(notice, untold)
    reached, why = _sent(notice, settings) if due else (True, None)
    if why is not None:
        LOG.error("The notice could not be sent: %s", why, extra={"why": why})  # also said under --quiet
    if due or UNDER_WAY in known or set(notice.news) != _told(known, topic):
        # What nobody could be told stays news, so that the next run tries again.
        told = sorted(notice.news if reached else _told(known, topic))
        gone = (topic, "untold", *([UNDER_WAY] if topic == TOPICS[0] else []))
        others = {name: known[name] for name in known if name not in gone}
        if due:
            others = _noting(others, "failure", why)
        moment = datetime.now().astimezone()
        later = {} if reached else {"untold": f"{moment:%Y-%m-%d %H:%M} {notice.title}\n{notice.body}"[:MOST_UNTOLD]}
        _write(state, others | {topic: told} | later)
    return why


def _with_late(notice: Notice, untold: str) -> Notice:
    """The notice with what could not be told before; that comes first when there is nothing bad to tell now."""
    late = f"What could not be told before:\n\n{untold}"
    if notice.failed:
        return replace(notice, title=f"{notice.title}, and more told late", body=f"{notice.body}\n\n{late}")
    what = untold.partition("\n")[0].rpartition("invoice-importer: ")[2]
    body = f"{late}\n\nNow ({notice.title}):\n\n{notice.body}"
    return replace(notice, title=f"invoice-importer: told late: {what}", body=body)


def _told(known: dict[str, Any], topic: str) -> set[str]:
    told = known.get(topic) or []
    return {str(one) for one in (told if isinstance(told, list) else [told])}


class Diary:
    """What a run has to tell until its notice is sent: when it is ended before that, the next one tells it."""

    def __init__(self, settings: Settings, state: Path) -> None:
        """``state`` as for :func:`send`."""
        self._state, self._opened = state, False
        self._wanted = bool(settings.notify or settings.notify_file)

    def note(self, line: str) -> None:
        """Keep a line until the notice of this run is sent."""
        self.open()
        if self._wanted:
            known = _read(self._state)
            _write(self._state, known | {UNDER_WAY: [*known.get(UNDER_WAY, []), line]})

    def open(self) -> None:
        """Hand what an earlier run kept and did not tell on to the next notice, once."""
        known = {} if self._opened else _read(self._state)
        self._opened = True
        if lines := known.pop(UNDER_WAY, None):
            text = "\n".join([*map(str, lines), str(known.get("untold") or "")])
            _write(self._state, known | {"untold": text[:MOST_UNTOLD]})


def _noting(known: dict[str, Any], name: str, why: str | None) -> dict[str, Any]:
    """What is known, with a failure and its time under a name; without one when all went well."""
    others = {key: known[key] for key in known if key not in (name, f"{name}_at")}
    return others | ({name: why, f"{name}_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"} if why else {})


def last_failure(state: Path, name: str = "failure") -> str | None:
    """Why the last notice that was due (or the last ``heartbeat``) could not be sent, and when; None when it was."""
    known = _read(state)
    return f"{known[name]} ({known.get(f'{name}_at')})" if known.get(name) else None


def heartbeat(settings: Settings, state: Path) -> str | None:
    """Fetch the heartbeat's address; return why that failed, None when all is well or none is set."""
    address = settings.heartbeat_url.get_secret_value() if settings.heartbeat_url else ""
    if not address:
        return None
    keep_secret(address, *urlsplit(address).path.split("/"))
    why = None
    try:
        with urllib.request.urlopen(address, timeout=HEARTBEAT_SECONDS) as answer:  # noqa: S310 - checked by Settings
            answer.read(1000)
    except Exception as error:  # noqa: BLE001 - the copy is an extra; without it the run is as good
        why = redacted(f"{type(error).__name__}: {error}")
        LOG.error("The heartbeat could not be sent: %s", why, extra={"why": why})  # noqa: TRY400 - no traceback
    known = _read(state)
    if why or "heartbeat" in known:
        _write(state, _noting(known, "heartbeat", why))
    return why


def try_each(settings: Settings) -> list[tuple[str, str | None]]:
    """Send a test notice to every address, and return for each its name and why that failed; None when it went."""
    given, wrong = _addresses(settings)
    tried: list[tuple[str, str | None]] = [("notify_file", why) for why in wrong]
    try:
        import apprise
    except ImportError:
        return [*tried, ("package apprise", NOT_INSTALLED)]
    notice = Notice(
        "invoice-importer: test of the notices",
        f"This is a test from {socket.gethostname()}: notices of invoice-importer arrive here. Nothing was billed.",
    )
    for number, address in given:
        why = _through_apprise(apprise, notice, address)
        tried.append((_name(number, address), why and redacted(why)))
    return tried


def faults(settings: Settings) -> list[str]:
    """What is wrong with the addresses of the settings, without showing them; sends nothing."""
    given, wrong = _addresses(settings)
    if not given:
        return wrong or ["there is no address in it, so nobody is told"]
    try:
        import apprise
    except ImportError:
        return [*wrong, NOT_INSTALLED]
    for number, address in given:
        try:
            understood = apprise.Apprise().add(address)
        except Exception:  # noqa: BLE001 - whatever it stumbles over, the address is none
            understood = False
        if not understood:
            wrong.append(f"{_name(number, address)} is none that Apprise understands")
    return wrong


def _addresses(settings: Settings) -> tuple[list[tuple[int, str]], list[str]]:
    """The addresses with their numbers, and why others cannot be had; from now on none of them is ever shown."""
    found = settings.notify.get_secret_value().split() if settings.notify else []
    wrong: list[str] = []
    if settings.notify_file is not None:
        try:
            lines = secret_text(settings.notify_file, "file of notice addresses", "notify_file").splitlines()
            found += [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
        except SettingsProblem as problem:
            wrong.append(f"{problem.message} {problem.hint}")
    for address in found:
        # By hand, because urlsplit refuses some of what people write.
        login, _, rest = address.partition("://")[2].rpartition("@")
        tokens = (piece for piece in rest.split("/")[1:] if len(piece) >= SHORTEST_TOKEN)
        keep_secret(address, login.partition(":")[2], *tokens)
    return list(enumerate(found, start=1)), wrong


def _name(number: int, address: str) -> str:
    """An address as people may see it: its place among the others, and its kind."""
    kind = _KIND.match(address)
    return f"address {number} ({kind[1] if kind else 'unknown'})"


def _sent(notice: Notice, settings: Settings) -> tuple[bool, str | None]:
    """Whether anybody was told, or nobody is to be, and what failed."""
    given, wrong = _addresses(settings)
    if not given:
        return not wrong, "; ".join(wrong) or None
    try:
        import apprise
    except ImportError:
        return False, "; ".join([*wrong, NOT_INSTALLED])
    reached = False
    for number, address in given:
        why = _through_apprise(apprise, notice, address)
        reached |= why is None
        if why is not None:
            wrong.append(redacted(f"{_name(number, address)} {why}"))
    return reached, "; ".join(wrong) or None


def _through_apprise(apprise: ModuleType, notice: Notice, address: str) -> str | None:
    """Tell one address; return why that failed, as the rest of a sentence."""
    try:
        messenger = apprise.Apprise()
        if not messenger.add(address):
            return "is none that Apprise understands"
        with apprise.LogCapture(level=logging.WARNING) as said:
            sent = messenger.notify(
                title=redacted(notice.title),
                body=redacted(notice.body),
                body_format=apprise.NotifyFormat.TEXT,
                attach=[str(path) for path in notice.attachments] or None,
            )
            words = " ".join(said.getvalue().split())
    except Exception as error:  # noqa: BLE001 - the copy is an extra; without it the run is as good
        return f"failed ({type(error).__name__}: {error})"
    return None if sent else f"failed ({words or 'refused'})"


def _read(state: Path) -> dict[str, Any]:
    try:
        known = json.loads(state.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(state: Path, content: dict[str, Any]) -> None:
    new = state.with_name(f"{state.name}.{os.getpid()}")
    try:
        state.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # it may name clients and amounts
        with os.fdopen(number, "w", encoding="utf-8") as file:
            json.dump(content, file)
        new.replace(state)
    except OSError as error:
        LOG.error("What was told last cannot be remembered (%s: %s).", state, error.strerror)  # noqa: TRY400 - no traceback
