"""Problems found in a sheet: values to be collected, never exceptions. Addresses of cells."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """Whether a problem keeps its invoice from being sent."""

    ERROR = "error"
    WARNING = "warning"


LONGEST_WORDS = 2_000
"""Characters of a message, a hint, or a value that a problem repeats."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, said so that an accountant can fix it."""

    code: str
    """Stable name for programs, such as ``amount.fraction``."""
    message: str
    """What is wrong and why, in plain words."""
    hint: str
    """How to fix it."""
    sheet: str | None = None
    """Sheet name, or the file's name for CSV; None when no sheet was reached."""
    cell: str | None = None
    """Address such as ``F17``; None when the problem is not about one cell."""
    row: int | None = None
    """Row number as Excel shows it (the first row of the sheet is 1)."""
    column: str | None = None
    """Name of the column from :mod:`importer.model.columns`, or the header text of an unknown one."""
    value: str | None = None
    """What stands in the cell, as text; None when nothing does."""
    severity: Severity = Severity.ERROR
    rows: tuple[int, ...] = ()
    """All rows concerned, when it is about a whole column; ``row`` and ``cell`` are then the first of them."""
    meant: str | None = None
    """Name of the known column that a header is probably meant for which is not known, or whose cells fit no other."""

    def __post_init__(self) -> None:
        """Cut what repeats a long text: thousands of cells may show the same one."""
        for name in ("message", "hint", "value"):
            text = getattr(self, name)
            if text is not None and len(text) > LONGEST_WORDS:
                object.__setattr__(self, name, f"{text[:LONGEST_WORDS]}…")

    @property
    def every_row(self) -> tuple[int, ...]:
        """The rows that it is about; none when it is about the file."""
        return self.rows or (() if self.row is None else (self.row,))

    @property
    def address(self) -> str:
        """Where it is, as a person would say it: ``Invoices!F17``."""
        place = self.cell or (f"row {self.row}" if self.row else "")
        return "!".join(part for part in (self.sheet, place) if part)


def errors_first(problems: Iterable[Problem]) -> list[Problem]:
    """The errors, then the warnings; both in their order."""
    return sorted(problems, key=lambda problem: problem.severity is not Severity.ERROR)


class Problems:
    """The problems of one file, collected while it goes from step to step."""

    def __init__(self, found: Iterable[Problem] = ()) -> None:
        """Begin with what reading the file has found."""
        self._found = list(found)
        self.notes: list[str] = []
        """Decisions that a person should know of, in whole sentences."""

    def add(self, found: Iterable[Problem]) -> None:
        """Take over what a step has found."""
        self._found.extend(found)

    def supersede(self, code: str, rows: Container[int]) -> None:
        """Drop the problems with this code in these rows: a later step knows more about them."""
        self._found = [problem for problem in self._found if problem.code != code or problem.row not in rows]

    def with_code(self, code: str) -> tuple[Problem, ...]:
        """The problems with this code, as they were found."""
        return tuple(problem for problem in self._found if problem.code == code)

    def errors(self) -> tuple[Problem, ...]:
        """What keeps rows from being sent, as it was found."""
        return tuple(problem for problem in self._found if problem.severity is Severity.ERROR)

    def ordered(self) -> tuple[Problem, ...]:
        """All of them in the order of the sheet."""
        return in_sheet_order(self._found)


def in_sheet_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sort by row, then by column; what is about the whole file comes first."""
    return tuple(sorted(problems, key=_position))


def _position(problem: Problem) -> tuple[int, int]:
    """Row as Excel shows it and column counted from 0; 0 and -1 where the problem has none."""
    letters = (problem.cell or "").rstrip("0123456789")
    column = column_position(letters) if letters.isalpha() else -1
    return problem.row or 0, column


def error_rows(problems: Iterable[Problem]) -> set[int]:
    """The rows that errors keep from being sent."""
    rows: set[int] = set()
    for problem in problems:
        if problem.severity is Severity.ERROR:
            rows.update(problem.every_row)
    return rows


def has_errors(problems: Iterable[Problem]) -> bool:
    """Tell whether any of the problems keeps invoices from being sent."""
    return any(problem.severity is Severity.ERROR for problem in problems)


def column_letter(position: int) -> str:
    """Name a column as Excel does. ``position`` counts from 0: 0 is A, 26 is AA."""
    letters = ""
    number = position + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_position(letters: str) -> int:
    """Position of a column counted from 0: A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def cell_address(position: int, row: int) -> str:
    """Address of a cell: column counted from 0, row as Excel shows it."""
    return f"{column_letter(position)}{row}"
