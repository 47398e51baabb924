"""Settle what is in doubt, and write the results of the runs it belongs to again."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from importer.flow.prepared import Tools, Wish, new_run_id
from importer.flow.reading_in import sheet_of, with_remembered_preset
from importer.flow.submit import exit_code_after
from importer.model.advice import advised
from importer.model.errors import AccessDenied, ImporterError, LedgerProblem, NotReached
from importer.model.exit_codes import ExitCode
from importer.model.lifecycle import OPEN, State
from importer.model.plans import InvoiceResult, PlannedInvoice, ReportedInvoice, Source, Status
from importer.planning import reasons
from importer.planning.totals import totals_of
from importer.reporting.report import DONE, Report
from importer.reporting.workbook import results
from importer.sending.by_hand import decided_by_hand
from importer.sending.reconcile import free_at, note_settlements, settle_twice
from importer.sending.sender import Sent, not_sent
from importer.sending.settlement import BILL_IT, Settlement, Verdict, undo_advice
from importer.sending.tieout import with_found_again, with_tie_out

if TYPE_CHECKING:
    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.rows import Doubt, RunRecord
    from importer.model.answers import ReadBack
    from importer.model.remembered import LedgerEntry
    from importer.model.sheet import Sheet

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What reconcile found out."""

    settlements: tuple[Settlement, ...]
    files: tuple[Path, ...]
    """Results workbooks that were written again."""
    differing: frozenset[str] = frozenset()
    """References of the invoices that exist, but hold something else than was sent."""
    pages: tuple[Path, ...] = ()
    """Beside these workbooks."""
    unwritten: Mapping[str, str] = field(default_factory=dict)
    """Runs whose results could not be written again, and why; the next reconcile writes them."""

    @property
    def exit_code(self) -> ExitCode:
        """IN_DOUBT while anything is; SOME_NOT_SENT when one is not billed, differs, or was to be undone and is not.

        Else UNEXPECTED when results could not be written.
        """
        if any(settlement.status is Status.IN_DOUBT for settlement in self.settlements):
            return ExitCode.IN_DOUBT
        for settlement in self.settlements:
            # What was meant to go and is gone is as it should be.
            wanted = Status.READY if settlement.doubt.being_undone else Status.CREATED
            if settlement.status is not wanted or settlement.still_to_undo:
                return ExitCode.SOME_NOT_SENT
        if self.differing:
            return ExitCode.SOME_NOT_SENT
        return ExitCode.UNEXPECTED if self.unwritten else ExitCode.DONE

    def of(self, references: frozenset[str], run_id: str) -> Reconciled:
        """What concerns these invoices, and the results of their run."""
        own = tuple(settlement for settlement in self.settlements if settlement.doubt.reference in references)
        unwritten = {run: why for run, why in self.unwritten.items() if run == run_id}
        return replace(self, settlements=own, differing=self.differing & references, unwritten=unwritten)


@dataclass(frozen=True, slots=True)
class Words:
    """What a person says of invoices in doubt; it counts for those that no answer of Kantata settles."""

    said: Mapping[str, str | None]
    """Reference → id in Kantata, None for “not billed”."""
    confirm: Callable[[tuple[Settlement, ...]], None]
    """Hears what would be noted on the person's word alone. Raises GateRefused when the person does not agree."""


def reconcile(
    tools: Tools,
    api: KantataApi,
    wait: Callable[[float], bool],
    words: Words | None = None,
) -> Reconciled:
    """Settle everything of the account that is in doubt; sends nothing new.

    ``wait`` waits so many seconds, after which “not found” means something;
    it tells whether it did, and is called too when that time has passed. Raises WrongUse for ``words`` that
    cannot be true, GateRefused when they are not confirmed.
    """
    results.prepare_folder(tools.settings.reports)
    ledger = tools.ledger
    reconcile_id = new_run_id()
    with ledger.exclusive(reconcile_id):
        settlements = _settlements(tools, api, wait, words, reconcile_id)
        settlements = tuple(_with_advice(settlement, tools) for settlement in settlements)
        note_settlements(settlements, ledger, reconcile_id)
        settlements = (*_unreported(ledger, settlements), *settlements)
        written = _written(settlements, tools, api, reconcile_id)

    differing = set[str | None]()
    for report in written.reports:
        differing.update(invoice.reference for invoice in report.planned if invoice.differs)
    references = frozenset(settlement.doubt.reference for settlement in settlements)
    return Reconciled(
        settlements, tuple(written.files), references & differing, tuple(written.pages), written.unwritten
    )


