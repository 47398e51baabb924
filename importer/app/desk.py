"""The desk: the files that are under way, and the work that is done with them, whether a page looks on or not."""

from __future__ import annotations

import logging
import secrets
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from importer.app.files import new_folder
from importer.app.wording import hint_here
from importer.model.errors import GateRefused, ImporterError
from importer.model.plans import NOTHING_RELEASED, Released
from importer.model.words import invoice_named
from importer.sending.throttle import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from importer.flow.mapping import Answers, Draft
    from importer.flow.prepared import Tools, Wish
    from importer.kantata.client import KantataApi
    from importer.ledger.approvals import Approval
    from importer.model.exit_codes import ExitCode
    from importer.model.plans import PlannedInvoice, ReportedInvoice
    from importer.reporting.report import Report
    from importer.settings.model import Settings

LOG = logging.getLogger(__name__)
MOST_FILES = 8
"""Files kept on the desk; of older ones the ledger and the results tell."""
CHANGED = "Nothing was sent: since you approved it, the plan changed."
LOOK_AGAIN = "Check the file again, look at the preview, and approve that."


class Phase(Enum):
    """How far a file is."""

    READING = "reading"
    PLANNED = "planned"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"
    """It could not be read at all."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something was not done, and what to do."""

    message: str
    hint: str
    code: str = ""
    """Of the error, where it was expected."""
    sheets: tuple[str, ...] = ()
    """Names of the sheets, where one of them must be chosen."""

    @property
    def is_about_headers(self) -> bool:
        """Whether it can be settled by saying what the headers mean."""
        return self.code in ("header.missing", "preset.offered")


@dataclass(slots=True)
class Progress:
    """How far the sending is."""

    total: int = 0
    settled: list[ReportedInvoice] = field(default_factory=list)
    """Invoices that have their answer."""
    stop: Stop = field(default_factory=Stop)


@dataclass(slots=True)
class Work:
    """One file on the desk."""

    wish: Wish
    name: str
    """As the person calls the file."""
    key: str = field(default_factory=lambda: secrets.token_urlsafe(6))
    """In the addresses of its pages."""
    phase: Phase = Phase.READING
    plan: Report | None = None
    """The last preview."""
    approval: Approval | None = None
    """Of exactly this plan."""
    progress: Progress = field(default_factory=Progress)
    result: Report | None = None
    trouble: Trouble | None = None
    taken: datetime = field(default_factory=lambda: datetime.now().astimezone())
    """When the copy was made that is checked and sent; local time."""
    released: dict[str, str] = field(default_factory=dict)
    """Reference of each repeat that was released → why it was held."""
    writing: bool = False
    """Whether the files of the plan are still being written."""
    corrected: int = 0
    """Cells that were corrected in a copy."""
    left_out: frozenset[str] = frozenset()
    """Headers that mean nothing in this file."""
    draft: Draft | None = None
    """What its own headers and words probably mean; None: not looked at since it was read."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the work is done."""

    settings: Settings
    account: str
    opened: Callable[[], AbstractContextManager[Tools]]
    """Opens the ledger, and Kantata where there is a token."""
    remember: Callable[[Answers], None]
    """Writes what the person's own headers and words mean into the settings file. Raises SettingsProblem."""
    connect: Callable[[], KantataApi]
    """Gives a connection for sending. Raises SettingsProblem without a token."""
    rehearsal: bool
    """Whether the account is the stand-in."""


