"""From a file to a plan: read → validate → group → plan, with what the ledger and Kantata know."""

from __future__ import annotations

import gc
import logging
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from importer.check.names import Named
from importer.columns import known_headers
from importer.conventions import Conventions
from importer.found_again import found_again, not_found_again
from importer.group import Defaults, group
from importer.header_changes import changes
from importer.limits import Limits, check
from importer.mapping import in_known_words
from importer.payload import content_of
from importer.period import DateRules, check_dates
from importer.pipeline.naming import with_named_projects
from importer.plan import Knowledge, Place, Terms, choose_batch, decide, draw_up, totals_of
from importer.problems import error_rows, has_errors
from importer.read import Reading, read_sheet
from importer.records import ExitCode, Invoice, PlannedInvoice, Source, Status, UnsoundInvoice
from importer.report import Report
from importer.sheet import ControlTotals as Expected
from importer.tieout import tied
from importer.toml_lines import explained
from importer.unpack import Limits as FileLimits
from importer.validate import validate
from importer.words import rows_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet
    from decimal import Decimal
    from pathlib import Path

    from importer.conventions import Decision
    from importer.kantata_api import FoundInvoice, KantataApi
    from importer.problems import Problem
    from importer.records import LedgerEntry, ReadBack, SheetLine
    from importer.settings import Settings
    from importer.sheet import Sheet
    from importer.submission_ledger import SubmissionLedger

LOG = logging.getLogger(__name__)
MEGABYTE = 2**20
MOST_NAMED = 20
"""Rows named in one reason."""


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
    annotate: bool | None = None
    """Whether to make the annotated copy; None: when there is something to mend."""

    def matching(self, expected: Expected) -> Expected:
        """The totals to be checked: what the person stated, else what the workbook or the settings do."""
        return Expected(
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
    batch = choose_batch(wish.batch, sheet.batch, dates, now.date())
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
        notices=(*tools.notices, *sheet.notes, *words_used, *(decision.notice for decision in decisions)),
        decisions=decisions,
        named=named,
    )
    return decided(prepared)


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
        ledger.live_by_fingerprint([one.fingerprint for one in drawn if one.fingerprint is not None]),
        ledger.live_by_item(
            [(line.item_type, line.item_id) for one in sound for line in one.lines if line.item_id is not None],
        ),
        {place: tuple(entries) for place, entries in near.items()},
        by_number=ledger.live_by_number(
            [one.user_invoice_number for one in sound if one.user_invoice_number is not None]
        ),
    )


def decided(prepared: Prepared) -> Prepared:
    """The plan that follows from what is known now."""
    planned = decide(
        prepared.drawn, prepared.knowledge, allow_repeats=prepared.wish.allow_repeats, terms=prepared.terms
    )
    return replace(prepared, planned=planned)


def look_up(prepared: Prepared, api: KantataApi, settle_seconds: float) -> Prepared:
    """Ask Kantata what became of the earlier invoices that the plan rests on, and for the references of the rest.

    So an invoice that was cancelled holds nothing any more, and a lost ledger
    protects still. Raises NotReached or AccessDenied.
    """
    prepared = _without_gone(prepared, api, settle_seconds)
    ready = {_triple(one): one for one in prepared.planned if one.status is Status.READY}
    found: dict[str | None, list[FoundInvoice]] = {}
    for invoice in api.find_by_references(ready):
        if not invoice.cancelled:  # a cancelled one was undone by a person, so it may be billed again
            for triple in set(invoice.triples) & set(ready):
                found.setdefault(ready[triple].reference, []).append(invoice)
    planned = (_known_to_kantata(one, found.get(one.reference, [])) for one in prepared.planned)
    return replace(prepared, planned=tuple(planned))


def _without_gone(prepared: Prepared, api: KantataApi, settle_seconds: float) -> Prepared:
    """Decide anew without the invoices that were cancelled or deleted; again, as others may hold then.

    One that was sent less than ``settle_seconds`` ago is not gone because Kantata does not show it.
    """
    young = prepared.knowledge.sent_after(datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=settle_seconds))
    asked: set[str] = set()
    read: dict[str, ReadBack] = {}
    while new := {one.earlier_id: one for one in prepared.planned if one.earlier_id and one.earlier_id not in asked}:
        asked |= set(new)
        shown = {invoice.invoice_id: invoice for invoice in api.find_by_ids(new)}
        absent = {number: one for number, one in new.items() if number not in shown}
        visible = api.sees_finances_of(n for one in absent.values() for n in one.invoice.workspace_ids)
        gone = {number for number, invoice in shown.items() if invoice.cancelled}
        absent = {number: one for number, one in absent.items() if number not in young}
        gone |= {number for number, one in absent.items() if set(one.invoice.workspace_ids) <= visible}
        knowledge = replace(prepared.knowledge, gone=prepared.knowledge.gone | gone)
        prepared = decided(replace(prepared, knowledge=knowledge))
        read.update({number: invoice.read_back for number, invoice in shown.items()})
    return replace(prepared, planned=tuple(_looked_at(one, asked, read, young) for one in prepared.planned))


