"""What comes of a POST is classified once, by docs/kantata.md section 4, over real connections."""

from __future__ import annotations

import json
import socket
import time as time_module
from datetime import datetime
from decimal import Decimal
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import fees, plan
from scripted import Scripted, created, http

from importer.kantata.answers import classify
from importer.kantata.client import COUNTS, INCLUDES, KantataApi
from importer.kantata.deadline import Deadline
from importer.kantata.invoices import found_invoices
from importer.kantata.payload import to_json
from importer.model.answers import OutcomeKind
from importer.model.errors import AccessDenied, NotReached
from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.kantata.invoices import FoundInvoice
    from importer.sandbox.running import Sandbox

CREATED, REJECTED, FOR_NOW, TOKEN, UNKNOWN = (
    OutcomeKind.CREATED,
    OutcomeKind.REJECTED,
    OutcomeKind.REFUSED_FOR_NOW,
    OutcomeKind.TOKEN_REFUSED,
    OutcomeKind.UNKNOWN,
)
[ONE] = plan(*[one.invoice for one in fees(1)])  # type: ignore[misc]
PAYLOAD: dict[str, Any] = ONE.payload or {}

ERRORS = '{"errors":[{"type":"validation","message":"is closed","field":"workspace_id"},{"message":"and more"}]}'
CREATED_BODY = created().partition(b"\r\n\r\n")[2].decode()
TWO = json.dumps(
    {"results": [{"key": "invoices", "id": "1"}, {"key": "invoices", "id": "2"}], "invoices": {"1": {}, "2": {}}},
)
BODIES = {
    "created": CREATED_BODY,
    "errors": ERRORS,
    "empty": "",
    "html": "<html><body><h1>Bad day</h1></body></html>",
    "cut": CREATED_BODY[: len(CREATED_BODY) // 2],
    "list": "[]",
    "null": "null",
    "two results": TWO,
    "no results": '{"count": 0, "results": [], "invoices": {}}',
    "result without its record": '{"results": [{"key": "invoices", "id": "1"}], "invoices": {}}',
    "result of another kind": '{"results": [{"key": "users", "id": "1"}], "users": {"1": {}}}',
    "id is null": '{"results": [{"key": "invoices", "id": null}], "invoices": {"1": {}}}',
    "id is empty": '{"results": [{"key": "invoices", "id": ""}], "invoices": {"": {}}}',
    "created with errors": json.dumps(json.loads(CREATED_BODY) | {"errors": [{"message": "half done"}]}),
    "error_message": '{"error_message": "no good"}',
    "error": '{"status": 400, "error": "malformed JSON"}',
}


def expected(status: int, body: str) -> OutcomeKind:
    """Say what the table of docs/kantata.md section 4 says."""
    match status:
        case 200:
            return CREATED if body == "created" else UNKNOWN
        case 400 | 403 | 404 | 422:
            return REJECTED
        case 401:
            return TOKEN
        case 429:
            return FOR_NOW
        case _:
            return UNKNOWN


# --- every status, every body ---


@pytest.mark.parametrize("body", BODIES)
def test_every_status_with_every_body_is_classified_as_the_table_says(body: str) -> None:
    """The status decides, but for 200, where only one whole created invoice counts; what is not listed is unknown."""
    for status in range(200, 600):
        outcome = classify(status, BODIES[body], {"X-Request-Id": "r1"})
        assert outcome.kind is expected(status, body), status
        assert (outcome.http_status, outcome.request_id) == (status, "r1")
        assert (outcome.invoice_id is not None) == (outcome.kind is CREATED)


LISTED = (200, 400, 401, 403, 404, 422, 429)
UNLISTED = (201, 202, 204, 301, 302, 303, 307, 308, 402, 405, 408, 409, 410, 413, 418, 500, 502, 503, 504, 520)


@pytest.mark.parametrize("status", [*LISTED, *UNLISTED])
def test_each_answer_costs_exactly_one_post(connect: Callable[..., KantataApi], status: int) -> None:
    """Nothing below the caller sends again: the server has seen one POST, whatever it answered."""
    for body in ("created", "errors", "html", "empty"):
        text = "" if status == 204 else BODIES[body]
        with Scripted([http(status, text)]) as server:
            outcome = connect(server.base_url).create_invoice(PAYLOAD, Deadline())
        assert outcome.kind is expected(status, "empty" if status == 204 else body)
        assert [one.method for one in server.received] == ["POST"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
known = st.sampled_from(
    [
        "results",
        "invoices",
        "errors",
        "meta",
        "users",
        "fixed_fee_items",
        "additional_items",
        "id",
        "key",
        "recipient_id",
        "fixed_fee_item_ids",
        "additional_item_ids",
        "balance_in_cents",
        "amount_in_cents",
        "draft",
        "error",
        "1",
        "9001",
    ],
)
bad_json = st.recursive(
    json_values,
    lambda inner: st.dictionaries(known, inner, max_size=5) | st.lists(inner, max_size=2),
    max_leaves=15,
)


@given(status=st.integers(200, 599), answer=bad_json)
def test_no_json_makes_the_classification_fail(status: int, answer: object) -> None:
    """Whatever shape comes, there is an outcome; a created one has its id."""
    outcome = classify(status, json.dumps(answer), {})
    assert (outcome.kind is CREATED) == (outcome.invoice_id is not None)


@given(fields=st.dictionaries(known, bad_json, max_size=8), extras=st.dictionaries(known, bad_json, max_size=5))
def test_odd_fields_never_hide_that_an_invoice_was_created(fields: dict[str, Any], extras: dict[str, Any]) -> None:
    """Real answers hold nulls, blanks and worse (docs/kantata.md section 1); the invoice exists all the same."""
    record = {**fields, "id": "9001"}
    answer = {**extras, "results": [{"key": "invoices", "id": "9001"}], "invoices": {"9001": record}, "errors": []}
    outcome = classify(200, json.dumps(answer), {})
    assert (outcome.kind, outcome.invoice_id) == (CREATED, "9001")


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"results":' * 50_000, '{"id": ' + "9" * 10_000 + "}", "\x00", "\ufeff{}"],
)
def test_no_text_makes_the_classification_fail(text: str) -> None:
    """Not even JSON nested too deep, numbers too long, or a byte order mark."""
    assert classify(200, text, {}).kind is UNKNOWN
    assert classify(422, text, {}).kind is REJECTED


# --- what Kantata says ---


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (ERRORS, "workspace_id: is closed; and more"),
        ('{"errors": ["plain words"]}', "plain words"),
        ('{"errors": [{"type": "oauth"}]}', "oauth"),
        ('{"errors": [{"field": "base", "message": "closed"}]}', "closed"),
        ('{"errors": [], "error_message": "no good"}', "no good"),
        ('{"error_message": "first", "error": "second"}', "first"),
        (BODIES["error"], "malformed JSON"),
        ("plain text\nof two lines", "plain text of two lines"),
    ],
)
def test_the_words_of_an_error_are_found_in_the_documented_order(body: str, said: str) -> None:
    """errors[] (objects or strings), then error_message, then error, then the text as it is; the body is kept."""
    outcome = classify(422, body, {})
    assert (outcome.message, outcome.raw) == (said, body)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("7", 7), ("0.5", 0.5), ("-3", 0), ("soon", None), ("", None), ("nan", None), ("1e999", None)],
)
def test_retry_after_in_seconds_is_read(header: str | None, seconds: float | None) -> None:
    """It is not documented for Kantata, but honoured when it is there; nonsense counts as absent."""
    assert classify(429, "", {} if header is None else {"retry-after": header}).retry_after == seconds


