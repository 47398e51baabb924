"""Misbehaviour on order: what a client meets when the network or Kantata has a bad day."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import Enum
from fnmatch import fnmatchcase

FIRST_STATUS, LAST_STATUS = 400, 599


class FaultKind(Enum):
    """What happens to a request.

    ``…_before``: the request never takes effect. ``…_after``: it takes effect first (the invoice exists).
    """

    STATUS_BEFORE = "status_before"
    """Answers ``status`` (default 503) in the documented error shape."""
    STATUS_AFTER = "status_after"
    DROP_BEFORE = "drop_before"
    """Closes the connection without a byte of answer."""
    DROP_AFTER = "drop_after"
    SLOW_BEFORE = "slow_before"
    """Waits ``seconds``, then carries on as usual."""
    SLOW_AFTER = "slow_after"
    HTML_BEFORE = "html_before"
    """An HTML page with ``status`` (default 502)."""
    HTML_AFTER = "html_after"
    """An HTML page with ``status`` (default 200)."""
    TRUNCATED_AFTER = "truncated_after"
    """A complete HTTP answer whose JSON stops half-way."""
    CUT_OFF_AFTER = "cut_off_after"
    """The connection closes half-way through the body that Content-Length promised."""
    ERRORS_200_BEFORE = "errors_200_before"
    """Status 200, body ``{"errors": [...]}``."""
    ERRORS_200_AFTER = "errors_200_after"
    EMPTY_200_BEFORE = "empty_200_before"
    """Status 200, no body."""
    EMPTY_200_AFTER = "empty_200_after"
    REDIRECT_BEFORE = "redirect_before"
    """302 to the list of the same route, which would look like a good answer to a client that follows."""
    REDIRECT_AFTER = "redirect_after"

    @property
    def after_commit(self) -> bool:
        """Whether the request takes effect before it goes wrong."""
        return self.value.endswith("_after")


@dataclass(frozen=True, slots=True)
class Fault:
    """One order to misbehave."""

    kind: FaultKind
    method: str = "POST"
    """HTTP method in capitals; ``*`` for any."""
    path: str = "/invoices"
    """Route below ``/api/v1`` without ``.json``; ``*`` matches anything (``/invoices/*/cancel``)."""
    after: int = 0
    """How many matching requests pass first, counted since the faults were set, hit by other faults or not."""
    times: int = 1
    """How many requests it hits, at least 1."""
    status: int | None = None
    """HTTP status for the kinds that answer one; 200 or 400 to 599."""
    retry_after: int | str | None = None
    """Retry-After header: seconds, or an HTTP date."""
    seconds: float = 0.0
    """How long to wait first, with any kind: before the commit for ``…_before``, after it for ``…_after``."""
    body: str | None = None
    """Replaces the body of STATUS, HTML and ERRORS answers."""

    def __post_init__(self) -> None:
        """Refuse an order that cannot be carried out."""
        if not isinstance(self.kind, FaultKind):
            msg = f"kind is not a FaultKind: {self.kind!r}"
            raise TypeError(msg)
        if self.after < 0 or self.times < 1 or self.seconds < 0:
            msg = f"after and seconds are at least 0, times at least 1: {self}"
            raise ValueError(msg)
        if self.status not in {None, 200} and not FIRST_STATUS <= int(self.status or 0) <= LAST_STATUS:
            msg = f"status is 200 or {FIRST_STATUS} to {LAST_STATUS}: {self.status}"
            raise ValueError(msg)

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is one that this fault is about."""
        return self.method in {"*", method} and fnmatchcase(path, self.path)

    def as_json(self) -> dict[str, object]:
        """Return the form that ``PUT /_sandbox/faults`` takes."""
        return {field.name: getattr(self, field.name) for field in fields(self)} | {"kind": self.kind.value}


_TYPES: dict[str, tuple[type, ...]] = {
    "method": (str,),
    "path": (str,),
    "body": (str,),
    "retry_after": (int, str),
    "after": (int,),
    "times": (int,),
    "status": (int,),
    "seconds": (int, float),
}
"""Types that the fields beside ``kind`` may have in JSON."""


def fault_from_json(raw: object) -> Fault:
    """Read one fault as `PUT /_sandbox/faults` takes it; ValueError says what is wrong."""
    if not isinstance(raw, dict):
        msg = f"a fault is a JSON object, not {raw!r}"
        raise ValueError(msg)  # noqa: TRY004 - wrong JSON is a wrong value
    given = {name: value for name, value in raw.items() if name != "kind" and value is not None}
    for name, value in given.items():
        _check_type(name, value)
    try:
        kind = FaultKind(raw.get("kind"))
    except ValueError:
        known = ", ".join(kind.value for kind in FaultKind)
        msg = f"unknown kind {raw.get('kind')!r}; known: {known}"
        raise ValueError(msg) from None
    return Fault(kind, **given)


def _check_type(name: str, value: object) -> None:
    if name not in _TYPES:
        msg = f"unknown field {name!r}; known: kind, {', '.join(sorted(_TYPES))}"
        raise ValueError(msg)
    if isinstance(value, bool) or not isinstance(value, _TYPES[name]):
        msg = f"{name} has the wrong type: {value!r}"
        raise ValueError(msg)  # noqa: TRY004 - wrong JSON is a wrong value


class FaultQueue:
    """The faults still to come; thread-safe."""

    def __init__(self) -> None:
        """Start without any."""
        self._lock = threading.Lock()
        self._pending: list[_Pending] = []

    def replace(self, faults: Iterable[Fault]) -> None:
        """Forget those pending; count from here."""
        pending = [_Pending(fault, fault.after, fault.times) for fault in faults]
        with self._lock:
            self._pending = pending

    def pending(self) -> list[Fault]:
        """Return the faults that have not hit as often as ordered."""
        with self._lock:
            return [entry.fault for entry in self._pending]

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that hits this request, if any; to be asked once per request, in the order of arrival."""
        hit: Fault | None = None
        with self._lock:
            for entry in self._pending:
                if not entry.fault.matches(method, path):
                    continue
                if entry.to_pass > 0:
                    entry.to_pass -= 1
                elif hit is None:
                    hit = entry.fault
                    entry.left -= 1
            self._pending = [entry for entry in self._pending if entry.left > 0]
        return hit


@dataclass(slots=True)
class _Pending:
    """A fault and its two counters."""

    fault: Fault
    to_pass: int
    left: int
