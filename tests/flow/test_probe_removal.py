"""A draft of a probe is called deleted only where it was, and what a person made of it is left to her."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from plans import ACCOUNT

from importer.flow import probe_removal, probing
from importer.flow.prepared import Tools
from importer.flow.probing import ProbeHooks
from importer.kantata.client import KantataApi
from importer.kantata.deadline import Deadline
from importer.kantata.probe import TITLE, WITH_CENTS, probe_payload
from importer.sandbox import Fault, FaultKind
from importer.sending.throttle import Stop
from importer.settings.model import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.flow.probing import Probed
    from importer.ledger.ledger import SubmissionLedger
    from importer.sandbox.running import Sandbox

PROJECT = 101


class Account:
    """One whose ledger knows of a draft that an earlier probe has left."""

    def __init__(self, tools: Tools, api: KantataApi, sandbox: Sandbox) -> None:
        """``tools``: with the ledger of the account."""
        self.tools, self.api, self.sandbox = tools, api, sandbox

    def leave(self, *, sent: bool = True, known: bool = True, entry: int | None = None, reference: bool = True) -> str:
        """Leave a draft as a probe that was killed: sent or only noted, its id known or not; returns its id."""
        payload: dict[str, Any] = probe_payload(PROJECT, "probe-1-1", WITH_CENTS, None)
        if entry is not None:
            payload["invoice"]["time_entry_ids"] = [entry]
        probes, invoice_id = self.tools.ledger.probes, ""
        with self.tools.ledger.exclusive("p1"):
            probes.begin_draft("probe-1-1", payload, "p1")
            if sent:
                body = payload["invoice"] | ({} if reference else {"external_reference": None})
                invoice_id = self.api.create_invoice({"invoice": body}, Deadline()).invoice_id or ""
            if known:
                probes.note_draft("probe-1-1", "created", "p1", invoice_id)
        return invoice_id

    def change(self, invoice_id: str, **fields: object) -> None:
        """Change the draft as a person may."""
        body = json.dumps({"invoice": fields})
        self.api._connection.send("PUT", f"invoices/{invoice_id}", json_body=body)  # noqa: SLF001 - a person did it

    def removed(self) -> Probed:
        """Remove what is left."""
        hooks = ProbeHooks(lambda _plan: None, lambda _drafts: None, lambda _id: None, str, Stop())
        return probing.probe(None, self.tools, self.api, hooks)

    @property
    def knows(self) -> int:
        """How many drafts the ledger holds open."""
        return len(self.tools.ledger.probes.open_drafts())


@pytest.fixture
def account(
    tmp_path: Path,
    sandbox: Sandbox,
    ledger: SubmissionLedger,
    connect: Callable[..., KantataApi],
    monkeypatch: pytest.MonkeyPatch,
) -> Account:
    """Return an account whose drafts settle at once."""
    monkeypatch.setattr(probe_removal, "WAIT_SECONDS", 0.01)
    settings = Settings(reports=tmp_path / "reports", settle_seconds=0, retry_seconds=0)
    api = connect(sandbox.base_url)
    return Account(Tools(settings, ACCOUNT, ledger, api), api, sandbox)


def nothing(*_: object) -> list[Any]:
    """Find no invoice."""
    return []


# --- deleted, or not shown --------------------------------------------------------------------


@pytest.mark.parametrize("reference", [True, False])
def test_without_its_id_a_draft_is_found_by_its_title(
    account: Account, monkeypatch: pytest.MonkeyPatch, *, reference: bool
) -> None:
    """Where Kantata does not find it by its reference, or has lost that."""
    account.leave(known=False, reference=reference)
    monkeypatch.setattr(KantataApi, "find_by_references", nothing)
    done = account.removed()
    assert ([draft.reference for draft in done.removed], done.not_shown, done.left) == (["probe-1-1"], (), ())
    assert account.sandbox.invoices() == []


def test_a_known_id_is_deleted_also_where_nothing_shows_it(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long ago it was sent."""
    account.leave()
    monkeypatch.setattr(KantataApi, "find_by_ids", nothing)
    done = account.removed()
    assert (len(done.removed), done.not_shown, done.left) == (1, (), ())
    assert account.sandbox.invoices() == []


