"""What Kantata's answers mean. Pure: text and records in, outcomes and findings out.

Every outcome of ``POST /invoices`` is classified here, once, as kantata-api.md
section 4 says.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus
from math import isfinite
from typing import TYPE_CHECKING, Any

from importer.kantata.invoice_content import shown_in
from importer.kantata.lenient import base_unit_of, dict_of, from_cents, json_object, list_of, moment_of, text_of, whole
from importer.kantata.payload import by_type_and_amount, tidy
from importer.kantata.snapshot import snapshot_of
from importer.model.answers import Outcome, OutcomeKind, ReadBack
from importer.model.invoices import Content, ItemType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from importer.model.answers import Shown

REFUSED = frozenset({400, 403, 404, 422})
"""Answers that mean: this invoice was not created."""
LONGEST_SAID = 300
"""Characters of an error that no field names, as shown to a person."""
LONGEST_ID = 100
"""Characters of an id; whatever is longer is none."""
LONGEST_RAW = 20_000
"""Characters of an error body that are kept."""
_ID_FIELDS = {
    ItemType.TIME_ENTRY: "time_entry_ids",
    ItemType.EXPENSE: "expense_ids",
    ItemType.BILLING_MILESTONE: "billing_milestone_ids",
}
HEADER_FIELDS = (
    "invoice_date",
    "payment_schedule",
    "user_invoice_number",
    "user_invoice_title",
    "purchase_order",
    "project_code",
    "message",
)
"""Header fields that a found invoice is compared by."""
_PRICED = {ItemType.FIXED_FEE: "fixed_fee_items", ItemType.ADDITIONAL: "additional_items"}


@dataclass(frozen=True, slots=True)
class FoundInvoice:
    """An invoice that Kantata shows."""

    invoice_id: str
    cancelled: bool
    triples: tuple[tuple[str, str, str], ...]
    """Its external references: service_name, service_model, service_model_ref."""
    content: Content | None
    """None when the answer does not show all of it."""
    header: dict[str, str]
    """Filled header fields by their API names."""
    shows_references: bool
    """Whether the answer says which references it has, also when it has none."""
    read_back: ReadBack
    """What it holds, for the control totals and the tie-out."""


def classify(status: int, body: str, headers: dict[str, str]) -> Outcome:
    """Say what an HTTP answer to ``POST /invoices`` means (kantata-api.md section 4).

    Whatever is not documented as a refusal is UNKNOWN: it is not sent again.
    """
    folded = {name.lower(): value for name, value in headers.items()}
    request_id = folded.get("x-request-id")
    raw = body[:LONGEST_RAW]
    said = error_text(body)
    if status == HTTPStatus.OK:
        return _created(body, status, request_id)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Outcome(
            OutcomeKind.REFUSED_FOR_NOW,
            f"Kantata throttles: {said or 'too many requests'}",
            status,
            request_id,
            raw,
            retry_after=seconds_of(folded.get("retry-after")),
        )
    if status == HTTPStatus.UNAUTHORIZED:
        return Outcome(OutcomeKind.TOKEN_REFUSED, said or "Kantata refuses the token.", status, request_id, raw)
    if status in REFUSED:
        return Outcome(OutcomeKind.REJECTED, said or f"Kantata refused it (HTTP {status}).", status, request_id, raw)
    return Outcome(OutcomeKind.UNKNOWN, f"Kantata answered HTTP {status}: {said}".rstrip(": "), status, request_id, raw)


def error_text(body: str) -> str:
    """Kantata's own words out of an error body: errors[] → error_message → error → raw text."""
    answer = json_object(body)
    if answer is None:
        text = " ".join(body.split())
        return text if len(text) <= LONGEST_SAID else text[:LONGEST_SAID] + "…"
    errors = answer.get("errors")
    if isinstance(errors, list) and errors:
        return "; ".join(_one_error(error) for error in errors)
    for name in ("error_message", "error"):
        if said := text_of(answer.get(name)):
            return said
    return "" if not body.strip() else body.strip()[:LONGEST_SAID]


def _one_error(error: object) -> str:
    if not isinstance(error, dict):
        return text_of(error) or "an error that it does not explain"
    field, words = text_of(error.get("field")), text_of(error.get("message")) or text_of(error.get("type"))
    message = words or "an error that it does not explain"
    return f"{field}: {message}" if field and field != "base" else message


def _created(body: str, status: int, request_id: str | None) -> Outcome:
    answer = json_object(body)
    results = answer.get("results") if answer else None
    invoices = answer.get("invoices") if answer else None
    if answer and not answer.get("errors") and isinstance(results, list) and isinstance(invoices, dict):
        ids = [text_of(r.get("id")) for r in results if isinstance(r, dict) and r.get("key") == "invoices"]
        made = ids[0] if len(ids) == 1 else None
        if made and len(made) <= LONGEST_ID and isinstance(record := invoices.get(made), dict):
            read_back = _read_back(record, answer)
            return Outcome(
                OutcomeKind.CREATED,
                "",
                status,
                request_id,
                invoice_id=made,
                read_back=read_back,
                snapshot=None if read_back.shown is None else snapshot_of(read_back.shown),
            )
    return Outcome(
        OutcomeKind.UNKNOWN,
        f"Kantata answered {status}, but without one created invoice in it: {error_text(body)}",
        status,
        request_id,
        body[:LONGEST_RAW],
    )


