"""The application: its pages, who is let in, and the first page, where a file is chosen."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from importer.app import files, layout
from importer.app.columns import Columns
from importer.app.desk import Phase, trouble_of
from importer.app.guard import ANOTHER_USER, UNSEEN
from importer.app.history import MOST_RECENT, History
from importer.app.steps import Steps, lead_to
from importer.model.errors import ImporterError, WrongUse

if TYPE_CHECKING:
    from importer.app.desk import Desk, Work
    from importer.app.guard import Guard
    from importer.app.settling import Settling
    from importer.ledger.rows import RunRecord

MEGABYTE = 2**20
_WORDS = {
    HTTPStatus.UNAUTHORIZED: "Open the address that invoice-importer app printed; another one is not let in.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The file is too large (setting most_unpacked_mb).",
    HTTPStatus.NOT_FOUND: "This page is not there. Files on the desk are forgotten when the program ends.",
}
_SHOWN = (HTTPStatus.NOT_FOUND, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
"""Refusals of who was let in, which have a page."""


def built(desk: Desk, settling: Settling, guard: Guard) -> Flask:
    """The application."""
    app = Flask("importer.app", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = (desk.place.settings.most_unpacked_mb + 1) * MEGABYTE
    app.config["MAX_FORM_MEMORY_SIZE"] = 4 * MEGABYTE
    layout.use(app, desk.place)
    guard.watch(app)
    _First(desk).join(app)
    Steps(desk).join(app)
    Columns(desk).join(app)
    History(desk, settling).join(app)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(Exception, _failed)
    return app


def _refused(error: HTTPException) -> Response:
    """What is not found, not allowed or too large, in a sentence."""
    code = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    sentence = _WORDS.get(code, "This is not possible here.")
    if error.description in (ANOTHER_USER, UNSEEN):
        sentence = error.description
    if code in _SHOWN:
        return Response(layout.page("refused.html", sentence=sentence), code, mimetype="text/html")
    return Response(f"{sentence}\n", code, mimetype="text/plain")


def _failed(error: Exception) -> Response:
    """What keeps a page from being made, such as a ledger that cannot be read, and what to do."""
    code = HTTPStatus.INTERNAL_SERVER_ERROR
    return Response(layout.page("failed.html", trouble=trouble_of(error)), code, mimetype="text/html")


def _outcome(work: Work, runs: list[RunRecord]) -> str:
    """What became of a file that was sent, and what an undo did since; empty for any other."""
    if work.phase is not Phase.DONE or work.result is None:
        return ""
    counts = work.result.totals.by_status.items()
    parts = [f"{count:,} {status.words}" for status, count in counts]
    for run in runs:
        if run.run_id == work.result.run_id and run.undone:
            parts.append(f"{run.undone:,} undone since")
    return ", ".join(parts)


class _First:
    """The first page."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._settings = desk, desk.place.settings

    def join(self, app: Flask) -> None:
        """Add the addresses of the page."""
        app.add_url_rule("/", view_func=self.home)
        app.add_url_rule("/files", view_func=self.upload, methods=["POST"])
        app.add_url_rule("/inbox", view_func=self.from_inbox, methods=["POST"])

    def home(self) -> str:
        """What can be chosen, and what is under way."""
        return self._shown()

    def upload(self) -> Any:  # noqa: ANN401 - an answer of Flask
        """Take a file from the browser."""
        given = request.files.get("file")
        try:
            if given is None or not given.filename:
                raise WrongUse("No file was chosen", "Choose a workbook or a CSV.", code="app.file")
            path = files.received(given, self._settings.reports)
        except (ImporterError, OSError) as error:
            return self._shown(error), HTTPStatus.BAD_REQUEST
        return lead_to(self._desk.put(path, path.name))

    def from_inbox(self) -> Any:  # noqa: ANN401 - an answer of Flask
        """Take a copy of a file in the inbox."""
        try:
            path = files.of_inbox(request.form.get("name", ""), self._settings.inbox, self._settings.reports)
        except (ImporterError, OSError) as error:
            return self._shown(error), HTTPStatus.BAD_REQUEST
        return lead_to(self._desk.put(path, path.name))

    def _shown(self, error: Exception | None = None) -> str:
        with self._desk.place.opened() as tools:
            runs = tools.ledger.runs()[:MOST_RECENT]
            in_doubt = len(tools.ledger.open_questions())
            outcomes = {work.key: _outcome(work, runs) for work in self._desk.files}
        return layout.page(
            "home.html",
            works=self._desk.files,
            runs=runs,
            waiting=[candidate.path.name for candidate in files.waiting(self._settings.inbox)],
            in_doubt=in_doubt,
            outcomes=outcomes,
            trouble=trouble_of(error) if error else None,
        )