def test_retry_after_as_a_date_is_read() -> None:
    """HTTP allows a date too; one that has passed means no wait."""
    found = classify(429, "", {"Retry-After": formatdate(time() + 60, usegmt=True)}).retry_after
    assert found == pytest.approx(60, abs=2)
    assert classify(429, "", {"Retry-After": formatdate(time() - 60, usegmt=True)}).retry_after == 0


def test_what_kantata_holds_is_read_back() -> None:
    """Cents become main units, ids texts; blanks and nulls become None."""
    answer = json.loads(CREATED_BODY)
    answer["invoices"]["9001"] |= {
        "balance_in_cents": 50000,
        "user_invoice_number": 7,
        "title": "",
        "due_date": None,
        "recipient_id": "3",
        "fixed_fee_item_ids": ["1", 2],
        "additional_item_ids": [],
    }
    answer |= {"fixed_fee_items": {"1": {"amount_in_cents": 12345}, "2": {"amount_in_cents": 5}}}
    answer |= {"users": {"3": {"full_name": "Käthe Schöller"}}}
    found = classify(200, json.dumps(answer), {}).read_back
    assert found is not None
    assert (found.total, found.items_amount, found.number) == (Decimal(500), Decimal("123.50"), "7")
    assert (found.title, found.due_date, found.recipient, found.draft) == (None, None, "Käthe Schöller", True)


