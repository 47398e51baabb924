"""How fast to send, how long to wait before a refused request is sent again, when to give up. Pure."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0
JITTER = 0.25
"""Share of a wait that chance may add, so that several machines do not return together."""


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """Waiting that a run may still do; shared by all its invoices."""

    left_seconds: float
    refusals: int = 0
    """Refusals in a row, counted from the last success."""

    def wait(self, retry_after: float | None, chance: float) -> float | None:
        """Seconds to wait now; None when the budget does not reach that far.

        ``retry_after`` is what the server asked for, ``chance`` a random number
        from 0 to 1.
        """
        backoff: float = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** min(self.refusals, 10))
        seconds = max(backoff * (1 + JITTER * chance), retry_after or 0.0)
        return seconds if seconds <= self.left_seconds else None

    def after_wait(self, seconds: float) -> RetryBudget:
        """The budget once ``seconds`` were waited."""
        return RetryBudget(self.left_seconds - seconds, self.refusals + 1)

    def after_success(self) -> RetryBudget:
        """The budget once a request got through."""
        return RetryBudget(self.left_seconds)


SLOWEST_PER_SECOND = 0.1
RECOVERY_STEP = 0.05
"""Share of the configured pace that each success gives back after throttling."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many requests may begin per second."""

    configured_per_second: float
    per_second: float

    @classmethod
    def of(cls, per_second: float) -> Pace:
        """Begin at the configured pace."""
        return cls(per_second, per_second)

    @property
    def seconds_between(self) -> float:
        """Shortest time from the beginning of one request to that of the next."""
        return 1 / self.per_second

    def after_throttling(self) -> Pace:
        """Half as fast."""
        slowest = min(SLOWEST_PER_SECOND, self.configured_per_second)
        return Pace(self.configured_per_second, max(self.per_second / 2, slowest))

    def after_success(self) -> Pace:
        """A little faster again, up to the configured pace."""
        faster = self.per_second + RECOVERY_STEP * self.configured_per_second
        return Pace(self.configured_per_second, min(self.configured_per_second, faster))
