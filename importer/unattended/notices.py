"""Notices to people through Apprise, and a heartbeat for a monitor. Neither ever fails a run.

What is to be said lies in the outbox of the ledger (:mod:`importer.ledger.outbox`) before it is sent. What could
not be sent, or what a run that was ended had queued, is sent with the next notice. A notice comes twice only when the
program is killed after an address took it and before that is noted.
"""

from __future__ import annotations

import logging
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from importer.ledger.opening import ledger_url, place_beside
from importer.model.errors import LedgerProblem, SettingsProblem
from importer.model.messages.message import how_to_install
from importer.model.visible import in_one_line, visible
from importer.settings.redaction import keep_secret, redacted
from importer.settings.secrecy import secret_text

if TYPE_CHECKING:
    from importer.ledger.outbox import News, Outbox, QueuedNews
    from importer.settings.model import Settings


LOG = logging.getLogger(__name__)
RECONCILE_TOPIC = "reconcile"
NOT_INSTALLED = f"It needs the package apprise. {how_to_install('apprise')}"
SHORTEST_TOKEN = 8
"""Characters from which a part of an address is hidden like the whole: a token, not a word."""
HEARTBEAT_SECONDS = 10
"""How long to wait for the heartbeat's address."""
SENDER_SECONDS = 60
"""How long to wait while another command of this machine sends its notices."""
_KIND = re.compile(r"([a-z][a-z0-9+.-]{0,20})://")


@dataclass(frozen=True, slots=True)
class Notice:
    """What a command has to say at its end."""

    title: str
    body: str
    attachments: tuple[Path, ...] = ()
    failed: bool = False
    news: tuple[News, ...] = ()
    """Each thing that it says; what was said before and is true still is no news."""
    topic: str = RECONCILE_TOPIC
    """What it is about: what one command said is no news of the other."""
    is_whole: bool = True
    """Whether it says all that is true of its topic: what it does not say any more is news when it comes again."""


def run_topic(settings: Settings) -> str:
    """Topic of the notices of ``run`` over one inbox."""
    return f"run {settings.inbox.absolute()}"


# --- the outbox ------------------------------------------------------------------------------


def send(notice: Notice, settings: Settings, outbox: Outbox) -> str | None:
    """Queue a notice and send what is due; return what failed, None when all is well. Raises LedgerProblem.

    One address that fails keeps no other from getting it.
    """
    subjects = {news.subject for news in notice.news}
    outbox.queue(notice.topic, notice.news)
    if notice.is_whole:
        outbox.end_others(notice.topic, subjects)
    with suppress(OSError):
        _unusable_marker(settings).unlink()

    try:
        with _only_sender(settings):
            return _send_due(notice, settings, outbox)
    except (Timeout, OSError) as error:
        why = f"the outbox is in use by another command ({error})"
        LOG.error("The notice could not be sent: %s", why, extra={"why": why})  # noqa: TRY400 - no traceback
        return why


@contextmanager
def _only_sender(settings: Settings) -> Iterator[None]:
    """Keep two commands of this machine from sending the same notice. Raises Timeout, OSError."""
    with FileLock(_beside_ledger(settings, "notices.lock"), timeout=SENDER_SECONDS, mode=0o600):
        yield


def _send_due(notice: Notice, settings: Settings, outbox: Outbox) -> str | None:
    own, late, unwanted = _sorted(notice, settings, outbox.unsent())
    due = {"always": True, "on_failure": notice.failed, "on_change": bool(own)}[settings.notify_when]
    if not due:
        unwanted += own
        own = []
    outbox.discard(unwanted)
    if not due and not late:
        return None

    reached, why = _send_now(_with_late(notice, late), settings)
    outbox.note_attempt([*own, *late], why, sent=reached)
    return why


def _sorted(
    notice: Notice, settings: Settings, unsent: list[QueuedNews]
) -> tuple[list[QueuedNews], list[QueuedNews], list[QueuedNews]]:
    """What is not sent yet: what the notice says itself, what is late, and what the settings do not want."""
    subjects = {news.subject for news in notice.news}
    own: list[QueuedNews] = []
    late: list[QueuedNews] = []
    unwanted: list[QueuedNews] = []
    for news in unsent:
        if news.topic == notice.topic and news.subject in subjects:
            own.append(news)
        elif settings.notify_when == "on_failure" and not news.failed:
            unwanted.append(news)
        else:
            late.append(news)
    return own, late, unwanted


def _with_late(notice: Notice, late: list[QueuedNews]) -> Notice:
    """The notice with what could not be sent before; that comes first when there is nothing bad to say now."""
    if not late:
        return notice
    text = "\n".join(["Not delivered before:", "", *map(_dated, late)])
    if notice.failed:
        return replace(notice, title=f"{notice.title}, and a late notice", body=f"{notice.body}\n\n{text}")

    first = next((news for news in late if news.failed), late[0])
    what = first.text.partition("\n")[0].partition(". ")[0].removeprefix("invoice-importer: ")
    body = f"{text}\n\nNow ({notice.title}):\n\n{notice.body}"
    return replace(notice, title=f"invoice-importer: late notice: {what}", body=body)