def _settlements(
    tools: Tools,
    api: KantataApi,
    wait: Callable[[float], bool],
    words: Words | None,
    reconcile_id: str,
) -> tuple[Settlement, ...]:
    """What became of each invoice in doubt; nothing but a first look is noted yet."""
    seconds, ledger = tools.settings.settle_seconds, tools.ledger

    doubts, now = ledger.open_questions(), ledger.now()
    if doubts:
        free = max(free_at(doubt, seconds, now) for doubt in doubts)
        wait((free - now).total_seconds())
    said = frozenset(words.said) if words is not None else frozenset[str]()
    settlements = settle_twice(None, ledger, api, seconds, reconcile_id, wait, said)
    if words is not None and words.said:
        return _with_words(settlements, words, ledger, api)
    return settlements


def _with_advice(settlement: Settlement, tools: Tools) -> Settlement:
    """The commands that are advised have the options of the account."""
    if settlement.what_to_do is None:
        return settlement
    return replace(settlement, what_to_do=advised(settlement.what_to_do, tools.place))


@dataclass(slots=True)
class _Written:
    """The results that were written again."""

    reports: list[Report] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    pages: list[Path] = field(default_factory=list)
    unwritten: dict[str, str] = field(default_factory=dict)
    """Runs of which they could not be, and why."""


def _written(settlements: tuple[Settlement, ...], tools: Tools, api: KantataApi, reconcile_id: str) -> _Written:
    """Write the results of each run with settled invoices again; one that cannot be written stops no other."""
    settled: dict[str, list[Doubt]] = {}
    for settlement in settlements:
        if settlement.status is not Status.IN_DOUBT:
            settled.setdefault(settlement.doubt.run_id, []).append(settlement.doubt)
    written = _Written()
    for run in _known(settled, tools.ledger):
        try:
            report = _report_of(run, tools, api, settlements)
            written.reports.append(report)
            workbook, page = results.write_with_page(report, _beside_results(run, tools.settings.reports))
            written.files.append(workbook)
            if page is not None:
                written.pages.append(page)
            _note_reported(report, settled[run.run_id], tools.ledger, reconcile_id)
        except LedgerProblem:
            raise
        except Exception as error:  # whatever it is, the doubts are settled, and the other runs have their turn
            LOG.exception("The results of run %s cannot be written again.", run.run_id)
            written.unwritten[run.run_id] = (
                f"The results of run {run.run_id} could not be written again ({error}). Look at the disk and the "
                "folder, close the workbook where it is open, then run reconcile again."
            )
    return written


def _note_reported(report: Report, doubts: list[Doubt], ledger: SubmissionLedger, reconcile_id: str) -> None:
    """Note that the results of a run say what became of its doubts, and how the run ended by that."""
    if not all(doubt.being_undone for doubt in doubts):
        ledger.end_run(report.run_id, _as_it_ended(report, ledger), int(report.exit_code))
    ledger.note_reported((doubt.reference for doubt in doubts), reconcile_id)


def _unreported(ledger: SubmissionLedger, settlements: tuple[Settlement, ...]) -> Iterator[Settlement]:
    """What an earlier reconcile settled and could not report, because it was ended; as if found out now."""
    just_now = {settlement.doubt.reference for settlement in settlements}
    for doubt, entry in ledger.unreported():
        reason = entry.error or "Settled before."
        if doubt.reference in just_now:
            continue
        if entry.state is State.EXISTS:
            yield Settlement(doubt, Verdict.FOUND, reason, undo_advice(doubt), entry.invoice_id)
        else:
            yield Settlement(doubt, Verdict.ABSENT, reason, BILL_IT)


def _with_words(
    settlements: tuple[Settlement, ...], words: Words, ledger: SubmissionLedger, api: KantataApi
) -> tuple[Settlement, ...]:
    decided = decided_by_hand(settlements, words.said, ledger, api)
    by_word = tuple(settlement for settlement in decided if settlement.by_hand)
    if by_word:
        words.confirm(by_word)
    return decided


def _beside_results(run: RunRecord, reports: Path) -> Path:
    """Where the results of a run lie: those of a file from the inbox in its own folder, beside its copy."""
    own = Path(run.path).parent
    return own if (own / f"{run.run_id}-results.xlsx").exists() else reports


# --- the results of an earlier run, with what is known now ---


def _known(run_ids: Iterable[str], ledger: SubmissionLedger) -> list[RunRecord]:
    run_ids = list(run_ids)
    runs = {run.run_id: run for run in ledger.runs(run_ids=run_ids)}
    return [runs[run_id] for run_id in run_ids if run_id in runs]


