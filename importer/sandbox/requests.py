"""What clients send: query parameters, read as leniently as Kantata reads them, and JSON bodies, read strictly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NoReturn, assert_never

from importer.sandbox.fields import Field, Value
from importer.sandbox.refusals import SYNTAX, VALIDATION, Complaint, bad_request, malformed

PER_PAGE, MOST_PER_PAGE = 20, 200
LARGEST_ID = 2**63 - 1
LARGEST_OFFSET = 10**12
MOST_MAIN_UNITS = 10**13
"""Amounts stay below this, so that sums of cents fit into 64 bits."""
FLAGS = {"true": True, "1": True, "false": False, "0": False}


# --- query parameters ---


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for."""

    size: int
    offset: int

    @property
    def number(self) -> int:
        """Page number, from 1."""
        return self.offset // self.size + 1

    def count(self, records: int) -> int:
        """Return how many pages hold so many records; an empty list has one."""
        return max(1, -(-records // self.size))


class Query:
    """The query parameters of one request; what is unknown or misspelt is ignored, as Kantata does."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        """Keep them."""
        self._parameters = parameters

    def text(self, name: str) -> str | None:
        """Return a value; None when missing or blank."""
        return self._parameters.get(name, "").strip() or None

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        return FLAGS.get((self.text(name) or "").lower(), default)

    def names(self, name: str) -> list[str]:
        """Return a comma list."""
        parts = (self.text(name) or "").split(",")
        return [part.strip() for part in parts if part.strip()]

    def ids(self, name: str) -> list[int] | None:
        """Return the ids of a comma list, leaving out what is none; None when the parameter is missing."""
        if self.text(name) is None:
            return None
        numbers = map(_whole_of, self.names(name))
        return [number for number in numbers if number is not None]

    def whole(self, name: str) -> int | None:
        """Return a whole number; 400 for anything else."""
        value = self.text(name)
        if value is None:
            return None
        number = _whole_of(value)
        if number is None:
            raise bad_request(VALIDATION, f"{name} must be an integer")
        return number

    def moment(self, name: str) -> str | None:
        """Return a date or date-time as the store writes it (UTC, to the second); 400 for anything else."""
        value = self.text(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise bad_request(VALIDATION, f"{name} must be an ISO 8601 date or date-time") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="seconds")

    def days(self, name: str) -> tuple[str, str] | None:
        """Return two days of ``A:B``; 400 for anything else."""
        value = self.text(name)
        if value is None:
            return None
        first, colon, last = value.partition(":")
        if not (colon and _is_day(first) and _is_day(last)):
            raise bad_request(VALIDATION, f"{name} must be two dates with a colon between them")
        return first, last

    def page(self) -> Page:
        """Return the part of the list: ``limit`` and ``offset``, else ``page`` and ``per_page``."""
        if self.text("limit") or self.text("offset"):
            return Page(self._size("limit"), self._number("offset", 0))
        size = self._size("per_page")
        return Page(size, (max(1, self._number("page", 1)) - 1) * size)

    def _size(self, name: str) -> int:
        return min(self._number(name, PER_PAGE) or PER_PAGE, MOST_PER_PAGE)

    def _number(self, name: str, default: int) -> int:
        value = self.text(name) or ""
        if not (value.isascii() and value.isdigit()):
            return default
        return min(int(value[:12]), LARGEST_OFFSET)


def _whole_of(text: str) -> int | None:
    """Return the whole number that a text is; None when it is none, or one that the store cannot hold."""
    digits = text.lstrip("0") or "0"
    if not (text.isascii() and text.isdigit()) or len(digits) > len(str(LARGEST_ID)):
        return None
    number = int(digits)
    if number > LARGEST_ID:
        return None
    return number


# --- JSON bodies ---


def json_object(body: bytes, name: str) -> dict[str, Any]:
    """Return the object under ``name`` in a JSON body, fractions as Decimal; Refused (400) when there is none."""
    try:
        document = json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise malformed(str(error) or "too deep") from None

    if not isinstance(document, dict) or not isinstance(document.get(name), dict):
        raise bad_request(SYNTAX, f"The body must be a JSON object with an object {name!r}")
    found: dict[str, Any] = document[name]
    return found


def _no_number(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python would take for JSON."""
    msg = f"unexpected token {name}"
    raise ValueError(msg)


class Body:
    """One JSON object of a request; every complaint about it is kept, not only the first."""

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

    def read(self, field: Field) -> Any:  # noqa: ANN401 - its type depends on the field
        """Return the value of a field, amounts in cents; its default when it is missing, null or wrong."""
        value = self._raw.get(field.name)
        if value is None:
            if field.required:
                self.complain(field.name, "is required")
            return field.default

        fault = _fault_of(field, value)
        if fault is not None:
            self.complain(field.name, fault)
            return field.default
        if field.value is Value.CENTS:
            return int(value * 100)
        return value

    def ids(self, name: str) -> tuple[int, ...]:
        """Read a list of ids; the same id twice counts once."""
        found: dict[int, None] = {}
        for index, id_ in enumerate(self._list(name, "integers")):
            if _is_id(id_):
                found[id_] = None
            else:
                shown = json.dumps(id_, default=str)
                self._complaints.append(Complaint(name, f"{shown} is not an id: ids are integers above 0", index))
        return tuple(found)

    def objects(self, name: str) -> list[Body]:
        """Read a list of objects."""
        found = []
        for index, item in enumerate(self._list(name, "objects")):
            if isinstance(item, dict):
                found.append(Body(item, self._complaints, within=name, index=index))
            else:
                self._complaints.append(Complaint(name, "must be an object", index))
        return found

    def object(self, name: str) -> Body | None:
        """Read an object; None when it is missing, null or none."""
        value = self._raw.get(name)
        if isinstance(value, dict):
            return Body(value, self._complaints, within=name)
        if value is not None:
            self.complain(name, "must be an object")
        return None

    def _list(self, name: str, of_what: str) -> list[Any]:
        value = self._raw.get(name)
        if isinstance(value, list):
            return value
        if value is not None:
            self.complain(name, f"must be a list of {of_what}")
        return []


def _fault_of(field: Field, value: object) -> str | None:
    """Say what is wrong with a value; None when it is right."""
    match field.value:
        case Value.TEXT:
            return _fault_of_text(field, value)
        case Value.WHOLE | Value.ID:
            return _fault_of_whole(field, value)
        case Value.TRUTH:
            return None if isinstance(value, bool) else "must be a boolean"
        case Value.DAY:
            return None if _is_day(value) else "must be a date, YYYY-MM-DD"
        case Value.CENTS:
            return _fault_of_amount(value)
        case _:
            assert_never(field.value)


def _fault_of_text(field: Field, value: object) -> str | None:
    if not isinstance(value, str):
        return "must be a string"
    if field.required and not value:
        return "is required"
    if field.choices and value not in field.choices:
        return f"must be one of {', '.join(field.choices)}"
    return None


def _fault_of_whole(field: Field, value: object) -> str | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return "must be an integer"
    if value < field.least:
        return f"must be at least {field.least}"
    if value > LARGEST_ID:
        return "is too large"
    return None


def _fault_of_amount(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return "must be a number"
    if not -MOST_MAIN_UNITS < value < MOST_MAIN_UNITS:
        return "is too large"
    if value * 100 % 1 != 0:
        return "has more than two decimals"
    return None


def _is_day(value: object) -> bool:
    """Whether a value is a date in this one form; Python reads others, such as 20261031, too."""
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_ID
