"""Until when a request may leave: an intent that is too old is not carried out.

A machine may sleep between the intent in the ledger and the request. Meanwhile others may have found out that nothing
was sent, and sent it themselves.
"""

from __future__ import annotations

import time

LATEST_SECONDS = 60.0
"""From the intent to the moment when the request leaves: less than the lease of a ledger and ``settle_seconds``."""


class Deadline:
    """The end of a span that begins now."""

    def __init__(self, seconds: float = LATEST_SECONDS) -> None:
        """Begin the span."""
        self._seconds = seconds
        self._began = (time.monotonic(), time.time())

    @property
    def passed(self) -> bool:
        """Whether it is too late by one of the clocks: one stands still while the machine sleeps, one may be set."""
        now = (time.monotonic(), time.time())
        return max(now[0] - self._began[0], now[1] - self._began[1]) > self._seconds


class TooLate(OSError):
    """The request did not leave, because its intent was too old by then."""
