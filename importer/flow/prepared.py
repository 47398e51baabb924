"""What the steps of the flow hand to one another: the wish, the tools, and the plan with all it was made from."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from importer.model.advice import NAME, advised, options_for
from importer.model.plans import NOTHING_RELEASED, PlannedInvoice, Released, ReportedInvoice, Source, Status
from importer.model.problems import Problem, has_errors, in_sheet_order
from importer.model.sheet import ControlTotals, Sheet, SheetLine
from importer.model.words import as_typed
from importer.planning.account import Account
from importer.planning.named_projects import Named
from importer.planning.totals import totals_of
from importer.reporting.report import Report

if TYPE_CHECKING:
    from importer.checking.conventions import Decision
    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger
    from importer.model.exit_codes import ExitCode
    from importer.model.open_items import LeftOut
    from importer.planning.plan import Knowledge, Terms
    from importer.settings.model import Settings

LOG = logging.getLogger(__name__)
_Reported = TypeVar("_Reported", bound=ReportedInvoice)
MOST_ROWS_NAMED = 20
"""Rows named in one reason."""
NOT_CHECKED = (
    "Not checked: projects, time entries, expenses, milestones, tasks, invoice numbers, and earlier invoices that this "
    "ledger does not know."
)
"""Where Kantata was not asked at all."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person asked for."""

    path: Path
    sheet_name: str | None = None
    batch: str | None = None
    preset: str | None = None
    partial: bool = False
    """Send the sound invoices although others have problems."""
    released: Released = NOTHING_RELEASED
    expect_invoices: int | None = None
    expect_total: Decimal | None = None
    """Main currency unit."""
    completeness: bool = True
    """Look for what else is open in Kantata, unless the settings say no."""
    annotate: bool | None = None
    """Whether to make the annotated copy; None: when there is something to fix."""
    put_away: Path | None = None
    """Where ``run`` puts the file when it needs a person: it reads a copy of it, which no person looks for."""
    place: tuple[str, ...] = ()
    """That of the tools, from the moment the plan is made."""

    def command(self, name: str, path: str | None = None) -> str:
        """The command of this name for just this plan: with the options that shape it."""
        words = [f'invoice-importer {name} "{path or self.put_away or self.path}"']
        if self.sheet_name:
            words.append(f'--sheet "{self.sheet_name}"')
        if self.batch:
            words.append(f'--batch "{self.batch}"')
        if self.preset:
            words.append(f"--preset {as_typed(self.preset)}")
        if self.partial:
            words.append("--partial")
        words += map(as_typed, self.released.options)
        words += options_for(name, self.place)
        return " ".join(words)

    def advised(self, text: str) -> str:
        """A text, the commands that it advises with the options of the account and this file."""
        words = [str(self.put_away or self.path)]
        for option, value in (("--sheet", self.sheet_name), ("--preset", self.preset)):
            words += [] if value is None else [option, value]
        return advised(text, self.place, tuple(words))

    def matching(self, expected: ControlTotals) -> ControlTotals:
        """The totals to be checked: what the person stated, else what the workbook or the settings do."""
        return ControlTotals(
            expected.invoices if self.expect_invoices is None else self.expect_invoices,
            expected.total if self.expect_total is None else self.expect_total,
        )


@dataclass(frozen=True, slots=True)
class Tools:
    """What a run works with."""

    settings: Settings
    account: str
    """Name of the Kantata account in the ledger."""
    ledger: SubmissionLedger
    api: KantataApi | None
    """None: Kantata is not asked before sending."""
    notices: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    """Options that name the account and its settings, as they were given; a command that is advised has them too."""


