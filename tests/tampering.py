"""A way to Kantata on which somebody changes the answers: the stand-in's own, with one thing made otherwise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests
from scripted import Request, Scripted, http

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.sandbox.running import Sandbox


def between(sandbox: Sandbox, tamper: Callable[[Request, dict[str, Any]], None]) -> Scripted:
    """Pass every request on to the stand-in, and let ``tamper`` change the JSON of each good answer."""

    def answer(request: Request) -> bytes:
        address = sandbox.base_url.removesuffix("/api/v1") + request.target
        headers = {"Authorization": f"Bearer {sandbox.token}", "Content-Type": "application/json"}
        with requests.Session() as session:
            session.trust_env = False
            came = session.request(request.method, address, data=request.body, headers=headers, timeout=60)
        if came.status_code != 200:
            return http(came.status_code, came.content)
        document = came.json()
        tamper(request, document)
        return http(200, json.dumps(document))

    return Scripted([answer])


def only_posts(change: Callable[[dict[str, Any]], None]) -> Callable[[Request, dict[str, Any]], None]:
    """Change answers to a creation only."""

    def tamper(request: Request, document: dict[str, Any]) -> None:
        if request.method == "POST":
            change(document)

    return tamper


def the_invoice(document: dict[str, Any]) -> dict[str, Any]:
    """The one invoice of an answer."""
    [record] = document["invoices"].values()
    return record


def without_includes(document: dict[str, Any]) -> None:
    """Make an answer that knows nothing of ``include``."""
    for record in document["invoices"].values():
        for name in [name for name in record if name.endswith("_ids")]:
            del record[name]
    for name in ("fixed_fee_items", "additional_items", "workspaces", "external_references"):
        document.pop(name, None)
