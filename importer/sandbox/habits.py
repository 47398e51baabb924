"""How an account behaves where Kantata documents nothing: what becomes of cents, what drafts hold, how lists lag."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from importer.sandbox.refusals import Complaint, invalid

if TYPE_CHECKING:
    from importer.sandbox.demands import Demand, Line

CENTS_IN_MAIN_UNIT = 100


class Cents(Enum):
    """What becomes of an amount with cents."""

    KEPT = "kept"
    CUT = "cut"
    """12.50 is stored as 12.00."""
    REFUSED = "refused"
    """422, as for an amount that is no integer."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How an account behaves; the defaults are what this stand-in decides."""

    cents: Cents = Cents.KEPT
    drafts_hold: bool = True
    """Whether what stands on a draft can be billed on no other invoice."""
    lag_seconds: float = 0.0
    """How long a new invoice is missing from lists; asked for alone by its id, it is shown at once."""

    def as_json(self) -> dict[str, object]:
        """Return the form that ``PUT /_sandbox/habits`` takes."""
        return asdict(self) | {"cents": self.cents.value}


def habits_from_json(raw: object) -> Habits:
    """Read habits as ``PUT /_sandbox/habits`` takes them, each of them optional; ValueError says what is wrong."""
    if not isinstance(raw, dict):
        msg = f"habits are a JSON object, not {raw!r}"
        raise ValueError(msg)  # noqa: TRY004 - wrong JSON is a wrong value
    unknown = raw.keys() - Habits.__slots__
    if unknown:
        msg = f"unknown habit {min(unknown)!r}; known: {', '.join(Habits.__slots__)}"
        raise ValueError(msg)

    habits = Habits(Cents(raw.get("cents", "kept")), raw.get("drafts_hold", True), raw.get("lag_seconds", 0.0))
    lag = habits.lag_seconds
    if not isinstance(habits.drafts_hold, bool) or not isinstance(lag, int | float) or isinstance(lag, bool):
        msg = f"drafts_hold is true or false, lag_seconds a number: {raw!r}"
        raise ValueError(msg)  # noqa: TRY004 - wrong JSON is a wrong value
    return habits


def with_cents(demand: Demand, cents: Cents) -> Demand:
    """The demand with its amounts as such an account takes them. Refused where it takes no cents."""
    complaints, lines = [], []
    for line in demand.lines:
        over = line.values["amount_in_cents"] % CENTS_IN_MAIN_UNIT
        if over and cents is Cents.REFUSED:
            complaints.append(Complaint(line.field, "amount must be an integer", line.index))
        lines.append(_cut(line, over) if over and cents is Cents.CUT else line)
    if complaints:
        raise invalid(complaints)
    return replace(demand, lines=tuple(lines))


def _cut(line: Line, over: int) -> Line:
    amount = line.values["amount_in_cents"]
    cut = amount - over if amount > 0 else amount - over + CENTS_IN_MAIN_UNIT
    return replace(line, values=dict(line.values) | {"amount_in_cents": cut})


class Behaviour:
    """The habits of one account at the moment, and how young its invoices are; thread-safe."""

    def __init__(self, habits: Habits) -> None:
        """Begin with these."""
        self._lock = threading.Lock()
        self._habits = habits
        self._created: dict[int, float] = {}

    @property
    def habits(self) -> Habits:
        """Those of the moment."""
        return self._habits

    def change(self, habits: Habits) -> None:
        """Behave otherwise from now on."""
        self._habits = habits

    def note(self, invoice_id: int) -> None:
        """An invoice was created just now."""
        with self._lock:
            self._created[invoice_id] = time.monotonic()

    def unlisted(self) -> list[int]:
        """The invoices that lists do not show yet."""
        with self._lock:
            return list(self._young(time.monotonic() - self._habits.lag_seconds))

    def _young(self, since: float) -> Iterator[int]:
        for invoice_id, created in self._created.items():
            if created > since:
                yield invoice_id
