"""What is asked of the Kantata OX API, and what came of it.

Nothing here sends an invoice twice: that is decided by the caller.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from importer.kantata.answers import LONGEST_RAW, Removal, RemovalKind, classify, classify_removal
from importer.kantata.connection import Answered, Connection, NoAnswer
from importer.kantata.fields import INCLUDES
from importer.kantata.invoices import (
    FoundInvoice,
    Reference,
    found_invoices,
    in_one_case,
    other_reference,
    reference_in,
)
from importer.kantata.lenient import dict_of, json_object, list_of, moment_of, text_of
from importer.kantata.lists import Reading, holds_to, is_whole, page_count, reading_of, sees_finances, subjects_in
from importer.kantata.payload import SERVICE_NAME, to_json
from importer.model.answers import Outcome, OutcomeKind
from importer.model.errors import AccessDenied, NotReached

if TYPE_CHECKING:
    from importer.kantata.deadline import Deadline

T = TypeVar("T")
EVERYTHING = {"include": ",".join(INCLUDES)}
PAGE_SIZE = 200
MOST_PAGES = 1000
"""A look-up whose answer has more pages ignores its filter, or never ends."""
LONGEST_LIST_SECONDS = 900
"""For all pages of a list together."""
IDS_PER_CALL = 200
COUNTS = "kantata.counts"
"""Code of the refusal to believe a list that counts otherwise than it shows."""
HIDDEN = (
    "Run again. If this comes again, ask for financial permission in every project of the sheet, or rely on the ledger "
    "alone: submit with --offline."
)
FAR_FUTURE = "2999-01-01T00:00:00Z"
MOST_PROJECT_CALLS = 3
"""Projects whose invoices are asked for one by one; of more, the whole account is asked for at once."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """Whose token it is, and how Kantata answered. None: it did not say."""

    name: str | None
    email: str | None
    seconds: float
    """From the request to the answer, connecting included."""
    date: datetime | None
    """Kantata's clock, with its zone."""


