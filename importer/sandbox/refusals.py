"""Answers that refuse, in the error shapes that Kantata documents (docs/kantata.md section 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

OAUTH, SYSTEM, SYNTAX, VALIDATION = "oauth", "system", "syntax", "validation"
"""Types of error that were seen; there are no stable codes."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with a request."""

    field: str
    """Field of the invoice, or ``base``."""
    message: str
    index: int | None = None
    """Place in the list that ``field`` names, from 0."""

    def as_json(self) -> dict[str, object]:
        """Return the entry of ``errors``."""
        entry: dict[str, object] = {"type": VALIDATION, "message": self.message, "field": self.field}
        return entry if self.index is None else entry | {"index": self.index}


class Refused(Exception):
    """The request is answered with an error and changes nothing."""

    def __init__(self, status: int, body: dict[str, object]) -> None:
        """Keep the answer."""
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body


def errors_body(kind: str, message: str) -> dict[str, object]:
    """Return the common error body."""
    return {"errors": [{"type": kind, "message": message}]}


def invalid(complaints: Sequence[Complaint]) -> Refused:
    """422 with everything that is wrong."""
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, {"errors": [complaint.as_json() for complaint in complaints]})


def not_found() -> Refused:
    """404, for an unknown route or record."""
    return Refused(HTTPStatus.NOT_FOUND, errors_body(SYSTEM, "Not found"))


def unauthorised() -> Refused:
    """401, for no token or a wrong one."""
    return Refused(HTTPStatus.UNAUTHORIZED, errors_body(OAUTH, "Invalid OAuth 2 Request"))


def other_host() -> Refused:
    """421, for a request that was meant for another name: a web page could have its own lead to this machine."""
    return Refused(HTTPStatus.MISDIRECTED_REQUEST, errors_body(SYSTEM, "This is the sandbox, not the host asked for"))


def malformed(why: str) -> Refused:
    """400 in the shape of a body that is no JSON."""
    return Refused(HTTPStatus.BAD_REQUEST, {"status": 400, "error": f"malformed JSON: {why}"})


def bad_request(kind: str, message: str) -> Refused:
    """400 in the common shape."""
    return Refused(HTTPStatus.BAD_REQUEST, errors_body(kind, message))


def stopped() -> Refused:
    """503, for a request under way when the server stops; its connection is closed by then."""
    return Refused(HTTPStatus.SERVICE_UNAVAILABLE, errors_body(SYSTEM, "The sandbox has stopped"))
