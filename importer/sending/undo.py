"""Decide what undoing a run does with each of its invoices, from what the ledger and Kantata say. Pure.

Only what this run created, what nobody touched since, and what carries the
reference on record is deleted (a draft) or cancelled (an active invoice).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from importer.kantata.snapshot import updated_at_in
from importer.sending.tieout import changed_since, tie_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from importer.kantata.invoices import FoundInvoice
    from importer.ledger.rows import SentInvoice
    from importer.model.answers import Shown
    from importer.model.exit_codes import ExitCode

TOUCHED_AFTER = timedelta(minutes=5)
"""Kantata itself may write to an invoice shortly after its creation; a later change is somebody's.

Used only where the answer to the creation, and the last change it told, are not on record."""
NEW, PAID = "new", "accepted payment"
CREATED, UNDOING, UNDONE = "created", "undoing", "undone"
UNSETTLED = frozenset({"sending", "in_doubt"})


class Group(Enum):
    """What became of an invoice of the run."""

    UNDONE = "undone"
    KEPT = "kept"
    UNKNOWN = "unknown"


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


@dataclass(frozen=True)
class Undone:
    """What came of an undo, told whole."""

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

    @property
    def run_said(self) -> str:
        """Which run it is, so that nobody undoes another one."""
        return (
            f"run {self.run_id} of {self.started_at:%Y-%m-%d %H:%M}, batch {self.batch}, file {self.source}, "
            f"by {self.who}, at {self.account}"
        )

    @property
    def nothing_to_do(self) -> bool:
        """Whether earlier undos had done all there is to do."""
        return all(one.earlier for one in self.steps)

    def of(self, group: Group) -> tuple[Step, ...]:
        """The invoices of one group, in the order of the sheet."""
        return tuple(one for one in self.steps if one.group is group)

    def link_of(self, one: Step) -> str | None:
        """Web address of the invoice; None when it has no id or is gone."""
        invoice_id = one.sent.invoice_id
        return self.invoice_link.replace("{id}", invoice_id) if invoice_id and one.group is not Group.UNDONE else None


def to_look_up(sent: Iterable[SentInvoice]) -> list[SentInvoice]:
    """Those that may have to be undone, so that Kantata is asked for them."""
    return [one for one in sent if one.state in (CREATED, UNDOING) and one.invoice_id is not None]


def young_of(sent: Iterable[SentInvoice], now: datetime, settle_seconds: float) -> frozenset[str]:
    """Ids of invoices sent so lately that “absent” means nothing yet (docs/kantata.md section 6); ``now`` is UTC."""
    settled = now - timedelta(seconds=settle_seconds)
    return frozenset(one.invoice_id for one in sent if one.invoice_id and one.sent_at and one.sent_at > settled)


def decide(
    sent: Iterable[SentInvoice],
    shown: Mapping[str, FoundInvoice],
    visible: Iterable[int],
    young: frozenset[str] = frozenset(),
) -> tuple[Step, ...]:
    """Say of each invoice what is to be done; those that were never created are left out.

    ``shown``: what Kantata shows, by id. ``visible``: projects whose finances the token sees.
    ``young``: those of :func:`young_of`.
    """
    seen = frozenset(visible)
    states = {CREATED, UNDOING, UNDONE} | UNSETTLED
    return tuple(_decided(one, shown.get(one.invoice_id or ""), seen, young) for one in sent if one.state in states)


def _decided(one: SentInvoice, found: FoundInvoice | None, visible: frozenset[int], young: frozenset[str]) -> Step:
    if one.state == UNDONE:
        return Step(one, "Undone before.", group=Group.UNDONE, earlier=True)
    if one.state in UNSETTLED:
        return _unknown(
            one, "The answer to its creation is not known: it may exist.", "Run reconcile, then undo again."
        )
    if one.adopted:
        return _kept(one, "This run only found it in Kantata; it did not create it.")
    return absent(one, visible, young) if found is None else _live(one, found)


def _live(one: SentInvoice, found: FoundInvoice) -> Step:
    """An invoice that Kantata shows; only the one on record is touched."""
    if triple_of(one) not in found.triples:
        return _kept(one, "In Kantata it does not carry the reference that is on record.")
    if found.cancelled:
        return Step(one, "It was cancelled in Kantata.", group=Group.UNDONE)
    if others := sorted(set(found.triples) - {triple_of(one)}):
        return _kept(one, f"It carries a reference of another system too: {' '.join(others[0]).strip()}.")
    return _untouched(one, found)


def _untouched(one: SentInvoice, found: FoundInvoice) -> Step:
    """Delete or cancel a live invoice, unless anybody paid or changed it."""
    shown = found.read_back.shown
    if shown is None or shown.status is None:
        return _kept(one, "Kantata does not show its status.")
    if shown.status == PAID:
        return _kept(one, "It is paid.")
    if shown.status != NEW:
        return _kept(one, f"Its status in Kantata is “{shown.status}”.")
    if why := _changed(one, shown):
        return _kept(one, why)
    draft = shown.header.get("draft")
    if not isinstance(draft, bool):
        return _kept(one, "Kantata does not show whether it is a draft.")
    action = Action.DELETE if draft else Action.CANCEL
    return Step(one, "A draft: to be deleted." if draft else "An active invoice: to be cancelled.", action)


def _changed(one: SentInvoice, shown: Shown) -> str | None:
    """Say what was changed since it was created; None when nothing was.

    It is compared with what Kantata showed at its creation, so that one which
    Kantata itself made otherwise can be undone too; where that is not on record,
    with what was sent.
    """
    if one.shown_print is not None and (parts := changed_since(one.shown_print, shown)):
        return f"It was changed in Kantata: {'; '.join(parts)}."
    if why := _touched(shown, None if one.shown_print is None else updated_at_in(one.shown_print)):
        return why
    if one.shown_print is not None:
        return None
    result = tie_out(one.payload, shown)
    if result.differences:
        texts = [f"{each.what}: was {each.sent}, is {each.held}" for each in result.differences[:3]]
        return f"It was changed in Kantata: {'; '.join(texts)}."
    if result.unread:
        return f"It could not be compared with what was sent: {', '.join(result.unread)}."
    return None


def _touched(shown: Shown, known: str | None) -> str | None:
    """Say that somebody wrote to it since; ``known`` is the last change that its creation's answer told, if any."""
    created, updated = _moment(shown.created_at), _moment(shown.updated_at)
    if known is None:
        touched = created is not None and updated is not None and updated - created > TOUCHED_AFTER
    elif shown.updated_at is None:
        return "Kantata does not show when it was last changed."
    else:
        touched = shown.updated_at != known and (updated is None or updated != _moment(known))
    if not touched:
        return None
    when = f" on {updated:%Y-%m-%d at %H:%M} UTC" if updated else ""
    return f"It was changed in Kantata{when}, after its creation."


