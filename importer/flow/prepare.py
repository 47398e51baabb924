"""From a file to a plan: read → understand → name projects → group → plan, with what the ledger knows."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from importer.checking.conventions import Conventions
from importer.checking.grouping import Defaults, group
from importer.checking.header_changes import changes
from importer.checking.invoice_dates import DateRules, check_dates
from importer.checking.row_checks import check_rows
from importer.flow.account_look_up import name_projects
from importer.flow.prepared import MOST_NAMED, Prepared, Tools, Wish
from importer.kantata.payload import unordered_fingerprint_of
from importer.model.headers import known_headers
from importer.model.invoices import Invoice, UnsoundInvoice
from importer.model.plans import PlannedInvoice, Source, Status
from importer.model.problems import Problems, error_rows
from importer.model.words import rows_named
from importer.planning.deciding import Terms, decide
from importer.planning.plan import Knowledge, Place, choose_batch, draw_up
from importer.planning.redated import monthly_note, redated
from importer.reading.formats.grid import Limits as FileLimits
from importer.reading.read import Reading, read_sheet
from importer.values.mapping import in_known_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.checking.conventions import Decision
    from importer.ledger.ledger import SubmissionLedger
    from importer.model.problems import Problem
    from importer.model.remembered import LedgerEntry
    from importer.model.sheet import Sheet, SheetLine
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
    """Make the plan of a file. Sends nothing; asks the ledger, and Kantata for projects that are only named.

    Raises FileProblem, SettingsProblem or WrongUse when there is no plan to make.
    """
    settings, now = tools.settings, datetime.now().astimezone()
    sheet, words_used = sheet_of(wish, settings)
    problems = Problems(sheet.problems)

    lines, decisions = _understand(sheet, settings, now.date(), problems)
    lines, named = name_projects(lines, sheet, settings, tools.api, problems)
    batch, batch_notices = _batch_of(wish, sheet, lines, tools.ledger, now.date())
    date_rules = DateRules(settings.invoice_date_outside, settings.future_days)
    lines = check_dates(lines, sheet, batch, now.date(), date_rules, problems)

    defaults = Defaults(settings.payment_schedule, settings.draft, settings.suppress_emails)
    invoices = group(lines, sheet, defaults, problems)
    drawn = tuple(_with_causes(draw_up(invoices, batch), problems.ordered(), lines))

    notices = [*tools.notices, *batch_notices, *sheet.notes, *words_used]
    notices += [decision.notice for decision in decisions]
    prepared = Prepared(
        run_id=run_id,
        started_at=now,
        wish=wish,
        source=Source(str(wish.path), sheet.name, sheet.sha256, sheet.row_count),
        sheet=sheet,
        lines=lines,
        batch=batch,
        terms=Terms(batch, not (wish.batch or sheet.batch), sheet.sha256),
        drawn=drawn,
        knowledge=knowledge_for(drawn, tools.ledger),
        planned=drawn,
        problems=problems.ordered(),
        notices=tuple(notices),
        decisions=decisions,
        named=named,
    )
    return decided(prepared)


def sheet_of(wish: Wish, settings: Settings) -> tuple[Sheet, tuple[str, ...]]:
    """The sheet in the program's own words, and a notice of each word of the settings that was used."""
    known = known_headers(own=settings.own_headers)
    limits = FileLimits(
        settings.most_rows,
        settings.most_columns,
        settings.most_unpacked_mb * MEGABYTE,
        settings.read_seconds,
        settings.read_memory_mb * MEGABYTE,
    )
    reading = Reading(settings.encoding, settings.hidden_rows, settings.merged_cells, limits)
    sheet = read_sheet(wish.path, wish.sheet_name, known, reading)
    return in_known_words(sheet, known, settings.constants, settings.values)


def _understand(
    sheet: Sheet, settings: Settings, today: date, problems: Problems
) -> tuple[tuple[SheetLine, ...], tuple[Decision, ...]]:
    """The rows, typed and checked, and how columns were read."""
    conventions = Conventions(settings.decimal_mark, settings.date_order, today)
    send_cents = settings.fractional_amounts == "send"
    return check_rows(sheet, problems, send_cents=send_cents, conventions=conventions)


def _batch_of(
    wish: Wish, sheet: Sheet, lines: Sequence[SheetLine], ledger: SubmissionLedger, today: date
) -> tuple[str, tuple[str, ...]]:
    """The batch of a file, and what is to be said of it.

    Where neither a person nor the dates name one it is the month of the run; but what was begun
    in one month keeps its batch in the next, or each of its invoices would look like a duplicate.
    """
    dates = []
    for line in lines:  # also of faulty rows: to fix them must not change the batch
        day = line.invoice_values.get("invoice_date")
        if isinstance(day, date):
            dates.append(day)
    named = choose_batch(wish.batch, sheet.batch, dates)
    if named is not None:
        return named, ()

    month, begun = f"{today:%Y-%m}", ledger.begun(sheet.sha256)
    if begun is None or begun.batch == month:
        return month, ()
    notice = f"The batch is {begun.batch}: run {begun.run_id} began to bill this very file, and did not bill all of it."
    return begun.batch, (notice,)


