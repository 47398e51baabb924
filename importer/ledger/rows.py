"""The records of the ledger, and rows of the database as such records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from importer.ledger.journal import standing_of
from importer.model.lifecycle import Event, Standing, State
from importer.model.remembered import BilledLine, LedgerEntry

if TYPE_CHECKING:
    from importer.model.plans import PlannedInvoice


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One submit as the ledger remembers it."""

    run_id: str
    batch: str
    account: str
    started_at: datetime
    """UTC, without offset."""
    finished_at: datetime | None
    """None: still running, or killed."""
    who: str
    path: str
    sheet: str | None
    sha256: str
    rows: int
    invoices: int
    amount: str
    by_status: dict[str, int]
    """As it ended, and as its invoices in doubt were settled since; an undo changes nothing here."""
    exit_code: int | None
    planned: Mapping[str, str]
    """Reference → fingerprint of all its sound invoices, also of those that other files billed."""
    undone: int = 0
    """Invoices of it that were undone since."""
    undo_unknown: int = 0
    """Invoices of it of which an undo could not tell whether they exist."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send one invoice once; given by :meth:`SubmissionLedger.claim`."""

    reference: str
    run_id: str
    standing: Standing
    """Where the invoice stands with the claim."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a run tried last with one invoice, and what became of that invoice since. The JSON of ``history``."""

    reference: str
    key: str | None
    workspace_ids: tuple[int, ...]
    rows: tuple[int, ...]
    outcome: str | None
    """How the attempt ended; None when the program ended before it was noted."""
    http_status: int | None
    message: str | None
    request_id: str | None
    started_at: datetime
    """UTC, without offset."""
    state_now: str
    """Status of the reference, or “undone”: also when a later run has sent it again."""
    invoice_id: str | None
    """Of the invoice that this run created, also when that was found out later; never of one of a later run."""
    last_run: str
    """The run that sent it last: this one, or a later one."""
    since: tuple[str, ...] = ()
    """What happened to the invoice after the run, in words."""
    amount: Decimal | None = None
    """Amount in the sheet, main currency unit."""
    currency: str | None = None
    titles: tuple[str | None, ...] = ()
    """Of its projects, in the order of their ids; empty where Kantata was not asked."""
    expected_total: Decimal | None = None
    """What it was expected to come to, main unit, tax excluded; None when a part of it was not known."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """An open question: an invoice that may exist in Kantata, because it was sent, or an undo was to remove it."""

    reference: str
    run_id: str
    """The run that sent it."""
    batch: str
    key: str | None
    workspace_ids: tuple[int, ...]
    rows: tuple[int, ...]
    amount: Decimal
    payload: dict[str, Any]
    """What was sent."""
    standing: Standing
    tried_at: datetime
    """When it was sent, or an undo last tried to remove it; UTC, without offset."""
    invoice_id: str | None = None

    @property
    def being_undone(self) -> str | None:
        """Id of the invoice that an undo may have removed; None: whether it was created is not known."""
        return self.invoice_id if self.standing.state is State.REMOVING else None


@dataclass(frozen=True, slots=True)
class SentInvoice:
    """An invoice that a run sent, and that no later run has sent since."""

    reference: str
    key: str | None
    workspace_ids: tuple[int, ...]
    rows: tuple[int, ...]
    amount: Decimal
    """Main currency unit."""
    payload: dict[str, Any]
    """What was sent."""
    standing: Standing
    sent_at: datetime
    """UTC, without offset."""
    invoice_id: str | None
    adopted: bool
    """Whether the run only found it in Kantata and did not create it."""
    kept_before: bool
    """Whether an earlier undo has looked at it and kept it."""
    snapshot: str | None
    """What Kantata showed of it when it was created, in short (kantata/snapshot.py); None: not on record."""
    tried_at: datetime
    """UTC, without offset; of one that is being undone the last try to remove it."""
    currency: str | None = None
    titles: tuple[str | None, ...] = ()
    """Of its projects, in the order of their ids; empty where Kantata was not asked."""
    expected_total: Decimal | None = None
    """What it was expected to come to, main unit, tax excluded; None when a part of it was not known."""

    @property
    def state(self) -> State:
        """Where it stands."""
        return self.standing.state


@dataclass(frozen=True, slots=True)
class RecordedWorth:
    """What a project was expected to be billed."""

    title: str | None
    amount: Decimal | None
    """Main currency unit, tax excluded; None when a part of it was not known."""


@dataclass(frozen=True, slots=True)
class Billed:
    """An invoice that exists in Kantata, or may."""

    reference: str
    batch: str
    run_id: str
    key: str | None
    workspace_ids: tuple[int, ...]
    amount: Decimal
    """Main currency unit."""
    payload: dict[str, Any]
    """What was sent."""
    invoice_id: str | None
    currency: str | None = None
    """Code such as EUR; None when it is not on record."""
    worth: dict[int, RecordedWorth] = field(default_factory=dict)
    """By project; empty when it is not on record."""


_Value = TypeVar("_Value")
CHUNK = 5_000
"""Values in one IN list; SQLite allows 32,766."""


def chunks(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    """The values in parts that fit into one IN list."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def entry_of(row: Any) -> LedgerEntry:  # noqa: ANN401 - untyped by its library
    """An invoice as it stands, from its row."""
    body = json.loads(row.payload)["invoice"]
    return LedgerEntry(
        reference=row.reference,
        fingerprint=row.fingerprint,
        batch=row.batch,
        standing=standing_of(row),
        run_id=row.run_id,
        sent_at=row.sent_at,
        invoice_id=row.invoice_id,
        rows=tuple(json.loads(row.rows)),
        error=row.error,
        key=row.invoice_key,
        workspace_ids=tuple(json.loads(row.workspace_ids)),
        amount=Decimal(row.amount),
        invoice_date=body.get("invoice_date"),
        body=body,
        source_name=Path(row.source_path).name,
        source_sha256=row.source_sha256,
    )


