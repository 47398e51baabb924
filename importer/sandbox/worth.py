"""What time is worth."""

from __future__ import annotations

MINUTES_PER_HOUR = 60


def time_in_cents(rate_in_cents: int, minutes: int) -> int:
    """Return hourly rate times time, rounded half up to the cent."""
    return (2 * rate_in_cents * minutes + MINUTES_PER_HOUR) // (2 * MINUTES_PER_HOUR)
