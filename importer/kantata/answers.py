"""What Kantata's answers to a request that changes something mean. Pure: status, body and headers in, outcome out.

Every answer is classified here, once, as docs/kantata.md section 4 says. Whatever is not documented as a refusal is
unknown: the request is not repeated.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from http import HTTPStatus
from math import isfinite

from importer.kantata.invoices import read_back_of
from importer.kantata.lenient import dict_of, is_id, json_object, list_of, moment_of, text_of
from importer.kantata.snapshot import snapshot_of
from importer.model.answers import Outcome, OutcomeKind

REFUSED = frozenset({400, 403, 404, 422})
"""Answers that mean: this invoice was not created."""
REMOVAL_REFUSED = REFUSED - {404}
"""Answers that mean: the invoice stays as it is. 404 is looked up: gone, or not to be seen."""
LONGEST_SAID = 300
"""Characters of an error that no field names, as shown to a person."""
LONGEST_ERRORS = 2_000
"""Characters of all errors of an answer that are kept and shown."""
LONGEST_REQUEST_ID = 200
LONGEST_RAW = 20_000
"""Characters of an error body that are kept."""
NOT_EXPLAINED = "an error that it does not explain"


def classify(status: int, body: str, headers: dict[str, str]) -> Outcome:
    """Say what an HTTP answer to ``POST /invoices`` means."""
    folded = {name.lower(): value for name, value in headers.items()}
    request_id = folded.get("x-request-id", "")[:LONGEST_REQUEST_ID] or None
    raw = body[:LONGEST_RAW]

    match status:
        case HTTPStatus.OK:
            return _created(body, status, request_id)
        case HTTPStatus.TOO_MANY_REQUESTS:
            wait = seconds_of(folded.get("retry-after"))
            return Outcome(OutcomeKind.REFUSED_FOR_NOW, _throttled(body), status, request_id, raw, retry_after=wait)
        case HTTPStatus.UNAUTHORIZED:
            return Outcome(OutcomeKind.TOKEN_REFUSED, _token_refused(body), status, request_id, raw)
        case _ if status in REFUSED:
            return Outcome(OutcomeKind.REJECTED, _refused(status, body), status, request_id, raw)
        case _:
            return Outcome(OutcomeKind.UNKNOWN, _unexpected(status, body), status, request_id, raw)


def _created(body: str, status: int, request_id: str | None) -> Outcome:
    """Take an answer for a created invoice only if it shows exactly one."""
    answer = json_object(body) or {}
    invoice_id = _the_one_invoice(answer)
    if invoice_id is None:
        message = f"Kantata answered {status}, but without one created invoice in it: {error_text(body)}"
        return Outcome(OutcomeKind.UNKNOWN, message, status, request_id, body[:LONGEST_RAW])

    read_back = read_back_of(answer["invoices"][invoice_id], answer)
    snapshot = None if read_back.shown is None else snapshot_of(read_back.shown)
    return Outcome(
        OutcomeKind.CREATED,
        "",
        status,
        request_id,
        invoice_id=invoice_id,
        read_back=read_back,
        snapshot=snapshot,
    )


def _the_one_invoice(answer: dict[str, object]) -> str | None:
    """Id of the only invoice that an answer without errors names and holds."""
    if answer.get("errors") or not isinstance(answer.get("results"), list):
        return None
    ids = []
    for result in map(dict_of, list_of(answer["results"])):
        if result.get("key") == "invoices":
            ids.append(text_of(result.get("id")) or "")

    if len(ids) != 1 or not is_id(ids[0]):
        return None
    return ids[0] if isinstance(dict_of(answer.get("invoices")).get(ids[0]), dict) else None


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
    not_found: bool = False
    """Whether Kantata knows none of this id, or does not let this user see it."""


def classify_removal(method: str, status: int, body: str, headers: dict[str, str], invoice_id: str) -> Removal:
    """Say what an HTTP answer to a removal means (docs/kantata.md section 3).

    204 deletes; 200 with the cancelled invoice cancels.
    """
    match status:
        case HTTPStatus.NO_CONTENT if method == "DELETE":
            return Removal(RemovalKind.DONE)
        case HTTPStatus.OK if _shows_cancelled(body, invoice_id):
            return Removal(RemovalKind.DONE)
        case HTTPStatus.TOO_MANY_REQUESTS:
            folded = {name.lower(): value for name, value in headers.items()}
            wait = seconds_of(folded.get("retry-after"))
            return Removal(RemovalKind.REFUSED_FOR_NOW, _throttled(body), throttled=True, retry_after=wait)
        case HTTPStatus.UNAUTHORIZED:
            return Removal(RemovalKind.TOKEN_REFUSED, _token_refused(body))
        case _ if status in REMOVAL_REFUSED:
            return Removal(RemovalKind.REFUSED, _refused(status, body))
        case _:
            not_found = status == HTTPStatus.NOT_FOUND
            return Removal(RemovalKind.UNKNOWN, _unexpected(status, body), not_found=not_found)


def _shows_cancelled(body: str, invoice_id: str) -> bool:
    answer = json_object(body) or {}
    record = dict_of(dict_of(answer.get("invoices")).get(invoice_id))
    return not answer.get("errors") and record.get("status") == "cancelled"


def _throttled(body: str) -> str:
    return f"Kantata throttles: {error_text(body) or 'too many requests'}"


def _token_refused(body: str) -> str:
    return error_text(body) or "Kantata refuses the token."


def _refused(status: int, body: str) -> str:
    return error_text(body) or f"Kantata refused it (HTTP {status})."


def _unexpected(status: int, body: str) -> str:
    return f"Kantata answered HTTP {status}: {error_text(body)}".rstrip(": ")


def error_text(body: str) -> str:
    """Kantata's own words out of an error body: errors[] → error_message → error → raw text; of many, the first."""
    answer = json_object(body)
    if answer is None:
        return _in_short(" ".join(body.split()), LONGEST_SAID)

    errors = answer.get("errors")
    if isinstance(errors, list) and errors:
        return _in_short("; ".join(map(_error, errors)), LONGEST_ERRORS)
    for name in ("error_message", "error"):
        words = text_of(answer.get(name))
        if words:
            return _in_short(words, LONGEST_ERRORS)
    return body.strip()[:LONGEST_SAID]


def _in_short(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[:most]}…"


def _error(error: object) -> str:
    if not isinstance(error, dict):
        return text_of(error) or NOT_EXPLAINED
    field = text_of(error.get("field"))
    message = text_of(error.get("message")) or text_of(error.get("type")) or NOT_EXPLAINED
    return f"{field}: {message}" if field and field != "base" else message


def seconds_of(text: str | None) -> float | None:
    """Read Retry-After: seconds, or an HTTP date."""
    if not text:
        return None
    with suppress(ValueError):
        seconds = float(text)
        return max(0.0, seconds) if isfinite(seconds) else None
    moment = moment_of(text)
    return None if moment is None else max(0.0, (moment - datetime.now(UTC)).total_seconds())
