"""How a page becomes text, and what it looks like."""

from __future__ import annotations

from datetime import UTC
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from flask import Response, abort, render_template
from jinja2 import ChoiceLoader, PackageLoader, StrictUndefined

from importer.model.visible import visible
from importer.model.words import worth_in_words

if TYPE_CHECKING:
    from datetime import datetime

    from flask import Flask

    from importer.ledger.rows import Attempt
    from importer.ledger.runs import StandingSum

_LOOKS = {
    "style.css": ("importer.reporting.page", "templates", "text/css"),
    "app.css": ("importer.app", "static", "text/css"),
    "app.js": ("importer.app", "static", "text/javascript"),
    "icon.svg": ("importer.app", "static", "image/svg+xml"),
}
"""The files of the look, and where they lie: the pages of the reports have the same style."""


def page(template: str, **content: Any) -> str:  # noqa: ANN401 - whatever the template shows
    """A page as text: texts of others are shown and never obeyed, also where they hold hidden characters."""
    text = render_template(template, **content)
    return "\n".join(map(visible, text.split("\n")))


def use(app: Flask, place: object) -> None:
    """Lay the pages of an app out with the templates of this room and those of the reports."""
    from importer.app.wording import hint_here
    from importer.reporting.page.writing import web_address
    from importer.reporting.table import text_of

    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "undefined": StrictUndefined}
    app.jinja_loader = ChoiceLoader([PackageLoader("importer.app"), PackageLoader("importer.reporting.page")])
    app.jinja_env.filters |= {
        "cell": text_of,
        "web": web_address,
        "here": hint_here,
        "worth": _worth,
        "standing": _standing,
        "clock": _clock,
        "local": _local,
    }
    app.jinja_env.globals |= {"place": place, "layout": "frame.html"}
    app.add_url_rule("/look/<name>", view_func=_look)


def _look(name: str) -> Response:
    """A style sheet, the script or the icon."""
    if name not in _LOOKS:
        abort(HTTPStatus.NOT_FOUND)
    room, folder, kind = _LOOKS[name]
    return Response((files(room) / folder / name).read_text(encoding="utf-8"), mimetype=kind)


def _clock(moment: datetime) -> str:
    """The time of day of a moment of this start of the program."""
    return f"{moment:%H:%M}"


def _standing(standing: StandingSum) -> str:
    """What stands in Kantata of a run, in one currency."""
    return worth_in_words(standing.total, standing.currency, standing.amount) or "not known"


def _local(moment: datetime) -> str:
    """A moment of the ledger (UTC) by the clock of this machine."""
    return f"{moment.replace(tzinfo=UTC).astimezone():%Y-%m-%d %H:%M}"


def _worth(attempt: Attempt) -> str:
    """What an invoice of a run comes to."""
    return worth_in_words(attempt.expected_total, attempt.currency, attempt.amount) or ""
