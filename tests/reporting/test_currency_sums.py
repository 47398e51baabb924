"""A figure that adds up several currencies says so, wherever somebody relies on it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import load_workbook
from plans import fee, invoice, plan

from importer.commands.submit import _ask_for_total
from importer.model.currency_sums import mixed
from importer.model.errors import GateRefused
from importer.model.plans import Expected

if TYPE_CHECKING:
    from programs import Cli

    from importer.sandbox.running import Sandbox


def summary(file: str) -> list[tuple[Any, ...]]:
    """The rows of the sheet Summary."""
    return list(load_workbook(file)["Summary"].iter_rows(values_only=True))


@pytest.mark.parametrize(
    ("sums", "text"),
    [
        ({"EUR": "1500", "USD": "250"}, "sum over 2 currencies: EUR 1,500.00 + USD 250.00"),
        ({"EUR": "100"}, None),
        ({None: "100"}, None),
        ({"EUR": "100", "USD": "0"}, None),
        ({"EUR": "100", None: "5"}, "sum: EUR 100.00 + 5.00 whose currency is not known"),
    ],
)
def test_a_sum_over_currencies_says_so(sums: dict[str | None, str], text: str | None) -> None:
    """Only what is known to be of several currencies is said to be."""
    planned = [
        replace(one, expected=Expected((None,), code, None))
        for code, amount in sums.items()
        for one in plan(invoice(fee(101, amount)))
    ]
    assert mixed(planned, sum(map(Decimal, sums.values()), Decimal(0))) == text


def test_a_gate_says_that_its_figure_adds_up_currencies(cli: Cli, sandbox: Sandbox) -> None:
    """A sum of euros and dollars is called one, by the gate, and with the control totals of preview and results."""
    cli = cli.at(sandbox)
    sheet = cli.sheet({"amount": 1500}, {"workspace_id": 106, "amount": 250})
    words = "sum over 2 currencies: EUR 1,500.00 + USD 250.00"
    for limit in ({"IMPORTER_EXPECT_TOTAL": "5"}, {"IMPORTER_LARGEST_TOTAL": "5"}):
        done = cli.run("submit", sheet, "--yes", "--json", **limit)
        assert done.exit_code == 9
        assert f"the sheet has 1,750.00 ({words})" in done.document["notices"][-1]
    shown = " ".join(cli.run("preview", sheet).stdout.split())
    assert f"The total is a {words}." in shown
    done = cli.run("submit", sheet, "--yes", "--json")
    assert done.exit_code == 0
    assert words in str(summary(done.document["files"]["results"]))


def test_the_question_says_that_its_figure_adds_up_currencies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever types the total for a real account is told of what it is the sum."""
    asked: list[str] = []

    def type_it(question: str, **_: object) -> str:
        asked.append(question)
        return "1750"

    monkeypatch.setattr("typer.prompt", type_it)
    words = "sum over 2 currencies: EUR 1,500.00 + USD 250.00"
    _ask_for_total(2, Decimal(1750), words)
    assert asked == [f"Production: type the total amount in the sheet to send ({words})"]
    with pytest.raises(GateRefused, match=r"is 1751.00 \(sum over 2 currencies"):
        _ask_for_total(2, Decimal(1751), words)