@dataclass(frozen=True)
class Prepared:
    """A plan, and everything it was made from."""

    run_id: str
    started_at: datetime
    """Local time."""
    wish: Wish
    source: Source
    sheet: Sheet
    lines: tuple[SheetLine, ...]
    batch: str
    terms: Terms
    drawn: tuple[PlannedInvoice, ...]
    """The invoices before anything was known of earlier ones."""
    knowledge: Knowledge
    planned: tuple[PlannedInvoice, ...]
    problems: tuple[Problem, ...]
    notices: tuple[str, ...]
    decisions: tuple[Decision, ...] = ()
    """How columns were read whose texts needed a convention."""
    named: Named = field(default_factory=Named)
    """What became of projects that the sheet names."""
    account: Account = field(default_factory=Account)
    """What Kantata showed of what the sheet names."""
    unreached: bool = False
    """Whether Kantata failed to answer before all was checked."""
    left_out: LeftOut | None = None
    """What else is open in Kantata; None: not looked for, or not found out."""
    may_repeat_at: datetime | None = None
    """When the last of the invoices was sent that this plan may repeat (:mod:`importer.flow.earlier_imports`); UTC."""

    @property
    def refused(self) -> bool:
        """Whether problems keep the whole batch from being sent."""
        return has_errors(self.problems) and not self.wish.partial

    @property
    def ready(self) -> int:
        """How many invoices would be sent."""
        return sum(planned.status is Status.READY for planned in self.planned)

    def with_notice(self, notice: str) -> Prepared:
        """The plan with one more notice."""
        return replace(self, notices=(*self.notices, notice))

    def with_each(self, change: Callable[[PlannedInvoice], PlannedInvoice]) -> Prepared:
        """The plan with each invoice changed."""
        return replace(self, planned=tuple(map(change, self.planned)))

    def with_problems(self, found: Iterable[Problem]) -> Prepared:
        """The plan with more problems, all of them in the order of the sheet."""
        return replace(self, problems=in_sheet_order((*self.problems, *found)))

    def report(self, command: str, tools: Tools, planned: tuple[ReportedInvoice, ...], code: ExitCode) -> Report:
        """The plan, or what became of it (``planned``), as it is shown to people and programs."""
        advised = self.with_advice()
        return Report(
            command=command,
            run_id=self.run_id,
            batch=self.batch,
            account=tools.account,
            started_at=self.started_at,
            exit_code=code,
            source=self.source,
            sheet=self.sheet,
            planned=tuple(map(self._with_advice, planned)),
            totals=totals_of(self.lines, planned),
            problems=advised.problems,
            notices=advised.notices,
            decisions=self.decisions,
            invoice_link=tools.settings.invoice_link,
            left_out=self.left_out,
            may_repeat_at=self.may_repeat_at,
            partial=self.wish.partial,
        )

    def with_advice(self) -> Prepared:
        """The plan; the commands that it advises have the options of the account."""
        return replace(
            self,
            planned=tuple(map(self._with_advice, self.planned)),
            problems=tuple(map(self._problem_with_advice, self.problems)),
            notices=tuple(map(self.wish.advised, self.notices)),
        )

    def _with_advice(self, planned: _Reported) -> _Reported:
        """An invoice; the commands that are advised for it have the options of the account."""
        if planned.what_to_do is None or NAME not in planned.what_to_do:
            return planned
        return replace(planned, what_to_do=self.wish.advised(planned.what_to_do))

    def _problem_with_advice(self, problem: Problem) -> Problem:
        if NAME not in problem.hint:
            return problem
        return replace(problem, hint=self.wish.advised(problem.hint))


def new_run_id() -> str:
    """Name of a run: when it began, local time, and two random bytes."""
    return f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def note_in_log(report: Report) -> None:
    """Put a report into the log."""
    counts = {status.value: count for status, count in report.totals.by_status.items()}
    facts = {
        "run_id": report.run_id,
        "file": report.source.path,
        "sha256": report.source.sha256,
        "counts": counts,
        "amount": report.totals.amount,
        "exit_code": int(report.exit_code),
        "shown": True,
        "duration_ms": round((datetime.now().astimezone() - report.started_at).total_seconds() * 1000),
    }
    words = ", ".join(f"{count} {status.words}" for status, count in report.totals.by_status.items()) or "no invoices"
    LOG.info("%s of %s: %s, %d errors", report.command, report.source.path, words, report.errors, extra=facts)
