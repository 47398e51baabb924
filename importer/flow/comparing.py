"""What a plan is compared with before anybody agrees to it: the batch before, and earlier invoices alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.checking.period import batch_before
from importer.flow.prepared import noting
from importer.model.plans import Status
from importer.planning.comparison import Changes, compare
from importer.planning.redated import dated_anew, monthly_note

if TYPE_CHECKING:
    from importer.flow.prepared import Prepared, Tools


def with_warnings(prepared: Prepared, tools: Tools) -> Prepared:
    """The plan, with a warning for every invoice that was only dated anew, and a note of those that are monthly."""
    ready = [one for one in prepared.planned if one.status is Status.READY]
    if not ready:
        return prepared
    earlier = tools.ledger.past.of_projects(one.invoice.workspace_ids for one in ready)
    earlier = [one for one in earlier if one.invoice_id not in prepared.knowledge.gone]
    warnings, monthly = dated_anew(ready, earlier, prepared.sheet)
    prepared = replace(prepared, problems=(*prepared.problems, *warnings))
    return noting(prepared, monthly_note(monthly)) if monthly else prepared


def changes_of(prepared: Prepared, tools: Tools) -> Changes | None:
    """What is otherwise than in the batch before; None when this account has none."""
    past = tools.ledger.past
    before = batch_before(prepared.batch, past.batches())
    if before is None:
        return None
    earlier = past.of_batch(before)
    billed_now = [one for one in past.of_batch(prepared.batch) if one.invoice_id not in prepared.knowledge.gone]
    return compare(prepared.planned, earlier, before, tools.settings.change_percent, billed_now)
