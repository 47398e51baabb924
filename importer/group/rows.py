"""The rows that form one invoice, and what they say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from importer.problems import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.records import SheetLine
    from importer.sheet import Sheet

REFERENCE = "external_reference."
TRIPLE = ("service_name", "service_model", "service_model_ref")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that form one invoice."""

    key: str | None
    """invoice_key of the rows; None for one invoice per project."""
    lines: tuple[SheetLine, ...]

    @property
    def first(self) -> int:
        """Number of the first row."""
        return self.lines[0].row


def collect(lines: Iterable[SheetLine]) -> list[Rows]:
    """The groups in the order of their first rows; rows whose project or key cannot be read are in none."""
    groups: dict[tuple[str, object], list[SheetLine]] = {}
    for line in lines:
        if line.key_unreadable or (line.invoice_key is None and line.workspace_id is None):
            continue
        identity = ("key", line.invoice_key) if line.invoice_key is not None else ("workspace", line.workspace_id)
        groups.setdefault(identity, []).append(line)
    return [Rows(rows[0].invoice_key, tuple(rows)) for rows in groups.values()]


def merged(rows: Rows) -> dict[str, Any]:
    """What the rows say of the whole invoice, by column name; of several values the first."""
    values: dict[str, Any] = {}
    for line in rows.lines:
        for name, value in line.invoice_values.items():
            values.setdefault(name, value)
    return values


def named(rows: Rows) -> str:
    """The invoice in words."""
    return f"invoice “{rows.key}”" if rows.key is not None else f"the invoice of project {rows.lines[0].workspace_id}"


def shown(value: object) -> str:
    """A value as a person would have typed it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def problem_at(  # noqa: PLR0913, PLR0917 - one argument per option or field
    sheet: Sheet,
    name: str,
    row: int,
    fault: str,
    message: str,
    hint: str,
    value: object,
    severity: Severity = Severity.ERROR,
) -> Problem:
    """A problem at the cell of a column in a row."""
    return Problem(
        code=f"{name}.{fault}",
        message=message,
        hint=hint,
        sheet=sheet.name,
        cell=sheet.address(name, row),
        row=row,
        column=name,
        value=None if value is None else shown(value),
        severity=severity,
    )
