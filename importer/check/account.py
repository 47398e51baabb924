"""What was seen of the account: the ground that findings stand on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.kantata_api import BillableItem, Found, Holder, Project, Task
from importer.records import ItemType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLURALS = {
    ItemType.TIME_ENTRY: "time entries",
    ItemType.EXPENSE: "expenses",
    ItemType.BILLING_MILESTONE: "billing milestones",
}
"""Item types that name a record, in the order in which they are asked for."""


@dataclass(frozen=True, slots=True)
class Account:
    """Records of the account by their ids; what was not asked for yields no finding."""

    projects: Found[Project] = field(default_factory=Found)
    items: Mapping[ItemType, Found[BillableItem]] = field(default_factory=dict)
    tasks: Found[Task] = field(default_factory=Found)
    numbers: Found[tuple[Holder, ...]] = field(default_factory=Found)
    """Invoice number → the invoices that have it."""

    def project(self, project_id: int) -> Project:
        """The project, with nothing known of it when it was not shown."""
        return self.projects.records.get(project_id) or Project(project_id)

    def item(self, item_type: ItemType, item_id: int) -> BillableItem | None:
        """The item; None when it was not shown."""
        return self.items[item_type].records.get(item_id) if item_type in self.items else None

    @property
    def strangers(self) -> Iterator[tuple[str, int]]:
        """What was asked about, and how many records came that were not asked for."""
        counts = {"projects": self.projects.strangers}
        counts |= {PLURALS[kind]: found.strangers for kind, found in self.items.items()}
        counts |= {"tasks": self.tasks.strangers, "invoice numbers": self.numbers.strangers}
        return ((name, count) for name, count in counts.items() if count)


def named(project: Project) -> str:
    """A project as a person knows it: “project 101 “Relaunch””."""
    return f"project {project.project_id}" + (f" “{project.title}”" if project.title else "")
