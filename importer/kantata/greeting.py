"""The answer to “who am I?”, for ``doctor``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from importer.kantata.lenient import dict_of, list_of, moment_of, text_of

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Greeting:
    """Whose token it is, and how Kantata answered. None: it did not say."""

    name: str | None
    email: str | None
    seconds: float
    """From the request to the answer, connecting included."""
    date: datetime | None
    """Kantata's clock, with its zone."""


def greeting_in(answer: dict[str, Any], seconds: float, date: str | None) -> Greeting:
    """Read the answer of ``GET /users/me`` (kantata-api.md section 3)."""
    users = dict_of(answer.get("users"))
    ids = [text_of(dict_of(one).get("id")) for one in list_of(answer.get("results"))]
    user = dict_of(users.get(ids[0] or "")) if ids else {}
    return Greeting(text_of(user.get("full_name")), text_of(user.get("email_address")), seconds, moment_of(date))
