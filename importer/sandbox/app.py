"""The stand-in's HTTP surface: routes, token, request ids, and the faults on top."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from importer.sandbox import invoices, reading
from importer.sandbox.account import TOKEN_USER
from importer.sandbox.demands import read_demand
from importer.sandbox.faults import FaultQueue, fault_from_json
from importer.sandbox.habits import Behaviour, habits_from_json, with_cents
from importer.sandbox.received import Received, Recorder, UnderWay
from importer.sandbox.refusals import (
    SYNTAX,
    SYSTEM,
    Refused,
    bad_request,
    errors_body,
    not_found,
    other_host,
    stopped,
    unauthorised,
)
from importer.sandbox.requests import LARGEST_ID, Query, json_object
from importer.sandbox.server import DROP, ENDING_HEADER, spoil

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from importer.sandbox.presenting import Record
    from importer.sandbox.store import Store

BASE = "/api/v1"
CONTROL = "/_sandbox"
"""Where the stand-in itself is asked; no part of Kantata."""
LISTS = ("workspaces", "stories", "time_entries", "expenses", "billing_milestones", "invoices", "external_references")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the application works with."""

    store: Store
    token: str
    faults: FaultQueue
    behaviour: Behaviour
    recorder: Recorder
    under_way: UnderWay
    hosts: frozenset[str]
    """What the header Host may say."""
    control: bool
    """Whether the stand-in itself can be asked and controlled."""


