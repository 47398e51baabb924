"""Read invoices of earlier runs back, and write how they stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from importer.flow.prepared import Tools, new_run_id
from importer.model.exit_codes import ExitCode
from importer.reporting.workbook import results
from importer.reporting.workbook.confirmed import write_confirmed
from importer.sending.confirming import Confirmed, confirmed
from importer.sending.presence import look_for, sent_after
from importer.sending.undo import to_look_up

if TYPE_CHECKING:
    from importer.kantata.client import KantataApi
    from importer.ledger.rows import RunRecord, SentInvoice


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How the invoices of earlier runs stand."""

    confirm_id: str
    invoices: tuple[Confirmed, ...]
    """The runs in the order of time, their invoices in the order of the sheet."""
    exit_code: ExitCode
    file: Path | None = None
    """None when there is no invoice."""


def confirm(runs: Iterable[RunRecord], tools: Tools, api: KantataApi) -> Confirmation:
    """Look up what these runs sent and no later run has sent again. Raises NotReached or AccessDenied."""
    settings, ledger = tools.settings, tools.ledger
    results.prepare_folder(settings.reports)
    ordered = sorted(runs, key=lambda run: run.started_at)
    sent: list[tuple[RunRecord, SentInvoice]] = []
    for run in ordered:
        sent += [(run, invoice) for invoice in ledger.sent_in(run.run_id)]
    look = look_for(api, to_look_up(invoice for _, invoice in sent))
    recent_from = sent_after(settings.settle_seconds, ledger.now())
    judged = [confirmed(run, invoice, look, recent_from) for run, invoice in sent]
    invoices = tuple(each for each in judged if each is not None)

    code = ExitCode.SOME_NOT_SENT if any(each.standing.is_amiss for each in invoices) else ExitCode.DONE
    done = Confirmation(new_run_id(), invoices, code)
    if not invoices:
        return done
    path = settings.reports / f"{done.confirm_id}-confirm.xlsx"
    write_confirmed(path, tools.account, invoices, settings.invoice_link)
    return replace(done, file=path)
