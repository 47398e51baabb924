"""Look over everything that a run needs; each finding is one line with its remedy. Changes nothing in Kantata."""

from __future__ import annotations

import os
import platform
import re
import stat
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from importlib import metadata
from typing import TYPE_CHECKING

from importer import __version__
from importer.model.errors import AccessDenied, LedgerProblem, NotReached
from importer.model.exit_codes import ExitCode
from importer.model.facts import TITLES
from importer.model.messages.message import how_to_install
from importer.model.words import count_of
from importer.settings.facts import followed
from importer.unattended import inbox, notices

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.places import Place
    from importer.settings.loading import Origin
    from importer.settings.model import Settings

DISTRIBUTION = "kantata-invoice-importer"
CLOCKS_APART_SECONDS = 120
"""Difference between Kantata's clock and this machine's from which it is worth a warning."""
SLOW_SECONDS = 5.0
"""Time of one look-up from which the connection is worth a warning."""
_EXTRA = re.compile(r"""^([\w.-]+(?:\[\w+\])?).*;.*\bextra\s*==\s*['"]([\w-]+)['"]""")


class State(Enum):
    """How a check went."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding."""

    name: str
    state: State
    says: str
    remedy: str = ""
    """What to do; empty when all is well."""
    exit_code: ExitCode = ExitCode.DONE
    """How the program ends because of it; DONE unless it failed."""


def worst(checks: Iterable[Check]) -> ExitCode:
    """The exit code of all checks: settings over token over connection over anything else."""
    codes = {check.exit_code for check in checks if check.state is State.FAIL}
    order = (ExitCode.WRONG_USE, ExitCode.ACCESS, ExitCode.UNREACHABLE, ExitCode.UNEXPECTED)
    return next((code for code in order if code in codes), ExitCode.DONE)


def failed(name: str, says: str, remedy: str, code: ExitCode = ExitCode.UNEXPECTED) -> Check:
    """A check that failed."""
    return Check(name, State.FAIL, says, remedy, code)


def of_program() -> Check:
    """Versions, and where the program lies."""
    says = f"invoice-importer {__version__}, Python {platform.python_version()} on {platform.system()}"
    return Check("program", State.OK, says)


def of_settings(path: Path | None, origins: Iterable[Origin]) -> Iterator[Check]:
    """The settings file, and each value that is not the default, with where it comes from."""
    yield Check("settings", State.OK, f"read from {path.absolute()}" if path else "no importer.toml; defaults hold")
    for origin in origins:
        yield Check(f"setting {origin.name}", State.OK, f"{origin.shown}, from {origin.source}")


def of_clock(now: datetime) -> Check:
    """The time zone, which decides on dates and on the month of a batch."""
    return Check("time zone", State.OK, f"{now.tzname()} (UTC{now:%z}), today is {now:%Y-%m-%d}")


def of_pace(settings: Settings) -> Check:
    """How fast invoices are sent."""
    says = f"at most {settings.pace_per_second:g} invoices a second, {settings.workers} at a time"
    return Check("pace", State.OK, says)


def of_notices(settings: Settings, failure: str | None) -> Check:
    """Whether notices can be sent, as far as that is known without sending one, and how the last one went."""
    if settings.notify is None and settings.notify_file is None:
        return Check("notices", State.OK, "none are sent; notify_file says where to")
    if wrong := notices.faults(settings):
        return Check("notices", State.WARN, "; ".join(wrong), "Correct it in notify_file or IMPORTER_NOTIFY.")
    if failure is not None:
        return Check("notices", State.WARN, f"the last one failed: {failure}", "Correct the address, or its service.")
    return Check("notices", State.OK, "every address is understood")


def of_heartbeat(settings: Settings, failure: str | None) -> Check:
    """How the last heartbeat went; to fetch its address here would tell the monitor of a run that never was."""
    if settings.heartbeat_url is None:
        return Check("heartbeat", State.OK, "none is sent; heartbeat_url says where to")
    if failure is not None:
        remedy = "Correct heartbeat_url, or the service behind it."
        return Check("heartbeat", State.WARN, f"the last one failed: {failure}", remedy)
    return Check("heartbeat", State.OK, "fetched after each run that ends with 0")


