"""Query parameters, read as leniently as Kantata does: what is unknown or misspelt is ignored without a word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from importer.sandbox.refusals import VALIDATION, bad_request

if TYPE_CHECKING:
    from collections.abc import Mapping

PER_PAGE, MOST_PER_PAGE = 20, 200
LARGEST_ID = 2**63 - 1


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
    """The parameters of one request."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        """Keep them."""
        self._parameters = parameters

    def text(self, name: str) -> str | None:
        """Return a value; None when missing or blank."""
        return self._parameters.get(name, "").strip() or None

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        return {"true": True, "1": True, "false": False, "0": False}.get((self.text(name) or "").lower(), default)

    def names(self, name: str) -> list[str]:
        """Return a comma list."""
        return [part.strip() for part in (self.text(name) or "").split(",") if part.strip()]

    def ids(self, name: str) -> list[int] | None:
        """Return a comma list of ids without whatever is none; None when the parameter is missing."""
        if self.text(name) is None:
            return None
        return [
            number
            for part in self.names(name)
            if part.isascii() and part.isdigit() and (number := int(part[:20])) <= LARGEST_ID
        ]

    def whole(self, name: str) -> int | None:
        """Return a whole number; 400 for anything else."""
        value = self.text(name)
        if value is None:
            return None
        if not (value.isascii() and value.isdigit()) or int(value[:20]) > LARGEST_ID:
            raise bad_request(VALIDATION, f"{name} must be an integer")
        return int(value)

    def moment(self, name: str) -> str | None:
        """Return a date or date-time as the store writes it (UTC, to the second); 400 for anything else."""
        value = self.text(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise bad_request(VALIDATION, f"{name} must be an ISO 8601 date or date-time") from None
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return moment.isoformat(timespec="seconds")

    def page(self) -> Page:
        """Return the part of the list: ``limit`` and ``offset``, else ``page`` and ``per_page``."""
        if self.text("limit") or self.text("offset"):
            return Page(self._size("limit"), self._positive("offset", 0))
        size = self._size("per_page")
        return Page(size, (max(1, self._positive("page", 1)) - 1) * size)

    def _size(self, name: str) -> int:
        return min(self._positive(name, PER_PAGE) or PER_PAGE, MOST_PER_PAGE)

    def _positive(self, name: str, default: int) -> int:
        value = self.text(name) or ""
        return min(int(value[:12]), 10**12) if value.isascii() and value.isdigit() else default
