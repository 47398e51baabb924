"""The dry run: show what a submit would do, and what is wrong, before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.checking.invoice_dates import is_month, month_of_batch
from importer.flow.earlier_imports import (
    with_header_changes,
    with_near_repeats,
    with_retainers,
    with_rows_gone,
)
from importer.flow.earlier_invoices import with_earlier_invoices
from importer.flow.gates import check_limits
from importer.flow.named_records import check_records, with_names
from importer.flow.open_items import check_left_out, with_left_out
from importer.flow.prepare import prepare
from importer.flow.prepared import NOT_CHECKED, Prepared, Tools, Wish, new_run_id, note_in_log
from importer.flow.reading_in import with_remembered_preset
from importer.model.errors import AccessDenied, GateRefused, NotReached
from importer.model.exit_codes import ExitCode
from importer.model.plans import Status
from importer.model.problems import has_errors
from importer.model.words import count_of
from importer.planning.comparison import Changes, compare
from importer.reporting.annotated.annotate import annotate
from importer.reporting.workbook import results

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.ledger.ledger import SubmissionLedger
    from importer.reporting.report import Report


def preview(wish: Wish, tools: Tools) -> Report:
    """Make the plan, compare it with what is known, and write its workbook."""
    _, write = drawn_up(wish, tools)
    return write()


def drawn_up(wish: Wish, tools: Tools) -> tuple[Report, Callable[[], Report]]:
    """Make the plan and compare it with what is known; also what writes its files, and gives the plan with them."""
    results.prepare_folder(tools.settings.reports)
    tools = with_remembered_preset(wish, tools)
    prepared = with_header_changes(prepare(wish, tools, new_run_id()), tools)
    prepared = with_near_repeats(as_far_as_shown(prepared, tools), tools)
    prepared = with_rows_gone(with_left_out(with_retainers(with_names(prepared)), tools), tools)

    changes = _changes_of(prepared, tools)
    for line in changes.lines() if changes else ():
        prepared = prepared.with_notice(line)
    for refusal in _refusals(prepared, tools):
        prepared = prepared.with_notice(refusal)

    report = prepared.report("preview", tools, prepared.planned, _exit_code(prepared))
    report = replace(report, changes=changes)
    note_in_log(report)
    return report, lambda: _with_files(report, wish, tools, batch_named=not prepared.terms.batch_derived)


def _with_files(report: Report, wish: Wish, tools: Tools, *, batch_named: bool) -> Report:
    workbook, page = results.write_with_page(report, tools.settings.reports)
    report = replace(report, files={"preview": workbook, "page": page})
    copy = annotate(report, tools.settings.reports, batch_named=batch_named, wanted=wish.annotate)
    return replace(report, files={**report.files, "annotated": copy.path}, notices=(*report.notices, *copy.notices))


def as_far_as_shown(prepared: Prepared, tools: Tools) -> Prepared:
    """The plan with what Kantata shows, and all problems that follow; where it cannot be asked, that is said."""
    if tools.api is None:
        return prepared
    try:
        prepared = with_earlier_invoices(prepared, tools.api, tools.settings.settle_seconds, tools.ledger)
        return check_records(prepared, tools.api, go_on=True)
    except (AccessDenied, NotReached) as error:
        return replace(prepared, unreached=True).with_notice(f"{error.message.rstrip('.')}. {NOT_CHECKED}")


def _changes_of(prepared: Prepared, tools: Tools) -> Changes | None:
    """What is otherwise than in the batch before; None when this account has none."""
    ledger, gone = tools.ledger, prepared.knowledge.gone
    before = batch_before(prepared.batch, ledger)
    if before is None:
        return None
    billed_now = [billed for billed in ledger.billed_in_batch(prepared.batch) if billed.invoice_id not in gone]
    billed = [planned for planned in prepared.planned if planned.status is not Status.HELD]
    return compare(billed, ledger.billed_in_batch(before), before, tools.settings.change_percent, billed_now)


def batch_before(batch: str, ledger: SubmissionLedger) -> str | None:
    """The batch to compare with: of months the latest earlier one, else the one that was sent to last.

    None when there is none.
    """
    month = month_of_batch(batch)
    if month is not None:
        return next((name for name in ledger.batches_below(month) if is_month(name)), None)
    return ledger.last_batch_besides(batch)


def _refusals(prepared: Prepared, tools: Tools) -> list[str]:
    """Why a submit would send nothing, or not without ``--partial``."""
    found = []
    for check in (check_limits, check_left_out):
        try:
            check(prepared, tools)
        except GateRefused as refusal:
            found.append(f"Submit would refuse this: {refusal.message.removeprefix('Nothing was sent: ')}")
    if prepared.refused:
        found.append(f"Submit would send nothing of this file, because it has problems{_sound(prepared.ready)}.")
    return found


def _sound(ready: int) -> str:
    """What a submit with ``--partial`` would do, as the rest of a sentence."""
    if not ready:
        return ""
    are = "is" if ready == 1 else "are"
    return f"; with --partial it would send the {count_of(ready, 'invoice')} that {are} sound"


def _exit_code(prepared: Prepared) -> ExitCode:
    if has_errors(prepared.problems):
        return ExitCode.FILE_PROBLEMS
    if any(planned.status is Status.IN_DOUBT for planned in prepared.planned):
        return ExitCode.IN_DOUBT
    return ExitCode.DONE
