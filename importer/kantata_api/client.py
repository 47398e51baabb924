"""The HTTP side of the Kantata OX API; the only file that imports requests.

Nothing here sends an invoice twice: that is decided by the caller.
"""

from __future__ import annotations

import io
import json
import logging
import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, NewConnectionError
from urllib3.exceptions import SSLError as UrllibSslError

from importer import __version__
from importer.errors import AccessDenied, NotReached
from importer.kantata_api.answers import (
    classify,
    error_text,
    found_invoices,
    holds_to,
    json_object,
    page_count,
    seconds_of,
    sees_finances,
    subjects_in,
)
from importer.kantata_api.greeting import Greeting, greeting_in
from importer.kantata_api.lenient import dict_of
from importer.kantata_api.removal import Removal, RemovalKind, classify_removal
from importer.payload import to_json
from importer.records import Outcome, OutcomeKind
from importer.retry import RetryBudget
from importer.settings import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from importer.kantata_api.answers import FoundInvoice

LOG = logging.getLogger(__name__)
INCLUDES = (
    "additional_items", "billing_milestones", "expenses", "external_references", "fixed_fee_items",
    "recipient", "time_entries", "user", "workspaces",
)  # fmt: skip
EVERYTHING = {"include": ",".join(INCLUDES)}
PAGE_SIZE = 200
MOST_PAGES = 1000
"""A look-up whose answer has more pages ignores its filter, or never ends."""
MOST_IDS_PER_CALL = 200


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

    def __init__(
        self, base_url: str, token: str, *, connect_timeout: float, read_timeout: float, patience: float = 0
    ) -> None:
        """``base_url`` as in the settings; time-outs in seconds. Opens no connection yet.

        ``patience`` is how long look-ups may wait in all while Kantata throttles, seconds.
        """
        self._base_url = base_url.rstrip("/")
        self._timeout = (connect_timeout, read_timeout)
        self._patience = RetryBudget(patience)
        self._their_time: str | None = None
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
        except Exception as error:  # noqa: BLE001 - a person gets a sentence, whatever failed
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

    def greet(self) -> Greeting:
        """Ask whose token this is, and look at the clock. Raises NotReached or AccessDenied."""
        begun = time.monotonic()
        answer = self._get("users/me", {})
        return greeting_in(answer, time.monotonic() - begun, self._their_time)

    def count_projects(self) -> tuple[int, int]:
        """In how many projects this user sees the finances, and how many there are, archived ones aside."""
        seen, known = set[int](), set[str]()
        for page in self._pages("workspaces", {}):
            seen |= sees_finances(page)
            known |= set(dict_of(page.get("workspaces")))
        return len(seen), len(known)

    def delete_invoice(self, invoice_id: str) -> Removal:
        """Delete a draft and classify what came of it; never raises for what the network does."""
        return self._remove("DELETE", f"invoices/{quote(invoice_id, '')}", invoice_id)

    def cancel_invoice(self, invoice_id: str) -> Removal:
        """Cancel an active invoice and classify what came of it; never raises for what the network does."""
        return self._remove("PUT", f"invoices/{quote(invoice_id, '')}/cancel", invoice_id)

    def _remove(self, method: str, route: str, invoice_id: str) -> Removal:
        try:
            response = self._session.request(
                method, f"{self._base_url}/{route}", timeout=self._timeout, allow_redirects=False
            )
        except Exception as error:  # noqa: BLE001 - a person gets a sentence, whatever failed
            said = self._without_token(_said(error))
            if _never_connected(error):
                return Removal(RemovalKind.REFUSED_FOR_NOW, f"Kantata could not be reached at {self._host}: {said}")
            return Removal(RemovalKind.UNKNOWN, f"The connection ended before Kantata's answer arrived ({said}).")
        headers, body = dict(response.headers), _text_of(response)
        found = classify_removal(method, response.status_code, body, headers, invoice_id)
        return replace(found, message=self._without_token(found.message))

    def find_by_references(self, refs: Iterable[tuple[str, str, str]]) -> Iterator[FoundInvoice]:
        """Yield the invoices that carry one of the references, also cancelled ones (kantata-api.md sections 3 and 6).

        Filters may be ignored by the server, so every record is checked again
        here. Raises NotReached or AccessDenied.
        """
        wanted = set(refs)
        for service in sorted({ref[:2] for ref in wanted}):
            values = sorted(ref[2] for ref in wanted if ref[:2] == service)
            # A reference of the sheet's own may hold a comma, which would cut a list of them.
            plain, odd = [v for v in values if "," not in v], [v for v in values if "," in v]
            lists = [plain[at : at + MOST_IDS_PER_CALL] for at in range(0, len(plain), MOST_IDS_PER_CALL)]
            for refs_of_call in lists:
                query = _service(service, "external_reference_") | {
                    "external_reference_service_model_refs": ",".join(refs_of_call)
                }
                yield from self._matching("invoices", query | EVERYTHING, wanted)
            for ref in odd:
                query = _service(service) | {"subject_type": "Invoice", "service_model_ref": ref}
                ids = [_id for page in self._pages("external_references", query) for _id in subjects_in(page)]
                if ids:
                    yield from self._matching("invoices", {"only": ",".join(ids)} | EVERYTHING, wanted)

    def invoices_of(self, workspace_id: int, created_after: datetime) -> Iterator[FoundInvoice]:
        """Yield the invoices of a project created after a moment (UTC), with their content."""
        query = {"workspace_id": str(workspace_id), "created_after": f"{created_after:%Y-%m-%dT%H:%M:%SZ}"}
        for page in self._pages("invoices", query | EVERYTHING):
            yield from found_invoices(page)

    def sees_finances_of(self, workspace_ids: Iterable[int]) -> set[int]:
        """Those of the projects whose invoices this user may see."""
        ids, seen = sorted(set(workspace_ids)), set[int]()
        for at in range(0, len(ids), MOST_IDS_PER_CALL):
            only = ",".join(str(one) for one in ids[at : at + MOST_IDS_PER_CALL])
            for page in self._pages("workspaces", {"only": only, "include_archived": "true"}):
                seen |= sees_finances(page)
        return seen & set(ids)

    def _matching(self, route: str, query: dict[str, str], wanted: set[tuple[str, str, str]]) -> Iterator[FoundInvoice]:
        for page in self._pages(route, query):
            shown = list(found_invoices(page))
            if shown and not any(found.shows_references for found in shown):
                msg = "Kantata's answer does not show the references of invoices, so it proves nothing."
                raise NotReached(msg, "Nothing was sent. Submit with --offline to rely on the ledger alone.")
            yield from (found for found in shown if wanted & set(found.triples))

    def find_by_ids(self, invoice_ids: Iterable[str]) -> Iterator[FoundInvoice]:
        """Yield those of the invoices that Kantata shows, also cancelled ones.

        Raises NotReached when an invoice is missing from an answer that does not prove it absent.
        """
        wanted = sorted(set(invoice_ids))
        for at in range(0, len(wanted), MOST_IDS_PER_CALL):
            missing, sure = set(chunk := wanted[at : at + MOST_IDS_PER_CALL]), True
            for page in self._pages("invoices", {"only": ",".join(chunk)} | EVERYTHING):
                sure = sure and holds_to(page, "invoices", chunk)
                for found in found_invoices(page):
                    if found.invoice_id in chunk:
                        missing.discard(found.invoice_id)
                        yield found
            if missing and not sure:
                msg = "Kantata's answer about invoices does not hold to what was asked, so it proves none absent."
                raise NotReached(msg, "Run again later.")

    def ask(self, route: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        """Yield the pages of a list, as they came. Raises NotReached or AccessDenied."""
        return self._pages(route, query)

    def _pages(self, route: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        page, pages = 1, 1
        while page <= min(pages, MOST_PAGES):
            answer = self._get(route, {**query, "per_page": str(PAGE_SIZE), "page": str(page)})
            yield answer
            pages = page_count(answer, PAGE_SIZE)
            page += 1

    def _get(self, route: str, query: dict[str, str]) -> dict[str, Any]:
        try:
            response = self._patiently(f"{self._base_url}/{route}", query)
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
        answer = json_object(body)
        if status != requests.codes.ok or answer is None or answer.get("errors"):
            msg = f"Kantata did not answer a look-up as expected (HTTP {status}): {said}"
            raise NotReached(msg, "Nothing was sent; run again later.")
        return answer

    def _patiently(self, address: str, query: dict[str, str]) -> requests.Response:
        """Ask again while Kantata throttles: some look-ups have a limit of their own (kantata-api.md section 5)."""
        while True:
            began = time.monotonic()
            response = self._session.get(address, params=query, timeout=self._timeout, allow_redirects=False)
            self._their_time = response.headers.get("Date")
            LOG.debug(
                "GET %s", address, extra={
                    "http_status": response.status_code, "duration_ms": round((time.monotonic() - began) * 1000),
                    "request_id": self._without_token(response.headers.get("X-Request-Id", "")) or None,
                },
            )  # fmt: skip
            if response.status_code != requests.codes.too_many_requests:
                return response
            asked_for = seconds_of(response.headers.get("Retry-After"))
            wait = self._patience.wait(asked_for, random.random())  # noqa: S311 - jitter, no secret
            if wait is None:
                return response
            self._patience = self._patience.after_wait(wait)
            time.sleep(wait)

    def _without_token(self, text: str) -> str:
        """A server or proxy may repeat the request in its answer; the token must not get into reports or the ledger."""
        in_json = json.dumps(self._token)[1:-1]
        for written in (self._token, in_json, in_json.replace("/", "\\/"), quote(self._token), quote(self._token, "")):
            text = text.replace(written, "(token)")
        return text


def _service(service: tuple[str, ...], prefix: str = "") -> dict[str, str]:
    return {f"{prefix}service_name": service[0], f"{prefix}service_model": service[1]}


def _text_of(response: requests.Response) -> str:
    """The body as UTF-8, as JSON is; requests would guess the encoding."""
    return response.content.decode("utf-8", errors="replace")


def _never_connected(error: Exception) -> bool:
    """Whether a request without a body failed before any byte of it could leave."""
    cause = error.args[0] if error.args else None
    return isinstance(error, requests.exceptions.ConnectTimeout) or (
        isinstance(cause, MaxRetryError) and isinstance(cause.reason, (NewConnectionError, UrllibSslError))
    )


def _said(error: BaseException) -> str:
    """The innermost reason of a network failure; never a header, so never the token."""
    cause: object = error
    while isinstance(cause, BaseException):
        inner = getattr(cause, "reason", None) or cause.__cause__ or (cause.args[0] if cause.args else None)
        if not isinstance(inner, BaseException):
            break
        cause = inner
    return f"{type(cause).__name__}: {cause}"
