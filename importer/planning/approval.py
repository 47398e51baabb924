"""What exactly is approved, and how a plan differs from it. Pure.

The plan that is approved is a document: account, batch, the settings that shape
invoices, and of each invoice that would be sent or was sent already a hash per
field of its request, so that a difference can be named.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from importer.kantata.payload import to_json
from importer.model.plans import ReportedInvoice, Status
from importer.model.words import MOST_NAMED, invoice_named

if TYPE_CHECKING:
    from importer.settings.model import Settings

NOT_IN_PLAN = frozenset(
    {
        "token",
        "token_file",
        "base_url",
        "ledger",
        "reports",
        "workers",
        "pace_per_second",
        "connect_timeout_seconds",
        "read_timeout_seconds",
        "retry_seconds",
        "settle_seconds",
        "invoice_link",
        "production",
        "inbox",
        "inbox_settle_seconds",
        "unattended",
        "require_approval",
        "approval_by_another",
        "notify",
        "notify_file",
        "notify_when",
        "heartbeat_url",
    }
)
"""Settings that say how and when is sent, not what (the account stands for itself). Every other one is approved."""
IN_APPROVAL = frozenset({Status.READY, Status.ALREADY_CREATED, Status.IN_DOUBT})
"""What an approval covers. What was sent already, too: to send the rest of an approved plan needs no second one."""


def approval_document(
    account: str, batch: str, planned: Iterable[ReportedInvoice], settings: Settings
) -> dict[str, Any]:
    """What an approval covers of a plan, as a document made of texts, numbers, lists and tables only."""
    values = settings.model_dump(mode="json")
    invoices = {}
    for invoice in planned:
        if invoice.status in IN_APPROVAL and invoice.reference is not None:
            payload = invoice.payload or {}
            invoices[invoice.reference] = {
                "name": _name_of(invoice),
                "amount": str(invoice.invoice.amount),
                "fields": {name: _hash(value) for name, value in payload["invoice"].items()},
                "expected": _expected_of(invoice),
            }
    return {
        "account": account,
        "batch": batch,
        "settings": {name: value for name, value in sorted(values.items()) if name not in NOT_IN_PLAN},
        "invoices": invoices,
    }


def _expected_of(invoice: ReportedInvoice) -> str | None:
    """What Kantata would bill of an invoice that is still to be sent; None when it was not asked, or does not say."""
    if invoice.status is not Status.READY or invoice.expected is None or invoice.expected.total is None:
        return None
    return str(invoice.expected.total)


def hash_of(document: Mapping[str, Any]) -> str:
    """SHA-256 of such a document, hexadecimal."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def differences(approved: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[str, ...]:
    """What changed since the approval, in sentences without a full stop; empty when nothing did."""
    found = []
    for what in ("account", "batch"):
        if approved[what] != document[what]:
            found.append(f"the {what} was {approved[what]}, now it is {document[what]}")
    found += _settings_changed(approved["settings"], document["settings"])
    before, now = approved["invoices"], document["invoices"]
    for reference in dict.fromkeys([*before, *now]):
        change = _invoice_changed(before.get(reference), now.get(reference))
        if change is not None:
            found.append(change)
    more = len(found) - MOST_NAMED
    if more > 0:
        return (*found[:MOST_NAMED], f"and {more} more differences")
    return tuple(found)


def _settings_changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            yield f"the setting {name} was {_shown(before.get(name))}, now it is {_shown(now.get(name))}"


def _invoice_changed(before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> str | None:
    """What changed of an invoice; None stands for one that was, or is, not to be sent, and for no change."""
    if before is None or now is None:
        if now is not None:
            return f"the invoice of {now['name']} with {now['amount']} was not to be sent when it was approved"
        if before is not None:
            return f"the invoice of {before['name']} with {before['amount']} was approved, but is not to be sent now"
        return None
    if before["amount"] != now["amount"]:
        return f"the invoice of {now['name']} had {before['amount']}, now it has {now['amount']}"
    return _value_changed(before, now) or _fields_changed(before, now)


def _value_changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """What Kantata prices otherwise by now; where it did not say it both times, it is not compared."""
    earlier, later = before.get("expected"), now.get("expected")
    if earlier is None or later is None or Decimal(earlier) == Decimal(later):
        return None
    return f"the invoice of {now['name']} would have come to {earlier} in Kantata, now it would come to {later}"


def _fields_changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    old, new = before["fields"], now["fields"]
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    if not changed:
        return None
    return f"the invoice of {now['name']} {_changes(changed, new)}"


def _changes(names: list[str], fields: Mapping[str, str]) -> str:
    """What changed of an invoice, as the rest of a sentence. Whether it is issued is said explicitly."""
    parts = []
    if "draft" in names:
        still_draft = fields.get("draft") == _hash(True)  # noqa: FBT003 - the value in the payload
        parts.append("would be a draft, not issued" if still_draft else "would be issued, no longer a draft")
    if others := [name for name in names if name != "draft"]:
        parts.append(f"has another {', '.join(others).replace('_', ' ')}")
    return " and ".join(parts)


def _name_of(planned: ReportedInvoice) -> str:
    key = planned.invoice.key and f"“{planned.invoice.key}”"
    return invoice_named(key, planned.invoice.workspace_ids)


def _hash(value: object) -> str:
    return hashlib.sha256(to_json(value, sort_keys=True).encode()).hexdigest()[:16]


def _shown(value: object) -> str:
    return "none" if value is None else to_json(value)
