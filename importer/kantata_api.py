"""The Kantata OX API; the only file that imports requests.

Every outcome of ``POST /invoices`` is classified here, once, as kantata-api.md
section 4 says. Nothing here sends a request twice: that is decided by the caller.
"""

from __future__ import annotations

import io
import json
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter

from importer import __version__
from importer.errors import AccessDenied, NotReached
from importer.payload import to_json
from importer.records import Outcome, OutcomeKind, ReadBack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

INCLUDES = (
    "additional_items", "billing_milestones", "expenses", "external_references", "fixed_fee_items",
    "recipient", "time_entries", "user", "workspaces",
)  # fmt: skip
REFUSED = frozenset({400, 403, 404, 422})
"""Answers that mean: this invoice was not created."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PAGE_SIZE = 200
MOST_IDS_PER_CALL = 200
LONGEST_SAID = 300
"""Characters of an error that no field names, as shown to a person."""
LONGEST_RAW = 20_000
"""Characters of an error body that are kept."""


@dataclass(frozen=True, slots=True)
class FoundInvoice:
    """A live invoice that carries a reference of ours."""

    invoice_id: str
    triple: tuple[str, str, str]
    """service_name, service_model, service_model_ref."""


class _Bearer(requests.auth.AuthBase):
    """Sets the token last, so that no .netrc entry of the user can replace it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def __repr__(self) -> str:
        return "_Bearer(…)"


class _Body(io.BytesIO):
    """The body of a request; knows whether any of it was handed to the network.

    It is read only once the connection stands (TLS and proxy included) and the
    headers are out, so a body that nobody read belongs to no invoice.
    """

    taken = False

    def read(self, size: int | None = -1, /) -> bytes:
        """Give the next bytes, and remember that they left."""
        self.taken = True
        return super().read(size)