def _read_back(record: dict[str, Any], answer: dict[str, Any]) -> ReadBack:
    """What matters of the created invoice; nulls and blanks are normal (kantata-api.md section 1)."""
    shown = shown_in(record, answer)
    recipient = dict_of(dict_of(answer.get("users")).get(text_of(record.get("recipient_id")) or ""))
    draft = record.get("draft")
    return ReadBack(
        number=text_of(record.get("user_invoice_number")),
        title=text_of(record.get("title")),
        status=text_of(record.get("status")),
        draft=draft if isinstance(draft, bool) else None,
        currency=text_of(record.get("currency")),
        items_amount=_sum_of_items(shown),
        total=from_cents(record.get("balance_in_cents"), base_unit_of(record)),
        due_date=text_of(record.get("due_date")),
        recipient=text_of(recipient.get("full_name")),
        shown=shown,
    )


def _sum_of_items(shown: Shown) -> Decimal | None:
    """Sum of the fixed fees and additional items; None unless the answer shows every one with its amount."""
    if shown.items is None:
        return None
    known = [item.amount for item in shown.items if item.amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(shown.items) else None


def seconds_of(text: str | None) -> float | None:
    """Read Retry-After: seconds, or an HTTP date."""
    if not text:
        return None
    with suppress(ValueError):
        return max(0.0, seconds) if isfinite(seconds := float(text)) else None
    moment = moment_of(text)
    return None if moment is None else max(0.0, (moment - datetime.now(UTC)).total_seconds())


def found_invoices(answer: dict[str, Any]) -> Iterator[FoundInvoice]:
    """Every invoice of an answer that asked for all associations."""
    for invoice_id, record in dict_of(answer.get("invoices")).items():
        if isinstance(record, dict):
            cancelled = record.get("status") == "cancelled"
            header = {name: text for name in HEADER_FIELDS if (text := text_of(record.get(name)))}
            yield FoundInvoice(
                str(invoice_id),
                cancelled,
                tuple(_triples(record, answer)),
                _content(record, answer),
                header,
                _shows_references(record, answer),
                _read_back(record, answer),
            )


def _shows_references(record: dict[str, Any], answer: dict[str, Any]) -> bool:
    """Whether the answer says which references it has: a part that is blank could be anything."""
    return isinstance(record.get("external_reference_ids"), list) and all(map(all, _triples(record, answer)))


def _triples(record: dict[str, Any], answer: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    references = dict_of(answer.get("external_references"))
    for reference_id in list_of(record.get("external_reference_ids")):
        found = dict_of(references.get(text_of(reference_id) or ""))
        ref = found.get("service_model_ref")
        names = (found.get("service_name"), found.get("service_model"), str(ref) if type(ref) is int else ref)
        service, model, text = (name if isinstance(name, str) else "" for name in names)
        yield service, model, text


def _content(record: dict[str, Any], answer: dict[str, Any]) -> Content | None:
    workspaces = {whole(one) for one in (*list_of(record.get("workspace_ids")), record.get("workspace_id")) if one}
    ids = {(kind, whole(one)) for kind, name in _ID_FIELDS.items() for one in list_of(record.get(name))}
    priced = []
    for kind, collection in _PRICED.items():
        for item_id in list_of(record.get(collection.removesuffix("s") + "_ids")):
            item = dict_of(dict_of(answer.get(collection)).get(text_of(item_id) or ""))
            amount = from_cents(item.get("amount_in_cents"), base_unit_of(record))
            if amount is None:
                return None
            priced.append((kind, amount, tidy(item.get("notes"))))
    known = frozenset(one for one in workspaces if one is not None)
    items = frozenset((kind, item_id) for kind, item_id in ids if item_id is not None)
    if not known or len(known) < len(workspaces) or len(items) < len(ids):
        return None
    lists = _ID_FIELDS | {kind: f"{name.removesuffix('s')}_ids" for kind, name in _PRICED.items()}
    unseen = frozenset(kind for kind, name in lists.items() if not isinstance(record.get(name), list))
    return Content(known, items, tuple(sorted(priced, key=by_type_and_amount)), unseen)


def page_count(answer: dict[str, Any], page_size: int) -> int | None:
    """How many pages the whole answer has, by ``page_count`` or else by ``count``; None when a full one is silent."""
    meta = dict_of(answer.get("meta"))
    for pages, per_page in (
        (meta.get("page_count"), 1),
        (meta.get("count"), page_size),
        (answer.get("count"), page_size),
    ):
        if (number := whole(pages)) is not None and number >= 0:
            return -(-number // per_page)
    return 1 if len(list_of(answer.get("results"))) < page_size else None


def holds_to(answer: dict[str, Any], collection: str, ids: Collection[str]) -> bool:
    """Whether a list holds whole records of these ids and no others: only then does one that is not in it not exist."""
    return is_whole(answer, collection) and all(one in ids for one in dict_of(answer.get(collection)))


def is_whole(answer: dict[str, Any], collection: str) -> bool:
    """Whether a list holds a record of everything that it names: else what it does not show may yet exist."""
    records, results = answer.get(collection), answer.get("results")
    if not isinstance(records, dict):
        return results == []
    ours = (one for one in map(dict_of, list_of(results)) if one.get("key") == collection)
    named = [text_of(one.get("id")) or "" for one in ours]
    return all(isinstance(records.get(one), dict) for one in (*records, *named))


def subjects_in(answer: dict[str, Any]) -> list[str]:
    """Ids of the invoices that the external references of an answer belong to."""
    records = [dict_of(one) for one in dict_of(answer.get("external_references")).values()]
    ids = [text_of(one.get("subject_id")) for one in records if one.get("subject_type") == "Invoice"]
    return [one for one in ids if one]


def sees_finances(answer: dict[str, Any]) -> set[int]:
    """Projects of an answer whose finances this user may see: only there does “no invoice” mean anything."""
    return {
        number
        for workspace_id, record in dict_of(answer.get("workspaces")).items()
        if (number := whole(workspace_id)) is not None
        and dict_of(dict_of(record).get("permissions")).get("can_see_financials") is True
    }
