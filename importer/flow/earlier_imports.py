"""Compare a plan with earlier imports: headers that changed, invoices that may be billed already, retainers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from importer.checking.header_changes import changes
from importer.model.errors import AccessDenied, NotReached
from importer.model.headers import known_headers
from importer.model.invoices import Invoice
from importer.model.plans import Status
from importer.model.words import as_typed, invoice_named, money, names_in_short, rows_named
from importer.planning.near_repeats import near_repeats
from importer.planning.repeats import repeats
from importer.sending.presence import Presence, look_for, sent_after

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from importer.flow.prepared import Prepared, Tools
    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.recorded_plan import RecordedPlan
    from importer.ledger.rows import Billed
    from importer.model.plans import PlannedInvoice
    from importer.model.problems import Problem
    from importer.model.remembered import LedgerEntry


def with_header_changes(prepared: Prepared, tools: Tools) -> Prepared:
    """The plan with what changed in the headers since the last import of such a sheet."""
    known = known_headers(own=tools.settings.own_headers)
    notices, warnings = changes(prepared.sheet, tools.ledger.earlier_headers(), known)
    prepared = replace(prepared, notices=(*prepared.notices, *notices))
    return prepared.with_problems(warnings)


@dataclass(frozen=True, slots=True)
class Earlier:
    """An invoice that was billed before, and the warning that names it."""

    invoice_id: str | None
    workspace_ids: tuple[int, ...]
    sent_at: datetime
    """UTC, without offset."""
    warning: Problem


def with_near_repeats(prepared: Prepared, tools: Tools) -> Prepared:
    """The plan with a warning at each invoice that looks like one that was billed before, though nothing holds it.

    What Kantata shows as gone is no earlier invoice any more.
    """
    found = [*_like_others_of_batch(prepared, tools.ledger), *_redated(prepared)]
    gone = _gone_from_kantata(found, prepared, tools)
    there = [earlier for earlier in found if earlier.invoice_id not in gone]
    if not there:
        return prepared
    prepared = replace(prepared, may_repeat_at=max(earlier.sent_at for earlier in there))
    return prepared.with_problems([earlier.warning for earlier in there])


def _like_others_of_batch(prepared: Prepared, ledger: SubmissionLedger) -> Iterator[Earlier]:
    """Invoices with projects, amount and date of another one of the batch, and in no sheet together with that."""
    near = list(near_repeats(prepared.planned, ledger.billed_in_batch(prepared.batch)))
    if not near:
        return
    run_ids = {billed.run_id for _, _, billed in near}
    runs = {run.run_id: run for run in ledger.runs(run_ids=list(run_ids))}
    beside = {run_id: _invoices_of(ledger.plan_of_run(run_id)) for run_id in runs}
    for planned, invoice, billed in near:
        run = runs[billed.run_id]
        if (invoice.key, invoice.workspace_ids) not in beside[billed.run_id]:
            words = _words_of(billed, invoice) | {"amount": money(billed.amount)}
            warning = prepared.sheet.problem_at("amount", _first_row(planned), "row.looks_billed", **words)
            yield Earlier(billed.invoice_id, billed.workspace_ids, run.started_at, warning)


def _invoices_of(plan: RecordedPlan) -> set[tuple[str | None, tuple[int, ...]]]:
    """Key and projects of each invoice of the sheet, sent or not: of those that had errors nothing else is known."""
    return {(planned.invoice.key, planned.invoice.workspace_ids) for planned in plan.planned}


def _redated(prepared: Prepared) -> Iterator[Earlier]:
    """Invoices that were sent not long ago from this file, with another date."""
    compared = repeats(prepared.drawn, prepared.knowledge, prepared.terms)
    for planned in prepared.planned:
        redated = next(compared.redated_of(planned), None)
        if planned.status is Status.READY and isinstance(planned.invoice, Invoice) and redated is not None:
            entry = redated[1].entry
            undo = " ".join(["invoice-importer undo", entry.run_id, *map(as_typed, prepared.wish.place)])
            words = _words_of(entry, planned.invoice) | {"dated": entry.invoice_date or "no date", "undo": undo}
            warning = prepared.sheet.problem_at("amount", _first_row(planned), "row.redated", **words)
            yield Earlier(entry.invoice_id, entry.workspace_ids, entry.sent_at, warning)


def _gone_from_kantata(found: list[Earlier], prepared: Prepared, tools: Tools) -> AbstractSet[str]:
    """Ids of those that were cancelled or deleted, as far as Kantata can be asked."""
    wanted = {earlier.invoice_id: earlier for earlier in found if earlier.invoice_id is not None}
    if tools.api is None or prepared.unreached or not wanted:
        return prepared.knowledge.gone
    try:
        look = look_for(tools.api, {invoice_id: earlier.workspace_ids for invoice_id, earlier in wanted.items()})
    except (AccessDenied, NotReached):  # what cannot be seen may be there
        return prepared.knowledge.gone
    recent_from, gone = sent_after(tools.settings.settle_seconds, prepared.terms.now), set()
    for invoice_id, earlier in wanted.items():
        seen = look.presence(invoice_id, earlier.workspace_ids, recent=earlier.sent_at > recent_from)
        if seen in (Presence.CANCELLED, Presence.GONE):
            gone.add(invoice_id)
    return gone


def _words_of(earlier: Billed | LedgerEntry, invoice: Invoice) -> dict[str, Any]:
    """How a warning names an invoice and the earlier one."""
    rows = rows_named(invoice.rows)
    named = f"{rows[0].upper()}{rows[1:]}"
    return {"named": named, "earlier": earlier.invoice_id or "in doubt", "run": earlier.run_id}


def _first_row(planned: PlannedInvoice) -> int:
    return min(mark.row for mark in planned.marks)


def with_rows_gone(prepared: Prepared, tools: Tools) -> Prepared:
    """The plan, with a note of what a file of this name billed in this batch and has no row of any more."""
    gone = _rows_gone(prepared, tools.ledger)
    if not gone:
        return prepared
    return prepared.with_notice(
        f"Billed before from a file of this name, and in none of its rows now: {names_in_short(gone)}. They stand in "
        "Kantata as they are; delete or cancel there what was not to be billed."
    )


def _rows_gone(prepared: Prepared, ledger: SubmissionLedger) -> list[str]:
    """Names of the invoices that a file of this name billed in this batch and has no row of any more."""
    here: set[str | None] = {None, *prepared.knowledge.gone}
    for planned in prepared.planned:
        here |= {planned.reference, planned.earlier_id}
    billed = ledger.billed_in_batch(prepared.batch)
    absent = [each for each in billed if not here & {each.reference, each.invoice_id}]
    if not absent:
        return []

    runs = ledger.runs(run_ids=list({each.run_id for each in absent}))
    of_name = {run.run_id for run in runs if PurePath(run.path).name == prepared.wish.path.name}
    gone = []
    for each in absent:
        if each.run_id in of_name:
            gone.append(f"invoice {each.invoice_id} ({invoice_named(each.key, each.workspace_ids)})")
    return gone


def with_retainers(prepared: Prepared) -> Prepared:
    """The plan, with a note of the invoices whose lines were billed before, but long enough ago."""
    compared = repeats(prepared.drawn, prepared.knowledge, prepared.terms)
    names = []
    for planned in prepared.planned:
        is_released = prepared.wish.released.covers(planned.reference)
        if planned.status is Status.READY and not is_released and compared.farther(planned):
            names.append(invoice_named(planned.invoice.key, planned.invoice.workspace_ids))
    if not names:
        return prepared
    return prepared.with_notice(f"With the same lines as before, as retainers have them: {names_in_short(names)}.")
