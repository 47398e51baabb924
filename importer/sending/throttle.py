"""The throttle that all sending threads pass: one pace, one wait after a refusal, one stop."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importer.kantata.backoff import Pace, RetryBudget
    from importer.model.exit_codes import ExitCode


class BrokenOff(BaseException):
    """A signal broke in, where nothing was being sent. As KeyboardInterrupt, it is no error that is taken care of."""


@dataclass(slots=True)
class Stop:
    """A request to stop, from a signal or because going on makes no sense; waits end when it comes."""

    event: threading.Event = field(default_factory=threading.Event)
    exit_code: ExitCode | None = None
    """Set exactly when a signal asked."""
    breaks_in: bool = False
    """Whether a signal need not wait: nothing is being sent."""

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Let a signal break in by BrokenOff while nothing is being sent. Raises it when one has come before."""
        self.breaks_in = True
        try:
            if self.exit_code is not None:
                raise BrokenOff
            yield
        finally:
            self.breaks_in = False

    def __call__(self, exit_code: ExitCode) -> None:
        """Ask the run to stop after the requests under way."""
        self.exit_code = exit_code
        self.event.set()

    @property
    def asked(self) -> bool:
        """Whether the run is to stop."""
        return self.event.is_set()

    def wait(self, seconds: float) -> None:
        """Sleep, but wake up when the run is to stop."""
        self.event.wait(seconds)


class Throttle:
    """Lets requests begin no faster than the pace, and none while Kantata asks to wait. Thread-safe."""

    def __init__(
        self, pace: Pace, budget: RetryBudget, stop: Stop, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``clock`` gives monotonic seconds."""
        self._lock = threading.Lock()
        self._pace, self._budget = pace, budget
        self._stop, self._clock = stop, clock
        self._next_start = 0.0
        self._closed_until = 0.0

    def enter(self) -> bool:
        """Wait for the next free moment; False when the run is to stop instead."""
        while not self._stop.asked:
            with self._lock:
                now = self._clock()
                wait = max(self._next_start, self._closed_until) - now
                if wait <= 0:
                    self._next_start = now + self._pace.seconds_between
                    return True
            self._stop.wait(wait)
        return False

    def refused(self, retry_after: float | None, *, throttled: bool) -> bool:
        """Let nothing begin for a while after a refusal; False when the time for waiting is used up.

        Refusals that come while it is closed already belong to the same wait;
        they lengthen it when the server asks for more. ``retry_after`` is what
        it asked for, seconds.
        """
        with self._lock:
            now = self._clock()
            if now < self._closed_until:
                return self._held_longer(now + (retry_after or 0.0) - self._closed_until)
            seconds = self._budget.wait(retry_after, random.random())  # noqa: S311 - jitter, no secret
            if seconds is None:
                return False
            self._budget = self._budget.after_wait(seconds)
            self._closed_until = now + seconds
            if throttled:
                self._pace = self._pace.after_throttling()
            return True

    def _held_longer(self, seconds: float) -> bool:
        if seconds > self._budget.left_seconds:
            return False
        if seconds > 0:
            self._budget = replace(self._budget, left_seconds=self._budget.left_seconds - seconds)
            self._closed_until += seconds
        return True

    def succeeded(self) -> None:
        """Recover a little of the pace, and count refusals from the start."""
        with self._lock:
            self._pace, self._budget = self._pace.after_success(), self._budget.after_success()