def _moment(text: str | None) -> datetime | None:
    """Read a date-time with its offset as UTC; None for what is none."""
    try:
        moment = datetime.fromisoformat(text or "")
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def triple_of(one: SentInvoice) -> tuple[str, str, str]:
    """The external reference that was sent with the invoice."""
    reference = one.payload["invoice"]["external_reference"]
    return (reference["service_name"], reference["service_model"], reference["service_model_ref"])


def absent(one: SentInvoice, visible: Iterable[int], young: frozenset[str]) -> Step:
    """An invoice that Kantata does not show: gone, where the finances of all its projects can be seen."""
    if one.invoice_id in young:
        return _unknown(one, "Kantata does not show it, but it was sent too lately for that to mean anything.", AGAIN)
    hidden = sorted(set(one.workspace_ids) - set(visible))
    if not hidden:
        return Step(one, "It is not in Kantata any more.", group=Group.UNDONE)
    which = ", ".join(str(number) for number in hidden)
    return _unknown(
        one,
        f"Kantata does not show it, but this token may not see the finances of project {which}.",
        "Ask for financial permission there, then undo again.",
    )


def after_unknown(
    step: Step, found: FoundInvoice | None, visible: Iterable[int], young: frozenset[str], said: str
) -> Step:
    """What follows when the answer to a request was lost and the invoice was looked up after it."""
    if found is None:
        looked = absent(step.sent, visible, young)
        return replace(looked, reason=f"{said} Looked up after it: {looked.reason}")
    if found.cancelled:
        return Step(step.sent, f"{said} Looked up after it: it is cancelled.", group=Group.UNDONE)
    return _unknown(step.sent, f"{said} It is still there, but the request may yet take effect.", AGAIN)


AGAIN = "Run undo again in a few minutes: it looks the invoice up first."


def _kept(one: SentInvoice, reason: str) -> Step:
    advice = "If it is to go, delete or cancel it in Kantata."
    return Step(one, reason, group=Group.KEPT, what_to_do=advice, earlier=one.kept_before)


def _unknown(one: SentInvoice, reason: str, what_to_do: str) -> Step:
    return Step(one, reason, group=Group.UNKNOWN, what_to_do=what_to_do)
