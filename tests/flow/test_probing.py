"""A probe finds out what Kantata does not document, and leaves nothing, wherever it ends."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from plans import ACCOUNT

from importer.flow import probe_plan, probe_removal, probing
from importer.flow.prepared import Tools
from importer.flow.probing import Probed, ProbeHooks
from importer.kantata.client import KantataApi
from importer.kantata.open_items import OpenList
from importer.ledger.probes import Probes
from importer.model.errors import GateRefused, WrongUse
from importer.model.exit_codes import ExitCode
from importer.model.facts import Fact, FactName
from importer.model.invoices import ItemType
from importer.sandbox import Cents, Fault, FaultKind, Habits
from importer.sending.throttle import Stop
from importer.settings.facts import LONGEST_SETTLE, follow, followed
from importer.settings.model import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from importer.flow.probe_plan import ProbePlan
    from importer.ledger.ledger import SubmissionLedger
    from importer.model.facts import ProbeDraft
    from importer.sandbox.running import Sandbox

LAG = 0.3


@dataclass
class Desk:
    """A person who agrees to everything, at the account of a stand-in."""

    tools: Tools
    sandbox: Sandbox
    api: KantataApi
    plans: list[ProbePlan] = field(default_factory=list)
    asked_of: list[Sequence[ProbeDraft]] = field(default_factory=list)
    stop: Stop = field(default_factory=Stop)
    address: str | None = None

    def probe(self, project: int | None = 101) -> Probed:
        """Probe a project."""
        hooks = ProbeHooks(self.plans.append, self.asked_of.append, lambda _id: self.address, str, self.stop)
        return probing.probe(project, self.tools, self.api, hooks)

    def facts(self) -> dict[FactName, str]:
        """Return what the ledger knows of the account."""
        return {name: fact.value for name, fact in self.tools.ledger.probes.facts().items()}

    @property
    def nothing_left(self) -> bool:
        """Whether neither Kantata holds a draft nor the ledger knows of one."""
        return not self.sandbox.invoices() and not self.tools.ledger.probes.open_drafts()


@pytest.fixture
def desk(
    tmp_path: Path,
    sandbox: Sandbox,
    ledger: SubmissionLedger,
    connect: Callable[..., KantataApi],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    """Return a desk whose probes do not wait long."""
    monkeypatch.setattr(probing, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(probe_removal, "WAIT_SECONDS", 0.01)
    settings = Settings(reports=tmp_path / "reports", settle_seconds=5, retry_seconds=0)
    api = connect(sandbox.base_url)
    return Desk(Tools(settings, ACCOUNT, ledger, api), sandbox, api)


@pytest.mark.parametrize(("cents", "hold", "lag"), list(itertools.product(Cents, (True, False), (0, LAG))))
def test_a_probe_is_right_about_any_account(desk: Desk, cents: Cents, hold: bool, lag: float) -> None:  # noqa: FBT001
    """Cents kept, cut or refused; drafts that hold or do not; lists that lag or do not."""
    desk.sandbox.behave(Habits(cents, hold, lag))
    done = desk.probe()
    assert (done.exit_code, done.left, len(done.removed)) == (ExitCode.DONE, (), 1 if hold else 2)
    facts = desk.facts()
    assert facts[FactName.CENTS] == cents.value
    assert facts[FactName.DRAFTS_HOLD] == ("yes" if hold else "no")
    assert lag <= float(facts[FactName.LIST_LAG]) <= lag + 3
    assert facts[FactName.REFERENCE] == "found"
    assert ("already been invoiced" in facts.get(FactName.REFUSAL, "")) is hold
    assert desk.nothing_left


def test_it_says_before_what_it_will_do(desk: Desk) -> None:
    """An open entry of the project, the next number; and that person may still say no."""
    desk.probe()
    [plan] = desk.plans
    assert plan.item is not None
    assert (plan.project.project_id, plan.item.item.item_id, plan.next_number) == (101, 5101001, 19050)

    def refuse(_plan: ProbePlan) -> None:
        msg = "no"
        raise GateRefused(msg)

    before = len(desk.sandbox.received("POST"))
    hooks = ProbeHooks(refuse, refuse, lambda _id: None, str, Stop())
    with pytest.raises(GateRefused):
        probing.probe(101, desk.tools, desk.api, hooks)
    assert len(desk.sandbox.received("POST")) == before


def test_only_drafts_without_mail_are_created(desk: Desk) -> None:
    """At most two of them, with a reference that no invoice can have; nothing is ever issued."""
    desk.sandbox.behave(Habits(drafts_hold=False))
    desk.probe()
    sent = [request.json["invoice"] for request in desk.sandbox.received("POST", "/invoices")]
    assert len(sent) == 2
    assert all(invoice["draft"] and invoice["suppress_emails"] for invoice in sent)
    assert {invoice["external_reference"]["service_model"] for invoice in sent} == {"probe"}
    assert {request.method for request in desk.sandbox.received()} == {"GET", "POST", "DELETE"}


def test_a_project_without_open_items_shows_less(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it cannot show is not known afterwards."""
    monkeypatch.setattr(probe_plan, "list_open", lambda *_: OpenList((), None))
    desk.probe()
    assert desk.plans[0].item is None
    assert FactName.DRAFTS_HOLD not in desk.facts()
    assert desk.facts()[FactName.CENTS] == "kept"
    assert desk.nothing_left


