"""What became of the invoices of a run after it: settled, undone, or sent again by a later run. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from importer.ledger.undoing import ASKED, BEGUN, DONE, KEPT, STILL_THERE, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_UNDO, _SETTLED = "undo: ", "settled"
_WORDS = {
    BEGUN: "its undo did not end",
    UNKNOWN: "undone or not is unknown",
    DONE: "undone",
    KEPT: "kept by an undo",
    STILL_THERE: "found not undone",
    ASKED: "to be undone, but in doubt",
    "settled: created": "found in Kantata",
    "settled: refused_for_now": "found absent",
    "settled by hand: created": "billed, as a person said",
    "settled by hand: refused_for_now": "not billed, as a person said",
}


@dataclass(slots=True)
class Sending:
    """How one run sent one invoice, and what happened to that invoice before another run sent it again."""

    last: Any
    """Row of the run's last attempt to send it."""
    later: list[Any] = field(default_factory=list)
    """Rows of what was found out of it or done with it afterwards, the oldest first."""
    again_in: str | None = None
    """The run that sent it next."""

    @property
    def invoice_id(self) -> str | None:
        """Id of the invoice that this run created, also when that was found out later."""
        return next((one.invoice_id for one in (self.last, *self.later) if one.invoice_id), None)

    @property
    def undo(self) -> str | None:
        """What came of the last undo of it; None when nobody tried."""
        tried = [one.outcome for one in self.later if one.outcome.startswith(_UNDO)]
        return tried[-1] if tried else None

    @property
    def since(self) -> tuple[str, ...]:
        """What happened after the run, in words for people."""
        settled = [_WORDS[one.outcome] for one in self.later if one.outcome.startswith(_SETTLED)]
        undone = [_WORDS[self.undo]] if self.undo else []
        again = [f"sent again in run {self.again_in}"] if self.again_in else []
        return (*settled, *undone, *again)


def sendings(attempts: Iterable[Any]) -> Iterator[Sending]:
    """Every sending of every invoice; ``attempts`` are rows of whole histories, the oldest first."""
    current: dict[str, Sending] = {}
    for row in attempts:
        known = current.get(row.reference)
        if (row.outcome or "").startswith((_UNDO, _SETTLED)):
            if known is not None:
                known.later.append(row)
        elif known is not None and known.last.run_id == row.run_id:
            known.last = row
        else:
            if known is not None:
                known.again_in = row.run_id
                yield known
            current[row.reference] = Sending(row)
    yield from current.values()
