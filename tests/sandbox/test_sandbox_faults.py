"""Every way to misbehave, seen from the client and from the store."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests

from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from conftest import Client

    from importer.sandbox.running import Sandbox

FEE = [{"notes": "Konzept", "amount": 500}]
DROPS = (FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER, FaultKind.CUT_OFF_AFTER)


@pytest.mark.parametrize("kind", list(FaultKind))
def test_only_the_after_kinds_leave_an_invoice(kantata: Client, sandbox: Sandbox, kind: FaultKind) -> None:
    """Before (but for slowness) nothing is stored, after one invoice; counted once; the next request works."""
    sandbox.misbehave(Fault(kind))
    if kind in DROPS:
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            kantata.bill(fixed_fee_items=FEE)
    else:
        kantata.bill(fixed_fee_items=FEE)
    expected = 1 if kind.after_commit or kind is FaultKind.SLOW_BEFORE else 0
    assert len(sandbox.invoices()) == expected
    assert len(sandbox.received("POST", "/invoices")) == 1
    assert kantata.bill(fixed_fee_items=FEE).status_code == 200
    assert len(sandbox.invoices()) == expected + 1


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER])
def test_a_drop_on_a_kept_connection_reaches_the_client_as_such(
    kantata: Client,
    sandbox: Sandbox,
    kind: FaultKind,
) -> None:
    """Not a byte of answer, and the client does not resend by itself."""
    kantata.get("/users/me")
    sandbox.misbehave(Fault(kind))
    with pytest.raises(requests.ConnectionError, match=r"Remote|aborted|reset"):
        kantata.bill(fixed_fee_items=FEE)
    posts = sandbox.received("POST", "/invoices")
    assert [post.status for post in posts] == [None]


@pytest.mark.parametrize("kind", [FaultKind.STATUS_BEFORE, FaultKind.STATUS_AFTER])
def test_any_status(kantata: Client, sandbox: Sandbox, kind: FaultKind) -> None:
    """The status, an errors body, the request id, Retry-After when ordered."""
    for status in (400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504, 520):
        sandbox.misbehave(Fault(kind, status=status, retry_after=7))
        answer = kantata.bill(fixed_fee_items=FEE)
        assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
        assert answer.json()["errors"][0]["message"]
        assert answer.headers["X-Request-Id"] == sandbox.received("POST", "/invoices")[-1].request_id


def test_html_answers(kantata: Client, sandbox: Sandbox) -> None:
    """200 after the commit, 502 before it; both are pages."""
    sandbox.misbehave(Fault(FaultKind.HTML_AFTER), Fault(FaultKind.HTML_BEFORE))
    answers = [kantata.bill(fixed_fee_items=FEE) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 502]
    assert all(answer.headers["Content-Type"].startswith("text/html") for answer in answers)


def test_answers_that_look_good_and_are_not(kantata: Client, sandbox: Sandbox) -> None:
    """Truncated JSON, 200 with errors, empty 200, a redirect."""
    kinds = (FaultKind.TRUNCATED_AFTER, FaultKind.ERRORS_200_AFTER, FaultKind.EMPTY_200_AFTER, FaultKind.REDIRECT_AFTER)
    sandbox.misbehave(*(Fault(kind) for kind in kinds))
    truncated, errors, empty, redirect = [kantata.bill(fixed_fee_items=FEE) for _ in kinds]
    assert [one.status_code for one in (truncated, errors, empty, redirect)] == [200, 200, 200, 302]
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        truncated.json()
    assert truncated.text.startswith("{")
    assert errors.json()["errors"]
    assert empty.content == b""
    assert redirect.headers["Location"].endswith("/invoices")


@pytest.mark.parametrize("kind", [FaultKind.SLOW_BEFORE, FaultKind.SLOW_AFTER])
def test_slowness_and_a_client_that_gives_up(kantata: Client, sandbox: Sandbox, kind: FaultKind) -> None:
    """The client times out; the invoice comes into being all the same."""
    sandbox.misbehave(Fault(kind, seconds=0.3))
    with pytest.raises(requests.ReadTimeout):
        kantata.call(
            "POST",
            "/invoices",
            json={"invoice": {"workspace_id": 101, "payment_schedule": 0, "fixed_fee_items": FEE}},
            timeout=(60, 0.1),
        )
    deadline = time.monotonic() + 60
    while not sandbox.invoices() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(sandbox.invoices()) == 1


def test_after_and_times_choose_the_requests(kantata: Client, sandbox: Sandbox) -> None:
    """Each fault counts from when it was set: the second, third and fifth POST fail here."""
    sandbox.misbehave(
        Fault(FaultKind.STATUS_BEFORE, after=1, times=2),
        Fault(FaultKind.STATUS_BEFORE, status=500, after=4),
    )
    assert [kantata.bill(fixed_fee_items=FEE).status_code for _ in range(6)] == [200, 503, 503, 200, 500, 200]


def test_faults_queue_up(kantata: Client, sandbox: Sandbox) -> None:
    """Without after, one follows the other; a new order replaces what is left."""
    sandbox.misbehave(
        Fault(FaultKind.STATUS_BEFORE, status=429),
        Fault(FaultKind.STATUS_BEFORE, status=500),
        Fault(FaultKind.DROP_AFTER),
    )
    assert [kantata.bill(fixed_fee_items=FEE).status_code for _ in range(2)] == [429, 500]
    sandbox.misbehave()
    assert kantata.bill(fixed_fee_items=FEE).status_code == 200


def test_a_fault_hits_only_its_method_and_path(kantata: Client, sandbox: Sandbox) -> None:
    """Patterns with a star match; the suffix .json does not matter."""
    sandbox.misbehave(
        Fault(FaultKind.STATUS_BEFORE, method="GET", path="/invoices/*"),
        Fault(FaultKind.STATUS_BEFORE, status=500),
    )
    assert kantata.call("GET", "/invoices").status_code == 200
    assert kantata.call("GET", "/invoices/8986.json").status_code == 503
    assert kantata.call("POST", "/invoices.json").status_code == 500


def test_faults_are_set_over_http(kantata: Client, sandbox: Sandbox) -> None:
    """Another process orders faults, reads the requests and the invoices, without a token."""
    control = sandbox.base_url.removesuffix("/api/v1") + "/_sandbox"
    order = [{"kind": "drop_after", "after": 1}]
    assert requests.put(f"{control}/faults", json=order, timeout=60).status_code == 204
    assert requests.get(f"{control}/faults", timeout=60).json()[0]["kind"] == "drop_after"
    kantata.bill(fixed_fee_items=FEE)
    with pytest.raises(requests.ConnectionError):
        kantata.bill(fixed_fee_items=FEE)
    seen = requests.get(f"{control}/requests", params={"method": "POST", "path": "/invoices"}, timeout=60).json()
    assert [one["status"] for one in seen] == [200, None]
    assert seen[0]["json"]["invoice"]["workspace_id"] == 101
    assert seen[0]["headers"]["authorization"] == "(hidden)"
    assert len(requests.get(f"{control}/invoices", timeout=60).json()) == 2


@pytest.mark.parametrize(
    "order",
    [[{"kind": "nonsense"}], [{"kind": "drop_after", "afterr": 1}], [{"kind": "drop_after", "times": 0}], 5, ["x"]],
)
def test_a_wrong_order_is_refused(sandbox: Sandbox, order: object) -> None:
    """400, and the faults pending stay."""
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER))
    control = sandbox.base_url.removesuffix("/api/v1") + "/_sandbox/faults"
    assert requests.put(control, json=order, timeout=60).status_code == 400
    assert len(requests.get(control, timeout=60).json()) == 1


@pytest.mark.parametrize("wrong", [{"after": -1}, {"times": 0}, {"status": 302}, {"seconds": -1.0}])
def test_a_fault_that_cannot_be_carried_out_cannot_be_made(wrong: dict[str, int]) -> None:
    """A bad state cannot be built."""
    with pytest.raises(ValueError, match=r"at least|status"):
        Fault(FaultKind.STATUS_BEFORE, **wrong)
