"""What a person says of an invoice in doubt: it counts where no answer of Kantata does, and nowhere else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import requests
from test_doubts_of_a_run import AUTO, in_doubt, invoices

from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from pathlib import Path

    from programs import Cli, Finished

    from importer.sandbox.running import Sandbox

AT_ONCE = {"IMPORTER_SETTLE_SECONDS": "0"}
TWINS = 2


@pytest.fixture
def here(cli: Cli, sandbox: Sandbox) -> Cli:
    """Return the command line after a submit whose only answer was lost; two others look like it."""
    cli = cli.at(sandbox)
    sandbox.misbehave(Fault(FaultKind.DROP_BEFORE))
    cli.sheet({"workspace_id": 101, "amount": 5})
    done = cli.run("submit", cli.folder / "october.csv", "--yes", "--offline", "--json")
    assert done.exit_code == 8
    [sent] = done.document["invoices"]
    for _ in range(TWINS):
        create(sandbox, sent["payload"]["invoice"])
    return cli


def reference(here: Cli) -> str:
    """The reference of the invoice in doubt, from the very words that a person reads."""
    done = here.run("reconcile", **AT_ONCE)
    assert done.exit_code == 8
    found = re.search(r'--not-billed "([^"]+)"', done.stdout)
    assert found
    return found[1]


def ask(sandbox: Sandbox, method: str, route: str, body: object = None) -> Any:
    """Do something in Kantata that the program knows nothing of."""
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    answer = requests.request(method, f"{sandbox.base_url}{route}", json=body, headers=headers, timeout=60)
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


def create(sandbox: Sandbox, invoice: dict[str, Any], **other: object) -> str:
    """Create an invoice like another one, but without its reference; return its id."""
    body = {name: value for name, value in {**invoice, **other}.items() if name != "external_reference"}
    return str(ask(sandbox, "POST", "/invoices", {"invoice": body})["results"][0]["id"])


def like_it(here: Cli) -> list[str]:
    """The ids of the invoices that look like the one in doubt, as they are told to a person."""
    done = here.run("reconcile", **AT_ONCE)
    found = re.search(r"have just its content: ([\d, ]+)", done.stdout)
    assert found
    return found[1].split(", ")


def status_after(here: Cli) -> str:
    """What the next submit makes of the invoice."""
    done = here.run("submit", here.folder / "october.csv", "--yes", "--offline", "--json")
    [one] = done.document["invoices"]
    return str(one["status"])


def refused(done: Finished, *words: str) -> None:
    """Nothing was noted, and it is said why."""
    assert done.exit_code == 2, done.stdout + done.stderr
    for word in words:
        assert word in done.stderr


def test_not_billed_makes_it_ready_again(here: Cli, sandbox: Sandbox) -> None:
    """It ends with 4, as whenever something turns out not to be billed; the next submit bills it, once."""
    which = reference(here)
    done = here.run("reconcile", "--not-billed", which, "--yes", **AT_ONCE)
    assert (done.exit_code, invoices(sandbox)) == (4, TWINS)
    assert re.search(r"looked on \d{4}-\d\d-\d\d and says that it was not billed", done.stdout)
    assert here.run("reconcile", **AT_ONCE).stdout.strip() == "Nothing is in doubt."
    assert "not billed, as a person said" in " ".join(here.run("history", "last", COLUMNS="200").stdout.split())
    assert (status_after(here), invoices(sandbox)) == ("created", TWINS + 1)
    assert (status_after(here), invoices(sandbox)) == ("already_created", TWINS + 1)


def test_billed_is_never_sent_again(here: Cli, sandbox: Sandbox) -> None:
    """The results are written anew, with its id, as of any invoice that was found."""
    which, number = reference(here), like_it(here)[0]
    done = here.run("reconcile", "--billed", f"{which}={number}", "--yes", "--json", **AT_ONCE)
    [one] = done.document["invoices"]
    assert (one["status"], one["invoice_id"]) == ("created", number)
    assert len(done.document["files"]["results"]) == 1
    assert done.exit_code == 0
    assert (status_after(here), invoices(sandbox)) == ("already_created", TWINS)


def test_without_a_terminal_nothing_is_noted_unasked(here: Cli, sandbox: Sandbox) -> None:
    """As with everything that cannot be taken back."""
    which = reference(here)
    done = here.run("reconcile", "--not-billed", which, **AT_ONCE)
    assert (done.exit_code, "Add --yes" in done.stderr) == (9, True)
    assert "it was not billed" in done.stderr
    assert (status_after(here), invoices(sandbox)) == ("in_doubt", TWINS)


def test_what_cannot_be_true_changes_nothing(here: Cli, sandbox: Sandbox) -> None:
    """A slip of the pen makes no invoice billed."""
    other = {"workspace_id": 102, "payment_schedule": 30, "draft": True, "additional_items": [{"amount": 5}]}
    names = {"reference": reference(here), "other": create(sandbox, other), "gone": create(sandbox, other)}
    ask(sandbox, "DELETE", f"/invoices/{names['gone']}")
    for option, value, words in SLIPS:
        done = here.run("reconcile", option, value.format(**names), "--yes", **AT_ONCE)
        refused(done, *(word.format(**names) for word in words))
        assert status_after(here) == "in_doubt", value


SLIPS = [
    ("--not-billed", "nonsense", ("No invoice in doubt has the reference nonsense",)),
    ("--billed", "nonsense", ("does not say which invoice it is", "REFERENCE=ID")),
    ("--billed", "{reference}=", ("does not say which invoice it is",)),
    ("--billed", "{reference}=12a", ("does not say which invoice it is",)),
    ("--billed", "{reference}=999999", ("cannot be {reference}: Kantata does not show it",)),
    ("--billed", "{reference}={other}", ("it bills project 102",)),
    ("--billed", "{reference}={gone}", ("cannot be {reference}: ",)),
]
"""Option, its value, and what the refusal says."""


def test_it_is_said_once(here: Cli) -> None:
    """Billed and not billed at once is a contradiction."""
    which = reference(here)
    refused(
        here.run("reconcile", "--not-billed", which, "--billed", f"{which}=1", "--yes", **AT_ONCE), "is said 2 times"
    )


def test_an_invoice_of_another_sending_is_not_taken(here: Cli) -> None:
    """What the ledger knows as created already cannot be this one too."""
    which = reference(here)
    here.sheet({"workspace_id": 101, "amount": 6, "invoice_key": "other"}, name="other.csv")
    done = here.run("submit", here.folder / "other.csv", "--yes", "--offline", "--json")
    number = done.document["invoices"][0]["invoice_id"]
    refused(here.run("reconcile", "--billed", f"{which}={number}", "--yes", **AT_ONCE), "it was created as")


def test_before_it_is_certain_nobody_can_know(here: Cli) -> None:
    """Kantata may show it a moment later."""
    which = reference(here)
    early = here.run("reconcile", "--no-wait", "--not-billed", which, "--yes", IMPORTER_SETTLE_SECONDS="600")
    refused(early, "cannot be decided yet")


def test_what_kantata_shows_counts_more(cli: Cli, sandbox: Sandbox) -> None:
    """It is there under its reference: nobody's word makes it not billed."""
    cli = cli.at(sandbox)
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER))
    cli.sheet({"workspace_id": 101, "amount": 5})
    sent = cli.run("submit", cli.folder / "october.csv", "--yes", "--json")
    [one] = sent.document["invoices"]
    done = cli.run("reconcile", "--not-billed", one["reference"], "--json", **AT_ONCE)
    assert (done.exit_code, done.document["invoices"][0]["status"]) == (0, "created")
    assert (status_after(cli), invoices(sandbox)) == ("already_created", 1)


