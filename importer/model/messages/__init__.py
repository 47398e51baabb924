"""The catalogue of messages: code → what is wrong and how to fix it; nothing else words a problem.

A key is the code that programs see (``file.empty``). Where one code has several
wordings, a variant follows after a colon (``csv.quotes:stray``). In codes about a
cell, ``*`` stands for the name of its column: ``*.fraction`` becomes ``amount.fraction``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from importer.model.messages import account, cells, reading, rows, settings
from importer.model.messages.message import Message, fields_of
from importer.model.problems import Problem, Severity
from importer.model.visible import visible

if TYPE_CHECKING:
    from importer.model.errors import ImporterError

SECTIONS: dict[str, dict[str, Message]] = {
    "Files and sheets": reading.MESSAGES,
    "Cells": cells.MESSAGES,
    "Rows and invoices": rows.MESSAGES,
    "What Kantata shows": account.MESSAGES,
    "Settings": settings.MESSAGES,
}
"""Title in docs/reference/messages.md → messages of one part of the program; no key stands in two of them."""
CATALOGUE: dict[str, Message] = {}
for _messages in SECTIONS.values():
    CATALOGUE.update(_messages)

ErrorKind = TypeVar("ErrorKind", bound="ImporterError")


@dataclass(frozen=True, slots=True)
class Worded:
    """A message with its fields filled in."""

    code: str
    """Stable name for programs; of a cell's fault only the last part."""
    what: str
    hint: str
    severity: Severity


def worded(key: str, /, **fields: object) -> Worded:
    """Fill in a message. Raises LookupError for an unknown key, and for a field that is missing or too many."""
    if key not in CATALOGUE:
        msg = f"no message has the key {key}"
        raise LookupError(msg)
    message = CATALOGUE[key]
    if fields.keys() != fields_of(message):
        msg = f"{key} needs the fields {sorted(fields_of(message))}, not {sorted(fields)}"
        raise LookupError(msg)
    code = key.partition(":")[0].removeprefix("*.")
    what, hint = visible(message.what.format(**fields)), visible(message.hint.format(**fields))
    return Worded(code, what, hint, message.severity)


def problem(  # noqa: PLR0913 - the fields of a problem
    key: str,
    /,
    *,
    sheet: str | None = None,
    cell: str | None = None,
    row: int | None = None,
    column: str | None = None,
    value: str | None = None,
    rows: tuple[int, ...] = (),
    severity: Severity | None = None,
    **fields: object,
) -> Problem:
    """Word a problem of a sheet; ``sheet`` to ``rows`` say where it is, as in :class:`Problem`.

    ``severity`` overrules that of the catalogue. A code about a cell needs its ``column``.
    """
    message = worded(key, **fields)
    code = message.code
    if key.startswith("*."):
        if column is None:
            msg = f"{key} needs the column that it is about"
            raise LookupError(msg)
        code = f"{column}.{code}"
    return Problem(
        code,
        message.what,
        message.hint,
        sheet=sheet,
        cell=cell,
        row=row,
        column=column,
        value=value,
        rows=rows,
        severity=severity or message.severity,
    )


def error(kind: type[ErrorKind], key: str, /, **fields: object) -> ErrorKind:
    """Word an error that stops the run; the caller raises it."""
    message = worded(key, **fields)
    return kind(message.what, message.hint, code=message.code)
