"""From a file to a plan: read → validate → group → plan, with what the ledger and Kantata know."""

from __future__ import annotations

import gc
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from importer.columns import known_headers
from importer.group import Defaults, group
from importer.plan import Knowledge, choose_batch, decide, draw_up, totals_of
from importer.problems import has_errors
from importer.read import read_sheet
from importer.records import ExitCode, Invoice, PlannedInvoice, Source, Status
from importer.report import Report
from importer.validate import validate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal
    from pathlib import Path

    from importer.kantata_api import KantataApi
    from importer.problems import Problem
    from importer.records import SheetLine
    from importer.settings import Settings
    from importer.sheet import Sheet
    from importer.submission_ledger import SubmissionLedger

RESOLVED = "Found in Kantata by its reference."


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person asked for."""

    path: Path
    sheet_name: str | None = None
    batch: str | None = None
    partial: bool = False
    """Send the sound invoices although others have problems."""
    allow_repeats: bool = False
    expect_invoices: int | None = None
    expect_total: Decimal | None = None
    """Main currency unit."""


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
    drawn: tuple[PlannedInvoice, ...]
    """The invoices before anything was known of earlier ones."""
    planned: tuple[PlannedInvoice, ...]
    problems: tuple[Problem, ...]
    notices: tuple[str, ...]

    @property
    def refused(self) -> bool:
        """Whether problems keep the whole batch from being sent."""
        return has_errors(self.problems) and not self.wish.partial

    @property
    def ready(self) -> int:
        """How many invoices would be sent."""
        return sum(one.status is Status.READY for one in self.planned)


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


def new_run_id() -> str:
    """Name of a run: when it began, local time, and two random bytes."""
    return f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


@_many_records()
def prepare(wish: Wish, tools: Tools, run_id: str) -> Prepared:
    """Read, validate, group and plan. Sends nothing and asks nobody but the ledger."""
    settings, now = tools.settings, datetime.now().astimezone()
    sheet = read_sheet(wish.path, wish.sheet_name, known_headers(settings.columns), hidden_rows=settings.hidden_rows)
    lines, row_problems = validate(sheet, send_cents=settings.fractional_amounts == "send")
    defaults = Defaults(settings.payment_schedule, settings.draft, settings.suppress_emails)
    invoices, invoice_problems = group(lines, sheet, defaults)
    # Of all rows, also faulty ones: mending them must not change the batch.
    dates = [day for line in lines if isinstance(day := line.invoice_values.get("invoice_date"), date)]
    batch = choose_batch(wish.batch, sheet.batch, dates, now.date())
    drawn = draw_up(invoices, batch)
    planned = decide(drawn, knowledge_for(drawn, tools.ledger), allow_repeats=wish.allow_repeats)
    return Prepared(
        run_id=run_id,
        started_at=now,
        wish=wish,
        source=Source(str(wish.path), sheet.name, sheet.sha256, len(sheet.rows)),
        sheet=sheet,
        lines=lines,
        batch=batch,
        drawn=drawn,
        planned=planned,
        problems=(*sheet.problems, *row_problems, *invoice_problems),
        notices=tools.notices,
    )


def knowledge_for(drawn: tuple[PlannedInvoice, ...], ledger: SubmissionLedger) -> Knowledge:
    """What the ledger knows that matters to a plan."""
    sound = [one.invoice for one in drawn if isinstance(one.invoice, Invoice)]
    return Knowledge(
        ledger.entries([one.reference for one in drawn if one.reference is not None]),
        ledger.live_by_fingerprint([one.fingerprint for one in drawn if one.fingerprint is not None]),
        ledger.live_by_item(
            [(line.item_type, line.item_id) for one in sound for line in one.lines if line.item_id is not None],
        ),
    )


def look_up(prepared: Prepared, api: KantataApi) -> Prepared:
    """Ask Kantata for the references of the plan, so that a lost ledger protects still."""
    triples = {
        _triple(one): one.reference
        for one in prepared.planned
        if one.status is Status.READY and one.payload is not None
    }
    found: dict[str | None, list[str]] = {}
    for invoice in api.find_by_references(list(triples)):
        if invoice.cancelled:
            continue  # a person has undone it, so it may be billed again
        for triple in set(invoice.triples) & set(triples):
            found.setdefault(triples[triple], []).append(invoice.invoice_id)
    return replace(prepared, planned=tuple(_known_to_kantata(one, found) for one in prepared.planned))


def _known_to_kantata(one: PlannedInvoice, found: dict[str | None, list[str]]) -> PlannedInvoice:
    ids = found.get(one.reference, []) if one.status is Status.READY else []
    if not ids:
        return one
    if len(ids) > 1:
        return replace(
            one, status=Status.HELD, reason=f"Kantata holds several invoices with its reference: {', '.join(ids)}.",
            what_to_do="Look at them in Kantata and cancel what is too much.",
        )  # fmt: skip
    return replace(one, status=Status.ALREADY_CREATED, invoice_id=ids[0], reason=RESOLVED)


def _triple(one: PlannedInvoice) -> tuple[str, str, str]:
    reference = (one.payload or {})["invoice"]["external_reference"]
    return (reference["service_name"], reference["service_model"], reference["service_model_ref"])


def report_of(
    command: str,
    prepared: Prepared,
    tools: Tools,
    planned: tuple[PlannedInvoice, ...],
    code: ExitCode,
) -> Report:
    """A plan, or what became of it, as it is told to people and programs."""
    return Report(
        command=command,
        run_id=prepared.run_id,
        batch=prepared.batch,
        account=tools.account,
        started_at=prepared.started_at,
        exit_code=code,
        source=prepared.source,
        sheet=prepared.sheet,
        planned=planned,
        totals=totals_of(prepared.lines, planned),
        problems=prepared.problems,
        notices=prepared.notices,
        invoice_link=tools.settings.invoice_link,
    )


def noting(prepared: Prepared, notice: str) -> Prepared:
    """The plan with one more notice."""
    return replace(prepared, notices=(*prepared.notices, notice))