@pytest.mark.parametrize(("project", "why"), [(999, "shows no project"), (111, "finances"), (112, "archived")])
def test_a_project_that_cannot_be_billed_is_refused(desk: Desk, project: int, why: str) -> None:
    """Before anything is created."""
    with pytest.raises(WrongUse, match=why):
        desk.probe(project)
    assert desk.sandbox.received("POST") == []


def test_what_kantata_refuses_altogether_is_said_in_its_words(desk: Desk) -> None:
    """Nothing was created, so nothing is left."""
    desk.sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, status=422, times=9))
    done = desk.probe()
    assert (done.exit_code, done.facts, done.left) == (ExitCode.WRONG_USE, (), ())
    assert "Kantata refuses a draft in project 101" in (done.why or "")
    assert desk.nothing_left


def test_the_address_of_an_invoice_is_learned(desk: Desk) -> None:
    """Its id in it becomes {id}; without the id it is no address of this invoice."""
    desk.address = "https://acme.example/invoices/1?tab=lines"
    assert FactName.INVOICE_LINK not in (desk.probe() and desk.facts())
    created = []
    hooks = ProbeHooks(
        desk.plans.append, desk.asked_of.append, lambda id_: f"https://acme.example/i/{id_}?t=1", created.append, Stop()
    )
    probing.probe(101, desk.tools, desk.api, hooks)
    assert desk.facts()[FactName.INVOICE_LINK] == "https://acme.example/i/{id}?t=1"


@pytest.mark.parametrize(
    "address",
    [
        "https://acme.example/projects/101/invoices/{id}",  # would name one project for the invoices of all
        "https://acme.example/{id}/invoices/{id}",
        "https://acme.example/invoices/1{id}",
        "https://acme.example/invoices/a{id}",
    ],
)
def test_an_address_that_would_name_another_is_not_noted(desk: Desk, address: str) -> None:
    """The id stands in it exactly once and whole, and the project does not stand in it; else that is said."""
    said: list[str] = []
    hooks = ProbeHooks(
        desk.plans.append, desk.asked_of.append, lambda id_: address.replace("{id}", id_), said.append, Stop()
    )
    probing.probe(101, desk.tools, desk.api, hooks)
    assert FactName.INVOICE_LINK not in desk.facts()
    assert any("not noted" in words for words in said)


# --- what is too little to go by --------------------------------------------------------------


def with_lines(monkeypatch: pytest.MonkeyPatch, kinds: set[ItemType]) -> None:
    """Let the lists show lines of these kinds only."""
    shown_by = KantataApi.invoices_of

    def less(*asked: Any) -> Any:
        for found in shown_by(*asked):
            shown = found.read_back.shown
            assert shown is not None
            items = tuple(item for item in shown.items or () if item.item_type in kinds)
            yield replace(found, read_back=replace(found.read_back, shown=replace(shown, items=items)))

    monkeypatch.setattr(KantataApi, "invoices_of", less)


@pytest.mark.parametrize("kind", [ItemType.FIXED_FEE, ItemType.ADDITIONAL])
def test_cents_are_kept_only_where_both_lines_show_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, kind: ItemType
) -> None:
    """One of the two proves nothing of the other; one that has lost its cents proves enough."""
    with_lines(monkeypatch, {kind})
    desk.probe()
    assert FactName.CENTS not in desk.facts()
    desk.sandbox.behave(Habits(Cents.CUT))
    desk.probe()
    assert desk.facts()[FactName.CENTS] == "cut"


