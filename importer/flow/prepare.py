"""From a file to a plan: read → understand → name projects → group → plan, with what the ledger knows."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from importer.checking.conventions import Conventions, Decision
from importer.checking.grouping import Defaults, group
from importer.checking.invoice_dates import DateRules, check_dates
from importer.checking.row_checks import check_rows
from importer.checking.unsent_cells import UnsentCells
from importer.flow.knowledge import knowledge_for, with_decisions
from importer.flow.named_records import name_projects
from importer.flow.prepared import MOST_ROWS_NAMED, Prepared, Tools, Wish
from importer.flow.reading_in import sheet_of
from importer.model.invoices import UnsoundInvoice
from importer.model.plans import PlannedInvoice, Source
from importer.model.problems import Problem, Problems, error_rows
from importer.model.words import as_typed, invoice_named, names_in_short, rows_named
from importer.planning.plan import Terms, choose_batch, draw_up

if TYPE_CHECKING:
    from importer.ledger.ledger import SubmissionLedger
    from importer.model.sheet import Sheet, SheetLine
    from importer.settings.model import Settings


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


def let_go_of_records() -> None:
    """Collect what :func:`prepare` kept from the collector: for a process that handles one file after the other."""
    gc.unfreeze()
    gc.collect()


@_many_records()
def prepare(wish: Wish, tools: Tools, run_id: str) -> Prepared:
    """Make the plan of a file. Sends nothing; asks the ledger, and Kantata for projects that are only named.

    Raises FileProblem, SettingsProblem or WrongUse when there is no plan to make.
    """
    settings, now = tools.settings, datetime.now().astimezone()
    wish = replace(wish, place=tools.place)
    sheet, words_used = sheet_of(wish, settings)
    problems = Problems(sheet.problems)

    lines, decisions = _understand(sheet, tools, now.date(), problems)
    lines, named = name_projects(lines, sheet, settings, tools.api, problems)
    batch, batch_notices = _batch_of(wish, sheet, lines, tools.ledger, now.date())
    date_rules = DateRules(settings.invoice_date_outside, settings.future_days)
    lines = check_dates(lines, sheet, batch, now.date(), date_rules, problems)

    defaults = Defaults(settings.payment_schedule, settings.draft, settings.suppress_emails)
    invoices = group(lines, sheet, defaults, problems)
    drawn = tuple(_with_causes(draw_up(invoices, batch, lines), problems.ordered(), lines))
    terms = _terms_of(wish, sheet, batch, tools)

    notices = [*_without_invoice(wish, drawn), *tools.notices, *batch_notices, *sheet.notes, *words_used]
    notices += [*problems.notes, *(decision.notice for decision in decisions), *_over_several_projects(drawn)]
    prepared = Prepared(
        run_id=run_id,
        started_at=now,
        wish=wish,
        source=Source(str(wish.path), sheet.name, sheet.sha256, sheet.row_count),
        sheet=sheet,
        lines=lines,
        batch=batch,
        terms=terms,
        drawn=drawn,
        knowledge=knowledge_for(drawn, tools.ledger, terms),
        planned=drawn,
        problems=problems.ordered(),
        notices=tuple(notices),
        decisions=decisions,
        named=named,
    )
    return with_decisions(prepared)


def _without_invoice(wish: Wish, drawn: Iterable[PlannedInvoice]) -> Iterator[str]:
    """Say of each reference that is allowed to repeat and is not of this file, that it releases nothing."""
    for reference in sorted(wish.released.references - {planned.reference for planned in drawn}):
        yield f"--allow-repeat {as_typed(reference)} releases nothing: no invoice of this file has this reference."


def _terms_of(wish: Wish, sheet: Sheet, batch: str, tools: Tools) -> Terms:
    """What the plan is decided by, beside what is known of earlier invoices."""

    def cell(row: int) -> str:
        address = sheet.address("amount", row)
        return f"{sheet.name}!{address}" if address else f"row {row}"

    derived = not (wish.batch or sheet.batch)
    return Terms(
        batch,
        derived,
        tools.ledger.now(),
        sheet.sha256,
        wish.path.name,
        tools.settings.repeat_days,
        wish.released,
        wish.command("submit"),
        cell,
    )


def _understand(
    sheet: Sheet, tools: Tools, today: date, problems: Problems
) -> tuple[tuple[SheetLine, ...], tuple[Decision, ...]]:
    """The rows, typed and checked, and how columns were read."""
    settings = tools.settings
    conventions = Conventions(settings.decimal_mark, settings.date_order, today)
    send_cents = settings.fractional_amounts == "send"
    unsent = _unsent_cells(settings, kantata_is_asked=tools.api is not None)
    return check_rows(sheet, problems, send_cents=send_cents, conventions=conventions, unsent=unsent)


def _unsent_cells(settings: Settings, *, kantata_is_asked: bool) -> UnsentCells:
    """What to do with cells that are not sent; nothing can be compared where Kantata is not asked."""
    how = UnsentCells(settings.not_sent_cells or UnsentCells.COMPARE)
    if how is UnsentCells.COMPARE and not kantata_is_asked:
        return UnsentCells.REFUSE
    return how


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


def _over_several_projects(drawn: Iterable[PlannedInvoice]) -> Iterator[str]:
    """Say which invoices bill several projects, and so perhaps several clients, because their rows share a key."""
    names = []
    for planned in drawn:
        projects = planned.invoice.workspace_ids
        if len(projects) > 1:
            listed = names_in_short([str(project) for project in projects])
            names.append(f"{invoice_named(planned.invoice.key, projects)} (projects {listed})")
    if names:
        yield f"One invoice over several projects, because their rows share an Invoice key: {names_in_short(names)}."


def _with_causes(
    drawn: tuple[PlannedInvoice, ...], problems: tuple[Problem, ...], lines: tuple[SheetLine, ...]
) -> Iterator[PlannedInvoice]:
    """Say of every unsound invoice which rows keep it from being sent."""
    faulty = error_rows(problems)
    placed = {line.row for line in lines if line.workspace_id is not None and not line.key_unreadable}
    strays = sorted(faulty - placed)[:MOST_ROWS_NAMED]
    for planned in drawn:
        own = sorted(faulty.intersection(planned.invoice.rows))[:MOST_ROWS_NAMED]
        if not isinstance(planned.invoice, UnsoundInvoice) or not (own or strays):
            yield planned
        elif own:
            yield replace(planned, reason=f"Not sent because of errors in {rows_named(own)}.")
        else:
            where = rows_named(strays)
            yield replace(planned, reason=f"Not sent because the errors in {where} leave open whether it is whole.")
