"""Whatever Kantata answers, nobody sees a traceback, and what is not understood proves nothing."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from plans import BATCH, SOURCE, fee, hours, invoice, plan
from scripted import Scripted, http

from importer.flow.undoing import look
from importer.kantata import account
from importer.kantata.answers import classify, error_text
from importer.kantata.deadline import Deadline
from importer.kantata.lenient import json_object
from importer.model.answers import Outcome, OutcomeKind
from importer.model.errors import ImporterError
from importer.model.invoices import ItemType
from importer.planning.account import Account, expected_of
from importer.sending.reconcile import settle
from importer.sending.settlement import Verdict
from importer.sending.tieout import with_tie_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger
    from importer.model.plans import PlannedInvoice
    from importer.sandbox.running import Sandbox

RAW = {
    "digits": "9" * 5_000,
    "infinite": "1e999",
    "nan": "NaN",
    "deep": "[" * 800 + "]" * 800,
    "too deep": '{"a":' * 90_000 + "1" + "}" * 90_000,
    "half": r'"\ud800"',
    "nul": r'"a\u0000\\u0000"',
}
"""What Python could not write itself; stands in a document as ``<name>``."""
NONSENSE: tuple[Any, ...] = (
    None,
    "",
    [],
    {},
    [None],
    {"a": 1},
    True,
    False,
    -1,
    0,
    0.5,
    10**30,
    "²",
    ["٣"],
    "9" * 5_000,
    "1e999999",
    "x" * 70_000,
    *(f"<{name}>" for name in RAW),
)
SILENT = (None, {}, -1, "<digits>")
"""Nonsense that is no text: a text may be the reference of another invoice."""
PARTS = ("results", "meta", "invoices", "external_references", "fixed_fee_items", "workspaces")
"""Parts of an answer from which it follows whether an invoice exists."""
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(NONSENSE)
NAMES = st.sampled_from(
    [
        "results",
        "invoices",
        "errors",
        "error",
        "meta",
        "count",
        "page_count",
        "workspaces",
        "key",
        "id",
        "9001",
        "message",
        "field",
        "external_references",
        "permissions",
        "users",
    ]
) | st.text(max_size=5)
ANY = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
SLOW = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def written(document: object) -> str:
    """The document as JSON, or nearly."""
    text = json.dumps(document)
    for name, raw in RAW.items():
        text = text.replace(f'"<{name}>"', raw)
    return text


def places(document: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a document, its own first."""
    yield way
    names = document if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ()
    for name in names:
        yield from places(document[name], (*way, name))


def spoiled(document: Any, way: tuple[Any, ...], nonsense: object) -> Any:
    """The document with nonsense in one place."""
    if not way:
        return nonsense
    changed = copy.deepcopy(document)
    inner = changed
    for name in way[:-1]:
        inner = inner[name]
    inner[way[-1]] = nonsense
    return changed


def filled(document: Any, nonsense: object) -> Any:
    """The document with nonsense in each of its fields."""
    if isinstance(document, dict):
        return {name: filled(one, nonsense) for name, one in document.items()}
    return [filled(one, nonsense) for one in document] if isinstance(document, list) else nonsense


def eaten(document: Any, chance: Random) -> Any:
    """The document with nonsense in one of twenty of its fields, and seldom in place of a part of it."""
    if chance.random() < (1 / 200 if isinstance(document, (dict, list)) else 1 / 20):
        return chance.choice(NONSENSE)
    if isinstance(document, dict):
        return {name: eaten(one, chance) for name, one in document.items()}
    return [eaten(one, chance) for one in document] if isinstance(document, list) else document


def drawn(data: st.DataObject, truth: object) -> object:
    """Any JSON, or a true answer with nonsense in it."""
    return eaten(truth, Random(data.draw(st.integers(0, 2**32)))) if data.draw(st.booleans()) else data.draw(ANY)


