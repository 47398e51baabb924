"""Settle what is in doubt, and tell anew of the runs it belongs to."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from importer.flow.prepare import prepare
from importer.flow.prepared import Tools, Wish, new_run_id
from importer.flow.submit import exit_code_after
from importer.model.errors import AccessDenied, ImporterError, NotReached
from importer.model.exit_codes import ExitCode
from importer.model.invoices import UnsoundInvoice
from importer.model.lifecycle import State
from importer.model.plans import PlannedInvoice, Source, Status
from importer.planning.totals import totals_of
from importer.reporting.report import DONE, Report
from importer.reporting.workbook import results
from importer.sending.by_hand import decided_by_hand
from importer.sending.reconcile import SUBMIT_AGAIN, Settlement, Verdict, apply, free_at, settle, with_outcome
from importer.sending.sender import Sent, not_sent
from importer.sending.tieout import with_found_again, with_tie_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.rows import RunRecord
    from importer.model.answers import ReadBack
    from importer.model.plans import Totals
    from importer.model.remembered import LedgerEntry

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What reconcile found out."""

    settlements: tuple[Settlement, ...]
    files: tuple[Path, ...]
    """Results workbooks written anew."""
    differing: frozenset[str] = frozenset()
    """References of the invoices that exist, but hold something else than was sent."""

    @property
    def exit_code(self) -> ExitCode:
        """IN_DOUBT while anything is; SOME_NOT_SENT when one is not billed, differs, or was to be undone and is not."""
        if any(one.status is Status.IN_DOUBT for one in self.settlements):
            return ExitCode.IN_DOUBT
        # What was meant to go and is gone is as it should be.
        meant = (Status.READY if one.doubt.being_undone else Status.CREATED for one in self.settlements)
        other = any(one.status is not wanted for one, wanted in zip(self.settlements, meant, strict=True))
        return ExitCode.SOME_NOT_SENT if other or self.differing else ExitCode.DONE


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
    wait_until: Callable[[datetime], bool],
    words: Words | None = None,
) -> Reconciled:
    """Settle everything of the account that is in doubt; sends nothing new.

    ``wait_until`` waits until a moment (UTC) from which “not found” means
    something, and tells whether it did. Raises WrongUse for ``words`` that
    cannot be true, GateRefused when they are not confirmed.
    """
    results.prepare_folder(tools.settings.reports)
    seconds, ledger = tools.settings.settle_seconds, tools.ledger
    with ledger.exclusive("reconcile"):
        doubts = ledger.open_questions()
        if doubts:
            now = datetime.now(UTC).replace(tzinfo=None)
            wait_until(max(free_at(one, seconds, now) for one in doubts))
        settlements = settle(doubts, ledger, api, seconds)
        if words is not None and words.said:
            settlements = _with_words(settlements, words, ledger, api)
        reconcile_id = new_run_id()
        apply(settlements, ledger, reconcile_id)
        settlements = (*_unreported(ledger, settlements), *settlements)
        runs = dict.fromkeys(one.doubt.run_id for one in settlements if one.status is not Status.IN_DOUBT)
        files, differing = [], set[str]()
        for run in _known(runs, ledger):
            report = _report_of(run, tools, settlements, api)
            differing |= {one.reference for one in report.planned if one.differs and one.reference}
            files.append(results.write_report(report, _beside_results(run, tools.settings.reports)))
            if any(one.doubt.run_id == run.run_id and not one.doubt.being_undone for one in settlements):
                ledger.end_run(run.run_id, _as_it_ended(report, ledger, run), int(report.exit_code))
            ledger.note_reported(_settled_in(run, settlements), reconcile_id)
    own = frozenset(one.doubt.reference for one in settlements)
    return Reconciled(settlements, tuple(files), own & differing)


def _settled_in(run: RunRecord, settlements: tuple[Settlement, ...]) -> list[str]:
    """The invoices of a run that are settled now."""
    own = (settlement for settlement in settlements if settlement.doubt.run_id == run.run_id)
    return [settlement.doubt.reference for settlement in own if settlement.status is not Status.IN_DOUBT]


def _unreported(ledger: SubmissionLedger, settlements: tuple[Settlement, ...]) -> Iterator[Settlement]:
    """What an earlier reconcile settled and could not report, because it was ended; as if found out now."""
    just_now = {settlement.doubt.reference for settlement in settlements}
    for doubt, entry in ledger.unreported():
        reason = entry.error or "Settled before."
        if doubt.reference in just_now:
            continue
        if entry.state is State.EXISTS:
            yield Settlement(doubt, Verdict.FOUND, reason, None, entry.invoice_id)
        else:
            yield Settlement(doubt, Verdict.ABSENT, reason, SUBMIT_AGAIN)


def _with_words(
    settlements: tuple[Settlement, ...], words: Words, ledger: SubmissionLedger, api: KantataApi
) -> tuple[Settlement, ...]:
    decided = decided_by_hand(settlements, words.said, ledger, api)
    if by_word := tuple(one for one, before in zip(decided, settlements, strict=True) if one is not before):
        words.confirm(by_word)
    return decided


def _beside_results(run: RunRecord, reports: Path) -> Path:
    """Where the results of a run lie: those of a file from the inbox in its own folder, beside its copy."""
    own = Path(run.path).parent
    return own if (own / f"{run.run_id}-results.xlsx").exists() else reports