class KantataApi:
    """One account of Kantata, reached over one HTTP session."""

    def __init__(self, base_url: str, token: str, *, connect_timeout: float, read_timeout: float) -> None:
        """``base_url`` as in the settings; time-outs in seconds. Opens no connection yet."""
        self._base_url = base_url.rstrip("/")
        self._timeout = (connect_timeout, read_timeout)
        self._token, self._host = token, urlsplit(base_url).netloc
        self._session = requests.Session()
        self._session.auth = _Bearer(token)
        self._session.headers.update({"Accept": "application/json", "User-Agent": f"invoice-importer/{__version__}"})
        self._session.mount("http://", HTTPAdapter(max_retries=0))
        self._session.mount("https://", HTTPAdapter(max_retries=0))
        # A proxy of the environment has no business between us and our own machine.
        self._session.trust_env = urlsplit(base_url).hostname not in LOOPBACK

    def create_invoice(self, payload: dict[str, Any]) -> Outcome:
        """Send one invoice and classify what came of it; never raises for what the network does."""
        body = _Body(to_json(payload).encode())
        try:
            response = self._session.post(
                f"{self._base_url}/invoices",
                params={"include": ",".join(INCLUDES)},
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=self._timeout,
                allow_redirects=False,
            )
        except Exception as error:  # noqa: BLE001 - once the body has left, any failure leaves the outcome open
            said = self._without_token(_said(error))
            if not body.taken:
                return Outcome(OutcomeKind.REFUSED_FOR_NOW, f"Kantata could not be reached at {self._host}: {said}")
            return Outcome(
                OutcomeKind.UNKNOWN,
                f"The connection ended before Kantata's answer arrived ({said}).",
                raw=said,
            )
        outcome = classify(response.status_code, _text_of(response), dict(response.headers))
        return replace(
            outcome,
            message=self._without_token(outcome.message),
            raw=self._without_token(outcome.raw),
            request_id=outcome.request_id and self._without_token(outcome.request_id),
        )

    def find_by_references(self, refs: Sequence[tuple[str, str, str]]) -> Iterator[FoundInvoice]:
        """Yield the live invoices that carry one of the references (kantata-api.md sections 3 and 6).

        Filters may be ignored by the server, so every record is checked again
        here. Raises NotReached or AccessDenied.
        """
        wanted = set(refs)
        services = sorted({ref[:2] for ref in refs})
        for service_name, service_model in services:
            values = [ref[2] for ref in refs if ref[:2] == (service_name, service_model)]
            for start in range(0, len(values), MOST_IDS_PER_CALL):
                query = {
                    "external_reference_service_name": service_name,
                    "external_reference_service_model": service_model,
                    "external_reference_service_model_refs": ",".join(values[start : start + MOST_IDS_PER_CALL]),
                    "include": "external_references",
                }
                for page in self._pages("invoices", query):
                    yield from (found for found in _references_in(page) if found.triple in wanted)

    def _pages(self, route: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        page, pages = 1, 1
        while page <= pages:
            answer = self._get(route, {**query, "per_page": str(PAGE_SIZE), "page": str(page)})
            yield answer
            meta = answer.get("meta")
            pages = int(meta.get("page_count") or 1) if isinstance(meta, dict) else 1
            page += 1

    def _get(self, route: str, query: dict[str, str]) -> dict[str, Any]:
        try:
            response = self._session.get(
                f"{self._base_url}/{route}",
                params=query,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except (requests.RequestException, ValueError) as error:  # ValueError: a Location that is no address
            msg = f"Kantata could not be asked at {self._host}: {self._without_token(_said(error))}"
            raise NotReached(msg, "Check the network, then run again; nothing was sent.") from None
        status, body = response.status_code, _text_of(response)
        said = self._without_token(error_text(body))
        if status in (401, 403):
            raise AccessDenied(
                f"Kantata refuses access ({status}): {said}",
                "Check that KANTATA_TOKEN is current and may see invoices.",
            )
        answer = _json_object(body)
        if status != requests.codes.ok or answer is None or answer.get("errors"):
            msg = f"Kantata did not answer a look-up as expected (HTTP {status}): {said}"
            raise NotReached(msg, "Nothing was sent; run again later.")
        return answer

    def _without_token(self, text: str) -> str:
        """A server or proxy may repeat the request in its answer; the token must not get into reports or the ledger."""
        in_json = json.dumps(self._token)[1:-1]
        for written in (self._token, in_json, in_json.replace("/", "\\/"), quote(self._token), quote(self._token, "")):
            text = text.replace(written, "(token)")
        return text


def classify(status: int, body: str, headers: dict[str, str]) -> Outcome:
    """Say what an HTTP answer to ``POST /invoices`` means (kantata-api.md section 4).

    Whatever is not documented as a refusal is UNKNOWN: it is not sent again.
    """
    folded = {name.lower(): value for name, value in headers.items()}
    request_id = folded.get("x-request-id")
    raw = body[:LONGEST_RAW]
    said = error_text(body)
    if status == requests.codes.ok:
        return _created(body, status, request_id)
    if status == requests.codes.too_many_requests:
        return Outcome(
            OutcomeKind.REFUSED_FOR_NOW,
            f"Kantata throttles: {said or 'too many requests'}",
            status,
            request_id,
            raw,
            retry_after=_seconds(folded.get("retry-after")),
        )
    if status == requests.codes.unauthorized:
        return Outcome(OutcomeKind.TOKEN_REFUSED, said or "Kantata refuses the token.", status, request_id, raw)
    if status in REFUSED:
        return Outcome(OutcomeKind.REJECTED, said or f"Kantata refused it (HTTP {status}).", status, request_id, raw)
    return Outcome(OutcomeKind.UNKNOWN, f"Kantata answered HTTP {status}: {said}".rstrip(": "), status, request_id, raw)


def error_text(body: str) -> str:
    """Kantata's own words out of an error body: errors[] → error_message → error → raw text."""
    answer = _json_object(body)
    if answer is None:
        text = " ".join(body.split())
        return text if len(text) <= LONGEST_SAID else text[:LONGEST_SAID] + "…"
    errors = answer.get("errors")
    if isinstance(errors, list) and errors:
        return "; ".join(_one_error(error) for error in errors)
    for name in ("error_message", "error"):
        if answer.get(name):
            return str(answer[name])
    return "" if not body.strip() else body.strip()[:LONGEST_SAID]


def _one_error(error: object) -> str:
    if not isinstance(error, dict):
        return str(error)
    field = error.get("field")
    message = str(error.get("message") or error.get("type") or json.dumps(error))
    return f"{field}: {message}" if field and field != "base" else message


def _created(body: str, status: int, request_id: str | None) -> Outcome:
    answer = _json_object(body)
    results = answer.get("results") if answer else None
    invoices = answer.get("invoices") if answer else None
    if answer and not answer.get("errors") and isinstance(results, list) and isinstance(invoices, dict):
        ids = [str(r.get("id")) for r in results if isinstance(r, dict) and r.get("key") == "invoices"]
        if len(ids) == 1 and ids[0] and isinstance(record := invoices.get(ids[0]), dict):
            return Outcome(
                OutcomeKind.CREATED,
                "",
                status,
                request_id,
                invoice_id=ids[0],
                read_back=_read_back(record, answer),
            )
    return Outcome(
        OutcomeKind.UNKNOWN, f"Kantata answered {status}, but without one created invoice in it: {error_text(body)}",
        status, request_id, body[:LONGEST_RAW],
    )  # fmt: skip


def _read_back(record: dict[str, Any], answer: dict[str, Any]) -> ReadBack:
    """What matters of the created invoice; nulls and blanks are normal (kantata-api.md section 1)."""
    items = [
        item
        for collection in ("fixed_fee_items", "additional_items")
        for item_id in _list(record.get(collection.removesuffix("s") + "_ids"))
        if isinstance(item := _dict(answer.get(collection)).get(str(item_id)), dict)
    ]
    asked = any(f"{name}_ids" in record for name in ("fixed_fee_item", "additional_item"))
    recipient = _dict(_dict(answer.get("users")).get(str(record.get("recipient_id"))))
    draft = record.get("draft")
    return ReadBack(
        number=_text(record.get("user_invoice_number")),
        title=_text(record.get("title")),
        status=_text(record.get("status")),
        draft=draft if isinstance(draft, bool) else None,
        currency=_text(record.get("currency")),
        items_amount=_sum_of_cents(items) if asked else None,
        total=_from_cents(record.get("balance_in_cents")),
        due_date=_text(record.get("due_date")),
        recipient=_text(recipient.get("full_name")),
    )


def _sum_of_cents(items: list[dict[str, Any]]) -> Decimal | None:
    amounts = [_from_cents(item.get("amount_in_cents")) for item in items]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _from_cents(cents: object) -> Decimal | None:
    if isinstance(cents, bool) or not isinstance(cents, (int, str)):
        return None
    try:
        amount = Decimal(cents).scaleb(-2)
    except ArithmeticError:
        return None
    return amount if amount.is_finite() else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _references_in(answer: dict[str, Any]) -> Iterator[FoundInvoice]:
    references = _dict(answer.get("external_references"))
    for invoice_id, invoice in _dict(answer.get("invoices")).items():
        if not isinstance(invoice, dict) or invoice.get("status") == "cancelled":
            continue
        for reference_id in _list(invoice.get("external_reference_ids")):
            found = references.get(str(reference_id))
            if isinstance(found, dict):
                names = ("service_name", "service_model", "service_model_ref")
                one, two, three = (str(found.get(name)) for name in names)
                yield FoundInvoice(str(invoice_id), (one, two, three))


def _text_of(response: requests.Response) -> str:
    """The body as UTF-8, as JSON is; requests would guess the encoding."""
    return response.content.decode("utf-8", errors="replace")


def _json_object(body: str) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):  # RecursionError: nested too deep
        return None
    return answer if isinstance(answer, dict) else None


def _seconds(text: str | None) -> float | None:
    """Read Retry-After: seconds, or an HTTP date."""
    if not text:
        return None
    with suppress(ValueError):
        return max(0.0, float(text))
    with suppress(ValueError, TypeError):  # TypeError: a date without a zone
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    return None


def _said(error: BaseException) -> str:
    """The innermost reason of a network failure; never a header, so never the token."""
    cause: object = error
    while isinstance(cause, BaseException):
        inner = getattr(cause, "reason", None) or cause.__cause__ or (cause.args[0] if cause.args else None)
        if not isinstance(inner, BaseException):
            break
        cause = inner
    return f"{type(cause).__name__}: {cause}"