def _dated(news: QueuedNews) -> str:
    queued = news.queued_at.replace(tzinfo=UTC).astimezone()
    return f"{queued:%Y-%m-%d %H:%M} {news.text}"


def send_without_ledger(notice: Notice, settings: Settings) -> None:
    """Send a notice of a command whose ledger cannot be used, once for each reason; a file remembers the last one."""
    marker = _unusable_marker(settings)
    subjects = " ".join(sorted(news.subject for news in notice.news))
    with suppress(OSError):
        if marker.read_text(encoding="utf-8") == subjects:
            return
    reached, _ = _send_now(notice, settings)
    if not reached:
        return
    with suppress(OSError):  # then it is sent again
        marker.unlink(missing_ok=True)
        marker.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(subjects)


def _unusable_marker(settings: Settings) -> Path:
    return _beside_ledger(settings, "unusable")


def _beside_ledger(settings: Settings, ending: str) -> Path:
    """A file beside the ledger, or where the ledger would be."""
    try:
        where = ledger_url(settings.ledger)
    except LedgerProblem:
        where = ledger_url("")
    return place_beside(where, ending)


# --- sending ---------------------------------------------------------------------------------


def _send_now(notice: Notice, settings: Settings) -> tuple[bool, str | None]:
    """Whether an address was reached, or there is none; and what failed."""
    reached, wrong = _through_addresses(notice, settings)
    why = "; ".join(wrong) or None
    if why is not None:
        LOG.error("The notice could not be sent: %s", why, extra={"why": why})  # also said under --quiet
    return reached, why


def _through_addresses(notice: Notice, settings: Settings) -> tuple[bool, list[str]]:
    given, wrong = _addresses(settings)
    if not given:
        return not wrong, wrong
    try:
        import apprise
    except ImportError:
        return False, [*wrong, NOT_INSTALLED]
    reached = False
    for number, address in given:
        why = _through_apprise(apprise, notice, address)
        if why is None:
            reached = True
        else:
            wrong.append(redacted(f"{_name(number, address)} {why}"))
    return reached, wrong


def _through_apprise(apprise: ModuleType, notice: Notice, address: str) -> str | None:
    """Send to one address; return why that failed, as the rest of a sentence."""
    try:
        messenger = apprise.Apprise()
        if not messenger.add(address):
            return "is none that Apprise understands"
        with apprise.LogCapture(level=logging.WARNING) as log:
            sent = messenger.notify(
                title=redacted(in_one_line(notice.title)),
                body=redacted(visible(notice.body)),
                body_format=apprise.NotifyFormat.TEXT,
                attach=[str(path) for path in notice.attachments] or None,
            )
            words = " ".join(log.getvalue().split())
    except Exception as error:  # noqa: BLE001 - the notice is an extra; without it the run is as good
        return f"failed ({type(error).__name__}: {error})"
    if sent:
        return None
    return f"failed ({words or 'refused'})"


def heartbeat(settings: Settings, outbox: Outbox) -> str | None:
    """Fetch the heartbeat's address; return why that failed, None when all is well or none is set."""
    if settings.heartbeat_url is None:
        return None
    address = settings.heartbeat_url.get_secret_value()
    parts = urlsplit(address)
    keep_secret(address, parts.query, *parts.path.split("/"))
    why = _failure_of_fetching(address)
    if why is not None:
        LOG.error("The heartbeat could not be sent: %s", why, extra={"why": why})
    outbox.note_heartbeat(why)
    return why


def _failure_of_fetching(address: str) -> str | None:
    """Fetch an address; why that failed, None when all is well. A redirect is not followed: it leads anywhere."""
    from importer.kantata.transport import status_of

    try:
        status = status_of(address, HEARTBEAT_SECONDS)
    except Exception as error:  # noqa: BLE001 - the heartbeat is an extra; without it the run is as good
        return redacted(f"{type(error).__name__}: {error}")
    if status >= HTTPStatus.BAD_REQUEST:
        return f"its address answered with HTTP {status}"
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        return f"its address leads to another one (HTTP {status}), which is not followed"
    return None


# --- addresses -------------------------------------------------------------------------------


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
        return wrong or ["there is no address in it, so no notice is sent"]
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
        tokens = [piece for piece in rest.split("/")[1:] if len(piece) >= SHORTEST_TOKEN]
        keep_secret(address, login.partition(":")[2], *tokens)
    return list(enumerate(found, start=1)), wrong


def _name(number: int, address: str) -> str:
    """An address as people may see it: its place among the others, and its kind."""
    kind = _KIND.match(address)
    if kind is None:
        return f"address {number} (unknown)"
    return f"address {number} ({kind[1]})"