def _as_it_ended(report: Report, ledger: SubmissionLedger, run: RunRecord) -> dict[Status, int]:
    """How many invoices of a run have each status; what an undo took back since was created by it all the same.

    Where its rows are not known any more, what it held is not among its invoices.
    """
    created = set[str]()
    for entry in ledger.entries_of_run(report.run_id):
        if entry.state is State.REMOVING or entry.standing.was_undone:
            created.add(entry.reference)
    statuses = (Status.CREATED if one.reference in created else one.status for one in report.planned)
    held = {Status.HELD: run.by_status.get(Status.HELD.value, 0)} if report.sheet is None else {}
    return dict(Counter(statuses) + Counter(held))


def _known(run_ids: Iterable[str], ledger: SubmissionLedger) -> list[RunRecord]:
    runs = {run.run_id: run for run in ledger.runs()}
    return [runs[run_id] for run_id in run_ids if run_id in runs]


def _report_of(run: RunRecord, tools: Tools, settlements: tuple[Settlement, ...], api: KantataApi) -> Report:
    """The report of an earlier run with what is known now; with its rows when they still make its invoices."""
    started = run.started_at.replace(tzinfo=UTC).astimezone()
    wish = Wish(Path(run.path), run.sheet, run.batch, partial=True)
    entries = {entry.reference: entry for entry in tools.ledger.entries_of_run(run.run_id)}
    try:
        prepared = prepare(wish, tools, run.run_id)
    except (ImporterError, OSError):
        prepared = None
    except Exception:  # whatever it is, it keeps no other file from being settled
        LOG.exception("Run %s cannot be reported again with its rows.", run.run_id)
        prepared = None
    # Settings may give the same file another meaning: then no row may be told that it was not sent.
    if (
        prepared is not None
        and prepared.source.sha256 == run.sha256
        and entries.keys() <= {one.reference for one in prepared.planned}
    ):
        planned = tuple(with_outcome(_as_of_now(one, entries), settlements) for one in prepared.planned)
        planned = _tied_out(planned, api)
        earlier = replace(prepared, started_at=started)
        report = earlier.report("submit", tools, planned, exit_code_after(Sent(planned)))
    else:
        report = _without_rows(run, tools, entries, started, api)
    return replace(report, settled=True)


def _as_of_now(one: PlannedInvoice, entries: dict[str, LedgerEntry]) -> PlannedInvoice:
    """What the ledger says of an invoice of that run; others were not sent by it."""
    entry = entries.get(one.reference or "")
    if entry is None:
        return not_sent(one, one.reason or "Not sent in this run.") if one.status is Status.READY else one
    status = entry.standing.status
    advice = SUBMIT_AGAIN if status is Status.NOT_SENT else None
    return replace(one, status=status, invoice_id=entry.invoice_id, reason=entry.error, what_to_do=advice)


def _tied_out(planned: tuple[PlannedInvoice, ...], api: KantataApi) -> tuple[PlannedInvoice, ...]:
    """The invoices that exist, each compared with what was sent; one that Kantata does not show stays unread."""
    ids = {one.invoice_id for one in planned if one.status in DONE and one.invoice_id}
    try:
        held = {found.invoice_id: found.read_back for found in api.find_by_ids(ids)}
    except (AccessDenied, NotReached):
        held = {}
    return tuple(_compared(one, held.get(one.invoice_id or "")) for one in planned)


def _compared(one: PlannedInvoice, held: ReadBack | None) -> PlannedInvoice:
    """Those of this run as after sending; those that another run sent as they are found again."""
    if one.status is Status.CREATED:
        return with_tie_out(one, held)
    return with_found_again(one, held) if one.status is Status.ALREADY_CREATED and held else one


def _without_rows(
    run: RunRecord, tools: Tools, entries: dict[str, LedgerEntry], started: datetime, api: KantataApi
) -> Report:
    payloads = {one.reference: one.payload for one in tools.ledger.sent_in(run.run_id)}
    planned = tuple(
        _as_of_now(
            PlannedInvoice(
                UnsoundInvoice(entry.key, entry.workspace_ids, entry.rows, entry.amount),
                Status.IN_DOUBT,
                entry.reference,
                payload=payloads.get(entry.reference),
            ),
            entries,
        )
        for entry in entries.values()
    )
    planned = _tied_out(planned, api)
    return Report(
        command="submit",
        run_id=run.run_id,
        batch=run.batch,
        account=tools.account,
        started_at=started,
        exit_code=exit_code_after(Sent(planned)),
        source=Source(run.path, run.sheet, run.sha256, run.rows),
        sheet=None,
        planned=planned,
        totals=_totals_without_rows(planned),
        problems=(),
        notices=("The file of this run (or its meaning by the settings) has changed or is gone: no rows are shown.",),
        invoice_link=tools.settings.invoice_link,
    )


def _totals_without_rows(planned: tuple[PlannedInvoice, ...]) -> Totals:
    """Control totals of invoices alone, where nothing of the sheet is known but what the ledger has of them."""
    rows, amount = (
        sum(len(one.invoice.rows) for one in planned),
        sum((one.invoice.amount for one in planned), Decimal(0)),
    )
    return replace(totals_of((), planned), rows=rows, amount=amount)
