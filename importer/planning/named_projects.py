"""Projects that the sheet names instead of numbering them: what a name means, and what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from importer.kantata.account import Found, Project
from importer.model.words import count_of
from importer.values.names import same
from importer.values.written_ids import PROJECT_ROUTES, may_begin_a_title, written_id

if TYPE_CHECKING:
    from importer.model.errors import AccessDenied, NotReached
    from importer.model.problems import Problem, Problems
    from importer.model.sheet import Sheet, SheetLine

MOST_NEAREST, LIKE = 3, 50
"""Titles offered for a name that none has, and how alike they must be (rapidfuzz ratio, 0 to 100)."""
OFFLINE = "Kantata was not asked (--offline, or no access token)"


@dataclass(frozen=True, slots=True)
class Seen:
    """What Kantata said of names that the settings do not know."""

    by_name: Mapping[str, list[Project]] = field(default_factory=dict)
    """By the reduced name: the projects with this title."""
    every: tuple[Project, ...] = ()
    """All projects that were seen: among them are the nearest titles."""
    stuck: AccessDenied | NotReached | None = None
    """Why Kantata could not be asked to the end."""
    asked: bool = True

    @property
    def to_the_end(self) -> bool:
        """Whether all titles were seen, so that another one does not exist."""
        return self.asked and self.stuck is None


@dataclass(frozen=True, slots=True)
class Named:
    """What is known of the names in a sheet."""

    claims: Mapping[int, str] = field(default_factory=dict)
    """By row: the name beside a typed id, which Kantata's title must confirm."""
    projects: Found[Project] = field(default_factory=Found)
    """Projects that were seen while names were looked up."""
    titles: Mapping[int, str] = field(default_factory=dict)
    """By id: a name that the sheet gives to the project, shown where Kantata was not asked."""
    stuck: AccessDenied | NotReached | None = None
    """Why Kantata could not be asked."""


def names_to_ask(lines: Iterable[SheetLine], known: Mapping[str, int]) -> list[str]:
    """The names, each once, of rows without an id that the settings (``known``: reduced name → id) do not know."""
    wanted: dict[str, None] = {}
    for line in lines:
        name = line.workspace_name
        if name is not None and line.workspace_id is None and same(name) not in known:
            wanted.setdefault(name)
    return list(wanted)


def with_projects(  # noqa: PLR0913 - one argument per fact
    lines: Iterable[SheetLine],
    sheet: Sheet,
    known: Mapping[str, int],
    seen: Seen,
    problems: Problems,
    *,
    will_ask: bool = True,
) -> tuple[tuple[SheetLine, ...], Named]:
    """Give every row that only names its project the project's id; what has no sure answer goes to ``problems``.

    ``will_ask`` says that Kantata confirms titles beside ids later.
    """
    claims: dict[int, str] = {}
    titles: dict[int, str] = {}
    ids: list[int] = []
    near = cache(partial(_near, projects=seen.every))  # each name is judged once, however many rows have it
    finished: list[SheetLine] = []
    for read in lines:
        line = _with_sure_id(read, sheet, known, problems, will_ask=will_ask)
        name = line.workspace_name
        if name is None:
            finished.append(line)
        elif line.workspace_id is not None:
            finished.append(_confirmed(line, name, sheet, known, problems))
            if same(name) not in known:
                claims[line.row] = name
        else:
            resolved = _resolved(line, name, known, seen)
            if resolved.workspace_id is None:
                problems.add([_unresolved(sheet, line.row, name, seen, near)])
            finished.append(resolved)
            if resolved.workspace_name != name:  # it is no name but an id, perhaps with a title
                ids.append(line.row)
                if resolved.workspace_name is not None:
                    claims[line.row] = resolved.workspace_name
            elif resolved.workspace_id is not None:
                titles[resolved.workspace_id] = name
    problems.notes.extend(_note_of_ids(sheet, ids))
    projects = {project.project_id: project for project in seen.every}
    return tuple(finished), Named(claims, Found(projects, frozenset(projects)), titles, seen.stuck)


def _note_of_ids(sheet: Sheet, rows: Sequence[int]) -> Iterator[str]:
    for row in rows[:1]:
        yield (
            f"“{sheet.raw('workspace', row)}” in {sheet.address('workspace', row)} is read as the number of a project, "
            f"because no title of that name is known ({count_of(len(rows), 'cell')} of “{sheet.title('workspace')}”)."
        )