@pytest.mark.parametrize("known", [True, False])
def test_what_is_gone_is_not_called_deleted(account: Account, *, known: bool) -> None:
    """A person deleted it, or it was never created."""
    invoice_id = account.leave(sent=known, known=known)
    if known:
        account.api.delete_invoice(invoice_id, Deadline())
    done = account.removed()
    assert ([draft.reference for draft in done.not_shown], done.removed, done.left) == (["probe-1-1"], (), ())
    assert account.knows == 0


@pytest.mark.parametrize("known", [True, False])
def test_what_may_be_hidden_stays_known(account: Account, monkeypatch: pytest.MonkeyPatch, *, known: bool) -> None:
    """Where the token does not see the finances of the project any more, “not shown” proves nothing."""
    account.leave(known=known)
    for look in ("find_by_ids", "find_by_references", "invoices_of"):
        monkeypatch.setattr(KantataApi, look, nothing)
    monkeypatch.setattr(KantataApi, "sees_finances_of", lambda *_: set())
    account.sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, method="DELETE", path="/invoices/*", status=404, times=9))
    done = account.removed()
    assert (done.removed, done.not_shown, account.knows) == ((), (), 1)
    assert f"finances of project {PROJECT}" in done.left[0][1]


def test_lists_without_titles_prove_nothing(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """The draft may be one of those that they show."""
    account.leave(known=False, reference=False)
    shown_by = KantataApi.invoices_of

    def untitled(*asked: Any) -> list[Any]:
        without = []
        for found in shown_by(*asked):
            assert found.read_back.shown is not None
            shown = replace(found.read_back.shown, header={})
            without.append(replace(found, header={}, read_back=replace(found.read_back, shown=shown)))
        return without

    monkeypatch.setattr(KantataApi, "invoices_of", untitled)
    done = account.removed()
    assert (done.removed, done.not_shown, account.knows) == ((), (), 1)
    assert "titles" in done.left[0][1]


def test_the_draft_of_another_probe_is_not_taken_for_it(account: Account) -> None:
    """It has the title, and a reference of its own."""
    account.leave(sent=False, known=False)
    account.api.create_invoice(probe_payload(PROJECT, "probe-2-1", WITH_CENTS, None), Deadline())
    done = account.removed()
    assert (len(done.not_shown), done.removed, len(account.sandbox.invoices())) == (1, (), 1)


# --- taken over -------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"time_entry_ids": [5101001, 5101002]}, "time entries"),
        ({"time_entry_ids": [5101002]}, "time entries"),
        ({"message": "For October"}, "texts"),
        ({"purchase_order": "PO-7"}, "texts"),
        ({"user_invoice_title": "October"}, "title"),
        ({"draft": False}, "draft"),
    ],
)
def test_what_a_person_put_on_a_draft_is_left_to_her(
    account: Account, change: dict[str, object], what: str, *, known: bool
) -> None:
    """Whatever of it she changed, and whether the probe knew its id or not."""
    invoice_id = account.leave(known=known, entry=5101001)
    account.change(invoice_id, **change)
    done = account.removed()
    assert "left to you" in done.left[0][1]
    assert what in done.left[0][1]
    assert (done.removed, done.not_shown, len(account.sandbox.invoices())) == ((), (), 1)


def test_a_line_of_another_amount_is_left(account: Account) -> None:
    """Kantata may cut 1.75 to 1 or round it to 2; 900 is somebody's."""
    invoice_id = account.leave()
    account.api.delete_invoice(invoice_id, Deadline())
    payload = probe_payload(PROJECT, "probe-1-1", WITH_CENTS, None)
    payload["invoice"]["fixed_fee_items"] = [{"amount": 900, "notes": TITLE}]
    made = account.api.create_invoice(payload, Deadline()).invoice_id
    with account.tools.ledger.exclusive("p1"):
        account.tools.ledger.probes.note_draft("probe-1-1", "created", "p1", made)
    done = account.removed()
    assert "its lines" in done.left[0][1]
    assert len(account.sandbox.invoices()) == 1