def _looked_at(
    one: PlannedInvoice, asked: set[str], read: dict[str, ReadBack], young: AbstractSet[str]
) -> PlannedInvoice:
    """An invoice that was created earlier, with what came of asking for it."""
    if one.status is not Status.ALREADY_CREATED or one.invoice_id not in asked:
        return one
    if one.invoice_id in read:
        return found_again(one, read[one.invoice_id])
    return not_found_again(one, young=one.invoice_id in young)


def _known_to_kantata(one: PlannedInvoice, found: list[FoundInvoice]) -> PlannedInvoice:
    if one.status is not Status.READY or not found:
        return one
    ids = ", ".join(invoice.invoice_id for invoice in found)
    if len(found) > 1:
        return replace(
            one, status=Status.HELD, reason=f"Kantata holds several invoices with its reference: {ids}.",
            what_to_do="Look at them in Kantata and cancel what is too much.",
        )  # fmt: skip
    if differs := _difference(one, found[0]):
        return replace(
            one, status=Status.HELD, invoice_id=ids,
            reason=f"Kantata holds invoice {ids} with its reference, but with {differs} than the sheet.",
            what_to_do="Compare that invoice with the rows; the ledger of this machine does not know it.",
        )  # fmt: skip
    adopted = replace(
        one, status=Status.ALREADY_CREATED, invoice_id=ids, reason="Found in Kantata by its reference.",
        found_in_kantata=True,
    )  # fmt: skip
    return tied(adopted, found[0].read_back)


def _difference(one: PlannedInvoice, found: FoundInvoice) -> str | None:
    payload = one.payload or {}
    if found.content != content_of(payload):
        return "other items, amounts or texts"
    body = payload["invoice"]
    other = [
        n for n, text in found.header.items() if n in body and " ".join(str(body[n]).split()) != " ".join(text.split())
    ]
    return f"another {other[0].replace('_', ' ')}" if other else None


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
        decisions=prepared.decisions,
        invoice_link=tools.settings.invoice_link,
    )


def check_limits(prepared: Prepared, tools: Tools) -> None:
    """Raise GateRefused unless the plan matches the figures that flags, or settings and Cover, give.

    A flag counts instead of both; a workbook cannot overrule the settings.
    """
    settings, totals = tools.settings, totals_of(prepared.lines, prepared.planned)
    of_settings, cover = Expected(settings.expect_invoices, settings.expect_total), prepared.sheet.expected
    of_cover = (f"“Expected invoices” at {cover.invoices_cell}", f"“Expected total” at {cover.total_cell}")
    for stated, places in ((of_settings, ("expect_invoices", "expect_total")), (cover, of_cover)):
        wanted = prepared.wish.matching(stated)
        limits = Limits(
            wanted.invoices, wanted.total, settings.largest_invoice, settings.largest_total,
            places[0] if prepared.wish.expect_invoices is None else "--expect-invoices",
            places[1] if prepared.wish.expect_total is None else "--expect-total",
        )  # fmt: skip
        check(prepared.planned, totals, limits)


def note_in_log(report: Report) -> None:
    """Put a report into the log."""
    counts = {status.value: count for status, count in report.totals.by_status.items()}
    facts = {
        "run_id": report.run_id, "file": report.source.path, "sha256": report.source.sha256, "counts": counts,
        "amount": report.totals.amount, "exit_code": int(report.exit_code), "told": True,
        "duration_ms": round((datetime.now().astimezone() - report.started_at).total_seconds() * 1000),
    }  # fmt: skip
    words = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items()) or "no invoices"
    LOG.info("%s of %s: %s, %d errors", report.command, report.source.path, words, report.errors, extra=facts)


def noting(prepared: Prepared, notice: str) -> Prepared:
    """The plan with one more notice."""
    return replace(prepared, notices=(*prepared.notices, notice))
