"""The figures that a person has stated, held against a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model.sheet import ControlTotals
from importer.planning.limits import Limits, check
from importer.planning.totals import totals_of

if TYPE_CHECKING:
    from importer.flow.prepared import Prepared, Tools


def check_limits(prepared: Prepared, tools: Tools) -> None:
    """Raise GateRefused unless the plan matches the figures that flags, or settings and Cover, give.

    A flag counts instead of both; a workbook cannot overrule the settings.
    """
    settings, cover = tools.settings, prepared.sheet.expected
    of_settings = ControlTotals(settings.expect_invoices, settings.expect_total)
    of_cover = (f"“Expected invoices” at {cover.invoices_cell}", f"“Expected total” at {cover.total_cell}")
    totals = totals_of(prepared.lines, prepared.planned)
    for stated, (count_place, total_place) in (
        (of_settings, ("expect_invoices", "expect_total")),
        (cover, of_cover),
    ):
        wanted = prepared.wish.matching(stated)
        limits = Limits(
            wanted.invoices,
            wanted.total,
            settings.largest_invoice,
            settings.largest_total,
            count_place if prepared.wish.expect_invoices is None else "--expect-invoices",
            total_place if prepared.wish.expect_total is None else "--expect-total",
        )
        check(prepared.planned, totals, limits)
