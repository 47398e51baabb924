"""The dry run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.checking.period import batch_before
from importer.flow.account_look_up import checked, with_names
from importer.flow.gates import check_limits
from importer.flow.looking_up import look_up
from importer.flow.prepare import compared, prepare, with_warnings
from importer.flow.prepared import NOT_CHECKED, Tools, Wish, new_run_id, note_in_log, noting, report_of
from importer.model.errors import AccessDenied, GateRefused, NotReached
from importer.model.exit_codes import ExitCode
from importer.model.plans import Status
from importer.model.problems import has_errors
from importer.model.words import count_of
from importer.planning.comparison import Changes, compare
from importer.reporting.annotated.annotate import annotate
from importer.reporting.workbook import results

if TYPE_CHECKING:
    from importer.flow.prepared import Prepared, Tools
    from importer.reporting.report import Report


def preview(wish: Wish, tools: Tools) -> Report:
    """The dry run: the plan, told whole, with its workbook."""
    results.prepare_folder(tools.settings.reports)
    prepared = compared(prepare(wish, tools, new_run_id()), tools)
    if tools.api is not None:
        try:
            prepared = look_up(prepared, tools.api, tools.settings.settle_seconds)
            prepared = checked(prepared, tools.api, go_on=True)
        except (AccessDenied, NotReached) as error:
            prepared = noting(prepared, f"{error.message.rstrip('.')}. {NOT_CHECKED}")
    prepared = with_warnings(with_names(prepared), tools)
    changes = changes_of(prepared, tools)
    for line in changes.lines() if changes else ():
        prepared = noting(prepared, line)
    try:
        check_limits(prepared, tools)
    except GateRefused as refusal:
        prepared = noting(prepared, f"Submit would refuse this: {refusal.message.removeprefix('Nothing was sent: ')}")
    if prepared.refused:
        prepared = noting(prepared, _refusal(prepared.ready))
    if has_errors(prepared.problems):
        code = ExitCode.FILE_PROBLEMS
    elif any(one.status is Status.IN_DOUBT for one in prepared.planned):
        code = ExitCode.IN_DOUBT
    else:
        code = ExitCode.DONE
    report = replace(report_of("preview", prepared, tools, prepared.planned, code), changes=changes)
    note_in_log(report)
    report = replace(report, files={"preview": results.write_report(report, tools.settings.reports)})
    copy = annotate(report, tools.settings.reports, batch_named=not prepared.terms.batch_derived, wanted=wish.annotate)
    return replace(report, files={**report.files, "annotated": copy.path}, notices=(*report.notices, *copy.notices))


def _refusal(ready: int) -> str:
    """What a submit without --partial would do with a file that has problems."""
    sound = (
        f"; with --partial it would send the {count_of(ready, 'invoice')} that {'is' if ready == 1 else 'are'} sound"
    )
    return f"Submit would send nothing of this file, because it has problems{sound if ready else ''}."


def changes_of(prepared: Prepared, tools: Tools) -> Changes | None:
    """What is otherwise than in the batch before; None when this account has none."""
    past = tools.ledger.past
    before = batch_before(prepared.batch, past.batches())
    if before is None:
        return None
    earlier = past.of_batch(before)
    billed_now = [one for one in past.of_batch(prepared.batch) if one.invoice_id not in prepared.knowledge.gone]
    return compare(prepared.planned, earlier, before, tools.settings.change_percent, billed_now)
