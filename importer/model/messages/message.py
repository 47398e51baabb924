"""One message of the catalogue, and how its words are filled in."""

from __future__ import annotations

import string
from dataclasses import dataclass
from functools import cache

from importer.model.problems import Severity


def how_to_install(*packages: str) -> str:
    """How packages are added where the program is installed already; installing the program again would be refused."""
    names = " ".join(f'"{package}"' for package in packages)
    return (
        f"Where pipx installed this program, run pipx inject kantata-invoice-importer {names}; "
        f"in a virtual environment, python -m pip install {names}."
    )


@dataclass(frozen=True, slots=True)
class Message:
    """What a person reads about one kind of problem, as templates with named fields such as ``{name}``."""

    what: str
    """What is wrong and why: a whole sentence, or, below ``*.``, the rest of one that begins with the cell's value."""
    hint: str
    """How to fix it."""
    severity: Severity = Severity.ERROR
    """How grave it is, where the caller does not say."""


@cache
def fields_of(message: Message) -> frozenset[str]:
    """Names of the fields that the templates of a message have."""
    parsed = string.Formatter().parse(message.what + message.hint)
    return frozenset(name for _, name, _, _ in parsed if name)