def _with_causes(
    drawn: tuple[PlannedInvoice, ...], problems: tuple[Problem, ...], lines: tuple[SheetLine, ...]
) -> Iterator[PlannedInvoice]:
    """Say of every unsound invoice which rows keep it from being sent."""
    faulty = error_rows(problems)
    placed = {line.row for line in lines if line.workspace_id is not None and not line.key_unreadable}
    strays = sorted(faulty - placed)[:MOST_NAMED]
    for planned in drawn:
        own = sorted(faulty.intersection(planned.invoice.rows))[:MOST_NAMED]
        if not isinstance(planned.invoice, UnsoundInvoice) or not (own or strays):
            yield planned
        elif own:
            yield replace(planned, reason=f"Not sent because of errors in {rows_named(own)}.")
        else:
            have = "has errors and" if len(strays) == 1 else "have errors and"
            yield replace(planned, reason=f"Not sent because {rows_named(strays)} {have} may belong to it.")


# --- what the ledger knows ----------------------------------------------------


def decided(prepared: Prepared) -> Prepared:
    """The plan that follows from what is known now."""
    planned = decide(
        prepared.drawn, prepared.knowledge, allow_repeats=prepared.wish.allow_repeats, terms=prepared.terms
    )
    return replace(prepared, planned=planned)


def knowledge_for(drawn: tuple[PlannedInvoice, ...], ledger: SubmissionLedger) -> Knowledge:
    """What the ledger knows that matters to a plan."""
    sound = [planned.invoice for planned in drawn if isinstance(planned.invoice, Invoice)]
    references = [planned.reference for planned in drawn if planned.reference is not None]
    items, numbers = [], []
    for invoice in sound:
        items += [(line.item_type, line.item_id) for line in invoice.lines if line.item_id is not None]
        if invoice.user_invoice_number is not None:
            numbers.append(invoice.user_invoice_number)
    return Knowledge(
        ledger.entries(references),
        _twins(drawn, ledger),
        ledger.live_by_item(items),
        _near(sound, ledger),
        by_number=ledger.live_by_number(numbers),
    )


def _near(invoices: list[Invoice], ledger: SubmissionLedger) -> dict[Place, tuple[LedgerEntry, ...]]:
    """Live entries under the same key; without a key, of the same project."""
    keys = {invoice.key for invoice in invoices if invoice.key is not None}
    projects = {invoice.workspace_ids[0] for invoice in invoices if invoice.key is None}
    near: dict[Place, tuple[LedgerEntry, ...]] = {}
    for entry in ledger.near(keys, projects):
        place: Place = (entry.key, None)
        if entry.key is None:
            place = (None, entry.workspace_ids[0])
        near[place] = (*near.get(place, ()), entry)
    return near


def _twins(drawn: tuple[PlannedInvoice, ...], ledger: SubmissionLedger) -> dict[str, tuple[LedgerEntry, ...]]:
    """Live entries by the fingerprint of the invoice with the same content, also when its rows were sorted again."""
    twins = ledger.live_by_fingerprint([planned.fingerprint for planned in drawn if planned.fingerprint is not None])
    same: dict[str, set[str]] = {}
    projects, amounts = [], set()
    for planned in drawn:
        invoice = planned.invoice
        if planned.payload and planned.fingerprint and isinstance(invoice, Invoice) and len(invoice.lines) > 1:
            same.setdefault(unordered_fingerprint_of(planned.payload), set()).add(planned.fingerprint)
            projects.append(invoice.workspace_ids)
            amounts.add(invoice.amount)
    for entry in ledger.live_of_projects(projects):
        if entry.amount not in amounts:
            continue
        for fingerprint in same.get(unordered_fingerprint_of({"invoice": dict(entry.body)}), ()):
            if fingerprint != entry.fingerprint:
                twins[fingerprint] = (*twins.get(fingerprint, ()), entry)
    return twins


# --- compared with earlier imports ---------------------------------------------


def with_header_changes(prepared: Prepared, tools: Tools) -> Prepared:
    """The plan with what changed in the headers since the last import of such a sheet."""
    known = known_headers(own=tools.settings.own_headers)
    notices, warnings = changes(prepared.sheet, tools.ledger.earlier_headers(), known)
    prepared = replace(prepared, notices=(*prepared.notices, *notices))
    return prepared.with_problems(warnings)


def with_redated(prepared: Prepared, tools: Tools) -> Prepared:
    """The plan, with a warning for each invoice of which only the date is new, and a note of the monthly ones."""
    ready = [planned for planned in prepared.planned if planned.status is Status.READY]
    if not ready:
        return prepared
    past = tools.ledger.billed_for_projects(planned.invoice.workspace_ids for planned in ready)
    earlier = [entry for entry in past if entry.invoice_id not in prepared.knowledge.gone]
    warnings, monthly = redated(ready, earlier, prepared.sheet)
    prepared = prepared.with_problems(warnings)
    if not monthly:
        return prepared
    return prepared.with_notice(monthly_note(monthly))