def of_test_notice(settings: Settings) -> Iterator[Check]:
    """Send a test notice to every address, and tell of each whether it went."""
    tried = notices.try_each(settings)
    if not tried:
        yield failed("test notice", "no address is set", "Name a file of addresses in notify_file.")
    for name, why in tried:
        if why is None:
            yield Check("test notice", State.OK, f"{name}: sent")
        else:
            yield failed("test notice", f"{name}: {why}", "Correct it in notify_file or IMPORTER_NOTIFY.")


def of_extras() -> Iterator[Check]:
    """Which optional parts are installed."""
    packages: dict[str, list[str]] = {}
    for requirement in metadata.requires(DISTRIBUTION) or ():
        if match := _EXTRA.match(requirement):
            packages.setdefault(match[2], []).append(match[1])
    for extra, names in sorted(packages.items()):
        says = "installed"
        if missing := [name for name in names if not _installed(name.partition("[")[0])]:
            says = f"not installed. {how_to_install(*missing)}"
        yield Check(f"extra {extra}", State.OK, says)


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def unwritable(folder: Path) -> str | None:
    """Why nothing can be written into a folder, or why it cannot be made; None when it can. Leaves no trace.

    Permissions alone do not tell: of a full, read-only or special file system, or what a superuser may.
    """
    place = folder.absolute()
    parent = next(folder for folder in (place, *place.parents) if os.path.lexists(folder))
    try:
        with tempfile.TemporaryDirectory(prefix=".write-test-", dir=parent):
            return None
    except OSError as error:
        missing = "" if parent == place else f"{place} does not exist, and "
        return f"{missing}{parent} cannot be written ({error.strerror})"


def of_reports(folder: Path) -> Check:
    """Whether results can be written, and whether others may look into their folder."""
    place = folder.absolute()
    if why := unwritable(place):
        return failed("reports", why, "Choose another folder with --reports or IMPORTER_REPORTS.")
    if not place.exists():
        return Check("reports", State.OK, f"{place} will be made by the first run")
    if os.name == "posix" and place.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        says = f"{place} can be opened by others (each results file is private all the same)"
        return Check("reports", State.WARN, says, f"Run: chmod 700 {place}")
    return Check("reports", State.OK, f"{place} can be written, and is private")


def of_inbox(settings: Settings) -> Check:
    """Whether the inbox is there and files can be put away in it; who never uses ``run`` needs none."""
    place = settings.inbox.absolute()
    if not os.path.isdir(place):  # noqa: PTH112 - Path.is_dir raises where a parent may not be looked into
        if settings.inbox == type(settings).model_fields["inbox"].default and not settings.unattended:
            return Check("inbox", State.OK, f"{place} is not there; only run needs it")
        remedy = "Make the folder, connect the network drive, or correct the setting inbox."
        return failed("inbox", f"{place} is not there", remedy, ExitCode.WRONG_USE)
    folders = [place / name for name in inbox.FOLDERS]
    for link in filter(None, map(inbox.refusal_of_link, folders)):
        return failed("inbox", link, inbox.NO_LINK, ExitCode.WRONG_USE)
    for why in filter(None, map(unwritable, (place, *folders))):
        return failed("inbox", why, "Make it and its folders done, failed and in-doubt writable.", ExitCode.WRONG_USE)
    return Check("inbox", State.OK, f"{place} can be written")


def of_missing_ledger(place: Path) -> Check:
    """A ledger that does not exist yet: whether the first run can make it."""
    if why := unwritable(place.parent):
        return failed(
            "ledger",
            f"{place} does not exist yet and cannot be made: {why}",
            "Choose another place with IMPORTER_LEDGER.",
        )
    return Check("ledger", State.OK, f"{place} does not exist yet; the first run makes it")


def of_ledger(ledger: SubmissionLedger, place: str, lies: Place | None) -> Check:
    """The ledger: its place, version and size, and what in it is in doubt. ``lies``: where its file does."""
    try:
        health = ledger.health()
    except LedgerProblem as problem:
        return failed("ledger", problem.message, problem.hint)
    size = "" if health.size_bytes is None else f", {health.size_bytes / 1_000_000:,.1f} MB"
    says = f"{place}: version {health.version}, {count_of(health.invoices, 'invoice')}{size}"
    if lies is not None and lies.kind:
        says += f", on a drive of the kind {lies.kind}"
    if lies is not None and lies.unsafe:
        return Check("ledger", State.WARN, f"{says}; it lies {lies.unsafe}", "Move it, or use PostgreSQL.")
    if health.in_doubt:
        doubt = f"{says}; {count_of(health.in_doubt, 'invoice')} in doubt"
        return Check("ledger", State.WARN, doubt, "Run invoice-importer reconcile, or end an undo by undoing again.")
    return Check("ledger", State.OK, f"{says}, none in doubt")