def _report_of(run: RunRecord, tools: Tools, api: KantataApi, settlements: tuple[Settlement, ...]) -> Report:
    """What became of an earlier run by now: its plan as it was recorded, and what the ledger says of each invoice.

    Nothing is planned again: settings may have changed since. Its rows are shown when its file is unchanged.
    """
    plan, sheet = tools.ledger.plan_of_run(run.run_id), _sheet_of(run, tools)
    references = [planned.reference for planned in plan.planned if planned.reference is not None]
    entries = tools.ledger.entries(references)
    planned: list[ReportedInvoice] = []
    for invoice in plan.planned:
        planned.append(_as_of_now(invoice, entries.get(invoice.reference or ""), run.run_id, settlements))
    reported = _tied_out(tuple(planned), api)

    notices = plan.notices
    if sheet is None:
        notices = (*notices, "The file of this run has changed or is gone: no rows are shown.")
    return Report(
        command="submit",
        run_id=run.run_id,
        batch=run.batch,
        account=tools.account,
        started_at=run.started_at.replace(tzinfo=UTC).astimezone(),
        exit_code=exit_code_after(Sent(reported)),
        source=Source(run.path, run.sheet, run.sha256, run.rows),
        sheet=sheet,
        planned=reported,
        totals=replace(totals_of((), reported), rows=run.rows, amount=Decimal(run.amount)),
        problems=plan.problems,
        notices=notices,
        invoice_link=tools.settings.invoice_link,
        settled=True,
    )


def _sheet_of(run: RunRecord, tools: Tools) -> Sheet | None:
    """The sheet of an earlier run; None when its file is gone, or another one by now."""
    try:
        wish = Wish(Path(run.path), run.sheet, run.batch)
        sheet, _ = sheet_of(wish, with_remembered_preset(wish, tools).settings)
    except (ImporterError, OSError):
        return None
    except Exception:  # whatever it is, it keeps no other file from being settled
        LOG.exception("The file of run %s cannot be read again.", run.run_id)
        return None
    return sheet if sheet.sha256 == run.sha256 else None


def _as_of_now(
    planned: PlannedInvoice, entry: LedgerEntry | None, run_id: str, settlements: tuple[Settlement, ...]
) -> ReportedInvoice:
    """A planned invoice with what the ledger says of it now; what was held, or had errors, was not sent."""
    if planned.status in (Status.HELD, Status.NOT_SENT):
        return planned
    if entry is None:
        return not_sent(planned, planned.reason or "Not sent in this run.")

    planned = replace(planned, payload={"invoice": dict(entry.body)})
    if planned.status is Status.ALREADY_CREATED or entry.run_id != run_id:
        return _of_another_run(planned, entry)
    reason, advice = entry.error, None
    status = entry.standing.status
    if status is Status.NOT_SENT:
        advice = BILL_IT
    for settlement in settlements:
        if status is Status.IN_DOUBT and settlement.doubt.reference == planned.reference:
            reason, advice = settlement.reason, settlement.what_to_do
    return InvoiceResult(planned, status, reason, advice, entry.invoice_id)


def _of_another_run(planned: PlannedInvoice, entry: LedgerEntry) -> ReportedInvoice:
    """An invoice of the plan that another run sent, before or since."""
    if entry.state is State.EXISTS:
        reason = planned.reason if planned.status is Status.ALREADY_CREATED else reasons.billed(entry)
        return InvoiceResult(planned, Status.ALREADY_CREATED, reason, planned.what_to_do, entry.invoice_id)
    if entry.state in OPEN:
        return InvoiceResult(planned, Status.IN_DOUBT, *reasons.doubtful(entry))
    return not_sent(planned, "Not sent in this run.")


def _tied_out(planned: tuple[ReportedInvoice, ...], api: KantataApi) -> tuple[ReportedInvoice, ...]:
    """The invoices that exist, each compared with what was sent; one that Kantata does not show stays unread."""
    ids = {invoice.invoice_id for invoice in planned if invoice.status in DONE and invoice.invoice_id}
    try:
        held = {found.invoice_id: found.read_back for found in api.find_by_ids(ids)}
    except (AccessDenied, NotReached):
        held = {}
    return tuple(_compared(invoice, held.get(invoice.invoice_id or "")) for invoice in planned)


def _compared(invoice: ReportedInvoice, held: ReadBack | None) -> ReportedInvoice:
    """Those of this run as after sending; those that another run sent as they are found again."""
    if not isinstance(invoice, InvoiceResult):
        return invoice
    if invoice.status is Status.CREATED:
        return with_tie_out(invoice, held)
    if invoice.status is Status.ALREADY_CREATED and held is not None:
        return with_found_again(invoice, held)
    return invoice


def _as_it_ended(report: Report, ledger: SubmissionLedger) -> dict[Status, int]:
    """How many invoices of a run have each status; what an undo took back since was created by it all the same."""
    created = set[str]()
    for entry in ledger.entries_of_run(report.run_id):
        if entry.state is State.REMOVING or entry.standing.was_undone:
            created.add(entry.reference)
    counts = Counter[Status]()
    for planned in report.planned:
        counts[Status.CREATED if planned.reference in created else planned.status] += 1
    return dict(counts)
