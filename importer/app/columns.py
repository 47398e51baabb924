"""The step with the columns: what the person's own headers and words mean, chosen from lists and remembered.

The mapping is loaded when it is asked for: it comes with pandas, which the first page does not need.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import abort, request

from importer.app.desk import trouble_of
from importer.app.layout import page
from importer.app.steps import lead_to
from importer.model.errors import ImporterError, WrongUse, ended
from importer.model.problems import column_letter

if TYPE_CHECKING:
    from flask import Flask

    from importer.app.desk import Desk, Work
    from importer.flow.mapping import Answers, Draft

NOTHING = "-"
"""What the choice of a column sends when it means nothing."""
MOST_SHOWN = 200
"""Columns on the page."""


class Columns:
    """The page of the step, and what its forms begin."""

    def __init__(self, desk: Desk) -> None:
        """Ask about the files of this desk."""
        self._desk = desk

    def join(self, app: Flask) -> None:
        """Add the addresses of the page."""
        app.add_url_rule("/file/<key>/columns", view_func=self.columns)
        app.add_url_rule("/file/<key>/columns", view_func=self.remember, methods=["POST"])
        app.add_url_rule("/file/<key>/preset", view_func=self.preset, methods=["POST"])

    def columns(self, key: str) -> Any:  # noqa: ANN401 - an answer of Flask
        """The questions; where there are none, the file as far as it is."""
        work = self._found(key)
        try:
            return _asked(work, self._desk.questions(work))
        except ImporterError as error:
            # Where nothing looks like a header the step cannot help, so its button is not offered again.
            work.trouble = replace(trouble_of(error), code="")
            return lead_to(work)

    def remember(self, key: str) -> Any:  # noqa: ANN401 - an answer of Flask
        """Take the answers, write them into the settings, and check the file again."""
        work = self._found(key)
        draft = work.draft
        if draft is None or request.form.get("draft") != draft.key:  # asked on the page of an earlier reading
            return lead_to(work, "/columns")
        try:
            answers = _answers(draft)
            if answers:
                self._desk.remember(work, answers)
        except ImporterError as error:
            return _asked(work, draft, trouble_of(error)), HTTPStatus.BAD_REQUEST
        return lead_to(work)

    def preset(self, key: str) -> Any:  # noqa: ANN401 - an answer of Flask
        """Read the file by a ready mapping that was offered."""
        work = self._found(key)
        names = [preset.name for preset in work.draft.presets] if work.draft else []
        if request.form.get("name") in names:
            self._desk.use_preset(work, request.form["name"])
        return lead_to(work)

    def _found(self, key: str) -> Work:
        return self._desk.find(key) or abort(HTTPStatus.NOT_FOUND)


def _asked(work: Work, draft: Draft, trouble: object = None) -> str:
    from importer.flow.mapping import CHOICES, ITEM_TYPES

    return page(
        "columns.html",
        work=work,
        draft=draft,
        words=draft.words(draft.likely),
        missing=draft.missing(draft.likely),
        choices=CHOICES,
        item_types=ITEM_TYPES,
        letter=column_letter,
        nothing=NOTHING,
        most=MOST_SHOWN,
        trouble=trouble,
    )


def _answers(draft: Draft) -> Answers:
    """What was chosen and typed. Raises WrongUse for a text that cannot be read."""
    from importer.flow.mapping import Answers

    answers = Answers()
    meant = _chosen(draft, answers)
    present = {*draft.columns, *meant.values()}
    for number, word in enumerate(draft.words(draft.likely)):
        value = _typed(word.name, f"word-{number}")
        if value is not None and word.name in present:
            answers.values.setdefault(word.name, {})[word.word] = value
    for missing in draft.missing(meant):
        value = _typed(missing.name, f"missing-{missing.name}")
        if value is not None:
            answers.constants[missing.name] = value
    return answers


def _chosen(draft: Draft, answers: Answers) -> dict[int, str | None]:
    """Position of each column for which something was chosen → what it means; noted among the answers too."""
    from importer.flow.mapping import CHOICES

    meant: dict[int, str | None] = {}
    seen = [*(found.column for found in draft.proposals), *(column for column, _ in draft.understood)]
    for column in (*seen, *draft.passed_over):
        chosen = request.form.get(f"column-{column.position}", "")
        if chosen == NOTHING or chosen in CHOICES:
            meant[column.position] = None if chosen == NOTHING else chosen
            answers.means(column.text, meant[column.position])
    return meant


def _typed(name: str, field: str) -> object:
    """What stands in a field, as the settings write it; None: nothing. Raises WrongUse when it cannot be read."""
    from importer.flow.mapping import CHOICES, value_typed

    text = request.form.get(field, "").strip()
    if not text:
        return None
    value, why = value_typed(name, text)
    if why is not None:
        msg = f"{CHOICES[name]}: “{text[:80]}” {ended(why)}"
        raise WrongUse(msg, "Type another one, or leave the field empty.", code="app.columns")
    return value