@pytest.mark.parametrize(
    "shown",
    [
        {"fixed_fee_item_ids": ["1"]},
        {"fixed_fee_item_ids": ["1"], "additional_item_ids": None},
        {"fixed_fee_item_ids": ["1", "2"], "additional_item_ids": []},
        {"fixed_fee_item_ids": ["1", "3"], "additional_item_ids": []},
    ],
)
def test_items_that_are_not_all_shown_have_no_sum(shown: dict[str, object]) -> None:
    """A list that is left out, an item that is named only, or one without an amount: a part is never the sum."""
    items = {"1": {"amount_in_cents": 12345}, "3": {"amount_in_cents": None}}
    answer = {"invoices": {"7": {"workspace_id": "101", **shown}}, "fixed_fee_items": items}
    [found] = found_invoices(answer)
    assert found.read_back.items_amount is None


# --- what is sent ---


def test_the_request_is_exactly_this(connect: Callable[..., KantataApi]) -> None:
    """Address, all nine associations, headers and the body's bytes: compact UTF-8, as the preview shows it."""
    with Scripted([created()]) as server:
        connect(server.base_url + "/", "t0ken").create_invoice(
            {"invoice": {"message": "Grüße", "workspace_id": 2**31}}, Deadline()
        )
    [post] = server.received
    wanted = (
        "additional_items%2Cbilling_milestones%2Cexpenses%2Cexternal_references%2Cfixed_fee_items%2Crecipient%2C"
        "time_entries%2Cuser%2Cworkspaces"
    )
    assert (post.method, post.target) == ("POST", f"/api/v1/invoices?include={wanted}")
    assert post.body == '{"invoice":{"message":"Grüße","workspace_id":2147483648}}'.encode()
    assert post.headers["authorization"] == "Bearer t0ken"
    assert post.headers["accept"] == "application/json"
    assert post.headers["content-type"] == "application/json"
    assert post.headers["content-length"] == str(len(post.body))
    assert "transfer-encoding" not in post.headers
    assert len(INCLUDES) == 9


def test_the_stand_in_receives_the_same(connect: Callable[..., KantataApi], sandbox: Sandbox) -> None:
    """What the sandbox stores is what was planned."""
    outcome = connect(sandbox.base_url).create_invoice(PAYLOAD, Deadline())
    [post] = sandbox.received()
    assert post.query["include"].split(",") == list(INCLUDES)
    assert post.body == to_json(PAYLOAD).encode()
    [stored] = sandbox.invoices()
    assert (str(stored.id), stored.sent) == (outcome.invoice_id, PAYLOAD["invoice"])
    assert outcome.request_id == post.request_id


def test_netrc_does_not_replace_the_token(connect: Callable[..., KantataApi]) -> None:
    """A line for the host in ~/.netrc stays out of it, on this machine and for other names."""
    netrc = Path.home() / ".netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\nmachine kantata.test login a password b\n")
    netrc.chmod(0o600)
    with Scripted([created()]) as server:
        for host in ("127.0.0.1", "kantata.test"):
            assert connect(f"http://{host}:{server.port}", "t0ken").create_invoice(PAYLOAD, Deadline()).kind is CREATED
    assert [one.headers["authorization"] for one in server.received] == ["Bearer t0ken"] * 2


