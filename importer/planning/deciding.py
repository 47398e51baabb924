"""Decide what would be done with each invoice, by what is known of earlier ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from importer.model.invoices import Invoice
from importer.model.lifecycle import ALIVE, OPEN, State
from importer.model.plans import LineMark, PlannedInvoice, Released, Status
from importer.model.remembered import BilledLine, LedgerEntry
from importer.model.words import as_typed
from importer.planning import reasons
from importer.planning.lines import likenesses_sent
from importer.planning.plan import BilledItem, Knowledge, Terms, key_or_project_of
from importer.planning.repeat_days import LOOK_BACK
from importer.planning.repeats import Repeats, repeats

_Held = tuple[LedgerEntry, str, str]
"""The earlier invoice that holds this one, why, and what to do."""


def decide(drawn: Iterable[PlannedInvoice], knowledge: Knowledge, terms: Terms) -> tuple[PlannedInvoice, ...]:
    """Return the plan: every invoice with its status, and the reason when it would not be sent."""
    drawn = tuple(drawn)
    references = frozenset(planned.reference for planned in drawn)
    compared = repeats(drawn, knowledge, terms)
    decision = _Decision(knowledge, references, terms, compared)
    return tuple(decision.of(planned) for planned in drawn)


@dataclass(frozen=True, slots=True)
class _Decision:
    """Everything that the status of one invoice depends on."""

    knowledge: Knowledge
    references: frozenset[str | None]
    """Of all invoices of the plan."""
    terms: Terms
    repeats: Repeats

    def of(self, planned: PlannedInvoice) -> PlannedInvoice:
        if not isinstance(planned.invoice, Invoice) or planned.reference is None:
            return planned
        known = self.knowledge.by_reference.get(planned.reference)
        if known is not None and known.state in ALIVE:
            return self._known(planned, known)
        held = next(self._held(planned, planned.invoice), None)
        if held is None:
            return planned
        with_word = replace(self, terms=replace(self.terms, released=Released(all=True)))
        releasable = next(with_word._held(planned, planned.invoice), None) is None  # noqa: SLF001 - of the same class
        return replace(_with(planned, Status.HELD, *held), releasable=releasable)

    def _held(self, planned: PlannedInvoice, invoice: Invoice) -> Iterator[_Held]:
        """Why it is not sent, though the ledger does not know its reference."""
        rules = (
            self._billed_items,
            self._changed,
            self._like_lines,
            self._other_batch,
            self._edited,
            self._twins,
            self._number,
        )
        for rule in rules:
            yield from rule(planned, invoice)

    def _known(self, planned: PlannedInvoice, known: LedgerEntry) -> PlannedInvoice:
        """The ledger knows this very reference."""
        state = self.knowledge.state_of(known)
        if state in OPEN:
            return _with(planned, Status.IN_DOUBT, known, *reasons.doubtful(known))
        if state is State.GONE:
            return _with(planned, Status.HELD, known, *reasons.gone(known))
        if known.fingerprint == planned.fingerprint:
            return _with(planned, Status.ALREADY_CREATED, known, reasons.billed(known), None)
        return _with(planned, Status.HELD, known, *reasons.changed(known, planned))

    def _billed_items(self, planned: PlannedInvoice, invoice: Invoice) -> Iterator[_Held]:
        """Some of its time entries, expenses or milestones were billed before."""
        found: dict[str, tuple[LedgerEntry, list[BilledItem]]] = {}
        for item in _items(invoice):
            earlier = self.knowledge.by_item.get(item)
            if earlier is not None and earlier.reference != planned.reference and self._alive(earlier):
                found.setdefault(earlier.reference, (earlier, []))[1].append(item)
        for earlier, items in found.values():
            others = [entry.invoice_id for entry, _ in found.values() if entry is not earlier and entry.invoice_id]
            yield (earlier, *reasons.billed_before(items, earlier, others))

    def _under_same_key(self, planned: PlannedInvoice, invoice: Invoice) -> Iterator[LedgerEntry]:
        """Live invoices under its key, or of its project, that are no others of the plan."""
        for entry in self.knowledge.under_same_key.get(key_or_project_of(invoice), ()):
            own = entry.reference in self.references or entry.reference == planned.reference
            if not own and self._alive(entry) and not set(entry.workspace_ids).isdisjoint(invoice.workspace_ids):
                yield entry

    def _changed(self, planned: PlannedInvoice, invoice: Invoice) -> Iterator[_Held]:
        """Another set of projects was billed under its key."""
        for entry in self._under_same_key(planned, invoice):
            if entry.batch == self.terms.batch and invoice.key is not None:
                yield (entry, *reasons.changed(entry, planned))

    def _like_lines(self, planned: PlannedInvoice, _invoice: Invoice) -> Iterator[_Held]:
        """One of its lines was billed before."""
        yield from self._held_by(planned, self.repeats.of(planned))

    def _edited(self, planned: PlannedInvoice, _invoice: Invoice) -> Iterator[_Held]:
        """One of its lines was billed before, with another key and amount."""
        yield from self._held_by(planned, self.repeats.edited_of(planned))

    def _held_by(self, planned: PlannedInvoice, earlier: Iterable[tuple[LineMark, BilledLine]]) -> Iterator[_Held]:
        for mark, line in earlier:
            if line.entry.state in OPEN or not self._is_released(planned):
                command = f"{self.terms.command} --allow-repeat {as_typed(planned.reference or '')}"
                where = self.terms.cell(mark.row)
                yield (line.entry, *reasons.like_lines(mark, where, line, command, self.terms.batch))

    def _is_released(self, planned: PlannedInvoice) -> bool:
        return self.terms.released.covers(planned.reference)

    def _other_batch(self, planned: PlannedInvoice, invoice: Invoice) -> Iterator[_Held]:
        """It was billed under another batch, which its dates have given it."""
        if not self.terms.batch_derived or self._is_released(planned):
            return
        for entry in self._under_same_key(planned, invoice):
            if entry.batch != self.terms.batch and self._same_time(entry, planned, invoice):
                yield (entry, *reasons.other_batch(entry, self.terms.batch))

    def _same_time(self, entry: LedgerEntry, planned: PlannedInvoice, invoice: Invoice) -> bool:
        """Whether both have the same date; where one has none, whether the same is sent within ``repeat_days``.

        The same: under the same key, or, where there is none, with a line of the same kind and text.
        """
        if invoice.invoice_date is not None and entry.invoice_date:
            return entry.invoice_date == invoice.invoice_date.isoformat()
        if self.terms.now - entry.sent_at >= timedelta(days=self.terms.repeat_days):
            return False
        wordings = {wording for wording, _ in likenesses_sent(entry.body)}
        return invoice.key is not None or any(mark.wording in wordings for mark in planned.marks)

    def _twins(self, planned: PlannedInvoice, _invoice: Invoice) -> Iterator[_Held]:
        """The same content was billed before, and nothing is known of its lines."""
        for twin in self._twins_of(planned):
            # A twin that stands in this very file is an invoice of its own: an interrupted run is completed.
            same_file = twin.source_sha256 == self.terms.source_sha256
            if (same_file and twin.reference in self.references) or not self._alive(twin):
                continue
            if twin.state in OPEN or not self._is_released(planned):
                yield (twin, *reasons.possible_duplicate(twin, same_file=same_file))

    def _twins_of(self, planned: PlannedInvoice) -> list[LedgerEntry]:
        """Those with the same content whose lines were not compared."""
        twins = self.knowledge.by_fingerprint.get(planned.fingerprint or "", ())
        if not planned.marks:
            return list(twins)
        compared = {line.entry.reference for line in self.knowledge.lines} if twins else set()
        return [twin for twin in twins if twin.reference not in compared and not self._is_retainer(twin)]

    def _is_retainer(self, twin: LedgerEntry) -> bool:
        """Whether it was sent too long ago for its lines to be compared, and no date says that it is near."""
        old = self.terms.now - twin.sent_at > timedelta(days=LOOK_BACK)
        return old and not twin.invoice_date and twin.state not in OPEN

    def _number(self, planned: PlannedInvoice, invoice: Invoice) -> Iterator[_Held]:
        """Its number stands on another invoice that this ledger knows."""
        earlier = self.knowledge.by_number.get(invoice.user_invoice_number or 0)
        if earlier is not None and earlier.reference != planned.reference and self._alive(earlier):
            yield (earlier, *reasons.number_taken(invoice.user_invoice_number or 0, earlier))

    def _alive(self, entry: LedgerEntry) -> bool:
        return self.knowledge.state_of(entry) in ALIVE


def _with(
    planned: PlannedInvoice,
    status: Status,
    known: LedgerEntry,
    reason: str,
    what_to_do: str | None,
) -> PlannedInvoice:
    own = known.reference == planned.reference
    shown = known.invoice_id if own and status in (Status.ALREADY_CREATED, Status.HELD) else None
    return replace(
        planned,
        status=status,
        reason=reason,
        what_to_do=what_to_do,
        earlier_id=known.invoice_id,
        invoice_id=shown,
    )


def _items(invoice: Invoice) -> Iterable[BilledItem]:
    return ((line.item_type, line.item_id) for line in invoice.lines if line.item_id is not None)
