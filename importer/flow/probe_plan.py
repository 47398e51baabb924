"""What a probe of a project will do: looked up before anything is created."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from importer.kantata.account import Found, Project, find_next_number, find_projects
from importer.kantata.open_items import Listed, OpenQuery, list_open
from importer.model.errors import NotReached, WrongUse
from importer.model.invoices import ItemType

if TYPE_CHECKING:
    from importer.flow.prepared import Tools
    from importer.kantata.client import KantataApi

A_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """What is known before anything is created."""

    account: str
    project: Project
    item: Listed | None
    """An open item that the first draft bills; None: there is none."""
    next_number: int | None
    longest_wait: float
    """Seconds for which the lists are looked at, at most."""

    @property
    def has_cents(self) -> bool:
        """Whether the currency of the project has cents at all."""
        return self.project.base_unit != 1


def plan_probe(project_id: int, tools: Tools, api: KantataApi) -> ProbePlan:
    """Look the project up. Raises WrongUse for one that cannot be billed; NotReached or AccessDenied."""
    project = find_projects(api, [project_id], Found()).records.get(project_id)
    if project is None:
        msg = f"Kantata shows no project {project_id}."
        raise WrongUse(msg, "Take the id from the address of the project in Kantata.", code="probe.project")
    if project.sees_finances is False or project.archived:
        why = "is archived" if project.archived else "hides its finances from this token"
        raise WrongUse(f"Project {project_id} {why}.", "Name another project.", code="probe.project")
    item = _open_item(project, tools, api)
    return ProbePlan(tools.account, project, item, find_next_number(api), tools.settings.settle_seconds)


def _open_item(project: Project, tools: Tools, api: KantataApi) -> Listed | None:
    """A time entry or milestone that can be billed and that no run has ever billed."""
    today = date.today()  # noqa: DTZ011 - the day on the wall, as accountants date
    query = OpenQuery(today - A_YEAR, today, projects=(project.project_id,))
    for kind in (ItemType.TIME_ENTRY, ItemType.BILLING_MILESTONE):
        with suppress(NotReached):
            listed = list_open(api, kind, query).items
            known = tools.ledger.live_by_item((kind, each.item.item_id) for each in listed)
            for each in listed:
                if (kind, each.item.item_id) not in known and _can_be_billed(each, project, today):
                    return each
    return None


def _can_be_billed(listed: Listed, project: Project, today: date) -> bool:
    item = listed.item
    if listed.item_type is ItemType.BILLING_MILESTONE:
        return not item.holders and item.due is not None and item.due <= today
    return item.approved is True or not project.needs_approval.get(ItemType.TIME_ENTRY)
