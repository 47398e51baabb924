"""The sheet of an episode: its lines, each to be billed once, and what accountants do to a sheet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from kinds import Kind

HEAD = "Project ID,Invoice key,Item type,Item ID,Notes,Amount,Invoice date"
FIRST_ROW = 2
PROJECTS = (101, 103, 104, 109)
DAYS = ("", "2026-10-31", "2026-10-30", "2026-11-01", "2026-11-05")
"""Less than 20 days away from each other, or none."""
MOST_TIME_ENTRIES = 14
"""That the stand-in's first project holds."""


@dataclass(frozen=True)
class Line:
    """Something that is to be billed once, and how the sheet has it at the moment."""

    name: str
    """Its text, or the id of its time entry: by it Kantata's invoices are searched."""
    project: int
    key: str
    amount: int
    date: str
    time_entry: int | None = None

    def row(self) -> str:
        """As the sheet has it."""
        if self.time_entry is not None:
            return f"{self.project},{self.key},Time entry,{self.time_entry},,,{self.date}"
        return f"{self.project},{self.key},Fixed fee,,{self.name},{self.amount},{self.date}"


class Sheet:
    """Lines in their order."""

    def __init__(self, random: random.Random, count: int, kind: Kind, *, moves_projects: bool) -> None:
        """Draw so many lines; ``moves_projects``: edits change projects, else dates."""
        self._random, self._count, self._kind = random, 0, kind
        self.lines: list[Line] = []
        edits: list[Callable[[], None]] = [self.add, self.remove, self.sort, self.key, self.merge_keys]
        self._edits = [*edits, self.project if moves_projects else self.date]
        if kind.edits:
            self._edits = [getattr(self, name) for name in kind.edits]
        for _ in range(count):
            self.add()

    def text(self) -> str:
        """The sheet as a CSV file."""
        return "\n".join((HEAD, *(line.row() for line in self.lines))) + "\n"

    def names(self) -> dict[int, str]:
        """The line in each row."""
        return {row: line.name for row, line in enumerate(self.lines, start=FIRST_ROW)}

    def edit(self) -> str:
        """Do something to it; return what."""
        edit = self._random.choice(self._edits)
        edit()
        self._agree()
        return edit.__name__

    def _agree(self) -> None:
        """Give the lines of an invoice one date: else the sheet is refused, and nothing more happens with it."""
        dates: dict[str, str] = {}
        for place, line in enumerate(self.lines):
            invoice = line.key.lower() or str(line.project)
            self.lines[place] = replace(line, date=dates.setdefault(invoice, line.date))

    def add(self) -> None:
        """One more line."""
        self._count += 1
        project, time_entry = self._random.choice(PROJECTS), None
        key = self._random.choice(("", "", "a", "b"))
        if self._kind.entries and self._random.random() < self._kind.entries:
            project = PROJECTS[0]
        if (
            project == PROJECTS[0]
            and self._random.random() < max(0.4, self._kind.entries)
            and self._count <= MOST_TIME_ENTRIES
        ):
            time_entry = 5_101_000 + self._count
        name = str(time_entry) if time_entry else f"Work {self._count}"
        amount = 100 + 7 * self._count
        self.lines.append(Line(name, project, key, amount, self._kind.first_date, time_entry))

    def grow(self) -> None:
        """More work is to be billed, on invoices of its own."""
        for _ in range(self._random.randint(1, 2)):
            self.add()
            self.lines[-1] = replace(self.lines[-1], key=f"k{self._count}")

    def remove(self) -> None:
        """One less, but the last."""
        if len(self.lines) > 1:
            self.lines.pop(self._random.randrange(len(self.lines)))

    def sort(self) -> None:
        """The same lines in another order."""
        self._random.shuffle(self.lines)

    def key(self) -> None:
        """Some lines get another key, or lose it."""
        self._change(lambda line: replace(line, key=self._random.choice(("", "a", "b", "c", "A"))))

    def merge_keys(self) -> None:
        """One key for all lines of a project, or for all."""
        key, project = self._random.choice(("", "m")), self._random.choice((None, *PROJECTS))
        self.lines = [replace(line, key=key) if project in (None, line.project) else line for line in self.lines]

    def date(self) -> None:
        """Another day for all lines, or for some."""
        day = self._random.choice(DAYS)
        if self._random.random() < 0.5:
            self.lines = [replace(line, date=day) for line in self.lines]
        else:
            self._change(lambda line: replace(line, date=day))

    def rewrite(self) -> None:
        """Some lines get another key, another amount and another day at once; only their text is as before."""
        day, key = self._random.choice(DAYS), self._random.choice("abc")
        raised = self._random.choice((0, 1, 10))
        self._change(lambda line: replace(line, date=day, key=key, amount=line.amount + raised))

    def project(self) -> None:
        """Some lines move to another project."""
        self._change(lambda line: line if line.time_entry else replace(line, project=self._random.choice(PROJECTS)))

    def _change(self, change: Callable[[Line], Line]) -> None:
        for place in self._random.sample(range(len(self.lines)), self._random.randint(1, len(self.lines))):
            self.lines[place] = change(self.lines[place])
