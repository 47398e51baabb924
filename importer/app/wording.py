"""What a person does on the pages, where a message advises a command, an option or a line of importer.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from importer.model.check_only import CHECK_ONLY
from importer.model.columns import COLUMNS

RESTART = "Lines of importer.toml count from the next start of the app."
_TITLES = {column.name: column.title for column in COLUMNS} | {column.name: column.title for column in CHECK_ONLY}
_TOML = re.compile(r'\[[\w."]+\]|(?:"[^"]*"|[\w.]+) = .+')
"""A line of importer.toml."""
_ADD = re.compile(
    r"add (?:to importer\.toml(?:, above all sections)?|above all sections|instead):$|(in importer\.toml):$"
)
"""How a sentence ends before such lines."""
_ELSEWHERE = re.compile(r"invoice-importer |--[a-z]")
_HERE = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"then let “invoice-importer map [^”]*” ask, or", "then"),
        (r", let “invoice-importer map [^”]*” ask, or", ", or"),
        (r"(^|[.] )“invoice-importer map [^”]*”", r"\1The step Columns"),
        (r"“invoice-importer map [^”]*”", "the step Columns"),
        (
            r"undo that run \(invoice-importer undo (\S+)[^)]*? takes back all that it created\) and submit again",
            r"take run \1 back (all that it created, under History) and check this file again",
        ),
        (r"[Ss]ubmit with another --batch, such as --batch (\S+)", r"choose another batch below, such as \1"),
        (r"submit with another --batch", "choose another batch below"),
        (r"Submit with --batch (\S+) if (.+?), or with --batch", r"Choose the batch \1 below if \2, or"),
        (r"name the batch that is meant with --batch \(setting \w+\)", "choose the batch that is meant below"),
        (r"another --batch", "another batch"),
        (r"submit with --allow-repeats", "release it below"),
        (
            r"Run reconcile, or invoice-importer undo (\S+).*? again",
            r"Ask Kantata under “In doubt”, or take run \1 back again",
        ),
        (r"run invoice-importer undo (\S+).*? again", r"take run \1 back again under History"),
        (r"Run reconcile", "Ask Kantata under “In doubt”"),
        (r" and look at it, or name another one with --sheet", " in Excel, look at it, and choose the file again"),
        (r"Say with --sheet .+?, or rename it", "Rename it in Excel if it is to be billed, and choose the file again"),
        (r" or use --sheet", " and choose the file again"),
        (r'Say which one, for example: --sheet "[^"]*"', "Choose it below"),
        (r"Say which it is with --encoding, or save", "Save"),
        (r"add --preset \w+", "choose its ready mapping in the step Columns"),
        (
            r'Or let invoice-importer probe[^"]* as with fractional_amounts = "send" in importer',
            'If your account is known to keep cents, put fractional_amounts = "send" into importer',
        ),
        (r"[Aa]dd a column “[^”]*” with (the days .+?), or put .+? into importer\.toml", r"Say \1 in the step Columns"),
        (r"with --partial", "without the rows with problems"),
    )
)
"""What commands and options are on the pages."""


@lru_cache(maxsize=256)  # the same hint stands at many rows
def hint_here(hint: str) -> str:
    """What to do, as it is done on the pages; lines of importer.toml stay where no step says the same."""
    text, kept = "", []
    for prose, lines in _parts(hint):
        step = _step_for(lines)
        if step is None:
            text = f"{text} {prose}"
            kept += lines
        else:
            text = f"{text} {_ADD.sub('', prose)}{step}."
    for pattern, words in _HERE:
        text = pattern.sub(words, text)

    text = _without_commands(text.strip())
    if "importer.toml" in text:
        text = f"{text} {RESTART}" if not kept else "\n".join([text, *kept, RESTART])
    return text


def _parts(hint: str) -> Iterator[tuple[str, list[str]]]:
    """Each sentence or more with the lines of importer.toml that follow it."""
    prose, lines = "", []
    for line in hint.split("\n"):
        if _TOML.fullmatch(line):
            lines.append(line)
            continue
        if lines:
            yield prose, lines
            prose, lines = "", []
        prose = f"{prose} {line}".strip()
    yield prose, lines


def _step_for(lines: list[str]) -> str | None:
    """What the step Columns asks of the lines; None: it does not ask that, or there are none."""
    if not lines:
        return None
    try:
        said: dict[str, Any] = tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return None
    if said.keys() <= {"columns", "ignore_columns"}:
        names = said.get("columns") or {"": said["ignore_columns"]}
        name, headers = next(iter(names.items()))
        meaning = _TITLES.get(name, "“nothing for billing”")
        return f"choose {meaning} for “{headers[-1]}” in the step Columns"
    return "in the step Columns" if said.keys() == {"values"} else None


def _without_commands(text: str) -> str:
    """The text without the sentences that only advise a command; where there are no others, as it is."""
    kept = [sentence for sentence in re.split(r"(?<=[.]) ", text) if not _ELSEWHERE.search(sentence)]
    if not kept:
        return text
    first = re.sub(r"^(?:Otherwise|Or),? (\w)", lambda letter: letter[1].upper(), " ".join(kept))
    return first if len(kept) < text.count(". ") + 1 else text
