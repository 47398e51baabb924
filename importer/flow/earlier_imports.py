"""Compare a plan with earlier imports: headers that changed, invoices that may be billed already, retainers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from importer.checking.header_changes import changes
from importer.model.headers import known_headers
from importer.model.invoices import Invoice
from importer.model.plans import Status
from importer.model.words import as_typed, invoice_named, money, names_in_short, rows_named
from importer.planning.near_repeats import near_repeats
from importer.planning.repeats import repeats

if TYPE_CHECKING:
    from importer.flow.prepared import Prepared, Tools
    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.rows import Billed
    from importer.model.plans import PlannedInvoice
    from importer.model.remembered import LedgerEntry


def with_header_changes(prepared: Prepared, tools: Tools) -> Prepared:
    """The plan with what changed in the headers since the last import of such a sheet."""
    known = known_headers(own=tools.settings.own_headers)
    notices, warnings = changes(prepared.sheet, tools.ledger.earlier_headers(), known)
    prepared = replace(prepared, notices=(*prepared.notices, *notices))
    return prepared.with_problems(warnings)


def with_near_repeats(prepared: Prepared, tools: Tools) -> Prepared:
    """The plan with a warning at each invoice that looks like one that was billed before, though nothing holds it."""
    warnings = []
    for planned, invoice, earlier in near_repeats(prepared.planned, tools.ledger.billed_in_batch(prepared.batch)):
        words = _words_of(earlier, invoice) | {"amount": money(earlier.amount)}
        warnings.append(prepared.sheet.problem_at("amount", _first_row(planned), "row.looks_billed", **words))

    compared = repeats(prepared.drawn, prepared.knowledge, prepared.terms)
    for planned in prepared.planned:
        redated = next(compared.redated_of(planned), None)
        if planned.status is Status.READY and isinstance(planned.invoice, Invoice) and redated is not None:
            entry = redated[1].entry
            undo = " ".join(["invoice-importer undo", entry.run_id, *map(as_typed, prepared.wish.place)])
            words = _words_of(entry, planned.invoice) | {"dated": entry.invoice_date or "no date", "undo": undo}
            warnings.append(prepared.sheet.problem_at("amount", _first_row(planned), "row.redated", **words))
    return prepared.with_problems(warnings)


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
