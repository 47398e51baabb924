"""Find the projects that a sheet names: in the settings first, then at Kantata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.kantata.account import Found, Project, projects_matching
from importer.model.errors import AccessDenied, NotReached
from importer.planning import named_projects as names
from importer.planning.named_projects import Named
from importer.values.aliases import aliases, same

if TYPE_CHECKING:
    from importer.kantata.client import KantataApi
    from importer.model.errors import ImporterError
    from importer.model.problems import Problem
    from importer.model.sheet import Sheet
    from importer.settings.model import Settings

MOST_SINGLE = 5
"""Names that are asked for one by one; more are looked for in the list of all projects."""
OFFLINE = "Kantata was not asked (--offline, or no access token)"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What Kantata said of the names."""

    by_name: dict[str, list[Project]]
    """By the reduced name."""
    every: list[Project]
    """All projects that were seen: among them are the nearest titles."""
    stuck: ImporterError | None = None
    """Why Kantata could not be asked to the end."""
    asked: bool = True

    def why(self, sheet: Sheet, row: int, name: str) -> Problem:
        """Why the name means no project."""
        found = self.by_name.get(same(name), [])
        if found:
            return names.ambiguous(sheet, row, name, found)
        if self.stuck is not None or not self.asked:
            why = OFFLINE if self.stuck is None else f"Kantata could not be asked: {self.stuck.message.rstrip('.')}"
            return names.not_asked(sheet, row, name, why)
        return names.unknown(sheet, row, name, names.nearest(name, self.every))


def with_named_projects(sheet: Sheet, settings: Settings, api: KantataApi | None) -> tuple[Sheet, Named]:
    """Give every row that only names its project the project's id, as if it had been typed.

    A row without a sure answer gets a problem. Raises SettingsProblem for a
    wrong list of names; never for what the network does (:attr:`Named.stuck`).
    """
    given = names.names_in(sheet)
    if not given:
        return (names.with_ids(sheet, {}, ()) if "workspace" in sheet.frame else sheet), Named()
    known, typed = aliases(settings.workspaces, settings.workspace_aliases), names.typed_ids(sheet)
    meant = {row: known[same(name)] for row, name in given.items() if same(name) in known}
    ids = {row: number for row, number in meant.items() if row not in typed}
    lost: dict[int, Problem | None] = {row: None for row, name in given.items() if not name and row not in typed}
    for row, number in meant.items():
        if (said := typed.get(row)) is not None and said != number:
            lost[row] = names.differs(sheet, row, given[row], said, f"the settings give that name to project {number}")
    asked = {row: name for row, name in given.items() if name and row not in typed and row not in ids}
    seen = _look(list(dict.fromkeys(asked.values())), api)
    for row, name in asked.items():
        found = seen.by_name.get(same(name), [])
        if len(found) == 1:
            ids[row] = found[0].project_id
        else:
            lost[row] = seen.why(sheet, row, name)
    problems = {row: problem for row, problem in lost.items() if problem is not None}
    claims = {row: name for row, name in given.items() if name and row in typed and row not in meant}
    projects = {one.project_id: one for one in seen.every}
    titles = {number: given[row] for row, number in ids.items()}
    named = Named(problems, claims, Found(projects, frozenset(projects)), titles, seen.stuck)
    return names.with_ids(sheet, ids, lost), named


def _look(wanted: list[str], api: KantataApi | None) -> _Seen:
    """Ask for each name, or list all projects when the names are many or one of them is not found."""
    if api is None or not wanted:
        return _Seen({}, [], asked=False)
    by_name: dict[str, list[Project]] = {}
    every: list[Project] = []
    try:
        if len(wanted) <= MOST_SINGLE:
            for name in wanted:
                answer = list(projects_matching(api, name))
                by_name[same(name)] = names.matches(name, answer)
                every += answer
        if not all(by_name.get(same(name)) for name in wanted):
            every += projects_matching(api, None)
            by_name = {same(name): names.matches(name, every) for name in wanted}
    except (AccessDenied, NotReached) as error:
        return _Seen(by_name, every, error)
    return _Seen(by_name, every)
