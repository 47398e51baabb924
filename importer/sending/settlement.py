"""What became of an invoice that was in doubt: the verdict, why, and what a person does now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, assert_never

from importer.model.plans import Status

if TYPE_CHECKING:
    from importer.ledger.rows import Unsettled

SETTLED = ("in doubt still", "not billed", "not undone", "billed", "undone")
"""What may have become of an invoice, the most urgent first."""


class Verdict(Enum):
    """What is known of an invoice that was in doubt."""

    FOUND = "found"
    ABSENT = "absent"
    UNCLEAR = "unclear"
    TOO_EARLY = "too_early"


@dataclass(frozen=True, slots=True)
class Settlement:
    """The verdict about one invoice, and why."""

    doubt: Unsettled
    verdict: Verdict
    reason: str
    what_to_do: str | None = None
    invoice_id: str | None = None
    """Set exactly when the invoice was found."""
    by_hand: bool = False
    """Whether a person said so, where no answer of Kantata did."""

    @property
    def status(self) -> Status:
        """The status that follows."""
        match self.verdict:
            case Verdict.FOUND:
                return Status.CREATED
            case Verdict.ABSENT:
                return Status.READY
            case Verdict.UNCLEAR | Verdict.TOO_EARLY:
                return Status.IN_DOUBT
            case _:
                assert_never(self.verdict)

    @property
    def words(self) -> str:
        """What became of it, one of :data:`SETTLED`."""
        match self.verdict:
            case Verdict.FOUND:
                return "not undone" if self.doubt.being_undone else "billed"
            case Verdict.ABSENT:
                return "undone" if self.doubt.being_undone else "not billed"
            case Verdict.UNCLEAR | Verdict.TOO_EARLY:
                return "in doubt still"
            case _:
                assert_never(self.verdict)


def hidden_in(doubt: Unsettled, said: str, hidden: list[int]) -> Settlement:
    """Nothing is proved by what is ``said``: the finances of these projects are hidden."""
    which = ", ".join(str(one) for one in hidden)
    return unclear(doubt, f"{said}, but this token may not see the finances of project {which}.")


def found_as(doubt: Unsettled, invoice_id: str, reason: str) -> Settlement:
    """Kantata shows it."""
    return Settlement(doubt, Verdict.FOUND, reason, None, invoice_id)


def unclear(doubt: Unsettled, reason: str) -> Settlement:
    """No answer of Kantata tells; a person looks, and says what it is."""
    advice = (
        "It is not sent again unasked. Look at it in Kantata, then say what became of it: invoice-importer reconcile "
        f'--not-billed "{doubt.reference}", or --billed "{doubt.reference}={doubt.being_undone or "ID"}"'
    )
    if not doubt.being_undone:
        advice += " with the number at the end of the invoice's web address."
    return Settlement(doubt, Verdict.UNCLEAR, reason, advice)


def too_early(doubt: Unsettled, end: datetime) -> Settlement:
    """Nothing is certain before ``end``, UTC without offset."""
    local = end.replace(tzinfo=UTC).astimezone()
    what, advice = ("Undone", "reconcile") if doubt.being_undone else ("Sent", "reconcile or submit")
    reason = f"{what} so recently that nothing is certain before {local:%H:%M:%S}."
    return Settlement(doubt, Verdict.TOO_EARLY, reason, f"Run {advice} again after {local:%H:%M:%S}.")