def never_listed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no list ever show a draft, and the probe not wait for long."""
    monkeypatch.setattr(KantataApi, "invoices_of", lambda *_: [])
    monkeypatch.setattr(KantataApi, "find_by_references", lambda *_: [])
    desk.tools = replace(desk.tools, settings=desk.tools.settings.model_copy(update={"settle_seconds": 0.3}))


def test_cents_are_not_kept_where_no_list_shows_the_draft(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to its creation may repeat what was sent."""
    never_listed(desk, monkeypatch)
    desk.probe()
    assert FactName.CENTS not in desk.facts()
    assert desk.nothing_left


def test_a_quick_probe_keeps_the_lag_of_a_slow_one(desk: Desk) -> None:
    """Of an account the longest counts; it is said that it is an earlier one."""
    desk.tools.ledger.probes.note_facts([Fact(FactName.LIST_LAG, "70.0", "within 70 s", "probe 1")])
    desk.probe()
    fact = desk.tools.ledger.probes.facts()[FactName.LIST_LAG]
    assert fact.value == "70.0"
    assert "earlier probe" in fact.says


def test_lists_that_never_show_a_draft_lengthen_the_wait_only_so_far() -> None:
    """Each probe looks for as long as the settings say then."""
    settle = Settings().settle_seconds
    for _ in range(4):
        lag = Fact(FactName.LIST_LAG, f"{settle:.1f}", "never")
        settle = follow(Settings(), {FactName.LIST_LAG: lag}).settle_seconds
    assert settle == LONGEST_SETTLE
    assert follow(Settings(settle_seconds=2000), {FactName.LIST_LAG: lag}).settle_seconds == 2000


# --- whatever goes wrong ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.STATUS_BEFORE,
        FaultKind.DROP_BEFORE,
        FaultKind.DROP_AFTER,
        FaultKind.ERRORS_200_AFTER,
        FaultKind.CUT_OFF_AFTER,
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_bad_network_leaves_nothing_unknown(desk: Desk, kind: FaultKind, method: str) -> None:
    """What could not be removed is named, and a second probe removes it."""
    desk.tools = replace(desk.tools, settings=desk.tools.settings.model_copy(update={"settle_seconds": 0.2}))
    desk.sandbox.misbehave(Fault(kind, method=method, path="/invoices*", times=4))
    done = desk.probe()
    assert bool(done.left) >= bool(desk.sandbox.invoices())
    assert done.exit_code is not ExitCode.DONE or not done.left

    desk.sandbox.misbehave()
    desk.tools = replace(desk.tools, settings=desk.tools.settings.model_copy(update={"settle_seconds": 0}))
    assert desk.probe(None).left == ()
    assert desk.nothing_left


class Killed(BaseException):
    """The program ended here."""


class Mortal:
    """Ends the program before or after its n-th step: from then on no step of it is done."""

    STEPS = (
        (Probes, ("begin_draft", "note_draft", "note_facts")),
        (KantataApi, ("create_invoice", "delete_invoice", "invoices_of", "find_by_references", "find_by_ids")),
    )

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Watch every step."""
        self.left: int | None = None
        self.after = False
        self.steps = 0
        self._dead = False
        for owner, names in self.STEPS:
            for name in names:
                monkeypatch.setattr(owner, name, self._watched(getattr(owner, name)))

    def _watched(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **options: Any) -> Any:
            if self._dead:
                raise Killed
            self.steps += 1
            self._dead = self.steps == self.left
            if self._dead and not self.after:
                raise Killed
            done = step(*arguments, **options)
            if self._dead:
                raise Killed
            return done

        return watched

    def revive(self) -> None:
        """Start the program again."""
        self.left, self._dead, self.steps = None, False, 0


def test_killed_at_any_step_it_leaves_nothing_in_the_end(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next probe names what may be left, and removes it; no draft stays that is not known."""
    desk.sandbox.behave(Habits(Cents.REFUSED, drafts_hold=False))
    desk.tools = replace(desk.tools, settings=desk.tools.settings.model_copy(update={"settle_seconds": 0}))
    life = Mortal(monkeypatch)
    desk.probe()
    steps = life.steps
    assert steps > 15
    for step, after in itertools.product(range(1, steps + 1), (False, True)):
        life.revive()
        life.left, life.after = step, after
        with pytest.raises(Killed):
            desk.probe()
        life.revive()
        known = {draft.reference for draft in desk.tools.ledger.probes.open_drafts()}
        there = {reference[2] for invoice in desk.sandbox.invoices() for reference in invoice.external_references}
        assert there <= known, f"killed at step {step}"
        asked = len(desk.asked_of)
        if known:
            desk.probe(None)
            assert len(desk.asked_of) == asked + 1
        assert desk.nothing_left, f"killed at step {step}"


