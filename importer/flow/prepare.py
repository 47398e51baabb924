"""From a file to a plan: read → validate → group → plan, with what the ledger knows."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from importer.checking.conventions import Conventions
from importer.checking.grouping import Defaults, group
from importer.checking.header_changes import changes
from importer.checking.period import DateRules, check_dates
from importer.checking.validate import validate
from importer.flow.account_look_up import with_named_projects
from importer.flow.prepared import MOST_NAMED, Prepared, Tools, Wish, noting
from importer.kantata.payload import unordered_fingerprint_of
from importer.model.headers import known_headers
from importer.model.invoices import Invoice, UnsoundInvoice
from importer.model.plans import PlannedInvoice, Source, Status
from importer.model.problems import error_rows
from importer.model.words import rows_named
from importer.planning.deciding import Terms, decide
from importer.planning.plan import Knowledge, Place, choose_batch, draw_up
from importer.planning.redated import dated_anew, monthly_note
from importer.reading.formats.grid import Limits as FileLimits
from importer.reading.read import Reading, read_sheet
from importer.values.mapping import in_known_words
from importer.values.toml_lines import explained

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importer.ledger.ledger import SubmissionLedger
    from importer.model.invoices import SheetLine
    from importer.model.problems import Problem
    from importer.model.remembered import LedgerEntry
    from importer.settings.model import Settings

MEGABYTE = 2**20


@contextmanager
def _many_records() -> Iterator[None]:
    """Keep the cycle collector from walking the records of a large sheet again and again.

    They hold no cycles and live to the end of the run; at 100,000 rows the walks cost a sixth of the time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@_many_records()
def prepare(wish: Wish, tools: Tools, run_id: str) -> Prepared:
    """Read, validate, group and plan. Sends nothing; asks the ledger, and Kantata for projects that are only named."""
    settings, now = tools.settings, datetime.now().astimezone()
    known = known_headers(own=settings.own_headers)
    sheet = read_sheet(wish.path, wish.sheet_name, known, _reading(settings))
    sheet, words_used = in_known_words(sheet, known, settings.constants, settings.values)
    sheet, named = with_named_projects(sheet, settings, tools.api)
    lines, row_problems, decisions = validate(
        sheet,
        send_cents=settings.fractional_amounts == "send",
        conventions=Conventions(settings.decimal_mark, settings.date_order, now.date()),
    )
    row_problems = named.told(row_problems)
    # Of all rows, also faulty ones: mending them must not change the batch.
    dates = [day for line in lines if isinstance(day := line.invoice_values.get("invoice_date"), date)]
    named_batch = choose_batch(wish.batch, sheet.batch, dates)
    batch, goes_on = (named_batch, ()) if named_batch else _batch_of_today(sheet.sha256, now.date(), tools.ledger)
    rules = DateRules(settings.invoice_date_outside, settings.future_days)
    lines, date_problems = check_dates(lines, sheet, batch, now.date(), rules)
    defaults = Defaults(settings.payment_schedule, settings.draft, settings.suppress_emails)
    invoices, invoice_problems = group(lines, sheet, defaults)
    problems = (*_left(sheet.problems, row_problems), *explained(row_problems), *date_problems, *invoice_problems)
    drawn = tuple(_blaming(draw_up(invoices, batch), problems, lines))
    prepared = Prepared(
        run_id=run_id,
        started_at=now,
        wish=wish,
        source=Source(str(wish.path), sheet.name, sheet.sha256, len(sheet.frame)),
        sheet=sheet,
        lines=lines,
        batch=batch,
        terms=Terms(batch, not (wish.batch or sheet.batch), sheet.sha256),
        drawn=drawn,
        knowledge=knowledge_for(drawn, tools.ledger),
        planned=drawn,
        problems=problems,
        notices=(*tools.notices, *goes_on, *sheet.notes, *words_used, *(decision.notice for decision in decisions)),
        decisions=decisions,
        named=named,
    )
    return decided(prepared)


def _batch_of_today(sha256: str, today: date, ledger: SubmissionLedger) -> tuple[str, tuple[str, ...]]:
    """The batch of a file whose dates name none, and what is to be said of it.

    It is the month of the run; but what was begun in one month keeps its batch in
    the next, or each of its invoices would look like a duplicate.
    """
    month, begun = f"{today:%Y-%m}", ledger.begun(sha256)
    if begun is None or begun.batch == month:
        return month, ()
    notice = f"The batch is {begun.batch}: run {begun.run_id} began to bill this very file, and did not bill all of it."
    return begun.batch, (notice,)


def _left(problems: Iterable[Problem], row_problems: Iterable[Problem]) -> Iterator[Problem]:
    """Problems of the sheet, but for notices of totals of which an error says more."""
    wrong = {problem.row for problem in row_problems if problem.code.startswith("row.total_")}
    return (one for one in problems if one.code != "row.total" or one.row not in wrong)


