"""The pages of one file on the desk: its problems, its preview, the sending, the results."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Response, abort, redirect, request, send_file

from importer.app.desk import Phase, held_repeats
from importer.app.grid import grid_of
from importer.app.layout import page
from importer.app.totals import asked_totals, right_figures
from importer.app.wording import hint_here
from importer.model.columns import COLUMNS, ITEM_TYPE_TITLES
from importer.model.exit_codes import ExitCode
from importer.model.plans import PlannedInvoice, Status
from importer.model.visible import visible
from importer.model.words import invoice_named

if TYPE_CHECKING:
    from flask import Flask

    from importer.app.desk import Desk, Work
    from importer.model.plans import ReportedInvoice
    from importer.reporting.report import Report

LONGEST_TEXT = 2_000
"""Characters that a cell can be corrected to."""
ABOUT_OWN_WORDS = frozenset({"column.unknown", "column.missing", "column.near_miss", "item_type.unknown"})
"""Codes of problems of which the step with the columns asks."""
REPEAT = "If it is the same, nothing is left to do. If it is to be billed again, release it below, under “Held”."
"""What to do about an invoice that is held because its like was billed before."""
LONGEST_BATCH = 60
"""Characters of the name of a billing period."""
LEAVE_OUT = "\x00"
"""What the choice of a header sends when its column means nothing."""


class Steps:
    """Each method is the page of an address, or begins something and leads on to a page that shows it."""

    def __init__(self, desk: Desk) -> None:
        """Show this desk."""
        self._desk = desk

    def join(self, app: Flask) -> None:
        """Add the addresses of the pages."""
        app.add_url_rule("/file/<key>", view_func=self.file)
        for name in ("problems", "state", "files"):
            app.add_url_rule(f"/file/<key>/{name}", view_func=getattr(self, name))
        for name in ("correct", "again", "sheet", "batch", "repeat", "hold", "approve", "send", "stop"):
            app.add_url_rule(f"/file/<key>/{name}", view_func=getattr(self, name), methods=["POST"])
        app.add_url_rule("/file/<key>/get/<what>", view_func=self.download)

    def file(self, key: str) -> str:
        """The file as far as it is."""
        return _step(self._found(key))

    def problems(self, key: str) -> Any:  # noqa: ANN401 - an answer of Flask
        """Rows with problems, also where there are warnings only."""
        work = self._found(key)
        return _problems(work) if work.phase is Phase.PLANNED else lead_to(work)

    def state(self, key: str) -> Response:
        """How far it is, for the page that waits; in a header the phase, with which the page changes."""
        work = self._found(key)
        return Response(page("state.html", work=work, **_sums(work)), headers={"X-Phase": work.phase.value})

    def files(self, key: str) -> Response:
        """The files of the plan, for the page that waits for them."""
        work = self._found(key)
        phase = "writing" if work.writing else "written"
        return Response(page("files.html", work=work, report=work.result or work.plan), headers={"X-Phase": phase})

    def again(self, key: str) -> Any:  # noqa: ANN401 - an answer of Flask
        """Check it again, with or without the rows that have problems."""
        work = self._found(key)
        self._desk.look_again(work, partial="partial" in request.form)
        return lead_to(work)

    def repeat(self, key: str) -> Any:  # noqa: ANN401 - an answer of Flask
        """Release an invoice that is held because its like was billed before."""
        work = self._found(key)
        if _is_shown(work):
            self._desk.release(work, request.form.get("reference", ""))
        return lead_to(work)

    def hold(self, key: str) -> Any:  # noqa: ANN401 - an answer of Flask
        """Take a release back."""
        work = self._found(key)
        if _is_shown(work):
            self._desk.hold_again(work, request.form.get("reference", ""))
        return lead_to(work)

    def sheet(self, key: str) -> Any:  # noqa: ANN401 - an answer of Flask
        """Read the sheet that was chosen of several."""
        work, name = self._found(key), request.form.get("name", "")
        if work.trouble is not None and name in work.trouble.sheets:
            self._desk.use_sheet(work, name)
        return lead_to(work)

    def batch(self, key: str) -> Any:  # noqa: ANN401 - an answer of Flask
        """Bill the file as the billing period that was typed."""
        work = self._found(key)
        name = " ".join(request.form.get("name", "").split())[:LONGEST_BATCH]
        if _is_shown(work) and work.plan is not None and name != work.plan.batch:
            self._desk.use_batch(work, name or None)
        return lead_to(work)

    def approve(self, key: str) -> Any:  # noqa: ANN401 - an answer of Flask
        """Approve the plan that the page showed."""
        work = self._found(key)
        if _is_shown(work):
            self._desk.approve(work)
        return lead_to(work, "#send")

    def send(self, key: str) -> Any:  # noqa: ANN401 - an answer of Flask
        """Send what was approved, when its totals were typed."""
        work = self._found(key)
        if work.phase is not Phase.PLANNED or work.plan is None or not _is_shown(work):
            return lead_to(work)
        asked = asked_totals(work.plan)
        right = right_figures(asked, request.form)
        wrong = [total for total in asked if total.field not in right]
        if wrong:
            return _planned(work, wrong=wrong, right=right), HTTPStatus.BAD_REQUEST
        self._desk.send(work)
        return lead_to(work)

    def stop(self, key: str) -> Any:  # noqa: ANN401 - an answer of Flask
        """Stop the sending after the requests under way."""
        work = self._found(key)
        work.progress.stop(ExitCode.INTERRUPTED)
        return lead_to(work)

    def correct(self, key: str) -> Any:  # noqa: ANN401 - an answer of Flask
        """Have what was typed written into a copy, and check that."""
        work = self._found(key)
        plan = work.plan
        if work.phase is not Phase.PLANNED or plan is None:
            return lead_to(work)
        texts, left_out = _typed(plan)
        if not texts and not left_out:
            return lead_to(work, "/problems")
        self._desk.correct(work, texts, left_out)
        return lead_to(work)

    def download(self, key: str, what: str) -> Response:
        """A file of the plan or of the results, or the corrected copy; by what it is, never by a path."""
        work = self._found(key)
        report = work.result or work.plan
        known = dict(report.files) if report else {}
        if work.corrected:
            known["corrected"] = work.wish.path
        path = known.get(what)
        if path is None or not path.is_file():
            abort(HTTPStatus.NOT_FOUND)
        return send_file(path.resolve(), as_attachment=True, download_name=path.name)

    def _found(self, key: str) -> Work:
        return self._desk.find(key) or abort(HTTPStatus.NOT_FOUND)


def lead_to(work: Work, step: str = "") -> Any:  # noqa: ANN401 - an answer of Flask
    """Lead on to the page of a file."""
    return redirect(f"/file/{work.key}{step}", HTTPStatus.SEE_OTHER)


def _is_shown(work: Work) -> bool:
    """Whether the form is of the plan as it is now; another tab may show an earlier one."""
    return work.plan is not None and request.form.get("plan") == work.plan.run_id


def _step(work: Work) -> str:
    """The page of a file as far as it is."""
    if work.phase is Phase.PLANNED and work.plan is not None:
        ready = work.plan.totals.by_status.get(Status.READY, 0)
        if work.plan.errors and not (work.wish.partial and ready):
            return _problems(work)
        return _planned(work)
    if work.phase is Phase.DONE and work.result is not None:
        return page("done.html", work=work, report=work.result, **_laid_out(work.result))
    return page("wait.html", work=work, **_sums(work))


def _planned(work: Work, **more: object) -> str:
    plan = work.plan
    if plan is None:
        abort(HTTPStatus.NOT_FOUND)
    ready = plan.totals.by_status.get(Status.READY, 0)
    shown = {"wrong": [], "right": {}} | more
    shown["held"] = [(invoice_named(held.invoice.key, held.invoice.workspace_ids), held) for held in held_repeats(plan)]
    return page("planned.html", work=work, ready=ready, totals=asked_totals(plan), **_laid_out(plan), **shown)


def _laid_out(report: Report) -> dict[str, object]:
    """What the page of a report shows; what is done here is not said as a command."""
    from importer.reporting.document import document_of
    from importer.reporting.page.content import page_of

    report = replace(report, planned=tuple(map(_in_words_of_the_page, report.planned)))
    workbook = report.files.get("preview") or report.files.get("results") or Path("the workbook")
    shown = page_of(report, document_of(report), workbook.name)
    findings = []
    for alike in shown.findings:
        findings.append(tuple(replace(finding, hint=hint_here(finding.hint)) for finding in alike))
    notices = tuple(map(hint_here, shown.notices))
    return {"page": replace(shown, findings=tuple(findings), notices=notices), "run_id": report.run_id}


def _in_words_of_the_page(planned: ReportedInvoice) -> ReportedInvoice:
    if isinstance(planned, PlannedInvoice) and planned.releasable:
        return replace(planned, what_to_do=REPEAT)
    if planned.what_to_do is None:
        return planned
    return replace(planned, what_to_do=hint_here(planned.what_to_do))


def _problems(work: Work) -> str:
    plan = work.plan
    if plan is None or plan.sheet is None:
        abort(HTTPStatus.NOT_FOUND)
    grid = grid_of(plan, plan.sheet, request.args.get("page", 1, type=int))
    columns = [column.title for column in COLUMNS]
    ready = plan.totals.by_status.get(Status.READY, 0)
    return page(
        "problems.html",
        work=work,
        plan=plan,
        grid=grid,
        columns=columns,
        item_types=list(ITEM_TYPE_TITLES.values()),
        own_headers=any(problem.code in ABOUT_OWN_WORDS for problem in plan.problems),
        ready=ready,
        leave_out=LEAVE_OUT,
    )


def _typed(plan: Report) -> tuple[dict[str, str], set[str]]:
    """Address → text of the cells that were changed on this page of the grid, and the headers that mean nothing."""
    texts: dict[str, str] = {}
    left_out: set[str] = set()
    if plan.sheet is None or request.form.get("plan") != plan.run_id:  # typed on the page of an earlier plan
        return texts, left_out
    grid = grid_of(plan, plan.sheet, request.args.get("page", 1, type=int))
    cells = list(grid.headers)
    for row in grid.rows:
        cells += row.cells
    for cell in cells:
        typed = request.form.get(cell.address)
        if typed == LEAVE_OUT:
            left_out.add(cell.text)
        elif typed is not None and typed.split() != visible(cell.text).split():
            texts[cell.address] = typed.strip()[:LONGEST_TEXT]
    return texts, left_out


def _sums(work: Work) -> dict[str, object]:
    """How the sending stands: counts by status, and what was created per currency."""
    from collections import Counter

    from importer.reporting.headline import sums_by_currency

    settled = list(work.progress.settled)
    created = [planned for planned in settled if planned.status is Status.CREATED]
    return {"counts": Counter(planned.status for planned in settled), "sums": sums_by_currency(created)}
