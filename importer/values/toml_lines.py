"""The lines of importer.toml that teach the program a header or a word, ready to be copied from a hint."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from importer.model.columns import BY_NAME
from importer.model.headers import own_headers
from importer.model.invoices import ItemType
from importer.values.header_meanings import likely_column
from importer.values.readings import folded
from importer.values.word_meanings import meant_item_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from importer.model.problems import Problem


def quoted(text: str) -> str:
    """Write a text as TOML does, on one line whatever it holds."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_key(name: str) -> str:
    """Name of a column as a key: a point in it would begin a table within the table."""
    return quoted(name) if "." in name else name


def alias_lines(column: str, header: str, known: Mapping[str, str]) -> str:
    """The lines that make a header mean a column, with the aliases that it has already."""
    headers = dict.fromkeys([*own_headers(known).aliases.get(column, ()), header])
    return f"[columns]\n{toml_key(column)} = [{', '.join(map(quoted, headers))}]"


def ignore_line(headers: Iterable[str], known: Mapping[str, str]) -> str:
    """The line that passes over headers, with those that are passed over already."""
    ignored = dict.fromkeys([*own_headers(known).ignored, *headers])
    return f"ignore_columns = [{', '.join(map(quoted, ignored))}]"


def text_line(parts: Iterable[str]) -> str:
    """The line that makes the text of a line item of several headers."""
    return f"line_text = [{', '.join(map(quoted, parts))}]"


def value_lines(column: str, word: str, meant: str, others: Sequence[str] = ()) -> str:
    """The lines that say what a word of a column means; ``others`` are named in a remark."""
    remark = f"  # or {', '.join(others)}" if others else ""
    return f"[values.{toml_key(column)}]\n{quoted(word)} = {quoted(meant)}{remark}"


def use_or_ignore(text: str, known: Mapping[str, str], present: set[str | None]) -> str:
    """The lines of importer.toml that use an unknown header as the likely column, else those that ignore it."""
    likely = likely_column(text, present)
    if likely is not None:
        title = BY_NAME[likely].title
        return (
            f"Nothing to do, unless it means {title}; then let “invoice-importer map FILE” ask, or add to "
            f"importer.toml:\n{alias_lines(likely, text, known)}"
        )
    return (
        "Nothing to do, unless it should have been sent: “invoice-importer map FILE” asks what it means. "
        f"To silence this warning, add to importer.toml, above all sections:\n{ignore_line([text], known)}"
    )


def explained(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The same problems; the first about each unknown item type shows the lines that make it known."""
    shown: set[str] = set()
    with_lines = []
    for problem in problems:
        word = folded(problem.value or "")
        if problem.code == "item_type.unknown" and word and word not in shown:
            shown.add(word)
            with_lines.append(_with_lines(problem, problem.value or ""))
        else:
            with_lines.append(problem)
    return tuple(with_lines)


def _with_lines(problem: Problem, word: str) -> Problem:
    meant = meant_item_type(word) or ItemType.TIME_ENTRY
    others = [item_type.value for item_type in ItemType if item_type is not meant]
    lines = value_lines("item_type", word, meant.value, others)
    return replace(problem, hint=f"{problem.hint} Or say once what your word means, in importer.toml:\n{lines}")
