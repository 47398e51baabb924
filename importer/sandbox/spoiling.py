"""Turning a fault into an answer."""

from __future__ import annotations

import json
from http import HTTPStatus
from http.client import responses
from typing import assert_never

from flask import Response

from importer.sandbox.faults import Fault, FaultKind
from importer.sandbox.refusals import SYNTAX, SYSTEM, VALIDATION, errors_body, unauthorised
from importer.sandbox.server import CUT_OFF, DROP, ENDING_HEADER

HTML = "<!DOCTYPE html><html><head><title>Please wait</title></head><body><h1>We'll be back soon</h1></body></html>"
HTML_TYPE = "text/html; charset=utf-8"
KINDS: dict[int, str] = {HTTPStatus.UNPROCESSABLE_ENTITY: VALIDATION, HTTPStatus.BAD_REQUEST: SYNTAX}
"""Type of error that goes with a status; all others are of type system."""


def spoil(fault: Fault, answer: Response | None, path: str) -> Response | None:  # noqa: C901, PLR0911 - one branch per case, on one screen
    """Return the answer that a fault puts in the place of ``answer`` (None when that is not made yet).

    None leaves things as they are.
    """
    match fault.kind:
        case FaultKind.SLOW_BEFORE | FaultKind.SLOW_AFTER:
            return None
        case FaultKind.STATUS_BEFORE | FaultKind.STATUS_AFTER:
            return _status(fault)
        case FaultKind.DROP_BEFORE | FaultKind.DROP_AFTER:
            return Response(headers={ENDING_HEADER: DROP})
        case FaultKind.HTML_BEFORE:
            return _answer(fault, fault.status or HTTPStatus.BAD_GATEWAY, HTML, HTML_TYPE)
        case FaultKind.HTML_AFTER:
            return _answer(fault, fault.status or HTTPStatus.OK, HTML, HTML_TYPE)
        case FaultKind.TRUNCATED_AFTER:
            body = b"" if answer is None else answer.get_data()
            return Response(body[: len(body) // 2], mimetype="application/json")
        case FaultKind.CUT_OFF_AFTER:
            return Response(
                b"" if answer is None else answer.get_data(),
                mimetype="application/json",
                headers={ENDING_HEADER: CUT_OFF},
            )
        case FaultKind.ERRORS_200_BEFORE | FaultKind.ERRORS_200_AFTER:
            return _json(fault, HTTPStatus.OK, errors_body(SYSTEM, "Something went wrong"))
        case FaultKind.EMPTY_200_BEFORE | FaultKind.EMPTY_200_AFTER:
            return Response(b"", mimetype="application/json")
        case FaultKind.REDIRECT_BEFORE | FaultKind.REDIRECT_AFTER:
            return Response(b"", HTTPStatus.FOUND, headers={"Location": path})
        case _:
            assert_never(fault.kind)


def _status(fault: Fault) -> Response:
    status = fault.status or HTTPStatus.SERVICE_UNAVAILABLE
    if status == HTTPStatus.UNAUTHORIZED:
        return _json(fault, status, unauthorised().body)
    return _json(fault, status, errors_body(KINDS.get(status, SYSTEM), responses.get(status, f"Status {status}")))


def _json(fault: Fault, status: int, body: dict[str, object]) -> Response:
    return _answer(fault, status, json.dumps(body), "application/json")


def _answer(fault: Fault, status: int, body: str, content_type: str) -> Response:
    response = Response(body if fault.body is None else fault.body, status, content_type=content_type)
    if fault.retry_after is not None:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response
