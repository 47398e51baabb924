"""Strict reading of JSON objects that clients send: every complaint is kept, not only the first."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from importer.sandbox.query import LARGEST_ID
from importer.sandbox.refusals import SYNTAX, Complaint, bad_request, malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_MAIN_UNITS = 10**13
"""Amounts stay below this, so that sums of cents fit into 64 bits."""


def json_object(body: bytes, name: str) -> dict[str, Any]:
    """Return the object under ``name`` in a JSON body, fractions as Decimal; Refused (400) when there is none."""
    try:
        document = json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise malformed(str(error) or "too deep") from None
    found = document.get(name) if isinstance(document, dict) else None
    if not isinstance(found, dict):
        raise bad_request(SYNTAX, f"The body must be a JSON object with an object {name!r}")
    return found


def _no_number(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python would take for JSON."""
    msg = f"unexpected token {name}"
    raise ValueError(msg)


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_ID


class Fields:
    """The fields of one object. Each reader returns None (or empty) for a missing, null or wrong value."""

    def __init__(
        self,
        raw: Mapping[str, Any],
        complaints: list[Complaint],
        *,
        within: str | None = None,
        index: int | None = None,
    ) -> None:
        """``within`` and ``index``: the list that holds the object and its place there, for complaints."""
        self._raw = raw
        self._complaints = complaints
        self._within = within
        self.index = index

    def has(self, name: str) -> bool:
        """Whether a value other than null was sent."""
        return self._raw.get(name) is not None

    def complain(self, name: str, message: str) -> None:
        """Note what is wrong with a field."""
        if self._within is None:
            self._complaints.append(Complaint(name, message))
        else:
            self._complaints.append(Complaint(self._within, f"{name} {message}", self.index))

    def whole(self, name: str, *, least: int = 1) -> int | None:
        """Read an integer; a boolean, a string and 1.0 are none."""
        value = self._raw.get(name)
        if value is None:
            return None
        if type(value) is not int:
            self.complain(name, "must be an integer")
        elif not least <= value <= LARGEST_ID:
            self.complain(name, f"must be at least {least}" if value < least else "is too large")
        else:
            return value
        return None

    def text(self, name: str) -> str | None:
        """Read a string."""
        value = self._raw.get(name)
        if value is None or isinstance(value, str):
            return value
        self.complain(name, "must be a string")
        return None

    def truth(self, name: str) -> bool | None:
        """Read a boolean; 0, 1 and "true" are none."""
        value = self._raw.get(name)
        if value is None or isinstance(value, bool):
            return value
        self.complain(name, "must be a boolean")
        return None

    def day(self, name: str) -> date | None:
        """Read a date written YYYY-MM-DD."""
        value = self._raw.get(name)
        if value is None:
            return None
        try:
            day = date.fromisoformat(value)
        except (TypeError, ValueError):
            day = None
        if day is None or day.isoformat() != value:
            self.complain(name, "must be a date, YYYY-MM-DD")
            return None
        return day

    def cents(self, name: str) -> int | None:
        """Read an amount in the main unit: a number with at most two decimals."""
        value = self._raw.get(name)
        if value is None:
            self.complain(name, "is required")
        elif isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.complain(name, "must be a number")
        elif not -MOST_MAIN_UNITS < value < MOST_MAIN_UNITS:
            self.complain(name, "is too large")
        elif value * 100 % 1 != 0:
            self.complain(name, "has more than two decimals")
        else:
            return int(value * 100)
        return None

    def ids(self, name: str) -> tuple[int, ...]:
        """Read a list of ids; the same id twice counts once."""
        value = self._raw.get(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.complain(name, "must be a list of integers")
            return ()
        for index, id_ in enumerate(value):
            if not _is_id(id_):
                self._complaints.append(
                    Complaint(name, f"{json.dumps(id_, default=str)} is not an id: ids are integers above 0", index),
                )
        return tuple(dict.fromkeys(id_ for id_ in value if _is_id(id_)))

    def objects(self, name: str) -> list[Fields]:
        """Read a list of objects."""
        value = self._raw.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.complain(name, "must be a list of objects")
            return []
        return [
            Fields(one, self._complaints, within=name, index=index)
            for index, one in enumerate(value)
            if self._is_object(name, one, index)
        ]

    def _is_object(self, name: str, value: object, index: int) -> bool:
        if not isinstance(value, dict):
            self._complaints.append(Complaint(name, "must be an object", index))
            return False
        return True