def build(parts: Parts) -> WSGIApplication:
    """Return the application."""
    app = Flask(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider has it
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    _add_frame(app, parts)
    _add_lists(app, parts)
    _add_invoices(app, parts)
    _add_references(app, parts)
    if parts.control:
        _add_control(app, parts)

    def without_suffix(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["PATH_INFO"] = environ["PATH_INFO"].removesuffix(".json")
        with parts.under_way.answering():
            return app(environ, start_response)

    return without_suffix


def _add_frame(app: Flask, parts: Parts) -> None:
    """Around every request: note it, let a fault have its way, ask for the token, answer errors in JSON."""

    def before() -> Response | Record | None:
        g.request_id, g.fault = str(uuid.uuid4()), None
        _check_host(parts.hosts)
        if request.path.startswith(CONTROL):
            return None
        path = request.path.removeprefix(BASE)
        parts.recorder.note(_received(path))
        g.fault = parts.faults.take(request.method, path)
        if g.fault is not None and not g.fault.kind.after_commit:
            if parts.under_way.wait(g.fault.seconds):
                raise stopped()
            spoilt = spoil(g.fault, None, request.path)
            if spoilt is not None:
                return spoilt
        if request.headers.get("Authorization") != f"Bearer {parts.token}":
            raise unauthorised()
        return None

    def after(response: Response) -> Response:
        if g.fault is not None and g.fault.kind.after_commit:
            parts.under_way.wait(g.fault.seconds)
            response = spoil(g.fault, response, request.path) or response
        response.headers["X-Request-Id"] = g.request_id
        if response.headers.get(ENDING_HEADER) != DROP:
            parts.recorder.note_answer(g.request_id, response.status_code)
        return response

    app.before_request(before)
    app.after_request(after)
    app.register_error_handler(Refused, lambda refused: (refused.body, refused.status))
    app.register_error_handler(HTTPException, _http_error)


def _check_host(hosts: frozenset[str]) -> None:
    if request.environ.get("HTTP_HOST") not in hosts:
        raise other_host()


def _http_error(error: HTTPException) -> tuple[Record, int]:
    if error.code in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
        return not_found().body, HTTPStatus.NOT_FOUND
    return errors_body(SYSTEM, error.name), error.code or HTTPStatus.INTERNAL_SERVER_ERROR


def _received(path: str) -> Received:
    headers = {name.lower(): value for name, value in request.headers.items()}
    if "authorization" in headers:
        headers["authorization"] = "(hidden)"
    return Received(
        request.method,
        path,
        request.args.to_dict(flat=True),
        headers,
        request.get_data(),
        time.time(),
        g.request_id,
    )


def _add_lists(app: Flask, parts: Parts) -> None:
    def add(key: str) -> None:
        def answer() -> Record:
            with parts.store.transaction() as connection:
                return reading.listing(connection, key, Query(request.args), parts.behaviour.unlisted())

        app.add_url_rule(f"{BASE}/{key}", f"list {key}", answer, methods=["GET"])

    for key in LISTS:
        add(key)

    @app.get(f"{BASE}/users/me")
    def me() -> Record:
        with parts.store.transaction() as connection:
            return reading.single(connection, "users", TOKEN_USER, Query(request.args))


def _add_invoices(app: Flask, parts: Parts) -> None:
    store, behaviour = parts.store, parts.behaviour

    @app.post(f"{BASE}/invoices")
    def create() -> Record:
        sent = json_object(request.get_data(), "invoice")
        habits = behaviour.habits
        demand = with_cents(read_demand(sent, datetime.now(UTC).date()), habits.cents)
        with store.transaction() as connection:
            id_ = invoices.create(connection, demand, sent, drafts_hold=habits.drafts_hold)
            behaviour.note(id_)
            return reading.single(connection, "invoices", id_, Query(request.args))

    @app.get(f"{BASE}/invoices/next_invoice_number")
    def next_number() -> Record:
        with store.transaction() as connection:
            return {"next_invoice_number": str(invoices.next_number(connection))}

    @app.get(f"{BASE}/invoices/<int:id_>")
    def show(id_: int) -> Record:
        with store.transaction() as connection:
            return reading.single(connection, "invoices", _stored(id_), Query(request.args))

    @app.put(f"{BASE}/invoices/<int:id_>")
    def change(id_: int) -> Record:
        raw = json_object(request.get_data(), "invoice")
        with store.transaction() as connection:
            invoices.change(connection, _stored(id_), raw)
            return reading.single(connection, "invoices", id_, Query(request.args))

    @app.put(f"{BASE}/invoices/<int:id_>/cancel")
    def cancel(id_: int) -> Record:
        with store.transaction() as connection:
            invoices.cancel(connection, _stored(id_))
            return reading.single(connection, "invoices", id_, Query(request.args))

    @app.delete(f"{BASE}/invoices/<int:id_>")
    def remove(id_: int) -> tuple[str, int]:
        with store.transaction() as connection:
            invoices.remove(connection, _stored(id_))
        return "", HTTPStatus.NO_CONTENT


def _stored(id_: int) -> int:
    """Return an id that SQLite can look for; 404 beyond."""
    if id_ > LARGEST_ID:
        raise not_found()
    return id_


def _add_references(app: Flask, parts: Parts) -> None:
    @app.post(f"{BASE}/external_references/create_or_update")
    def create_or_update() -> Record:
        raw = json_object(request.get_data(), "external_reference")
        with parts.store.transaction() as connection:
            reference_id = invoices.create_or_update_reference(connection, raw)
            return reading.single(connection, "external_references", reference_id, Query(request.args))


def _add_control(app: Flask, parts: Parts) -> None:
    @app.put(f"{CONTROL}/faults")
    def set_faults() -> tuple[str, int]:
        try:
            parts.faults.replace([fault_from_json(fault) for fault in request.get_json(force=True)])
        except (TypeError, ValueError) as error:
            raise bad_request(SYNTAX, str(error)) from None
        return "", HTTPStatus.NO_CONTENT

    @app.get(f"{CONTROL}/faults")
    def faults() -> list[Record]:
        return [fault.as_json() for fault in parts.faults.pending()]

    _add_habits(app, parts)

    @app.get(f"{CONTROL}/requests")
    def requests() -> list[Record]:
        asked = request.args
        received = parts.recorder.list(asked.get("method", "*"), asked.get("path", "/"))
        return [entry.as_json() for entry in received]

    @app.put(f"{CONTROL}/invoices/<int:id_>/pay")
    def pay(id_: int) -> tuple[str, int]:
        with parts.store.transaction() as connection:
            invoices.pay(connection, _stored(id_))
        return "", HTTPStatus.NO_CONTENT

    @app.put(f"{CONTROL}/invoices/<int:id_>/notes")
    def edit(id_: int) -> tuple[str, int]:
        with parts.store.transaction() as connection:
            invoices.edit_items(connection, _stored(id_), request.get_data(as_text=True))
        return "", HTTPStatus.NO_CONTENT

    @app.get(f"{CONTROL}/invoices")
    def stored_invoices() -> list[Record]:
        with_sample = Query(request.args).flag("with_sample", default=False)
        return [asdict(invoice) for invoice in parts.store.invoices(with_sample=with_sample)]


def _add_habits(app: Flask, parts: Parts) -> None:
    @app.put(f"{CONTROL}/habits")
    def set_habits() -> tuple[str, int]:
        try:
            parts.behaviour.change(habits_from_json(request.get_json(force=True)))
        except (TypeError, ValueError) as error:
            raise bad_request(SYNTAX, str(error)) from None
        return "", HTTPStatus.NO_CONTENT

    @app.get(f"{CONTROL}/habits")
    def habits() -> Record:
        return parts.behaviour.habits.as_json()
