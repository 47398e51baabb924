"""The pages of what was sent before: past runs, their invoices, taking them back, and what is in doubt."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, abort, redirect, request, send_file

from importer.app.desk import Trouble
from importer.app.layout import page
from importer.app.settling import Phase
from importer.model.errors import WrongUse

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from importer.app.desk import Desk
    from importer.app.settling import Settling, Undoing
    from importer.ledger.rows import RunRecord
    from importer.sending.undo import Undone

MOST_RECENT = 8
"""Runs on the first page."""
NOT_SURE = "Nothing was recorded: yes was not typed."
HOW_TO_FIND_ID = "Type the number at the end of the invoice's web address in Kantata."
_FILES = {"results.xlsx": "Results workbook", "results.html": "Results as a page", "to-fix.xlsx": "Rows to fix"}
"""End of the name of a file of a run → what it is."""
MOST_RUNS = 200
"""Runs on the page of all; the command history lists every one."""


class History:
    """Each method is the page of an address, or begins something and leads on to a page that shows it."""

    def __init__(self, desk: Desk, settling: Settling) -> None:
        """Show what this ledger knows."""
        self._desk, self._settling = desk, settling

    def join(self, app: Flask) -> None:
        """Add the addresses of the pages."""
        app.add_url_rule("/history", view_func=self.runs)
        app.add_url_rule("/run/<run_id>", view_func=self.run)
        app.add_url_rule("/run/<run_id>/state", view_func=self.state_of_undo)
        for name in ("look", "undo"):
            app.add_url_rule(f"/run/<run_id>/{name}", view_func=getattr(self, name), methods=["POST"])
        app.add_url_rule("/run/<run_id>/get/<name>", view_func=self.file_of_run)
        app.add_url_rule("/doubts", view_func=self.doubts)
        app.add_url_rule("/doubts", view_func=self.ask, methods=["POST"])
        app.add_url_rule("/doubts/word", view_func=self.say, methods=["POST"])
        app.add_url_rule("/doubts/state", view_func=self.state_of_doubts)

    def runs(self) -> str:
        """All runs."""
        with self._desk.place.opened() as tools:
            runs, sums = tools.ledger.runs()[:MOST_RUNS], tools.ledger.sums_by_run()
        return page("history.html", runs=runs, sums=sums)

    def run(self, run_id: str) -> str:
        """One run with its invoices and files, and its undo."""
        record = self._found(run_id)
        undoing = self._settling.of(record)
        with self._desk.place.opened() as tools:
            attempts = tools.ledger.attempts_of_run(run_id)
        names = [path.name for path in self._files_of(record)]
        files = [(name, _FILES.get(name.removeprefix(f"{run_id}-"), name)) for name in names]
        question = _question(undoing)
        return page("run.html", run=record, attempts=attempts, files=files, undoing=undoing, question=question)

    def state_of_undo(self, run_id: str) -> Response:
        """How far an undo is, for the page that waits."""
        undoing = self._settling.of(self._found(run_id))
        return Response(page("undoing.html", undoing=undoing), headers={"X-Phase": undoing.phase.value})

    def look(self, run_id: str) -> Any:  # noqa: ANN401 - an answer of Flask
        """Ask what would be undone."""
        self._settling.look(self._settling.of(self._found(run_id)))
        return redirect(f"/run/{run_id}#undo", HTTPStatus.SEE_OTHER)

    def undo(self, run_id: str) -> Any:  # noqa: ANN401 - an answer of Flask
        """Undo what the page showed."""
        undoing = self._settling.of(self._found(run_id))
        if undoing.shown is not None and request.form.get("shown") == undoing.shown.undo_id:
            self._settling.undo(undoing)
        return redirect(f"/run/{run_id}#undo", HTTPStatus.SEE_OTHER)

    def file_of_run(self, run_id: str, name: str) -> Response:
        """A file of a run: one that its page lists, never another path."""
        listed = {path.name: path for path in self._files_of(self._found(run_id))}
        if name not in listed:
            abort(HTTPStatus.NOT_FOUND)
        return send_file(listed[name].resolve(), as_attachment=True, download_name=name)

    def doubts(self) -> str:
        """What is in doubt, and what Kantata said of it."""
        with self._desk.place.opened() as tools:
            open_questions = tools.ledger.open_questions()
        return page("doubts.html", doubts=open_questions, asked=self._settling.doubts)

    def ask(self) -> Any:  # noqa: ANN401 - an answer of Flask
        """Ask Kantata about it."""
        self._settling.settle()
        return redirect("/doubts", HTTPStatus.SEE_OTHER)

    def say(self) -> Any:  # noqa: ANN401 - an answer of Flask
        """Take the person's word for what no answer of Kantata settles, as reconcile --billed and --not-billed do."""
        from importer.sending.by_hand import parse_verdicts

        reference, is_billed = request.form.get("reference", ""), request.form.get("what") == "billed"
        if request.form.get("sure", "").strip().lower() != "yes":
            self._settling.doubts.trouble = Trouble(NOT_SURE, "Type it when you are sure.")
            return redirect("/doubts", HTTPStatus.SEE_OTHER)
        billed = [f"{reference}={request.form.get('id', '').strip()}"] if is_billed else []
        try:
            said = parse_verdicts(billed, [] if is_billed else [reference])
        except WrongUse as wrong:
            self._settling.doubts.trouble = Trouble(wrong.message, HOW_TO_FIND_ID)
        else:
            self._settling.settle(said)
        return redirect("/doubts", HTTPStatus.SEE_OTHER)

    def state_of_doubts(self) -> Response:
        """Whether Kantata answered, for the page that waits."""
        return Response("Asking Kantata …", headers={"X-Phase": self._settling.doubts.phase.value})

    def _found(self, run_id: str) -> RunRecord:
        with self._desk.place.opened() as tools:
            known = {run.run_id: run for run in tools.ledger.runs()}
        return known.get(run_id) or abort(HTTPStatus.NOT_FOUND)

    def _files_of(self, run: RunRecord) -> list[Path]:
        """The files of a run that lie among the results."""
        reports = self._desk.place.settings.reports
        if not reports.is_dir():
            return []
        return sorted(path for path in reports.iterdir() if path.name.startswith(f"{run.run_id}-") and path.is_file())


def _question(undoing: Undoing) -> str:
    """What would be undone, in a sentence; empty where nothing is asked."""
    from importer.model.words import count_of
    from importer.reporting.workbook.undo import sums
    from importer.sending.undo import Action

    if undoing.phase is not Phase.ASKING or undoing.shown is None:
        return ""
    shown: Undone = undoing.shown
    going = [step for step in shown.steps if step.action is not None]
    parts = []
    for action, noun, deed in ((Action.DELETE, "draft", "deleted"), (Action.CANCEL, "active invoice", "cancelled")):
        if count := sum(step.action is action for step in going):
            parts.append(f"{count_of(count, noun)} will be {deed}")
    return f"{' and '.join(parts)} at {shown.account}: {sums(going)}. This cannot be reversed."