def line_of(row: Any) -> BilledLine:  # noqa: ANN401 - untyped by its library
    """A line of an earlier invoice, from both their rows."""
    return BilledLine(
        entry_of(row),
        row.workspace_id,
        row.wording,
        Decimal(row.line_amount),
        row.position,
        row.row,
        row.alike,
        tuple((project, key) for project, key in json.loads(row.waiting)),
    )


def doubt_of(row: Any) -> Doubt:  # noqa: ANN401 - untyped by its library
    """An open question, from the invoice's row."""
    return Doubt(
        reference=row.reference,
        run_id=row.run_id,
        batch=row.batch,
        key=row.invoice_key,
        workspace_ids=tuple(json.loads(row.workspace_ids)),
        rows=tuple(json.loads(row.rows)),
        amount=Decimal(row.amount),
        payload=json.loads(row.payload),
        standing=standing_of(row),
        tried_at=row.tried_at,
        invoice_id=row.invoice_id,
    )


def sent_of(row: Any, events: Sequence[Any]) -> SentInvoice:  # noqa: ANN401 - untyped by its library
    """A sent invoice, from its row and the rows of its events, the oldest first."""
    adopted, kept, snapshot = False, False, None
    for event in events:
        if event.event == Event.CLAIMED.value:
            adopted, snapshot = False, None
        if event.event == Event.REMOVAL_BEGUN.value:
            kept = False
        adopted = adopted or event.event == Event.ADOPTED.value
        kept = kept or (event.event == Event.KEPT.value and event.invoice_id == row.invoice_id)
        snapshot = event.snapshot or snapshot
    currency, titles, total = total_of(row)
    return SentInvoice(
        currency=currency,
        titles=titles,
        expected_total=total,
        reference=row.reference,
        key=row.invoice_key,
        workspace_ids=tuple(json.loads(row.workspace_ids)),
        rows=tuple(json.loads(row.rows)),
        amount=Decimal(row.amount),
        payload=json.loads(row.payload),
        standing=standing_of(row),
        sent_at=row.sent_at,
        invoice_id=row.invoice_id,
        adopted=adopted,
        kept_before=kept,
        snapshot=snapshot,
        tried_at=row.tried_at,
    )


def run_of(row: Any, undone: int, undo_unknown: int) -> RunRecord:  # noqa: ANN401 - untyped by its library
    """A submit, from its row and from how many of its invoices were undone since, or may have been."""
    return RunRecord(
        run_id=row.run_id,
        batch=row.batch,
        account=row.account,
        started_at=row.started_at,
        finished_at=row.finished_at,
        who=row.who,
        path=row.path,
        sheet=row.sheet,
        sha256=row.sha256,
        rows=row.rows,
        invoices=row.invoices,
        amount=row.amount,
        by_status=json.loads(row.by_status or "{}"),
        exit_code=row.exit_code,
        planned=json.loads(row.planned),
        undone=undone,
        undo_unknown=undo_unknown,
    )


def total_of(row: Any) -> tuple[str | None, tuple[str | None, ...], Decimal | None]:  # noqa: ANN401 - untyped by its library
    """Currency, titles of the projects, and expected total of an invoice, from its row."""
    currency, worth = _worth_of(row.expected)
    titles = tuple(project.title for project in worth.values())
    total = Decimal(0)
    for project in worth.values():
        if project.amount is None:
            return currency, titles, None
        total += project.amount
    return currency, titles, total if worth else None


def billed_of(row: Any) -> Billed:  # noqa: ANN401 - untyped by its library
    """An earlier invoice to compare with, from its row."""
    currency, worth = _worth_of(row.expected)
    return Billed(
        row.reference,
        row.batch,
        row.run_id,
        row.invoice_key,
        tuple(json.loads(row.workspace_ids)),
        Decimal(row.amount),
        json.loads(row.payload),
        row.invoice_id,
        currency,
        worth,
    )


def expected_text(planned: PlannedInvoice) -> str | None:
    """Currency, titles and amounts by project, as the ledger keeps them: JSON. None when Kantata was not asked."""
    expected = planned.expected
    if expected is None:
        return None
    spaces = planned.invoice.workspace_ids
    shares = expected.shares or (None,) * len(spaces)
    projects: dict[str, dict[str, str | None]] = {}
    for number, title, share in zip(spaces, expected.titles, shares, strict=True):
        amount = None if share is None else str(share)
        projects[str(number)] = {"title": title, "amount": amount}
    return json.dumps({"currency": expected.currency, "projects": projects})


def _worth_of(text: str | None) -> tuple[str | None, dict[int, RecordedWorth]]:
    """Currency, and what each project was expected to be billed; nothing where Kantata was not asked."""
    if not text:
        return None, {}
    kept = json.loads(text)
    worth: dict[int, RecordedWorth] = {}
    for number, project in kept["projects"].items():
        amount = None if project["amount"] is None else Decimal(project["amount"])
        worth[int(number)] = RecordedWorth(project["title"], amount)
    return kept["currency"], worth
