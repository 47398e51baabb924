"""Decide what undoing a run does with each of its invoices, from what the ledger and Kantata say. Pure.

Only what this run created, what is unchanged since, and what carries the
reference on record is deleted (a draft) or cancelled (an active invoice).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from importer.kantata.lenient import utc_of
from importer.kantata.snapshot import updated_at_in
from importer.model.lifecycle import OPEN, Event, State
from importer.sending.presence import Look, Presence, hidden_words
from importer.sending.settlement import triple_of
from importer.sending.tieout import changed_since, tie_out

if TYPE_CHECKING:
    from importer.kantata.invoices import FoundInvoice
    from importer.ledger.rows import SentInvoice
    from importer.model.answers import ReadBack, Shown
    from importer.model.exit_codes import ExitCode

TOUCHED_AFTER = timedelta(minutes=5)
"""Kantata itself may write to an invoice shortly after its creation; a later change is somebody's.

Used only where the answer to the creation, and the last change in it, are not on record."""
NEW, PAID = "new", "accepted payment"
LATER = "Run undo again: it goes on where this one stopped."
AGAIN = "Run undo again in a few minutes: it looks the invoice up first."


ASKED_BEFORE = "An earlier undo has asked for it, and that may yet take effect."


class Group(Enum):
    """What became of an invoice of the run."""

    UNDONE = "undone"
    KEPT = "kept"
    UNKNOWN = "unknown"

    @property
    def event(self) -> Event:
        """What the ledger notes."""
        match self:
            case Group.UNDONE:
                return Event.REMOVED
            case Group.KEPT:
                return Event.KEPT
            case Group.UNKNOWN:
                return Event.REMOVAL_UNKNOWN
            case _:
                assert_never(self)


class Action(Enum):
    """What is asked of Kantata."""

    DELETE = "delete"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Step:
    """One invoice of the run: what is to be done with it, or what became of it."""

    sent: SentInvoice
    reason: str
    action: Action | None = None
    """None: nothing is to be asked of Kantata, or it has been."""
    group: Group | None = None
    """None until the action has its answer."""
    what_to_do: str | None = None
    earlier: bool = False
    """Whether an earlier undo has brought it there."""
    held: ReadBack | None = None
    """What Kantata showed of it before anything was done; None where it was not shown, or not asked for."""

    @property
    def currency(self) -> str | None:
        """As Kantata shows it, else as the ledger has it; None when neither is known."""
        return (self.held and self.held.currency) or self.sent.currency

    @property
    def total(self) -> Decimal | None:
        """What it comes to in Kantata, else what it was expected to; main unit. None when neither is known."""
        if self.held is not None and self.held.total is not None:
            return self.held.total
        return self.sent.expected_total

    @property
    def is_in_doubt(self) -> bool:
        """Whether the answer to its creation is not known, so that nothing can be done with it yet."""
        return self.sent.state in (State.SENDING, State.DOUBTFUL)

    @property
    def is_going(self) -> bool:
        """Whether this undo removes it, or sees that it was removed."""
        return self.action is not None or (self.group is Group.UNDONE and not self.earlier)


@dataclass(frozen=True)
class Undone:
    """What came of an undo, whole."""

    run_id: str
    undo_id: str
    batch: str
    account: str
    source: str
    """File that the run had read."""
    started_at: datetime
    """When the run began, local time."""
    who: str
    """Who had started it, and on which machine."""
    steps: tuple[Step, ...]
    exit_code: ExitCode
    invoice_link: str
    files: tuple[Path, ...] = ()
    page: Path | None = None

    @property
    def run_said(self) -> str:
        """Which run it is, so that no other one is undone by mistake."""
        return (
            f"run {self.run_id} of {self.started_at:%Y-%m-%d %H:%M}, batch {self.batch}, file {self.source}, "
            f"by {self.who}, at {self.account}"
        )

    @property
    def nothing_to_do(self) -> bool:
        """Whether earlier undos had done all there is to do."""
        return all(step.earlier for step in self.steps)

    @property
    def counts(self) -> dict[str, int]:
        """How many invoices are in each group."""
        return {group.value: len(self.of(group)) for group in Group}

    def of(self, group: Group) -> tuple[Step, ...]:
        """The invoices of one group, in the order of the sheet."""
        return tuple(step for step in self.steps if step.group is group)

    def link_of(self, step: Step) -> str | None:
        """Web address of the invoice; None when it has no id or is gone."""
        invoice_id = step.sent.invoice_id
        if invoice_id is None or step.group is Group.UNDONE:
            return None
        return self.invoice_link.replace("{id}", invoice_id)


# --- before the requests ---


def to_look_up(sent: Iterable[SentInvoice]) -> dict[str, tuple[int, ...]]:
    """Those that may have to be undone, so that Kantata is asked for them: id → projects."""
    asked: dict[str, tuple[int, ...]] = {}
    for invoice in sent:
        if invoice.state in (State.EXISTS, State.REMOVING) and invoice.invoice_id is not None:
            asked[invoice.invoice_id] = invoice.workspace_ids
    return asked


def decide(sent: Iterable[SentInvoice], look: Look, recent_from: datetime) -> tuple[Step, ...]:
    """Say of each invoice what is to be done; those that were never created are left out.

    ``look``: what Kantata shows of those of :func:`to_look_up`. ``recent_from``:
    what was sent after this moment (UTC) is not gone because it is not shown.
    """
    concerned = (invoice for invoice in sent if invoice.state is not State.FREE or invoice.standing.was_undone)
    return tuple(_with_held(_decided(invoice, look, recent_from), look) for invoice in concerned)


def _with_held(step: Step, look: Look) -> Step:
    found = look.shown.get(step.sent.invoice_id or "")
    if found is None:
        return step
    return replace(step, held=found.read_back)


def _decided(sent: SentInvoice, look: Look, recent_from: datetime) -> Step:
    if sent.standing.was_undone:
        return Step(sent, "Undone before.", group=Group.UNDONE, earlier=True)
    if sent.state is not State.REMOVING and sent.state in OPEN:
        advice = "Run reconcile, then undo again."
        return _unknown(sent, "The answer to its creation is not known: it may exist.", advice)
    if sent.adopted:
        return _kept(sent, "This run only found it in Kantata; it did not create it.")
    found = look.shown.get(sent.invoice_id or "")
    if found is None:
        return _absent(sent, look, recent_from)
    return _unless_asked(_live(sent, found), recent_from)


def _unless_asked(step: Step, recent_from: datetime) -> Step:
    """Nothing is kept that an earlier undo asked for after ``recent_from``: it may yet be removed."""
    asked = step.sent.state is State.REMOVING and step.sent.tried_at > recent_from
    if step.group is not Group.KEPT or not asked:
        return step
    return _unknown(step.sent, f"{step.reason} {ASKED_BEFORE}", AGAIN)


def as_agreed(asked: tuple[Step, ...], now: tuple[Step, ...]) -> Iterator[Step]:
    """What is to be done now, but nothing that the person was not asked about."""
    agreed = {step.sent.reference: step.action for step in asked}
    for step in now:
        if step.action is not None and step.action is not agreed.get(step.sent.reference):
            yield left(step, "It has changed in Kantata since you were asked.")
        else:
            yield step


def _live(sent: SentInvoice, found: FoundInvoice) -> Step:
    """An invoice that Kantata shows; only the one on record is touched."""
    if triple_of(sent) not in found.triples:
        return _kept(sent, "In Kantata it does not carry the reference that is on record.")
    if found.cancelled:
        return Step(sent, "It was cancelled in Kantata.", group=Group.UNDONE)
    others = sorted(set(found.triples) - {triple_of(sent)})
    if others:
        return _kept(sent, f"It carries a reference of another system too: {' '.join(others[0]).strip()}.")
    return _untouched(sent, found)


def _untouched(sent: SentInvoice, found: FoundInvoice) -> Step:
    """Delete or cancel a live invoice, unless anybody paid or changed it."""
    shown = found.read_back.shown
    if shown is None or shown.status is None:
        return _kept(sent, "Kantata does not show its status.")
    if shown.status == PAID:
        return _kept(sent, "It is paid.")
    if shown.status != NEW:
        return _kept(sent, f"Its status in Kantata is “{shown.status}”.")

    why = _changed(sent, shown)
    if why is not None:
        return _kept(sent, why)
    return _to_remove(sent, shown.header.get("draft"))


def _to_remove(sent: SentInvoice, draft: object) -> Step:
    """A draft is deleted, an active invoice cancelled."""
    if draft is True:
        return Step(sent, "A draft: to be deleted.", Action.DELETE)
    if draft is False:
        return Step(sent, "An active invoice: to be cancelled.", Action.CANCEL)
    return _kept(sent, "Kantata does not show whether it is a draft.")


def _changed(sent: SentInvoice, shown: Shown) -> str | None:
    """Say what was changed since it was created; None when nothing was.

    It is compared with what Kantata showed at its creation, so that one which
    Kantata itself made otherwise can be undone too; where that is not on record,
    with what was sent.
    """
    if sent.snapshot is not None:
        if parts := changed_since(sent.snapshot, shown):
            return f"It was changed in Kantata: {'; '.join(parts)}."
        return _touched(shown, updated_at_in(sent.snapshot))

    if why := _touched(shown, None):
        return why
    result = tie_out(sent.payload, shown)
    if result.differences:
        texts = [f"{each.what}: was {each.sent}, is {each.held}" for each in result.differences[:3]]
        return f"It was changed in Kantata: {'; '.join(texts)}."
    if result.unread:
        return f"It could not be compared with what was sent: {', '.join(result.unread)}."
    return None


def _touched(shown: Shown, known: str | None) -> str | None:
    """Say that somebody wrote to it since; ``known`` is the last change in the answer to its creation, if any."""
    created, updated = utc_of(shown.created_at), utc_of(shown.updated_at)
    if known is None:
        touched = created is not None and updated is not None and updated - created > TOUCHED_AFTER
    elif shown.updated_at is None:
        return "Kantata does not show when it was last changed."
    else:
        touched = shown.updated_at != known and (updated is None or updated != utc_of(known))
    if not touched:
        return None
    when = f" on {updated:%Y-%m-%d at %H:%M} UTC" if updated else ""
    return f"It was changed in Kantata{when}, after its creation."


def _absent(sent: SentInvoice, look: Look, recent_from: datetime) -> Step:
    """An invoice that Kantata does not show."""
    recent = sent.sent_at > recent_from
    match look.presence(sent.invoice_id or "", sent.workspace_ids, recent=recent):
        case Presence.TOO_RECENT:
            reason = "Kantata does not show it, but it was sent too recently to tell whether it is gone."
            return _unknown(sent, reason, AGAIN)
        case Presence.HIDDEN:
            reason = f"Kantata does not show it, but {hidden_words(sent.workspace_ids, look.visible)}."
            return _unknown(sent, reason, "Ask for financial permission there, then undo again.")
        case _:
            return Step(sent, "It is not in Kantata any more.", group=Group.UNDONE)


# --- after a request ---


def after_unknown(step: Step, look: Look, recent_from: datetime, answer: str) -> Step:
    """What follows when the answer to a request was lost and the invoice was looked up after it."""
    found = look.shown.get(step.sent.invoice_id or "")
    if found is None:
        looked = _absent(step.sent, look, recent_from)
        return replace(looked, reason=f"{answer} Looked up after it: {looked.reason}")
    if found.cancelled:
        return Step(step.sent, f"{answer} Looked up after it: it is cancelled.", group=Group.UNDONE)
    return _unknown(step.sent, f"{answer} It is still there, but the request may yet take effect.", AGAIN)


def refused(step: Step, answer: str) -> Step:
    """What follows when Kantata refuses; an earlier request, whose answer was lost, may take effect all the same."""
    reason = f"Kantata refused it: {answer}"
    if step.sent.state is State.REMOVING:
        return _unknown(step.sent, f"{reason} {ASKED_BEFORE}", AGAIN)
    return Step(step.sent, reason, group=Group.KEPT, what_to_do="Delete or cancel it in Kantata, if it is to go.")


def left(step: Step, why: str) -> Step:
    """An invoice that the undo did not get to: it exists as before, unless an earlier undo takes effect still."""
    group = Group.UNKNOWN if step.sent.state is State.REMOVING else Group.KEPT
    return Step(step.sent, why, group=group, what_to_do=LATER)


def _kept(sent: SentInvoice, reason: str) -> Step:
    advice = "If it is to go, delete or cancel it in Kantata."
    return Step(sent, reason, group=Group.KEPT, what_to_do=advice, earlier=sent.kept_before)


def _unknown(sent: SentInvoice, reason: str, what_to_do: str) -> Step:
    return Step(sent, reason, group=Group.UNKNOWN, what_to_do=what_to_do)