def of_account(ledger: SubmissionLedger, settings: Settings, command: str) -> Iterator[Check]:
    """What is known of the account where Kantata documents nothing, with date and source; what a probe left there."""
    try:
        facts, drafts = ledger.probes.facts(), ledger.probes.open_drafts()
    except LedgerProblem as problem:
        yield failed("account", problem.message, problem.hint)
        return
    for fact in facts.values():
        date = "" if fact.found_at is None else f", {fact.found_at:%Y-%m-%d}"
        yield Check(TITLES[fact.name], State.OK, f"{fact.says.rstrip('.')} ({fact.source}{date})")
    for name, value in followed(settings, facts).items():
        yield Check(f"setting {name}", State.OK, f"{value}, from what the probe has found out")
    if not facts:
        says = "whether it keeps cents, whether drafts hold items and how long lists lag is not known"
        yield Check("account", State.OK, f"{says}; {command} --project ID finds out")
    for draft in drafts:
        yield Check("probe", State.WARN, f"may have left {draft.named}", f"Remove it: {command}")


def of_lock(ledger: SubmissionLedger) -> Check:
    """Which run is at work for the account."""
    try:
        holder = ledger.holder()
    except LedgerProblem as problem:
        return failed("lock", problem.message, problem.hint)
    if holder is None:
        return Check("lock", State.OK, "no run is at work")
    return Check("lock", State.OK, f"held by {holder}")


def of_kantata(api: KantataApi, host: str) -> Iterator[Check]:
    """Whose token it is, how long Kantata takes to answer, how the clocks agree, which projects can be billed."""
    try:
        greeting = api.greet()
    except AccessDenied as denied:
        yield failed("token", denied.message, denied.hint, ExitCode.ACCESS)
        return
    except NotReached as problem:
        yield Check("token", State.WARN, "one is set, but could not be checked", "Fix the connection first.")
        yield failed("connection", problem.message, "Check the network and base_url.", ExitCode.UNREACHABLE)
        return
    whose = " ".join(part for part in (greeting.name, f"<{greeting.email}>" if greeting.email else "") if part)
    yield Check("token", State.OK, f"valid; it is that of {whose or 'a user whose name Kantata does not tell'}")
    slow = greeting.seconds > SLOW_SECONDS
    yield Check(
        "connection",
        State.WARN if slow else State.OK,
        f"{host} answered within {greeting.seconds:.2f} s",
        "Slow; submits will take long." if slow else "",
    )
    yield _clocks(greeting.date)
    yield _projects(api)


def _clocks(theirs: datetime | None) -> Check:
    if theirs is None:
        return Check("clock", State.WARN, "Kantata does not tell its time", "Compare this machine's clock yourself.")
    apart = (datetime.now(UTC) - theirs).total_seconds()
    if abs(apart) <= CLOCKS_APART_SECONDS:
        return Check("clock", State.OK, f"agrees with Kantata's within {max(1, round(abs(apart)))} s")
    way = "ahead of" if apart > 0 else "behind"
    says = f"this machine is {round(abs(apart) / 60)} min {way} Kantata"
    return Check("clock", State.WARN, says, "Set the clock: “not found” is only believed some time after sending.")


def _projects(api: KantataApi) -> Check:
    try:
        seen, known = api.count_projects()
    except AccessDenied as denied:
        return failed("projects", denied.message, "Ask for the permission to see projects.", ExitCode.ACCESS)
    except NotReached as problem:
        return Check("projects", State.WARN, f"could not be counted: {problem.message}", "Run doctor again later.")
    says = f"sees the finances of {seen:,} of {count_of(known, 'project')}"
    if seen:
        return Check("projects", State.OK, says)
    return Check("projects", State.WARN, says, "Ask for financial permission: without it no invoice can be created.")