class Talk:
    """A server that gives one body to every GET and POST, and what really was said of one invoice."""

    def __init__(self, server: Scripted, api: KantataApi, truth: dict[str, Any], sent: PlannedInvoice) -> None:
        """Hold them."""
        self.server, self.api, self.truth, self.sent = server, api, truth, sent

    @property
    def triple(self) -> tuple[str, str, str]:
        """The reference that was sent."""
        mark = (self.sent.payload or {})["invoice"]["external_reference"]
        return mark["service_name"], mark["service_model"], mark["service_model_ref"]

    def say(self, document: object, status: int = 200) -> None:
        """From now on, answer this."""
        self.server.answers[:] = [http(status, written(document))]


@pytest.fixture
def talk(sandbox: Sandbox, connect: Callable[..., KantataApi]) -> Iterator[Talk]:
    """Return a server, and what the stand-in says of an invoice and its project."""
    [one] = plan(invoice(fee(101, "500"), hours(5101001, row=3)))
    assert connect(sandbox.base_url).create_invoice(one.payload or {}, Deadline()).kind is OutcomeKind.CREATED
    include = "additional_items,expenses,billing_milestones,external_references,fixed_fee_items,recipient,time_entries"
    token = {"Authorization": f"Bearer {sandbox.token}"}
    truth: dict[str, Any] = {}
    for route in (f"invoices?include={include},workspaces", "workspaces?only=101", "time_entries?only=5101001"):
        answer = requests.get(f"{sandbox.base_url}/{route}", headers=token, timeout=60).json()
        truth = {**answer, **truth}
    with Scripted([b""]) as server:
        yield Talk(server, connect(server.base_url), truth, one)


def everything_asked(talk: Talk, ledger: SubmissionLedger) -> None:
    """Ask all that the program ever asks, and use the answers as it does."""
    api = talk.api
    one = talk.sent
    asked: list[Callable[[], object]] = [
        api.greet,
        api.count_projects,
        lambda: api.sees_finances_of([101]),
        lambda: list(api.invoices_of(101, datetime.now(UTC))),
        lambda: list(api.find_by_references([("a", "b", "c,d"), talk.triple])),
        lambda: [with_tie_out(one, found.read_back) for found in api.find_by_ids(["9001", *talk.truth["invoices"]])],
        lambda: look(ledger.sent_in("run-1"), api, 0, ledger.now()),
        lambda: list(account.projects_matching(api, None)),
        lambda: account.find_numbers(api, [1]),
        lambda: account.find_numbers(api, range(20)),
        lambda: account.find_tasks(api, [8]),
        lambda: expected_of(
            one.invoice,
            Account(
                account.find_projects(api, [101], account.Found()),
                {kind: account.find_items(api, kind, [5101001]) for kind in (ItemType.TIME_ENTRY, ItemType.EXPENSE)},
            ),
        ),
    ]
    for ask in asked:
        with suppress(ImporterError):
            str(ask()).encode()


@SLOW
@given(data=st.data())
def test_no_answer_to_a_look_up_ends_in_a_traceback(talk: Talk, ledger: SubmissionLedger, data: st.DataObject) -> None:
    """Any JSON, and any nonsense in any place of a true answer: an answer, or an error of the program's own."""
    talk.say(drawn(data, talk.truth), data.draw(st.sampled_from([200, 200, 200, 401, 404, 500])))
    everything_asked(talk, ledger)


@pytest.mark.parametrize("nonsense", ["9" * 5_000, "<digits>"], ids=["text", "number"])
def test_no_field_of_an_answer_is_a_trap(talk: Talk, ledger: SubmissionLedger, nonsense: str) -> None:
    """Digits without end, as a text and as a number, in all fields of one part of the answer after the other."""
    for part, held in talk.truth.items():
        talk.say({**talk.truth, part: filled(held, nonsense)})
        everything_asked(talk, ledger)


