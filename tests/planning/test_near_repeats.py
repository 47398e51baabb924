"""An invoice that looks like one of its batch, under another key, kind or text, is shown to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from pathlib import Path

    from programs import Cli

    from importer.sandbox.running import Sandbox

BILLED = {"notes": "Retainer October", "amount": 1200, "invoice_key": "A", "invoice_date": "2026-10-31"}


def warned(cli: Cli, path: Path, *options: str) -> list[str | None]:
    """Cells at which a preview says that rows look billed."""
    done = cli.run("preview", path, "--json", *options)
    return [found["cell"] for found in done.document["problems"] if found["code"] == "row.looks_billed"]


@pytest.mark.parametrize(
    ("change", "cells"),
    [
        ({"item_type": "additional", "invoice_key": "B"}, ["E2"]),
        ({"notes": "Retainer for October", "invoice_key": "B"}, ["E2"]),
        ({"notes": "Retainer November", "invoice_date": "2026-11-30", "invoice_key": "B"}, []),
        ({"notes": "Hosting", "amount": 1201, "invoice_key": "B"}, []),
        ({"notes": "Hosting", "workspace_id": 102, "invoice_key": "B"}, []),
    ],
)
def test_the_same_project_amount_and_date_is_a_warning(
    cli: Cli, sandbox: Sandbox, change: dict[str, object], cells: list[str]
) -> None:
    """A month farther it is a retainer; another amount or project is another invoice."""
    here = cli.at(sandbox)
    assert here.run("submit", cli.sheet(BILLED), "--yes", "--batch", "2026-10").exit_code == 0
    assert warned(here, cli.sheet(BILLED | change, name="again.csv"), "--batch", "2026-10") == cells


def test_an_invoice_that_still_stands_in_the_sheet_is_another_one(cli: Cli, sandbox: Sandbox) -> None:
    """Two invoices of the same amount are two, and the second may be sent later."""
    here, second = cli.at(sandbox), BILLED | {"notes": "Hosting", "invoice_key": "B"}
    assert here.run("submit", cli.sheet(BILLED), "--yes").exit_code == 0
    assert not warned(here, cli.sheet(BILLED, second, name="both.csv"))


REDATED = BILLED | {"invoice_date": "2026-09-30"}


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("october.csv", {}, "row.redated"),
        ("october.csv", {"amount": 1300}, "row.redated"),
        ("october.csv", {"notes": "Retainer of the month to come"}, None),
        ("next month.csv", {}, None),
    ],
)
def test_a_corrected_date_is_a_warning(
    cli: Cli, sandbox: Sandbox, name: str, change: dict[str, object], code: str | None
) -> None:
    """The same file, billed a moment ago with a date of another month; a file of its own is another month."""
    here = cli.at(sandbox)
    first = here.run("submit", cli.sheet(REDATED, name="october.csv"), "--yes", "--json")
    assert first.exit_code == 0
    again = here.run("preview", cli.sheet(BILLED | change, name=name), "--json")
    [invoice] = again.document["invoices"]
    assert invoice["status"] == "ready"  # it may be the next month's
    found = [problem for problem in again.document["problems"] if problem["code"] == "row.redated"]
    assert [problem["code"] for problem in found] == [code] * len(found) == ([code] if code else [])
    for problem in found:
        assert first.document["run_id"] in problem["hint"]
        assert "9001" in problem["message"]


def test_what_stood_in_the_sheet_of_the_earlier_one_is_another_invoice(cli: Cli, sandbox: Sandbox) -> None:
    """The rows that were left to fix are sent later, alone: both were meant."""
    here, second = cli.at(sandbox), BILLED | {"notes": "Hosting", "invoice_key": "B"}
    faulty = second | {"payment_schedule": "soonish"}
    assert here.run("submit", cli.sheet(BILLED, faulty, name="both.csv"), "--yes", "--partial").exit_code == 4
    assert not warned(here, cli.sheet(second, name="fixed.csv"))


@pytest.mark.parametrize(
    ("first", "then", "code"),
    [
        (BILLED, BILLED | {"item_type": "additional", "invoice_key": "B"}, "row.looks_billed"),
        (REDATED, BILLED, "row.redated"),
    ],
)
def test_what_is_gone_from_kantata_is_no_earlier_invoice(
    cli: Cli, sandbox: Sandbox, first: dict[str, object], then: dict[str, object], code: str
) -> None:
    """Somebody has deleted the draft there: nothing would be billed twice."""
    here = cli.at(sandbox)
    assert here.run("submit", cli.sheet(first), "--yes").exit_code == 0

    def codes() -> set[str]:
        done = here.run("preview", cli.sheet(then), "--json", IMPORTER_SETTLE_SECONDS="0")
        return {found["code"] for found in done.document["problems"]}

    assert code in codes()
    address, token = f"{sandbox.base_url}/invoices/9001", {"Authorization": f"Bearer {sandbox.token}"}
    assert requests.delete(address, headers=token, timeout=60).ok
    assert code not in codes()


def test_an_approval_from_before_the_warning_has_not_seen_it(cli: Cli, sandbox: Sandbox) -> None:
    """Both files were approved as they are, and each alone is right; the second one looks billed once the first is."""
    here, inbox = cli.at(sandbox), cli.folder / "inbox"
    inbox.mkdir()
    second = cli.sheet(BILLED | {"item_type": "additional", "invoice_key": "B"}, name="second.csv")
    assert here.run("approve", second, "--yes").exit_code == 0
    assert here.run("submit", cli.sheet(BILLED, name="first.csv"), "--yes").exit_code == 0
    second.rename(inbox / second.name)
    gates = {"IMPORTER_UNATTENDED": "true", "IMPORTER_INBOX_SETTLE_SECONDS": "0"}
    refused = here.run("run", "--json", **gates)
    assert (refused.exit_code, len(sandbox.invoices())) == (9, 1)
    strict = here.run("run", "--json", **gates, IMPORTER_REQUIRE_APPROVAL="true")
    assert strict.exit_code == 9
    assert "before an invoice was billed that it may repeat" in strict.stdout
    assert here.run("approve", inbox / second.name, "--yes").exit_code == 0
    assert here.run("run", "--json", **gates).exit_code == 0
    assert len(sandbox.invoices()) == 2


def test_a_run_without_a_person_does_not_send_it(cli: Cli, sandbox: Sandbox) -> None:
    """A warning that no one reads guards nothing: an approval is asked for."""
    here = cli.at(sandbox)
    assert here.run("submit", cli.sheet(BILLED), "--yes").exit_code == 0
    inbox = cli.folder / "inbox"
    inbox.mkdir()
    cli.sheet(BILLED | {"item_type": "additional", "invoice_key": "B"}).rename(inbox / "again.csv")
    gates = {"IMPORTER_UNATTENDED": "true", "IMPORTER_LARGEST_INVOICE": "9999"}
    done = here.run("run", "--json", **gates)
    assert done.exit_code == 9
    assert "may be billed already" in done.stdout
    assert "invoice-importer approve" in done.stdout