def test_what_a_person_took_over_is_left_to_her(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A draft that was issued meanwhile is an invoice; the probe does not touch it."""
    life = Mortal(monkeypatch)
    life.left, life.after = 3, True
    with pytest.raises(Killed):
        desk.probe()
    life.revive()
    [draft] = desk.sandbox.invoices()
    desk.api._connection.send("PUT", f"invoices/{draft.id}", json_body='{"invoice": {"draft": false}}')  # noqa: SLF001
    done = desk.probe(None)
    assert done.exit_code is ExitCode.IN_DOUBT
    assert "left to you" in done.left[0][1]
    assert [invoice.draft for invoice in desk.sandbox.invoices()] == [False]
    assert desk.probe(None).left == ()


def test_what_was_sent_a_moment_ago_is_not_called_absent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its look-up may lag; until that is settled no further probe begins."""
    desk.sandbox.behave(Habits(lag_seconds=60))
    life = Mortal(monkeypatch)
    life.left, life.after = 2, True
    with pytest.raises(Killed):
        desk.probe()
    life.revive()
    done = desk.probe()
    assert done.exit_code is ExitCode.IN_DOUBT
    assert "too recently" in done.left[0][1]
    assert len(desk.sandbox.received("POST")) == 1

    desk.sandbox.behave(Habits())
    assert desk.probe(None).left == ()
    assert desk.nothing_left


def test_a_signal_ends_it_and_it_cleans_up(desk: Desk) -> None:
    """After the request under way."""
    desk.sandbox.behave(Habits(lag_seconds=60))
    hooks = ProbeHooks(desk.plans.append, desk.asked_of.append, lambda _id: None, str, desk.stop)
    hooks = replace(hooks, say=lambda what: desk.stop(ExitCode.INTERRUPTED) if "Looking" in what else None)
    done = probing.probe(101, desk.tools, desk.api, hooks)
    assert (done.exit_code, len(done.removed), done.left) == (ExitCode.INTERRUPTED, 1, ())
    assert desk.nothing_left


# --- the settings that are a guess ------------------------------------------------------------


def test_settings_follow_the_facts_unless_a_person_set_them(desk: Desk) -> None:
    """A lag only lengthens the time that is waited; cents that are lost are refused as before."""
    desk.address = None
    desk.probe()
    facts = desk.tools.ledger.probes.facts()
    assert follow(Settings(), facts).fractional_amounts == "send"
    assert follow(Settings(fractional_amounts="refuse"), facts).fractional_amounts == "refuse"
    assert follow(Settings(), facts).settle_seconds == 180

    slow = replace(facts[FactName.LIST_LAG], value="100.0")
    link = replace(slow, name=FactName.INVOICE_LINK, value="https://acme.example/{id}")
    known = facts | {FactName.LIST_LAG: slow, FactName.INVOICE_LINK: link}
    assert follow(Settings(), known).settle_seconds == 300
    assert follow(Settings(settle_seconds=10), known).settle_seconds == 10
    assert follow(Settings(), known).invoice_link == "https://acme.example/{id}"

    desk.sandbox.behave(Habits(Cents.CUT))
    desk.probe()
    assert follow(Settings(), desk.tools.ledger.probes.facts()).fractional_amounts == "refuse"


def test_followed_settings_are_named_once(desk: Desk) -> None:
    """What is as it would be anyway is not."""
    desk.probe()
    facts = desk.tools.ledger.probes.facts()
    assert followed(Settings(), facts) == {"fractional_amounts": "send"}
    assert followed(follow(Settings(), facts), facts) == {}


def test_a_later_probe_replaces_what_an_earlier_one_found(desk: Desk) -> None:
    """Also the words of a refusal that does not come any more."""
    desk.probe()
    assert "already" in desk.facts()[FactName.REFUSAL]
    desk.sandbox.behave(Habits(Cents.REFUSED, drafts_hold=False))
    desk.probe()
    facts = desk.facts()
    assert (facts[FactName.CENTS], facts[FactName.DRAFTS_HOLD], facts[FactName.REFUSAL]) == ("refused", "no", "")


def test_a_probe_counts_as_no_bill(desk: Desk) -> None:
    """No run, no invoice, no billed item; and another account knows nothing of it."""
    desk.probe()
    ledger = desk.tools.ledger
    assert (ledger.runs(), ledger.health().invoices) == ([], 0)
    assert Probes(ledger._engine, "another", lambda *_: None).facts() == {}  # noqa: SLF001 - the same file
