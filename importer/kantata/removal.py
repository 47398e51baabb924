"""What Kantata's answers to deleting and cancelling mean. Pure. What is not sure is looked up, never assumed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

from importer.kantata.answers import error_text, seconds_of
from importer.kantata.lenient import dict_of, json_object

REFUSED = frozenset({400, 403, 422})
"""Answers that mean: the invoice stays as it is. 404 is looked up: gone, or not to be seen."""


class RemovalKind(Enum):
    """What a request to delete or cancel led to, as far as can be known."""

    DONE = "done"
    REFUSED = "refused"
    """Kantata refuses it; the invoice is as it was."""
    REFUSED_FOR_NOW = "refused_for_now"
    """Throttled, or never connected; the invoice is as it was."""
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - the name of an outcome
    UNKNOWN = "unknown"
    """It may have been done or not: look it up."""


@dataclass(frozen=True, slots=True)
class Removal:
    """The answer to one request to delete or cancel, classified."""

    kind: RemovalKind
    message: str = ""
    """Kantata's own words, or what happened on the way."""
    throttled: bool = False
    retry_after: float | None = None
    """Seconds that the server asked to wait."""


def classify_removal(method: str, status: int, body: str, headers: dict[str, str], invoice_id: str) -> Removal:
    """Say what an HTTP answer means: 204 deletes, 200 with the cancelled invoice cancels (kantata-api.md section 3)."""
    said = error_text(body)
    if status == HTTPStatus.NO_CONTENT and method == "DELETE":
        return Removal(RemovalKind.DONE)
    if status == HTTPStatus.OK and _shows_cancelled(body, invoice_id):
        return Removal(RemovalKind.DONE)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = seconds_of({name.lower(): value for name, value in headers.items()}.get("retry-after"))
        words = f"Kantata throttles: {said or 'too many requests'}"
        return Removal(RemovalKind.REFUSED_FOR_NOW, words, throttled=True, retry_after=wait)
    if status == HTTPStatus.UNAUTHORIZED:
        return Removal(RemovalKind.TOKEN_REFUSED, said or "Kantata refuses the token.")
    if status in REFUSED:
        return Removal(RemovalKind.REFUSED, said or f"Kantata refused it (HTTP {status}).")
    return Removal(RemovalKind.UNKNOWN, f"Kantata answered HTTP {status}: {said}".rstrip(": "))


def _shows_cancelled(body: str, invoice_id: str) -> bool:
    answer = json_object(body) or {}
    record = dict_of(dict_of(answer.get("invoices")).get(invoice_id))
    return not answer.get("errors") and record.get("status") == "cancelled"