def test_proxies_of_the_environment_are_not_used_for_this_machine(
    connect: Callable[..., KantataApi],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """HTTP_PROXY is for the world outside; the sandbox is reached directly."""
    with Scripted([created(1)]) as proxy, Scripted([created(2)]) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert connect(server.base_url).create_invoice(PAYLOAD, Deadline()).invoice_id == "2"
        assert connect(f"http://kantata.test:{server.port}").create_invoice(PAYLOAD, Deadline()).invoice_id == "1"
    assert (len(server.received), len(proxy.received)) == (1, 1)


# --- the network ---


@pytest.mark.parametrize("kind", list(FaultKind))
def test_each_fault_of_the_stand_in_is_posted_once(
    connect: Callable[..., KantataApi],
    sandbox: Sandbox,
    kind: FaultKind,
) -> None:
    """Whether the invoice came into being or not: one POST, and unknown but for slowness."""
    sandbox.misbehave(Fault(kind))
    outcome = connect(sandbox.base_url).create_invoice(PAYLOAD, Deadline())
    slow = kind in {FaultKind.SLOW_BEFORE, FaultKind.SLOW_AFTER}
    assert outcome.kind is (CREATED if slow else UNKNOWN)
    assert len(sandbox.received("POST")) == 1
    assert len(sandbox.invoices()) == (1 if slow or kind.after_commit else 0)


@pytest.mark.parametrize("after_commit", [False, True])
def test_a_time_out_after_sending_is_unknown(
    connect: Callable[..., KantataApi],
    sandbox: Sandbox,
    *,
    after_commit: bool,
) -> None:
    """The server may still be at work, or may be done."""
    sandbox.misbehave(Fault(FaultKind.SLOW_AFTER if after_commit else FaultKind.SLOW_BEFORE, seconds=30))
    outcome = connect(sandbox.base_url, read_timeout=0.2).create_invoice(PAYLOAD, Deadline())
    assert outcome.kind is UNKNOWN
    assert "timed out" in outcome.message
    assert len(sandbox.received("POST")) == 1


ODD_ANSWERS = {
    "dropped": b"",
    "garbage": b"hello\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "a status that is no number": b"HTTP/1.1 abc OK\r\n\r\n",
    "headers cut": b"HTTP/1.1 200 OK\r\nContent-Le",
    "body cut": created()[:-10],
    "two lengths": http(200, CREATED_BODY, Content_Length="5, 7"),
    "a chunk of no length": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "no gzip": http(200, b"not gzip", Content_Encoding="gzip"),
    "a hundred and one headers": b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 101 + b"\r\n",
    "an endless header": b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 70_000 + b"\r\n\r\n",
    "a bad host to go to": http(302, Location="http://[bad"),
    "a bad port to go to": http(302, Location="http://127.0.0.1:99999999/"),
    "nowhere to go to": http(302, Location="http://"),
    "an odd name to go to": http(308, Location="http://%zz:1/"),
}


@pytest.mark.parametrize("name", ODD_ANSWERS)
def test_an_answer_that_cannot_be_read_is_unknown(connect: Callable[..., KantataApi], name: str) -> None:
    """The request was out: no exception, no second POST."""
    with Scripted([ODD_ANSWERS[name]]) as server:
        outcome = connect(server.base_url).create_invoice(PAYLOAD, Deadline())
    assert outcome.kind is UNKNOWN
    assert len(server.posts) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(connect: Callable[..., KantataApi], status: int) -> None:
    """The place that a redirect names hears nothing, above all not the token."""
    with Scripted([created()]) as target, Scripted([http(status, Location=target.base_url)]) as server:
        outcome = connect(server.base_url).create_invoice(PAYLOAD, Deadline())
    assert (outcome.kind, outcome.http_status) == (UNKNOWN, status)
    assert (len(server.posts), target.received) == (1, [])


def test_a_request_into_a_kept_connection_that_died_is_unknown(
    connect: Callable[..., KantataApi],
    sandbox: Sandbox,
) -> None:
    """No silent second try on a fresh connection; the next invoice gets one."""
    sandbox.misbehave(Fault(FaultKind.DROP_BEFORE, after=1))
    client = connect(sandbox.base_url)
    assert [client.create_invoice(PAYLOAD, Deadline()).kind for _ in range(3)] == [CREATED, UNKNOWN, CREATED]
    assert len(sandbox.received("POST")) == 3


def test_refused_connections_are_safe_to_send_again(connect: Callable[..., KantataApi]) -> None:
    """Nobody listens: nothing was sent."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound, but not listening
        outcome = connect(f"http://127.0.0.1:{reserved.getsockname()[1]}").create_invoice(PAYLOAD, Deadline())
    assert (outcome.kind, outcome.http_status) == (FOR_NOW, None)


def test_a_name_that_nobody_knows_is_safe_to_send_again(connect: Callable[..., KantataApi]) -> None:
    """DNS failed: nothing was sent."""
    outcome = connect("https://kantata.invalid").create_invoice(PAYLOAD, Deadline())
    assert outcome.kind is FOR_NOW
    assert "kantata.invalid" in outcome.message


def test_a_connection_that_is_not_answered_is_safe_to_send_again() -> None:
    """The time-out for connecting is another one than that for reading."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        for _ in range(4):  # fill the queue of the kernel, so that further ones hang
            one = socket.socket()
            one.setblocking(False)  # noqa: FBT003 - as the library has it
            one.connect_ex(full.getsockname())
            waiting.append(one)
        client = KantataApi(f"http://127.0.0.1:{full.getsockname()[1]}", "t", connect_timeout=0.3, read_timeout=60)
        outcome = client.create_invoice(PAYLOAD, Deadline())
        for one in waiting:
            one.close()
    assert outcome.kind is FOR_NOW


def test_a_proxy_that_refuses_is_safe_to_send_again(
    connect: Callable[..., KantataApi],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The tunnel never stood, so Kantata heard nothing."""
    with Scripted([http(502, "no way")]) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert connect("https://kantata.test").create_invoice(PAYLOAD, Deadline()).kind is FOR_NOW
        assert [one.method for one in proxy.received] == ["CONNECT"]
    assert connect("https://kantata.test").create_invoice(PAYLOAD, Deadline()).kind is FOR_NOW


# --- looking invoices up ---


def test_invoices_are_found_by_their_references(connect: Callable[..., KantataApi], sandbox: Sandbox) -> None:
    """Only the references asked for, two hundred a call; cancelled invoices do not count."""
    client = connect(sandbox.base_url)
    planned = fees(5)
    ids = [client.create_invoice(one.payload or {}, Deadline()).invoice_id for one in planned]
    wanted = [("invoice-importer", "invoice", str(one.reference)) for one in planned[:3]]
    many = [("invoice-importer", "invoice", f"inv-{n}") for n in range(400)]
    found = {one.invoice_id: one.triples for one in client.find_by_references([*many, *wanted])}
    assert found == {number: (triple,) for number, triple in zip(ids, wanted, strict=False)}
    gets = sandbox.received("GET")
    assert [len(one.query["external_reference_service_model_refs"].split(",")) for one in gets] == [200, 200, 3]


def test_records_that_were_not_asked_for_are_passed_over(connect: Callable[..., KantataApi]) -> None:
    """A filter that the server ignores would return the whole account; every record is checked here, on every page."""

    def page(number: int, ref: str, status: str) -> bytes:
        reference = {"service_name": "invoice-importer", "service_model": "invoice", "service_model_ref": ref}
        return http(
            200,
            json.dumps(
                {
                    "invoices": {str(number): {"status": status, "external_reference_ids": [str(number)]}},
                    "external_references": {str(number): reference},
                    "meta": {"page_count": 3},
                },
            ),
        )

    pages = [page(1, "other", "new"), page(2, "mine", "cancelled"), page(3, "mine", "new")]
    with Scripted(list(pages)) as server:
        found = list(connect(server.base_url).find_by_references([("invoice-importer", "invoice", "mine")]))
    assert [(one.invoice_id, one.cancelled) for one in found] == [("2", True), ("3", False)]
    assert len(server.received) == 3


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (http(401, '{"errors":[{"type":"oauth","message":"Invalid OAuth 2 Request"}]}'), AccessDenied),
        (http(403, ""), AccessDenied),
        (http(429, ""), NotReached),
        (http(500, "<html>"), NotReached),
        (http(302, Location="http://127.0.0.1:1/"), NotReached),
        (http(302, Location="http://[bad"), NotReached),
        (http(200, "<html>"), NotReached),
        (http(200, ERRORS), NotReached),
        (b"", NotReached),
    ],
)
def test_a_look_up_that_fails_stops_before_anything_is_sent(
    connect: Callable[..., KantataApi],
    answer: bytes,
    error: type[Exception],
) -> None:
    """An answer that proves nothing is no proof that nothing exists."""
    with Scripted([answer]) as server, pytest.raises(error):
        list(connect(server.base_url).find_by_references([("invoice-importer", "invoice", "mine")]))
    assert len(server.received) == 1


def test_a_throttled_look_up_waits_within_its_patience() -> None:
    """Some look-ups have a limit of their own: 429 is waited out as long as the patience lasts, then said."""
    empty = http(200, json.dumps({"invoices": {}, "meta": {"page_count": 1}}))
    for patience, answers, asked in ((5, [http(429, ""), empty], 2), (0, [http(429, "")], 1)):
        with Scripted(list(answers)) as server:
            client = KantataApi(server.base_url, "sandbox", connect_timeout=2, read_timeout=60, patience=patience)
            found = client.find_by_references([("a", "b", "c")])
            if patience:
                assert list(found) == []
            else:
                with pytest.raises(NotReached):
                    list(found)
            client._connection.session.close()  # noqa: SLF001 - a ResourceWarning would end up in another test
            assert len(server.received) == asked


def test_an_answer_that_shows_no_references_proves_nothing(connect: Callable[..., KantataApi]) -> None:
    """Absence is only believed when the answer shows what was asked for."""
    answer = http(200, json.dumps({"invoices": {"1": {"status": "new"}}, "meta": {"page_count": "many", "count": 1}}))
    with Scripted([answer]) as server, pytest.raises(NotReached):
        list(connect(server.base_url).find_by_references([("a", "b", "c")]))


class Passing(Deadline):
    """Passes after it was looked at some times: before the connection, and where the body leaves."""

    looks = 1

    @property
    def passed(self) -> bool:
        """Whether it is too late."""
        self.looks -= 1
        return self.looks < 0


@pytest.mark.parametrize("looks", [0, 1])
def test_what_is_too_old_does_not_leave(connect: Callable[..., KantataApi], looks: int) -> None:
    """A machine that slept after the claim sends no body: others may have sent it meanwhile."""
    deadline = Passing()
    deadline.looks = looks
    with Scripted([created()]) as server:
        outcome = connect(server.base_url).create_invoice(PAYLOAD, deadline)
        assert not [request for request in server.posts if request.body]
    assert outcome.kind is FOR_NOW
    assert "too late to send" in outcome.message


def test_a_deadline_passes_by_either_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one of the machine stands still while it sleeps; the one of the day may be put back."""
    moments = {"monotonic": 100.0, "time": 5000.0}
    monkeypatch.setattr(time_module, "monotonic", lambda: moments["monotonic"])
    monkeypatch.setattr(time_module, "time", lambda: moments["time"])
    deadline = Deadline(60)
    for name, changed in (("monotonic", 161.0), ("time", 5061.0)):
        before = moments[name]
        assert not deadline.passed
        moments[name] = changed
        assert deadline.passed
        moments[name] = before


def referring(reference: str, invoice_id: int = 7) -> dict[str, Any]:
    """Return the fields and the collection of an answer that shows a reference of this program."""
    record = {"service_name": "invoice-importer", "service_model": "invoice", "service_model_ref": reference}
    answer = json.loads(created(invoice_id, external_reference_ids=["5"]).partition(b"\r\n\r\n")[2])
    return {**answer, "external_references": {"5": record}}


def test_an_answer_with_another_reference_is_no_proof(connect: Callable[..., KantataApi]) -> None:
    """A cache or a proxy may answer with an earlier invoice; that one is not noted as this one."""
    with Scripted([http(200, json.dumps(referring("inv-another"))), http(200, json.dumps(referring(own())))]) as server:
        first, second = (connect(server.base_url).create_invoice(PAYLOAD, Deadline()) for _ in range(2))
    assert (first.kind, first.invoice_id, second.kind) == (UNKNOWN, None, CREATED)
    assert "invoice 7, which has the reference inv-another" in first.message


@pytest.mark.parametrize("shown", [True, False])
def test_an_answer_without_references_is_read_once_more(connect: Callable[..., KantataApi], *, shown: bool) -> None:
    """What is shown then tells; where it cannot be seen, the answer counts."""
    later = http(200, json.dumps(referring("inv-another"))) if shown else http(500)
    with Scripted([created(7, external_reference_ids=None), later]) as server:
        outcome = connect(server.base_url).create_invoice(PAYLOAD, Deadline())
        assert len(server.received) == 2
    assert outcome.kind is (UNKNOWN if shown else CREATED)


def test_an_answer_with_the_beginning_of_a_reference_of_others_is_no_proof(
    connect: Callable[..., KantataApi],
) -> None:
    """ERP-2026-1 is an invoice of its own beside ERP-2026-10."""
    record = {"service_name": "my-erp", "service_model": "invoice", "service_model_ref": "ERP-2026-1"}
    answer = json.loads(created(7, external_reference_ids=["5"]).partition(b"\r\n\r\n")[2])
    sent = {"invoice": PAYLOAD["invoice"] | {"external_reference": {**record, "service_model_ref": "ERP-2026-10"}}}
    with Scripted([http(200, json.dumps({**answer, "external_references": {"5": record}}))]) as server:
        outcome = connect(server.base_url).create_invoice(sent, Deadline())
    assert outcome.kind is UNKNOWN


def own() -> str:
    """Return the reference that is sent."""
    return str(PAYLOAD["invoice"]["external_reference"]["service_model_ref"])


# --- lists that count otherwise than they show ---


def listed(count: int, *ids: int, pages: int = 1, total: int | None = None) -> bytes:
    """Return a page of invoices without references, that counts so many."""
    meta = {"count": count if total is None else total, "page_count": pages, "page_size": 200}
    results = [{"key": "invoices", "id": str(each)} for each in ids]
    shown = {str(each): {"external_reference_ids": [], "status": "new"} for each in ids}
    return http(200, json.dumps({"count": count, "results": results, "invoices": shown, "meta": meta}))


def asked_by_reference(connect: Callable[..., KantataApi], *answers: bytes) -> tuple[list[FoundInvoice], int]:
    """Look for a reference; return what was found, and how many requests that took."""
    with Scripted(list(answers)) as server:
        found = list(connect(server.base_url).find_by_references([("invoice-importer", "invoice", "inv-1")]))
        return found, len(server.received)


FIRST, SECOND = range(1, 201), range(201, 401)


@pytest.mark.parametrize(
    "answers",
    [
        [listed(1), listed(1), listed(0)],
        [*[listed(201, *FIRST, pages=2), listed(200, pages=2)] * 2, listed(0)],
        [listed(3, 1, 2), listed(3, 1, 2), listed(3, 1, 2)],
    ],
    ids=["an empty list that counts one", "a page that shifts each time", "a filter that does not hold"],
)
def test_a_list_that_counts_otherwise_than_it_shows_proves_nothing_absent(
    connect: Callable[..., KantataApi], answers: list[bytes]
) -> None:
    """Read twice, and compared with a list that must be empty: the facts are named, and the way out."""
    with pytest.raises(NotReached, match=r"counts \d+.* and shows \d+") as caught:
        asked_by_reference(connect, *answers)
    assert caught.value.code == COUNTS
    assert "financial permission" in caught.value.hint
    assert "--offline" in caught.value.hint


def test_a_page_that_shifted_is_read_again(connect: Callable[..., KantataApi]) -> None:
    """An invoice came meanwhile: the second reading is whole, and counts."""
    answers = [listed(2, 1), listed(2, 1, 2)]
    assert asked_by_reference(connect, *answers) == ([], 2)


def test_an_account_that_always_counts_otherwise_blocks_nothing(connect: Callable[..., KantataApi]) -> None:
    """It counts something also where nothing can be, so its count says nothing; the same is shown twice."""
    answers = [listed(900, 1, 2), listed(900, 1, 2), listed(900)]
    assert asked_by_reference(connect, *answers) == ([], 3)


def test_a_count_of_each_page_is_one(connect: Callable[..., KantataApi]) -> None:
    """Where meta counts the whole list."""
    answers = [listed(200, *FIRST, pages=2, total=203), listed(3, *SECOND[:3], pages=2, total=203)]
    assert asked_by_reference(connect, *answers) == ([], 2)


def test_hidden_invoices_of_other_projects_block_nothing(connect: Callable[..., KantataApi]) -> None:
    """The list of the whole account counts what this user may not see: each project is asked for by itself."""
    answers = [listed(3, 1, 2), listed(3, 1, 2), listed(0), *(listed(1, each) for each in range(4))]
    with Scripted(answers) as server:
        since = datetime(2026, 10, 1)  # noqa: DTZ001 - UTC, without offset
        found = list(connect(server.base_url).invoices_since(since, [101, 102, 103, 104]))
    assert [each.invoice_id for each in found] == ["0", "1", "2", "3"]
