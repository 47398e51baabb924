"""What exactly is approved, and how a plan differs from it. Pure.

The plan that is approved is a document: account, batch, the settings that shape
invoices, and of each invoice that would be sent or was sent already a hash per
field of its request, so that a difference can be named.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from importer.kantata.payload import to_json
from importer.model.plans import ReportedInvoice, Status
from importer.model.words import MOST_NAMED, invoice_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
TO_BE_SENT = frozenset({Status.READY, Status.ALREADY_CREATED, Status.IN_DOUBT})
"""Also what was sent already: sending the rest of an approved plan needs no second approval."""


def plan_of(account: str, batch: str, planned: Iterable[ReportedInvoice], settings: Settings) -> dict[str, Any]:
    """The document of a plan, made of texts, numbers, lists and tables only."""
    values = settings.model_dump(mode="json")
    return {
        "account": account,
        "batch": batch,
        "settings": {name: value for name, value in sorted(values.items()) if name not in NOT_IN_PLAN},
        "invoices": {
            one.reference: {
                "name": _name_of(one),
                "amount": str(one.invoice.amount),
                "fields": {name: _hash(value) for name, value in (one.payload or {})["invoice"].items()},
            }
            for one in planned
            if one.status in TO_BE_SENT and one.reference is not None
        },
    }


def hash_of(plan: Mapping[str, Any]) -> str:
    """SHA-256 of a plan, hexadecimal."""
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()


def differences(approved: Mapping[str, Any], plan: Mapping[str, Any]) -> tuple[str, ...]:
    """What changed since the approval, in sentences without a full stop; empty when nothing did."""
    found = [
        f"the {what} was {approved[what]}, now it is {plan[what]}"
        for what in ("account", "batch")
        if approved[what] != plan[what]
    ]
    old, new = approved["settings"], plan["settings"]
    found += [
        f"the setting {name} was {_said(old.get(name))}, now it is {_said(new.get(name))}"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]
    found += _between(approved["invoices"], plan["invoices"])
    more = len(found) - MOST_NAMED
    return (*found[:MOST_NAMED], f"and {more} more differences") if more > 0 else tuple(found)


def _between(approved: Mapping[str, Any], plan: Mapping[str, Any]) -> list[str]:
    found = []
    for reference in dict.fromkeys([*approved, *plan]):
        if reference not in approved:
            new = plan[reference]
            found.append(f"the invoice of {new['name']} with {new['amount']} was not to be sent when it was approved")
            continue
        old = approved[reference]
        if reference not in plan:
            found.append(f"the invoice of {old['name']} with {old['amount']} was approved, but is not to be sent now")
            continue
        new = plan[reference]
        if old["amount"] != new["amount"]:
            found.append(f"the invoice of {new['name']} had {old['amount']}, now it has {new['amount']}")
        elif old["fields"] != new["fields"]:
            changed = [n for n in {**old["fields"], **new["fields"]} if old["fields"].get(n) != new["fields"].get(n)]
            found.append(f"the invoice of {new['name']} {_changes(changed, new['fields'])}")
    return found


def _changes(names: list[str], fields: Mapping[str, str]) -> str:
    """What changed of an invoice, as the rest of a sentence. Whether it is issued is said in so many words."""
    said = []
    if "draft" in names:
        issued = fields.get("draft") != _hash(True)  # noqa: FBT003 - the value in the payload
        said.append("would be issued, no longer a draft" if issued else "would be a draft, not issued")
    if others := [name for name in names if name != "draft"]:
        said.append(f"has another {', '.join(others).replace('_', ' ')}")
    return " and ".join(said)


def _name_of(one: ReportedInvoice) -> str:
    key = one.invoice.key and f"“{one.invoice.key}”"
    return invoice_named(key, one.invoice.workspace_ids)


def _hash(value: object) -> str:
    return hashlib.sha256(to_json(value, sort_keys=True).encode()).hexdigest()[:16]


def _said(value: object) -> str:
    return "none" if value is None else to_json(value)