def _with_sure_id(
    line: SheetLine, sheet: Sheet, known: Mapping[str, int], problems: Problems, *, will_ask: bool
) -> SheetLine:
    """A row whose id has a title behind it: “2026 - Website” as a whole may be a name of the settings, or a title."""
    text = None if line.workspace_name is None else sheet.raw("workspace_id", line.row)
    if not isinstance(text, str) or sheet.raw("workspace", line.row) is not None:
        return line
    if same(text) in known:
        return replace(line, workspace_id=known[same(text)], workspace_name=None)
    if not will_ask and may_begin_a_title(line.workspace_id):
        facts: dict[str, Any] = {"name": text, "number": line.workspace_id, "why": OFFLINE}
        problems.add([sheet.problem_at("workspace_id", line.row, "workspace_id.perhaps_title", text, **facts)])
        return replace(line, workspace_id=None, workspace_name=None, sound=False)
    return line


def _confirmed(line: SheetLine, name: str, sheet: Sheet, known: Mapping[str, int], problems: Problems) -> SheetLine:
    """A row with id and name: a name of the settings must mean the same project."""
    meant = known.get(same(name))
    if meant is None or line.workspace_id is None or meant == line.workspace_id:
        return line
    truth = f"the settings give that name to project {meant}"
    problems.add([differs(sheet, line.row, name, line.workspace_id, truth)])
    return replace(line, workspace_id=None, sound=False)


def _resolved(line: SheetLine, name: str, known: Mapping[str, int], seen: Seen) -> SheetLine:
    """A row with a name only: the settings come first, then exactly one title in Kantata, then an id."""
    if same(name) in known:
        return replace(line, workspace_id=known[same(name)])
    found = seen.by_name.get(same(name), [])
    if len(found) == 1:
        return replace(line, workspace_id=found[0].project_id)
    number = written_id(name, PROJECT_ROUTES)
    if not found and number is not None and (number.title is None or seen.to_the_end):
        return replace(line, workspace_id=number.number, workspace_name=number.title)
    return replace(line, sound=False)


def _unresolved(sheet: Sheet, row: int, name: str, seen: Seen, near: Callable[[str], str]) -> Problem:
    """Why a name means no project: several have it, Kantata could not tell, or none has it."""
    found = seen.by_name.get(same(name), [])
    at_name = partial(sheet.problem_at, "workspace", row, value=name, name=name)
    if found:
        return at_name("workspace.ambiguous", projects=_listed(found))
    otherwise = "type the number of the project under Project ID, or name it in the setting workspaces."
    if not seen.to_the_end:
        why = OFFLINE
        if seen.stuck is not None:
            why = f"Kantata could not be asked: {seen.stuck.message.rstrip('.')}"
        return at_name("workspace.not_asked", why=why, otherwise=otherwise[0].upper() + otherwise[1:])
    return at_name("workspace.unknown", near=near(name), otherwise=otherwise)


def _near(name: str, projects: Iterable[Project]) -> str:
    """The sentence that offers the nearest titles; empty when none is like the name."""
    offered = nearest(name, projects)
    return f" The nearest titles: {_listed(offered)}." if offered else ""


def differs(sheet: Sheet, row: int, name: str, typed: int, truth: str) -> Problem:
    """Name and id of a row do not agree; ``truth`` says what one of them is."""
    if sheet.raw("workspace", row) is None:  # the name stands behind the id
        return sheet.problem_at("workspace_id", row, "workspace_id.differs", name, name=name, typed=typed, truth=truth)
    return sheet.problem_at("workspace", row, "workspace.differs", name, name=name, typed=typed, truth=truth)


def matches(name: str, projects: Iterable[Project]) -> list[Project]:
    """The projects whose title is the name, apart from case and blanks; each once, by id."""
    found: dict[int, Project] = {}
    wanted = same(name)
    for project in projects:
        if project.title is not None and same(project.title) == wanted:
            found[project.project_id] = project
    return [found[number] for number in sorted(found)]


def nearest(name: str, projects: Iterable[Project]) -> list[Project]:
    """The projects whose titles are most like the name."""
    from rapidfuzz import fuzz, process  # most sheets name no project that is unknown

    titles = {same(project.title): project for project in projects if project.title is not None}
    wanted = same(name)
    holding = [title for title in titles if wanted in title]
    found = process.extract(wanted, list(titles), scorer=fuzz.ratio, limit=MOST_NEAREST, score_cutoff=LIKE)
    alike = [title for title, _, _ in found]
    return [titles[title] for title in dict.fromkeys([*holding, *alike])][:MOST_NEAREST]


def _listed(projects: Iterable[Project]) -> str:
    texts = []
    for project in projects:
        archived = " (archived)" if project.archived else ""
        texts.append(f"{project.project_id} “{project.title}”{archived}")
    return ", ".join(texts)
