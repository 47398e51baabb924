"""``probe`` at the command line: what it asks, what follows from it, and what doctor says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.sandbox import Cents, Habits

if TYPE_CHECKING:
    from programs import Cli

    from importer.sandbox.running import Sandbox

KILLED_AFTER_CREATING = """
from importer.kantata.client import KantataApi
import os
create = KantataApi.create_invoice
KantataApi.create_invoice = lambda *sent, **more: (create(*sent, **more), os._exit(9))
"""


def test_without_a_terminal_nothing_is_created(cli: Cli, sandbox: Sandbox) -> None:
    """There is no one to type the word; --yes is it. Without a project there is nothing to do."""
    desk = cli.at(sandbox)
    done = desk.run("probe", "--project", 101, "--json")
    assert (done.exit_code, done.document["problems"][0]["code"]) == (9, "gate.yes")
    assert "It will:" in done.stderr
    done = desk.run("probe")
    assert done.exit_code == 2
    assert "probe --project ID" in done.stderr
    assert sandbox.received("POST") == []


def test_settings_follow_what_a_probe_found(cli: Cli, sandbox: Sandbox) -> None:
    """Cents are refused, until a probe has seen that they are kept; doctor shows what it found."""
    desk = cli.at(sandbox)
    sheet = desk.sheet({"workspace_id": 101, "amount": "12.50", "invoice_date": "2026-10-31"})
    assert desk.run("preview", sheet, "--json").document["problems"][0]["code"] == "amount.fraction"
    checks = {check["name"]: check for check in desk.run("doctor", "--json").document["checks"]}
    assert "probe --project ID" in checks["account"]["says"]

    done = desk.run("probe", "--project", 101, "--yes", "--json")
    facts = {fact["name"]: fact["value"] for fact in done.document["facts"]}
    assert (done.exit_code, facts["cents"], facts["drafts_hold"]) == (0, "kept", "yes")
    assert (done.document["left"], sandbox.invoices()) == ([], [])

    assert desk.run("preview", sheet, "--json").statuses == ["ready"]
    assert desk.run("preview", sheet, "--json", IMPORTER_FRACTIONAL_AMOUNTS="refuse").exit_code == 3
    checks = {check["name"]: check for check in desk.run("doctor", "--json").document["checks"]}
    assert "account" not in checks
    assert checks["setting fractional_amounts"]["says"] == "send, from what the probe has found out"
    assert f"probe {done.document['probe_id']} in project 101" in checks["cents in amounts"]["says"]

    sandbox.behave(Habits(Cents.CUT))
    assert desk.run("probe", "--project", 101, "--yes").exit_code == 0
    assert desk.run("preview", sheet, "--json").exit_code == 3


def test_what_a_killed_probe_left_is_named_and_removed(cli: Cli, sandbox: Sandbox) -> None:
    """By doctor and reconcile, and by the next probe, which asks first."""
    desk = cli.at(sandbox)
    desk.env["IMPORTER_SETTLE_SECONDS"] = "0"
    assert desk.start("probe", "--project", 101, "--yes", before=KILLED_AFTER_CREATING).wait().exit_code == 9
    [draft] = sandbox.invoices()
    reference = draft.external_references[0][2]
    checks = desk.run("doctor", "--json").document["checks"]
    [left] = [check for check in checks if check["name"] == "probe"]
    assert (left["state"], reference in left["says"]) == ("warn", True)
    assert reference in desk.run("reconcile").stderr.replace("\n", "")

    refused = desk.run("probe")
    assert (refused.exit_code, reference in refused.stderr.replace("\n", "")) == (9, True)
    done = desk.run("probe", "--yes", "--json")
    assert (done.exit_code, [each["reference"] for each in done.document["removed"]]) == (0, [reference])
    assert sandbox.invoices() == []


def test_a_draft_that_is_gone_is_not_called_deleted(cli: Cli, sandbox: Sandbox) -> None:
    """The person reads where to look for it."""
    desk = cli.at(sandbox)
    desk.env["IMPORTER_SETTLE_SECONDS"] = "0"
    desk.start("probe", "--project", 101, "--yes", before=KILLED_AFTER_CREATING).wait()
    sandbox.reset()
    done = desk.run("probe", "--yes")
    said = " ".join(done.stdout.split())
    assert done.exit_code == 0
    assert "no longer shown by Kantata; look for the title “Probe of invoice-importer" in said
    assert "in project 101" in said
    assert "is deleted." not in said
    assert "nothing is left to do" not in said