@SLOW
@given(data=st.data())
def test_an_answer_that_is_not_understood_never_means_not_created(
    talk: Talk, ledger: SubmissionLedger, data: st.DataObject
) -> None:
    """After a POST a 200 is created or in doubt, whatever it says, and the ledger and the tie-out take it."""
    status = data.draw(st.sampled_from([200, 200, 302, 500, 503]))
    talk.say(drawn(data, talk.truth), status)
    outcome = talk.api.create_invoice(talk.sent.payload or {}, Deadline())
    assert outcome.kind in {OutcomeKind.CREATED, OutcomeKind.UNKNOWN}
    assert status == 200 or outcome.kind is OutcomeKind.UNKNOWN
    [again] = plan(invoice(fee(101, "500"), hours(5101001, row=3)), batch=str(datetime.now(UTC)))
    claim = ledger.claim(again, "run-1", BATCH, SOURCE)
    assert claim is not None
    ledger.note_outcome(claim, outcome)
    assert str(with_tie_out(again, outcome.read_back)).encode()


@pytest.mark.parametrize("nonsense", [None, *(pytest.param(one, marks=pytest.mark.slow) for one in SILENT[1:])])
def test_an_answer_that_is_not_understood_never_proves_an_invoice_absent(
    talk: Talk, ledger: SubmissionLedger, nonsense: object
) -> None:
    """Nonsense in one place of the answers about an invoice that exists: found or unclear, never free to send."""
    claim = ledger.claim(talk.sent, "run-1", BATCH, SOURCE)
    assert claim is not None
    ledger.note_outcome(claim, Outcome(OutcomeKind.UNKNOWN, "lost"))
    doubts, later = ledger.open_questions(), datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=1)
    shown = {name: one for name, one in talk.truth.items() if name in PARTS}
    for place in places(shown):
        if place[-1:] == ("service_model_ref",) and nonsense == -1:
            continue  # a number may be the reference of another invoice
        talk.say(spoiled(shown, place, nonsense))
        with suppress(ImporterError):
            [settled] = settle(doubts, ledger, talk.api, 0, later)
            assert settled.verdict in {Verdict.FOUND, Verdict.UNCLEAR}, place


@given(ANY, st.sampled_from([400, 401, 403, 404, 422, 429, 500]))
@example({"errors": ["<deep>"]}, 422)
@example({"errors": [{"message": "<deep>", "field": "<deep>"}]}, 422)
@example({"error": "<deep>"}, 422)
@example({"error_message": "<half>"}, 422)
def test_the_words_of_a_refusal_can_be_written(document: object, status: int) -> None:
    """Whatever stands where Kantata's words belong, there is a sentence that a file and a terminal take."""
    body = written(document)
    assert "\x00" not in error_text(body)
    assert classify(status, body, {"Retry-After": body[:30]}).message.encode() is not None


def test_numbers_that_nobody_means_are_none() -> None:
    """Digits by the thousand, infinite and not a number: as if Kantata had said nothing there."""
    answer = json_object('{"a": %s, "b": [%s, %s], "c": -7, "d": 1.5}' % ("9" * 5000, "1e999", "NaN"))  # noqa: UP031 - braces
    assert answer == {"a": None, "b": [None, None], "c": -7, "d": 1.5}


def test_text_that_cannot_be_written_is_replaced_and_the_rest_is_kept() -> None:
    """Half characters and NUL, in names too; a backslash that was typed stays."""
    assert json_object(r'{"\ud800": "a\u0000b\\u0000", "c": [1]}') == {"?": r"a?b\u0000", "c": [1]}


@pytest.mark.parametrize("date_header", ["Mon, 99999999999999999999 Jan 1 0:0:0 GMT", "x", "Mon, 1 Jan 0 0:0:0 +9999"])
def test_a_date_that_is_none_is_no_wait(date_header: str) -> None:
    """Retry-After as a date that no calendar has."""
    assert classify(429, "", {"Retry-After": date_header}).retry_after in {None, 0.0}
