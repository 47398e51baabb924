"""Commands that a message advises, with the options of the account and the file that the person gave."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from importer.model.words import as_typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NAME = "invoice-importer"
SETTINGS, ACCOUNT, RESULTS = ("--profile", "--config"), ("--sandbox",), ("--reports",)
TAKEN: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("login", "logout", "settings"), SETTINGS),
    **dict.fromkeys(("doctor", "history", "map", "start", "template"), SETTINGS + ACCOUNT),
    **dict.fromkeys(
        ("app", "approve", "confirm", "preview", "probe", "reconcile", "run", "submit", "undo"),
        SETTINGS + ACCOUNT + RESULTS,
    ),
}
"""Command → those options of a place that it takes."""
_COMMAND = re.compile(rf"{NAME} (?P<name>{'|'.join(TAKEN)})\b(?P<file> FILE\b)?")
_END = re.compile(rf"[\n“”]|{NAME}")
"""Where the words of a command end at the latest."""


def options_for(name: str, place: Sequence[str]) -> Iterator[str]:
    """The options of a place, as they are typed, that a command takes; ``place``: options and their values."""
    words = iter(place)
    for option in words:
        typed = [option] if option in ACCOUNT else [option, as_typed(next(words))]
        if option in TAKEN[name]:
            yield from typed


@lru_cache(maxsize=1024)  # the same hint stands at many rows
def advised(text: str, place: tuple[str, ...], file: tuple[str, ...] = ()) -> str:
    """The text, each command in it with the options of the place that it lacks, and the file in place of FILE.

    ``file``: its path, and the options by which it is read.
    """

    def complete(found: re.Match[str]) -> str:
        end = _END.search(text, found.end())
        rest = text[found.end() : end.start() if end else None]
        options = " ".join(options_for(found["name"], place))
        words = [NAME, found["name"]]
        if found["file"]:
            words += map(as_typed, file or ("FILE",))
        if options and options not in rest:
            words.append(options)
        return " ".join(words)

    return _COMMAND.sub(complete, text)
