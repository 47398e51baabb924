"""Compare an invoice that an earlier run created with what Kantata holds of it now. Pure.

People go on working with invoices: one that is issued by now, or has another
message, is as it should be. Its projects, items and amounts are what was billed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.model.answers import TieOut
from importer.sending.tieout import READ_IT, content_tie_out, header_differences, said

if TYPE_CHECKING:
    from importer.model.answers import ReadBack
    from importer.model.plans import PlannedInvoice

TOO_YOUNG = "it was sent so lately that this does not prove it gone"
HIDDEN = "this token may not see the finances of its projects"


def found_again(one: PlannedInvoice, read_back: ReadBack) -> PlannedInvoice:
    """The invoice with what Kantata holds of it; what was changed there since is said, and other content differs."""
    shown = read_back.shown
    if shown is None or one.payload is None:
        return replace(one, read_back=read_back)
    result = content_tie_out(one.payload, shown)
    changed = header_differences(one.payload, shown)
    one = replace(one, read_back=read_back, tie_out=result)
    if result.differences:
        differs, advice = said(result)
        return replace(one, reason=f"{one.reason} {differs}", what_to_do=advice)
    if result.unread:
        unread = f"It could not be read back whole: {', '.join(result.unread)}."
        one = replace(one, reason=f"{one.reason} {unread}", what_to_do=READ_IT)
    if not changed:
        return one
    words = "; ".join(f"{each.what}: {each.held}, in the sheet {each.sent}" for each in changed)
    return replace(one, reason=f"{one.reason} Changed in Kantata since: {words}.")


def not_found_again(one: PlannedInvoice, *, young: bool) -> PlannedInvoice:
    """The invoice, which Kantata was asked for and did not show; that does not yet prove it gone."""
    why = TOO_YOUNG if young else HIDDEN
    later = "submit again in a few minutes" if young else "ask for permission and submit again"
    return replace(
        one,
        missing=True,
        tie_out=TieOut(unread=("the whole invoice",)),
        reason=f"{one.reason} It could not be found again: Kantata does not show invoice {one.invoice_id}, but {why}.",
        what_to_do=f"Look for it in Kantata, or {later}. If somebody deleted it, another --batch bills it again.",
    )