def _reading(settings: Settings) -> Reading:
    return Reading(
        settings.encoding,
        settings.hidden_rows,
        settings.merged_cells,
        FileLimits(
            settings.most_rows,
            settings.most_columns,
            settings.most_unpacked_mb * MEGABYTE,
            settings.read_seconds,
            settings.read_memory_mb * MEGABYTE,
        ),
    )


def compared(prepared: Prepared, tools: Tools) -> Prepared:
    """The plan with what changed in the headers since the last import of such a sheet."""
    known = known_headers(own=tools.settings.own_headers)
    notices, warnings = changes(prepared.sheet, tools.ledger.earlier_headers(), known)
    return replace(prepared, notices=(*prepared.notices, *notices), problems=(*prepared.problems, *warnings))


def _blaming(
    drawn: tuple[PlannedInvoice, ...], problems: tuple[Problem, ...], lines: tuple[SheetLine, ...]
) -> Iterator[PlannedInvoice]:
    """Say of every unsound invoice which rows keep it from being sent."""
    faulty = error_rows(problems)
    placed = {line.row for line in lines if line.workspace_id is not None and not line.key_unreadable}
    strays = sorted(faulty - placed)[:MOST_NAMED]
    for one in drawn:
        own = sorted(faulty.intersection(one.invoice.rows))[:MOST_NAMED]
        if not isinstance(one.invoice, UnsoundInvoice) or not (own or strays):
            yield one
        elif own:
            yield replace(one, reason=f"Not sent because of errors in {rows_named(own)}.")
        else:
            have = "has errors and" if len(strays) == 1 else "have errors and"
            yield replace(one, reason=f"Not sent because {rows_named(strays)} {have} may belong to it.")


def knowledge_for(drawn: tuple[PlannedInvoice, ...], ledger: SubmissionLedger) -> Knowledge:
    """What the ledger knows that matters to a plan."""
    sound = [one.invoice for one in drawn if isinstance(one.invoice, Invoice)]
    near: dict[Place, list[LedgerEntry]] = {}
    keys = {one.key for one in sound if one.key is not None}
    for entry in ledger.near(keys, {one.workspace_ids[0] for one in sound if one.key is None}):
        near.setdefault((entry.key, None if entry.key is not None else entry.workspace_ids[0]), []).append(entry)
    return Knowledge(
        ledger.entries([one.reference for one in drawn if one.reference is not None]),
        _twins(drawn, ledger),
        ledger.live_by_item(
            [(line.item_type, line.item_id) for one in sound for line in one.lines if line.item_id is not None],
        ),
        {place: tuple(entries) for place, entries in near.items()},
        by_number=ledger.live_by_number(
            [one.user_invoice_number for one in sound if one.user_invoice_number is not None]
        ),
    )


def _twins(drawn: tuple[PlannedInvoice, ...], ledger: SubmissionLedger) -> dict[str, tuple[LedgerEntry, ...]]:
    """Live entries by the fingerprint of the invoice with the same content, also when its rows were sorted anew."""
    twins = ledger.live_by_fingerprint([one.fingerprint for one in drawn if one.fingerprint is not None])
    sortable = [one for one in drawn if one.payload and isinstance(one.invoice, Invoice) and len(one.invoice.lines) > 1]
    same: dict[str, set[str]] = {}
    for one in sortable:
        same.setdefault(unordered_fingerprint_of(one.payload or {}), set()).add(one.fingerprint or "")
    amounts = {one.invoice.amount for one in sortable}
    for entry in ledger.live_of_projects(one.invoice.workspace_ids for one in sortable):
        if entry.amount in amounts:
            for fingerprint in same.get(unordered_fingerprint_of({"invoice": dict(entry.body)}), set()):
                if fingerprint != entry.fingerprint:
                    twins[fingerprint] = (*twins.get(fingerprint, ()), entry)
    return twins


def decided(prepared: Prepared) -> Prepared:
    """The plan that follows from what is known now."""
    planned = decide(
        prepared.drawn, prepared.knowledge, allow_repeats=prepared.wish.allow_repeats, terms=prepared.terms
    )
    return replace(prepared, planned=planned)


def with_warnings(prepared: Prepared, tools: Tools) -> Prepared:
    """The plan, with a warning for every invoice that was only dated anew, and a note of those that are monthly."""
    ready = [one for one in prepared.planned if one.status is Status.READY]
    if not ready:
        return prepared
    earlier = tools.ledger.past.of_projects(one.invoice.workspace_ids for one in ready)
    earlier = [one for one in earlier if one.invoice_id not in prepared.knowledge.gone]
    warnings, monthly = dated_anew(ready, earlier, prepared.sheet)
    prepared = replace(prepared, problems=(*prepared.problems, *warnings))
    return noting(prepared, monthly_note(monthly)) if monthly else prepared