class Desk:
    """All work of one start of the program."""

    def __init__(self, place: Place) -> None:
        """Begin with an empty desk."""
        self.place = place
        self._files: dict[str, Work] = {}
        self._turn, self._writing = threading.Lock(), threading.Lock()
        self._taught: list[Answers] = []
        """What was remembered since the start; the settings were read before."""
        self._stops: list[Stop] = []
        self._ended: ExitCode | None = None
        """Set when the program ends: nothing is begun any more."""
        self._threads: list[threading.Thread] = []

    # --- what lies on it ---

    @property
    def files(self) -> list[Work]:
        """The newest first."""
        with self._turn:
            return list(reversed(self._files.values()))

    def find(self, key: str) -> Work | None:
        """A file by the key in its address."""
        return self._files.get(key)

    # --- what is done ---

    def put(self, path: Path, name: str) -> Work:
        """Put a file on the desk and begin to read it."""
        from importer.flow.prepared import Wish

        work = Work(Wish(path), name)
        with self._turn:
            self._files[work.key] = work
        for old in self.files[MOST_FILES:]:
            if old.phase is not Phase.SENDING:
                self._files.pop(old.key, None)
        self.do(lambda: self._look(work))
        return work

    def look_again(self, work: Work, *, partial: bool) -> None:
        """Make the plan of a file again."""
        self._read(work, Phase.PLANNED, Phase.DONE, Phase.FAILED, partial=partial)

    def correct(self, work: Work, texts: Mapping[str, str], left_out: Collection[str]) -> None:
        """Correct cells in a copy, address → text, and headers that mean nothing; then make the plan of that."""
        if self._begin(work, Phase.READING, Phase.PLANNED):
            self.do(lambda: self._correct(work, texts, left_out))

    def questions(self, work: Work) -> Draft:
        """What its own headers and words probably mean. Raises FileProblem."""
        from importer.flow.mapping import draft_of

        if work.draft is None:
            with self._tools(work) as tools:
                work.draft = draft_of(work.wish, tools)
        return work.draft

    def remember(self, work: Work, answers: Answers) -> None:
        """Remember what headers and words mean, and make the plan of the file again. Raises SettingsProblem."""
        with self._writing:  # two pages at once would each write what they read before the other wrote
            self.place.remember(answers)
            self._taught.append(answers)
        self._read(work, Phase.PLANNED, Phase.DONE, Phase.FAILED, released=NOTHING_RELEASED)

    def use_preset(self, work: Work, name: str) -> None:
        """Read this file by a ready mapping."""
        self._read(work, Phase.PLANNED, Phase.FAILED, preset=name, released=NOTHING_RELEASED)

    def use_sheet(self, work: Work, name: str) -> None:
        """Read another sheet of this file."""
        self._read(work, Phase.PLANNED, Phase.FAILED, sheet_name=name, released=NOTHING_RELEASED)

    def use_batch(self, work: Work, name: str | None) -> None:
        """Bill this file as another billing period; None: the one that the file says."""
        self._read(work, Phase.PLANNED, batch=name, released=NOTHING_RELEASED)

    def release(self, work: Work, reference: str) -> None:
        """Release an invoice that is held because its like was billed before, and make the plan again."""
        for planned in held_repeats(work.plan):
            if planned.reference == reference:
                name = invoice_named(planned.invoice.key, planned.invoice.workspace_ids)
                work.released[reference] = f"{name}: {planned.reason}"
                self._read(
                    work, Phase.PLANNED, released=Released(references=work.wish.released.references | {reference})
                )

    def hold_again(self, work: Work, reference: str) -> None:
        """Take a release back, and make the plan again."""
        self._read(work, Phase.PLANNED, released=Released(references=work.wish.released.references - {reference}))

    def approve(self, work: Work) -> None:
        """Record that the person approves the plan that was shown. Raises LedgerProblem."""
        from importer.flow.approving import approve

        plan = work.plan
        if plan is not None and work.phase is Phase.PLANNED:
            with self._tools(work) as tools:
                work.approval = approve(plan, tools)

    def send(self, work: Work) -> None:
        """Begin to send what was approved; nothing happens when it is under way already."""
        if work.approval is not None and self._begin(work, Phase.SENDING, Phase.PLANNED):
            work.progress = Progress()
            self.do(lambda: self._send(work), work.progress.stop)

    def close(self, code: ExitCode) -> bool:
        """Stop what is being sent or undone after the requests under way; tell whether anything was."""
        self._ended = code
        busy = [thread for thread in self._threads if thread.is_alive()]
        for stop in self._stops:
            stop(code)
        for thread in busy:
            thread.join()
        return bool(busy)

    def do(self, task: Callable[[], None], stop: Stop | None = None) -> None:
        """Do something beside the pages. What can be stopped is waited for at the end of the program."""
        thread = threading.Thread(target=self._done, args=(task,), daemon=True)
        if stop is not None:
            if self._ended is not None:
                stop(self._ended)
            self._stops.append(stop)
            self._threads.append(thread)
        thread.start()

    def _done(self, task: Callable[[], None]) -> None:
        """Do a task to its end, and keep nothing of it in memory but what the pages show."""
        from importer.flow.prepare import let_go_of_records

        task()
        let_go_of_records()

    def _read(self, work: Work, *after: Phase, **changes: Any) -> None:  # noqa: ANN401 - any field of the wish
        """Make the plan of a file again, with changes of what is wanted."""
        if self._begin(work, Phase.READING, *after):
            work.wish = replace(work.wish, **changes)
            self.do(lambda: self._look(work))

    def _begin(self, work: Work, phase: Phase, *after: Phase) -> bool:
        """Go on to a phase, unless another page did it already."""
        with self._turn:
            if work.phase not in after:
                return False
            work.phase, work.trouble = phase, None
            if phase is Phase.READING:
                work.approval = work.result = work.draft = None
            return True

    @contextmanager
    def _tools(self, work: Work) -> Iterator[Tools]:
        """The tools for a file, with what the person said of its headers."""
        from importer.flow.mapping import Answers, taught
        from importer.flow.reading_in import with_preset_of

        with self.place.opened() as tools:
            settings = tools.settings
            for answers in (*self._taught, Answers(ignored=sorted(work.left_out))):
                settings = taught(settings, answers)
            yield replace(tools, settings=with_preset_of(settings, work.wish.preset))

    def _correct(self, work: Work, texts: Mapping[str, str], left_out: Collection[str]) -> None:
        from importer.flow.correcting import correct

        sheet = work.plan.sheet if work.plan else None
        try:
            if texts and sheet is not None:
                folder = new_folder(self.place.settings.reports)
                work.wish = replace(work.wish, path=correct(sheet, texts, folder))
                work.corrected += len(texts)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person must read it
            work.trouble, work.phase = trouble_of(error), Phase.PLANNED
            return
        work.left_out |= frozenset(left_out)
        work.wish = replace(work.wish, released=NOTHING_RELEASED)  # cells changed: it is asked about again
        self._look(work)

    def _look(self, work: Work) -> None:
        from importer.flow.preview import drawn_up

        try:
            with self._tools(work) as tools:
                plan, write = drawn_up(work.wish, tools)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person must read it
            work.plan, work.trouble, work.phase = None, trouble_of(error), Phase.FAILED
            return
        work.writing = True  # a large workbook takes as long as the plan, and the person need not wait for it
        work.plan, work.phase = plan, Phase.PLANNED
        self._write(work, plan, write)

    def _write(self, work: Work, plan: Report, write: Callable[[], Report]) -> None:
        """Write the files of a plan, unless another one has taken its place; another one looks after itself."""
        trouble = None
        try:
            written = write()
        except Exception as error:  # noqa: BLE001 - whatever it is, the person must read it
            written, trouble = plan, trouble_of(error)
        with self._turn:
            if work.plan is plan:
                work.plan, work.writing = written, False
                work.trouble = trouble or work.trouble

    def _send(self, work: Work) -> None:
        from importer.flow.approving import good_approvals
        from importer.flow.submit import Hooks, submit
        from importer.model.plans import Status

        progress = work.progress
        try:
            with self._tools(work) as tools:

                def confirm(plan: Report) -> None:
                    if not good_approvals(plan, tools):
                        raise GateRefused(CHANGED, LOOK_AGAIN, code="gate.approval")  # noqa: TRY301 - to the flow
                    progress.total = plan.totals.by_status.get(Status.READY, 0)

                hooks = Hooks(self.place.connect, confirm, progress.stop, progress.settled.append)
                work.result = submit(work.wish, tools, hooks)
            work.phase = Phase.DONE
        except Exception as error:  # noqa: BLE001 - whatever it is, the person must read it
            work.trouble, work.phase = trouble_of(error), Phase.PLANNED


def held_repeats(plan: Report | None) -> list[PlannedInvoice]:
    """The invoices of a plan that a person's word releases."""
    from importer.model.plans import PlannedInvoice

    invoices = plan.planned if plan else ()
    return [each for each in invoices if isinstance(each, PlannedInvoice) and each.releasable]


def trouble_of(error: Exception) -> Trouble:
    """What the person reads of an error."""
    if isinstance(error, ImporterError):
        LOG.error("%s", error.message)
        return Trouble(error.message, hint_here(error.hint), error.code, error.choices)
    LOG.error("Unexpected error in the program.", exc_info=error)
    hint = "Look at the history to see what was sent; it is safe to send again: nothing is sent twice."
    return Trouble(f"Unexpected error in the program ({type(error).__name__}); the log has more.", hint)
