"""The totals that a person types before anything is sent: who types them has looked at them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.model.plans import Status
from importer.model.words import count_of, money
from importer.reporting.headline import sums_by_currency

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.reporting.report import Report


@dataclass(frozen=True, slots=True)
class AskedTotal:
    """One figure to be typed."""

    field: str
    """Name of its field in the form."""
    label: str
    """“EUR, 7 invoices”."""
    figure: str
    """What is to be typed: “38,721.10”; where Kantata prices a part of the sum, the number of invoices."""

    def agrees(self, typed: str) -> bool:
        """Whether the same was typed, however its thousands and decimals are separated."""
        text, figure = re.sub(r"[\s'’]", "", typed), self.figure.replace(",", "")
        plain = re.sub(r"[.,](?=[0-9]{3}(?![0-9]))", "", text).replace(",", ".")
        return figure in (plain, text.replace(",", "")) or figure == f"{plain}.00"


def asked_totals(plan: Report) -> list[AskedTotal]:
    """The figures to type for what would be sent, one per currency."""
    found = []
    ready = [planned for planned in plan.planned if planned.status is Status.READY]
    for number, each in enumerate(sums_by_currency(ready)):
        name, figure = each.currency or "Total", money(each.amount)
        label = f"{name}, {count_of(each.invoices, 'invoice')}"
        if not each.is_whole:
            figure, label = str(each.invoices), f"{name}: how many invoices"
        found.append(AskedTotal(f"total-{number}", label, figure))
    return found


def right_figures(asked: list[AskedTotal], typed: Mapping[str, str]) -> dict[str, str]:
    """Field → what was typed, of the figures that were typed as they are; nothing is sent before all are."""
    return {total.field: typed[total.field] for total in asked if total.agrees(typed.get(total.field, ""))}