class KantataApi:
    """One account of Kantata, reached over one HTTP session."""

    def __init__(
        self, base_url: str, token: str, *, connect_timeout: float, read_timeout: float, patience: float = 0
    ) -> None:
        """``base_url`` as in the settings; time-outs in seconds. Opens no connection yet.

        ``patience`` is how long look-ups may wait in all while Kantata throttles, seconds.
        """
        self._connection = Connection(
            base_url, token, connect_timeout=connect_timeout, read_timeout=read_timeout, patience=patience
        )

    def create_invoice(self, payload: dict[str, Any], deadline: Deadline) -> Outcome:
        """Send one invoice and classify what came of it; never raises for what the network does.

        ``deadline``: it does not leave after that.
        """
        clean = self._connection.without_token
        answer = self._connection.send(
            "POST", "invoices", query=EVERYTHING, json_body=to_json(payload), deadline=deadline
        )
        match answer:
            case NoAnswer(said, may_have_left=False):
                return Outcome(OutcomeKind.REFUSED_FOR_NOW, self._not_reached(said))
            case NoAnswer(said):
                return Outcome(OutcomeKind.UNKNOWN, _cut_off(said), raw=said)
            case Answered(status, body, headers):
                outcome = self._of_own_invoice(payload, classify(status, body, headers), body)
                return replace(
                    outcome,
                    message=clean(outcome.message),
                    raw=clean(outcome.raw),
                    request_id=outcome.request_id and clean(outcome.request_id),
                )

    def _of_own_invoice(self, payload: dict[str, Any], outcome: Outcome, body: str) -> Outcome:
        """Doubt an answer that shows another invoice; where it shows no references, that invoice is read once more."""
        if outcome.invoice_id is None:
            return outcome
        shown = {found.invoice_id: found for found in found_invoices(json_object(body) or {})}
        found: FoundInvoice | None = shown[outcome.invoice_id]
        if not shown[outcome.invoice_id].shows_references:
            found = self._read_again(outcome.invoice_id)
        sent = payload["invoice"]
        if found is None or sent.get("external_reference") is None:
            return outcome

        other = other_reference(found, reference_in(sent))
        if other is None:
            return outcome
        message = f"Kantata's answer shows invoice {outcome.invoice_id}, which has the reference {other}."
        return Outcome(OutcomeKind.UNKNOWN, message, outcome.http_status, outcome.request_id, body[:LONGEST_RAW])

    def _read_again(self, invoice_id: str) -> FoundInvoice | None:
        """An invoice as it is shown a moment after its creation; None when that cannot be seen."""
        try:
            found = list(self.find_by_ids([invoice_id]))
        except (AccessDenied, NotReached):
            return None
        return found[0] if found else None

    def greet(self) -> Greeting:
        """Ask whose token this is, and look at the clock. Raises NotReached or AccessDenied."""
        begun = time.monotonic()
        answer = self._connection.look_up("users/me", {})
        seconds = time.monotonic() - begun

        results = list_of(answer.get("results"))
        user_id = text_of(dict_of(results[0]).get("id")) if results else None
        user = dict_of(dict_of(answer.get("users")).get(user_id or ""))
        date = moment_of(self._connection.their_time)
        return Greeting(text_of(user.get("full_name")), text_of(user.get("email_address")), seconds, date)

    def count_projects(self) -> tuple[int, int]:
        """In how many projects this user sees the finances, and how many there are, archived ones aside."""
        seen, known = set[int](), set[str]()
        for page in self._pages("workspaces", {}):
            seen |= sees_finances(page)
            known |= set(dict_of(page.get("workspaces")))
        return len(seen), len(known)

    def delete_invoice(self, invoice_id: str, deadline: Deadline) -> Removal:
        """Delete a draft and classify what came of it; never raises for what the network does."""
        return self._remove("DELETE", f"invoices/{quote(invoice_id, '')}", invoice_id, deadline)

    def cancel_invoice(self, invoice_id: str, deadline: Deadline) -> Removal:
        """Cancel an active invoice and classify what came of it; never raises for what the network does."""
        return self._remove("PUT", f"invoices/{quote(invoice_id, '')}/cancel", invoice_id, deadline)

    def _remove(self, method: str, route: str, invoice_id: str, deadline: Deadline) -> Removal:
        answer = self._connection.send(method, route, deadline=deadline)
        match answer:
            case NoAnswer(said, may_have_left=False):
                return Removal(RemovalKind.REFUSED_FOR_NOW, self._not_reached(said))
            case NoAnswer(said):
                return Removal(RemovalKind.UNKNOWN, _cut_off(said))
            case Answered(status, body, headers):
                found = classify_removal(method, status, body, headers, invoice_id)
                return replace(found, message=self._connection.without_token(found.message))

    def _not_reached(self, said: str) -> str:
        return f"Kantata could not be reached at {self._connection.host}: {said}"

    def find_by_references(self, references: Iterable[Reference]) -> Iterator[FoundInvoice]:
        """Yield the invoices that carry one of the references, also cancelled ones (docs/kantata.md sections 3 and 6).

        Filters may be ignored by the server, so every record is checked again here. Raises NotReached or AccessDenied.
        """
        wanted = set(references)
        for query in _reference_queries(wanted):
            yield from self._carrying(wanted, query)
        for reference in sorted(wanted):
            if "," in reference[2]:
                yield from self._with_odd_reference(wanted, reference)

    def _with_odd_reference(self, wanted: set[Reference], reference: Reference) -> Iterator[FoundInvoice]:
        """A reference of the sheet's own may hold a comma, which would cut a list of them: it is asked for alone."""
        name, model, ref = reference
        query = {"subject_type": "Invoice", "service_name": name, "service_model": model, "service_model_ref": ref}
        ids: list[str] = []
        for page in self._whole_pages("external_references", query):
            ids += subjects_in(page)
        if ids:
            yield from self._carrying(wanted, {"only": ",".join(ids)})

    def _carrying(self, wanted: set[Reference], query: dict[str, str]) -> Iterator[FoundInvoice]:
        """The invoices that a query finds and that carry one of the references.

        One of this program counts in whatever case Kantata has it; those of others may differ in their case alone.
        """
        by_case = {in_one_case(reference): reference for reference in wanted if reference[0] == SERVICE_NAME}
        for page in self._whole_pages("invoices", query | EVERYTHING):
            shown = list(found_invoices(page))
            if not all(found.shows_references or found.cancelled for found in shown):
                msg = "Kantata's answer does not show the references of invoices, so it proves nothing."
                raise NotReached(msg, "Nothing was sent. Submit with --offline to rely on the ledger alone.")
            for found in shown:
                triples = tuple(_as_wanted(triple, wanted, by_case) for triple in found.triples)
                if wanted & set(triples):
                    yield replace(found, triples=triples)

    def invoices_of(self, workspace_id: int, created_after: datetime) -> Iterator[FoundInvoice]:
        """Yield the invoices of a project created after a moment (UTC), with their content."""
        query = {"workspace_id": str(workspace_id), "created_after": f"{created_after:%Y-%m-%dT%H:%M:%SZ}"}
        for page in self._whole_pages("invoices", query | EVERYTHING):
            yield from found_invoices(page)

    def invoices_since(self, created_after: datetime, workspace_ids: Collection[int]) -> Iterator[FoundInvoice]:
        """Yield the invoices created after a moment (UTC): of these projects when they are few, else of all.

        Where the list of all counts what this user may not see, they are asked for project by project.
        """
        pages: list[dict[str, Any]] | None = None
        if len(workspace_ids) > MOST_PROJECT_CALLS:
            query = {"created_after": f"{created_after:%Y-%m-%dT%H:%M:%SZ}"} | EVERYTHING
            try:
                pages = list(self._whole_pages("invoices", query))
            except NotReached as problem:
                if problem.code != COUNTS:
                    raise
        if pages is None:
            for workspace_id in sorted(workspace_ids):
                yield from self.invoices_of(workspace_id, created_after)
            return
        for page in pages:
            yield from found_invoices(page)

    def sees_finances_of(self, workspace_ids: Iterable[int]) -> set[int]:
        """Those of the projects whose invoices this user may see."""
        ids, seen = sorted(set(workspace_ids)), set[int]()
        for chunk in chunks(ids):
            query = {"only": ",".join(map(str, chunk)), "include_archived": "true"}
            for page in self._pages("workspaces", query):
                seen |= sees_finances(page)
        return seen & set(ids)

    def find_by_ids(self, invoice_ids: Iterable[str]) -> Iterator[FoundInvoice]:
        """Yield those of the invoices that Kantata shows, also cancelled ones.

        Raises NotReached when an invoice is missing from an answer that does not prove it absent.
        """
        for chunk in chunks(sorted(set(invoice_ids))):
            missing, sure = set(chunk), True
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

    def _whole_pages(self, route: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        """Pages of a list by which something may be found absent. Raises NotReached for one that does not show all.

        A list that counts otherwise than it shows is read once more: a page may have shifted meanwhile. It counts
        where it shows the same then, and where Kantata counts something also in a list that must be empty: an account
        that counts so says nothing by it.
        """
        pages, read = self._read(route, query)
        if not read.agrees:
            pages, again = self._read(route, query)
            if not again.agrees and not (again == read and self._counts_the_empty(route, query)):
                msg = (
                    f"Kantata's answer to a look-up {again.facts}, so it may hide something, and proves nothing absent."
                )
                raise NotReached(msg, HIDDEN, code=COUNTS)
        yield from pages

    def _read(self, route: str, query: dict[str, str]) -> tuple[list[dict[str, Any]], Reading]:
        pages = []
        for page in self._pages(route, query):
            if not is_whole(page, route):
                msg = "Kantata's answer to a look-up does not show all that it names, so it proves nothing absent."
                raise NotReached(msg, "Nothing was sent; run again later.")
            pages.append(page)
        return pages, reading_of(pages, route)

    def _counts_the_empty(self, route: str, query: dict[str, str]) -> bool:
        """Whether Kantata counts something where nothing can be: what was created in the far future."""
        _, read = self._read(route, query | {"created_after": FAR_FUTURE})
        return not read.ids and not read.agrees

    def _pages(self, route: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        page, pages = 1, 1
        seen, asking_seconds = set[str](), 0.0
        while page <= pages:
            began = time.monotonic()
            answer = self._connection.look_up(route, {**query, "per_page": str(PAGE_SIZE), "page": str(page)})
            asking_seconds += time.monotonic() - began
            yield answer

            count = page_count(answer, PAGE_SIZE)
            if count is None or count > MOST_PAGES:
                raise _endless(f"{count or 'no count'} of pages")
            new = dict_of(answer.get(route)).keys() - seen
            if page < count and not new:
                raise _endless(f"page {page} of {count} shows nothing new")
            if page < count and asking_seconds > LONGEST_LIST_SECONDS:
                raise _endless(f"{page} of {count} pages took {asking_seconds / 60:.0f} minutes")
            seen |= new
            page, pages = page + 1, count


def chunks(ids: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut a list of ids into the lengths that one call may ask for."""
    for start in range(0, len(ids), IDS_PER_CALL):
        yield ids[start : start + IDS_PER_CALL]


def _as_wanted(shown: Reference, wanted: set[Reference], by_case: dict[Reference, Reference]) -> Reference:
    """A reference of an answer, written as it was asked for."""
    return shown if shown in wanted else by_case.get(in_one_case(shown), shown)


def _reference_queries(wanted: set[Reference]) -> Iterator[dict[str, str]]:
    """Queries that ask for many references of one service at once; those with a comma are left out."""
    for name, model in sorted({reference[:2] for reference in wanted}):
        refs = sorted(ref for *service, ref in wanted if service == [name, model] and "," not in ref)
        for chunk in chunks(refs):
            yield {
                "external_reference_service_name": name,
                "external_reference_service_model": model,
                "external_reference_service_model_refs": ",".join(chunk),
            }


def _endless(why: str) -> NotReached:
    msg = f"Kantata's answer to a look-up does not end: {why}."
    return NotReached(msg, "Nothing was sent; run again later.")


def _cut_off(said: str) -> str:
    return f"The connection ended before Kantata's answer arrived ({said})."