def test_a_file_in_doubt_follows_what_is_said(cli: Cli, sandbox: Sandbox) -> None:
    """No state of the inbox is without an end: the file goes where what was said puts it."""
    inbox: Path = in_doubt(cli, sandbox, FaultKind.DROP_BEFORE)
    with_hidden = "import importer.kantata.client as c\nc.KantataApi.sees_finances_of = lambda self, ids: set()\n"
    done = cli.at(sandbox).start("run", before=with_hidden, **AUTO).wait()
    assert (done.exit_code, invoices(sandbox)) == (8, 1)
    done = cli.at(sandbox).start("reconcile", before=with_hidden, **AUTO).wait()
    found = re.search(r'--not-billed "([^"]+)"', done.stdout)
    assert found
    said = cli.at(sandbox).start("reconcile", "--not-billed", found[1], "--yes", before=with_hidden, **AUTO).wait()
    assert (said.exit_code, "back in the inbox" in said.stdout) == (4, True)
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (0, 2)
    assert list((inbox / "in-doubt").iterdir()) == []


def test_what_was_said_is_told_although_the_program_was_killed(here: Cli) -> None:
    """The word is noted; the next reconcile tells it as one that settled by itself."""
    which = reference(here)
    killed = "import importer.flow.reconciling as r, os\nr._report_of = lambda *a: os._exit(99)\n"
    assert here.start("reconcile", "--not-billed", which, "--yes", before=killed, **AT_ONCE).wait().exit_code == 99
    done = here.run("reconcile", **AT_ONCE)
    assert (done.exit_code, "says that it was not billed" in done.stdout) == (4, True)
    assert here.run("reconcile", **AT_ONCE).stdout.strip() == "Nothing is in doubt."


def test_a_clock_that_was_far_ahead_keeps_no_doubt_for_ever(cli: Cli, sandbox: Sandbox) -> None:
    """By the ledger it is sent next year: what Kantata shows counts at once, of the rest a person says what became."""
    sheet, here = cli.fees(2), cli.at(sandbox)
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER), Fault(FaultKind.DROP_BEFORE, after=1))
    ahead = (
        "import importer.ledger.database as l\nfrom datetime import timedelta\nmoment = l.now\n"
        "l.now = lambda: moment() + timedelta(days=400)\n"
    )
    assert here.start("submit", sheet, "--yes", before=ahead).wait().exit_code == 8
    done = here.run("reconcile", "--json")  # without --no-wait: it must not wait for a year
    told = {one["invoice_key"]: one for one in done.document["invoices"]}
    assert {key: one["status"] for key, one in told.items()} == {"k1": "created", "k2": "in_doubt"}
    assert "The clock was ahead then" in told["k2"]["error"]
    assert here.run("reconcile", "--not-billed", told["k2"]["reference"], "--yes").exit_code == 4
    assert (here.run("submit", sheet, "--yes").exit_code, invoices(sandbox)) == (0, 2)
