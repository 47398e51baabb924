"""What Kantata holds is compared with what was sent: a cent, a text, a project that got lost is said, never passed."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from plans import fee, hours, invoice, plan
from tampering import between, only_posts, the_invoice, without_includes

from importer.kantata.answers import classify
from importer.kantata.deadline import Deadline
from importer.kantata.invoices import found_invoices
from importer.kantata.snapshot import snapshot_of
from importer.model.answers import OutcomeKind, Shown, ShownItem, TieOut
from importer.model.invoices import ItemType, LineItem
from importer.model.plans import Status
from importer.reporting.balance import Tally
from importer.sandbox.faults import Fault, FaultKind
from importer.sending import tieout
from importer.sending.tieout import in_words, lost_cents, tie_out, with_tie_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from programs import Cli, Finished
    from scripted import Scripted

    from importer.kantata.client import KantataApi
    from importer.model.plans import PlannedInvoice
    from importer.sandbox.running import Sandbox

RICH = {
    "user_invoice_title": "Services",
    "purchase_order": "00042",
    "project_code": "P7",
    "message": "Danke  schön",
    "user_invoice_number": 777,
}


@pytest.fixture
def create(sandbox: Sandbox, connect: Callable[..., KantataApi]) -> Callable[[PlannedInvoice], Shown]:
    """Create an invoice at the stand-in and return what its answer shows."""

    def make(one: PlannedInvoice) -> Shown:
        read_back = connect(sandbox.base_url).create_invoice(one.payload or {}, Deadline()).read_back
        assert read_back is not None
        assert read_back.shown is not None
        return read_back.shown

    return make


def full() -> PlannedInvoice:
    """Return an invoice that uses every field, over two projects."""
    lines = (
        fee(101, "500", row=2, notes="Konzept"),
        LineItem(3, 102, ItemType.ADDITIONAL, amount=-fee().amount, notes="Gutschrift", taxable=True),  # type: ignore[operator]
        LineItem(4, 101, ItemType.FIXED_FEE, amount=fee().amount, notes="Konzept", taxable=False, story_id=8101001),
        hours(5101001, row=5),
        LineItem(6, 102, ItemType.EXPENSE, item_id=6102001),
    )
    return plan(invoice(*lines, key="all", **RICH))[0]


def compared(one: PlannedInvoice, shown: Shown) -> TieOut:
    """Compare an invoice with what is shown."""
    return tie_out(one.payload or {}, shown)


def test_what_was_sent_and_held_whole_is_equal(create: Callable[[PlannedInvoice], Shown]) -> None:
    """Every field, two projects, a credit, two items with the same text: nothing differs, nothing is unread."""
    one = full()
    result = compared(one, create(one))
    assert (result.differences, result.unread) == ((), ())
    assert in_words(result) == (None, None)


CHANGES: dict[str, tuple[Callable[[Shown], Shown], str]] = {
    "another project": (lambda s: replace(s, workspace_ids=frozenset({101, 103})), "projects: sent 101, 102"),
    "no time entry": (
        lambda s: replace(s, item_ids=s.item_ids | {ItemType.TIME_ENTRY: frozenset()}),
        "time entry ids: sent 5101001",
    ),
    "one more expense": (
        lambda s: replace(s, item_ids=s.item_ids | {ItemType.EXPENSE: frozenset({6102001, 9})}),
        "Kantata holds 9",
    ),
    "another amount": (
        lambda s: replace(s, items=(replace(s.items[0], amount=s.items[0].amount + 1), *s.items[1:])),  # type: ignore[index,operator]
        "amount of fixed fee “Konzept”: sent 500.00, Kantata holds 501.00",
    ),
    "another text": (
        lambda s: replace(s, items=(*s.items[:-1], replace(s.items[-1], notes="Rabatt"))),  # type: ignore[index]
        "text of additional item “Gutschrift”: sent “Gutschrift”, Kantata holds “Rabatt”",
    ),
    "an item less": (lambda s: replace(s, items=s.items[:-1]), "additional item “Gutschrift”: sent -500.00"),  # type: ignore[index]
    "an item twice": (
        lambda s: replace(s, items=(*s.items, s.items[0])),
        "fixed fee “Konzept”: sent nothing, Kantata holds 500.00",  # type: ignore[misc,index]
    ),
    "an item in the other project": (
        lambda s: replace(s, items=tuple(replace(i, fields=i.fields | {"workspace_id": "101"}) for i in s.items)),  # type: ignore[union-attr]
        "project of additional item “Gutschrift”: sent 102, Kantata holds 101",
    ),
    "no tax": (
        lambda s: replace(s, items=tuple(replace(i, fields=i.fields | {"taxable": None}) for i in s.items)),  # type: ignore[union-attr]
        "taxable of additional item “Gutschrift”: sent yes, Kantata holds nothing",
    ),
    "no task": (
        lambda s: replace(s, items=tuple(replace(i, fields=i.fields | {"story_id": None}) for i in s.items)),  # type: ignore[union-attr]
        "task of fixed fee “Konzept”: sent 8101001, Kantata holds nothing",
    ),
    "issued": (lambda s: replace(s, header=s.header | {"draft": False}), "sent a draft, Kantata holds an issued"),
    "leading zeros lost": (lambda s: replace(s, header=s.header | {"purchase_order": "42"}), "sent “00042”"),
    "no message": (lambda s: replace(s, header=s.header | {"message": None}), "Kantata holds nothing"),
    "another number": (lambda s: replace(s, header=s.header | {"user_invoice_number": 778}), "Kantata holds “778”"),
    "other terms": (lambda s: replace(s, header=s.header | {"payment_schedule": 14}), "net days: sent “30”"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_difference_is_named_with_both_values(name: str, create: Callable[[PlannedInvoice], Shown]) -> None:
    """Whatever Kantata holds otherwise, the reason says what, what was sent and what is held."""
    one, (change, words) = full(), CHANGES[name]
    result = compared(one, change(create(one)))
    assert result.differences
    assert words in (in_words(result)[0] or "")
    assert lost_cents(result) is (name in {"another amount", "an item less", "an item twice"})


@pytest.mark.parametrize("field", ["purchase_order", "project_code", "invoice_date"])
def test_what_kantata_fills_in_is_no_difference(create: Callable[[PlannedInvoice], Shown], field: str) -> None:
    """The preferences of a project may fill a PO number or project code that the sheet leaves empty."""
    one = plan(invoice(fee(101, "500")))[0]
    shown = create(one)
    filled = replace(shown, header=shown.header | {field: "2026-10-31"})
    assert compared(one, filled) == TieOut()


LEFT_OUT: dict[str, Callable[[Shown], Shown]] = {
    "the fixed fees and additional items": lambda s: replace(s, items=None),
    "the projects": lambda s: replace(s, workspace_ids=None),
    "time entry ids": lambda s: replace(s, item_ids={ItemType.EXPENSE: s.item_ids[ItemType.EXPENSE]}),
    "po number": lambda s: replace(s, header={k: v for k, v in s.header.items() if k != "purchase_order"}),
    "whether it is a draft": lambda s: replace(s, header=s.header | {"draft": None}),
    "taxable of additional item “Gutschrift”": lambda s: replace(
        s, items=tuple(replace(i, fields={k: v for k, v in i.fields.items() if k != "taxable"}) for i in s.items or ())
    ),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_not_shown_is_never_equal(name: str, create: Callable[[PlannedInvoice], Shown]) -> None:
    """A part that the answer leaves out is named as not read back, and is no difference either."""
    one = full()
    result = compared(one, LEFT_OUT[name](create(one)))
    assert result.differences == ()
    assert name in result.unread
    assert "could not be read back" in (in_words(result)[0] or "")


def test_a_thousandth_of_a_dinar_is_named() -> None:
    """Currencies with three decimals: both values are told as they are, in words and in the figures."""
    one = plan(invoice(fee(101, "500")))[0]
    record = {
        "id": "7",
        "workspace_id": "101",
        "currency": "BHD",
        "currency_base_unit": 1000,
        "balance_in_cents": 500005,
        "fixed_fee_item_ids": ["1"],
        "additional_item_ids": [],
    }
    items = {"1": {"amount_in_cents": 500005, "notes": "Konzept"}}
    [found] = found_invoices({"invoices": {"7": record}, "fixed_fee_items": items})
    done = with_tie_out(replace(one, status=Status.CREATED, invoice_id="7"), found.read_back)
    assert "sent 500.00, Kantata holds 500.005" in str(done.reason)
    [line] = Tally((done,), one.invoice.amount, 1, frozenset()).by_currency()
    assert (line.read_back, line.difference) == (Decimal("500.005"), Decimal("0.005"))


def test_no_answer_at_all_is_unread() -> None:
    """Nothing was shown, so nothing is known to be equal."""
    assert tie_out(full().payload or {}, None).unread == ("the whole invoice",)


NASTY: tuple[Any, ...] = (
    None,
    "",
    "\ud800",
    "x" * 70_000,
    [],
    {},
    [None],
    {"a": 1},
    True,
    -1,
    0.5,
    "9" * 5_000,
    "1e999999",
    "²",
    ["٣"],
    10**30,
)


@pytest.mark.parametrize("place", range(len(NASTY)))
def test_whatever_an_answer_holds_the_invoice_is_created(create: Callable[[PlannedInvoice], Shown], place: int) -> None:
    """Nonsense in any field of the answer never hides that the invoice exists, nor stops the comparison."""
    one, nonsense = full(), NASTY[place]
    create(one)
    names = ("user_invoice_number", "message", "draft", "status", "workspace_ids", "invoice_date", "time_entry_ids")
    record: dict[str, Any] = dict.fromkeys(
        (*names, "expense_ids", "created_at", "updated_at", "balance_in_cents"), nonsense
    )
    items = {"fixed_fee_item_ids": ["1", "2"], "additional_item_ids": ["3"], "billing_milestone_ids": []}
    item = dict.fromkeys(("amount_in_cents", "notes", "taxable", "story_id", "workspace_id"), nonsense)
    answer = {
        "results": [{"key": "invoices", "id": "7"}],
        "invoices": {"7": record | items},
        "fixed_fee_items": {"1": item, "2": nonsense},
        "additional_items": {"3": item},
    }
    for body in (answer, answer | {"fixed_fee_items": {"1": item, "2": item}}, answer | {"fixed_fee_items": nonsense}):
        outcome = classify(200, json.dumps(body), {})
        assert (outcome.kind, outcome.invoice_id) == (OutcomeKind.CREATED, "7")
        assert outcome.read_back is not None
        assert outcome.read_back.shown is not None
        done = with_tie_out(replace(one, invoice_id="7"), outcome.read_back)
        assert done.tie_out != TieOut()
        assert len(snapshot_of(outcome.read_back.shown) or "") >= 0
        (done.reason or "").encode()


# --- a whole run ---


def submit(cli: Cli, way: Scripted, *options: str, **env: str) -> Finished:
    """Submit the sheet over a way on which answers are changed."""
    env |= {"KANTATA_BASE_URL": way.base_url, "KANTATA_TOKEN": "sandbox"}
    return cli.run("submit", cli.folder / "october.csv", "--yes", "--json", *options, **env)


def cheaper(document: dict[str, Any]) -> None:
    """Take a unit off the first amount."""
    item = next(iter(document["fixed_fee_items"].values()))
    item["amount_in_cents"] -= 100


def test_a_changed_answer_is_said_and_ends_with_4(cli: Cli, sandbox: Sandbox) -> None:
    """The invoice exists, so it stays created; but the run does not end well, and the workbook shows the gap."""
    cli.sheet({"amount": 500, "notes": "Konzept"}, {"workspace_id": 102, "amount": 100})

    def tamper(document: dict[str, Any]) -> None:
        if the_invoice(document)["workspace_ids"] == ["101"]:
            cheaper(document)

    with between(sandbox, only_posts(tamper)) as way:
        done = submit(cli, way)
    assert (done.exit_code, done.statuses) == (4, ["created", "created"])
    first, second = done.document["invoices"]
    assert first["error"].startswith("Differs: amount of fixed fee “Konzept”: sent 500.00, Kantata holds 499.00")
    assert first["what_to_do"]
    assert (second["error"], second["read_back"]["differences"]) == (None, [])
    assert first["read_back"]["amount"] == "499"
    [line] = done.document["tie_out"]["by_currency"]
    assert (line["sent"], line["read_back"], line["difference"]) == ("600.00", "599.00", "-1.00")
    cells = list(load_workbook(done.document["files"]["results"])["Summary"].iter_rows(values_only=True))
    assert ("101", 500, 500, 499, -1) in [row[:5] for row in cells]


def test_an_answer_without_includes_is_asked_for_once_more(cli: Cli, sandbox: Sandbox) -> None:
    """The creation shows no items; one look-up of the invoices does, and then all is equal."""
    cli.fees(3)
    with between(sandbox, only_posts(without_includes)) as way:
        done = submit(cli, way)
    assert done.exit_code == 0
    assert [one["error"] for one in done.document["invoices"]] == [None] * 3
    assert [one["read_back"]["amount"] for one in done.document["invoices"]] == ["101", "102", "103"]


def test_what_is_never_shown_is_said(cli: Cli, sandbox: Sandbox) -> None:
    """No answer honours include: each invoice says that it could not be read back, and none is called equal."""

    def tamper(_request: object, document: dict[str, Any]) -> None:
        if "invoices" in document:
            without_includes(document)

    cli.fees(2)
    with between(sandbox, tamper) as way:
        done = submit(cli, way, "--offline")
    assert done.statuses == ["created"] * 2
    assert all("could not be read back" in one["error"] for one in done.document["invoices"])
    assert done.document["tie_out"]["by_currency"][0]["not_read_back"] == 2


def test_a_part_that_is_shown_is_no_difference(cli: Cli, sandbox: Sandbox) -> None:
    """Kantata leaves the credits out of all its answers: the amount is not read back, neither equal nor otherwise."""

    def tamper(_request: object, document: dict[str, Any]) -> None:
        for record in document.get("invoices", {}).values():
            record.pop("additional_item_ids", None)

    cli.sheet({"amount": 500}, {"amount": -20, "item_type": "additional", "notes": "Gutschrift"})
    with between(sandbox, tamper) as way:
        done = submit(cli, way)
    [line] = done.document["tie_out"]["by_currency"]
    assert (line["read_back"], line["difference"], line["amount_not_read_back"]) == (None, None, "480.00")
    assert done.document["invoices"][0]["read_back"]["amount"] is None


def test_the_first_lost_cent_stops_the_run(cli: Cli, sandbox: Sandbox) -> None:
    """Kantata cuts cents: the first such invoice exists and says so, the others are not sent."""

    def cut(document: dict[str, Any]) -> None:
        for item in document["fixed_fee_items"].values():
            item["amount_in_cents"] -= item["amount_in_cents"] % 100

    cli.sheet(*({"workspace_id": 101 + n, "amount": f"{100 + n}.50"} for n in range(4)))
    with between(sandbox, only_posts(cut)) as way:
        done = submit(cli, way, IMPORTER_FRACTIONAL_AMOUNTS="send")
        assert len(way.posts) == 1
    assert (done.exit_code, done.statuses) == (4, ["created", *["not_sent"] * 3])
    assert "sent 100.50, Kantata holds 100.00" in done.document["invoices"][0]["error"]
    assert "did not keep the cents" in done.document["invoices"][1]["error"]


@pytest.mark.parametrize("file_is_there", [True, False])
def test_a_settled_run_is_read_back_too(cli: Cli, sandbox: Sandbox, *, file_is_there: bool) -> None:
    """An answer was lost; reconcile finds the invoice and writes anew what Kantata holds, and where it differs."""
    sheet = cli.fees(2)
    there = cli.at(sandbox)
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER))
    assert there.run("submit", sheet, "--yes", "--json").statuses == ["in_doubt", "created"]
    if not file_is_there:
        sheet.unlink()

    def tamper(_request: object, document: dict[str, Any]) -> None:
        for item in document.get("fixed_fee_items", {}).values():
            item["taxable"] = True
            if item["amount_in_cents"] == 10200:
                item["amount_in_cents"] = 10300

    with between(sandbox, tamper) as way:
        env = {"KANTATA_BASE_URL": way.base_url, "KANTATA_TOKEN": "sandbox", "IMPORTER_SETTLE_SECONDS": "0"}
        account = f"UPDATE {{}} SET account = '{way.base_url}'"  # noqa: S608 - the same account, by another way
        with sqlite3.connect(cli.ledger) as connection:
            for table in ("runs", "invoices", "invoice_events", "billed_items"):
                connection.execute(account.format(table))
        connection.close()
        done = cli.run("reconcile", "--json", **env)
    [path] = done.document["files"]["results"]
    names, *rows = load_workbook(path)["Invoices"].iter_rows(values_only=True)
    found = [dict(zip(names, row, strict=True)) for row in rows]
    assert [(one["Status"], one["Amount in the sheet"], one["Amount read back"]) for one in found] == [
        ("created", 101, 101),
        ("created", 102, 103),
    ]
    assert "sent 102.00, Kantata holds 103.00" in found[1]["Error"]


def test_a_settled_run_whose_file_is_gone_has_the_totals_of_its_invoices(cli: Cli, sandbox: Sandbox) -> None:
    """Nothing of the sheet is known any more: the totals are those of the invoices, and nothing is left over."""
    sheet = cli.fees(2)
    there = cli.at(sandbox)
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER))
    assert there.run("submit", sheet, "--yes", "--json").statuses == ["in_doubt", "created"]
    sheet.unlink()
    done = there.run("reconcile", "--json", IMPORTER_SETTLE_SECONDS="0")
    [path] = done.document["files"]["results"]
    cells = {row[0]: row[1:] for row in load_workbook(path)["Summary"].iter_rows(values_only=True)}
    assert (cells["total"][:2], cells["rows in the sheet"][0]) == ((2, 203), 2)
    assert "rows without a project" not in cells


def test_every_row_is_counted_by_its_answer(cli: Cli, sandbox: Sandbox) -> None:
    """Created, rejected, unsound and stray rows: rows in are rows answered, in JSON, workbook and terminal."""
    sheet = cli.sheet(
        {"invoice_key": "a", "amount": 500},
        {"invoice_key": "a", "amount": 5, "notes": "x"},
        {"invoice_key": "b", "workspace_id": 999, "amount": 7},
        {"invoice_key": "c", "workspace_id": 103, "amount": "abc"},
        {"workspace_id": "?", "amount": 3},
    )
    there = cli.at(sandbox)
    done = there.run("submit", sheet, "--yes", "--json", "--partial")
    tie_out = done.document["tie_out"]
    assert (tie_out["rows_in"], tie_out["rows_answered"]) == (5, 5)
    again = there.run("submit", sheet, "--yes", "--partial")
    assert "Rows in the sheet: 5; rows answered: 5: every row has its answer." in again.stdout
    assert "Tie-out EUR: sheet 505.00 · sent 505.00 · read back 505.00" in again.stdout


# --- many items -------------------------------------------------------------------------------


_ITEMS = st.lists(st.tuples(*[st.integers(0, 2)] * 4), max_size=8)


@given(_ITEMS, _ITEMS)
def test_the_nearest_item_is_the_one_that_comparing_each_finds(wanted: list[Any], held: list[Any]) -> None:
    """The first of those that share most with it, and a text or an amount at least."""
    items = [ShownItem(*_like(item)) for item in held]
    surplus, left = tieout._Surplus(items), list(items)  # noqa: SLF001 - chosen through many answers otherwise
    for item in wanted:
        sent = tieout._Sent(*_like(item))  # noqa: SLF001
        best = max(left, key=lambda each: tieout._nearness(sent, each), default=None)  # noqa: SLF001
        if best is not None and tieout._nearness(sent, best) < 4:  # noqa: SLF001
            best = None
        assert surplus.nearest(sent) is best
        left = [each for each in left if each is not best]
    assert list(surplus.rest()) == left


def _like(item: tuple[int, int, int, int]) -> tuple[ItemType, Decimal, str, dict[str, object]]:
    kind, amount, notes, field = item
    kinds = (ItemType.FIXED_FEE, ItemType.ADDITIONAL, ItemType.FIXED_FEE)
    fields: dict[str, object] = {"taxable": field == 0, "story_id": str(field)}
    return kinds[kind], Decimal(amount), str(notes), fields


def test_thousands_of_changed_items_are_not_compared_each_with_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """3,000 items of one text, all with another amount, took a third of a minute."""
    compared, nearness = [0], tieout._nearness  # noqa: SLF001 - counted

    def counted(*items: Any) -> int:
        compared[0] += 1
        return nearness(*items)

    monkeypatch.setattr(tieout, "_nearness", counted)
    count = 3_000
    sent = [{"amount": number, "notes": "Hours"} for number in range(count)]
    items = tuple(ShownItem(ItemType.FIXED_FEE, Decimal(number + count), "Hours", {}) for number in range(count))
    body = {"workspace_id": 101, "fixed_fee_items": sent}
    shown = Shown(workspace_ids=frozenset({101}), item_ids={}, items=items, header={})
    result = tieout.content_tie_out({"invoice": body}, shown)
    assert len(result.differences) == count
    assert compared[0] <= 3 * count
