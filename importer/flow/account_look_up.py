"""Ask Kantata for what the ready invoices name, and let what is wrong keep them from being sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from importer.flow.prepared import MOST_NAMED, Prepared, noting
from importer.kantata.account import (
    MOST_NUMBER_CALLS,
    Found,
    Project,
    find_items,
    find_numbers,
    find_projects,
    find_tasks,
    projects_matching,
)
from importer.model.errors import AccessDenied, NotReached
from importer.model.invoices import Invoice, UnsoundInvoice
from importer.model.plans import Expected, PlannedInvoice, Status
from importer.model.problems import Severity
from importer.model.words import count_of, rows_named
from importer.planning import named_projects as names
from importer.planning.account import PLURALS, Account, expected_of
from importer.planning.account_checks import findings
from importer.planning.named_projects import Named
from importer.values.aliases import aliases, same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from importer.kantata.client import KantataApi
    from importer.model.errors import ImporterError
    from importer.model.invoices import ItemType
    from importer.model.problems import Problem
    from importer.model.sheet import Sheet
    from importer.settings.model import Settings

NEWEST = 200 * MOST_NUMBER_CALLS
"""Invoices among which many invoice numbers are looked for."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One kind of record to ask for."""

    words: str
    """What a person calls it."""
    ids: frozenset[int]
    ask: Callable[[Account], Account]
    """Adds what Kantata shows to what was seen before."""


def checked(prepared: Prepared, api: KantataApi, *, go_on: bool) -> Prepared:
    """Check the ready invoices against the account; those with errors are not to be sent.

    ``go_on`` is for a preview: it looks at the sound rows of unsound invoices too,
    so that all problems show at once, and when Kantata cannot be asked it checks
    with what was seen until then and says in a notice what was not. Otherwise
    NotReached or AccessDenied is raised.
    """
    others = list(_sound_rows(prepared)) if go_on else []
    ready = [one.invoice for one in prepared.planned if one.status is Status.READY and isinstance(one.invoice, Invoice)]
    if not ready and not others:
        return prepared
    account, left = Account(), list(_looks(prepared, ready, others, api))
    while left:
        try:
            account = left[0].ask(account) if left[0].ids else account
        except (AccessDenied, NotReached) as error:
            if not go_on:
                raise
            unchecked = ", ".join(look.words for look in left if look.ids)
            prepared = noting(prepared, f"{error.message.rstrip('.')}. Not checked for that reason: {unchecked}.")
            break
        left.pop(0)
    ground = (prepared.sheet, account, prepared.started_at.date(), prepared.named.claims)
    found = (*findings(ready, *ground), *findings(others, *ground, ready=False))
    faulty = {one.row for one in found if one.row is not None and one.severity is Severity.ERROR}
    planned = tuple(
        replace(_kept_back(one, faulty), expected=expected_of(one.invoice, account)) for one in prepared.planned
    )
    prepared = replace(prepared, planned=planned, problems=(*prepared.problems, *found))
    for notice in _doubts(account, ready):
        prepared = noting(prepared, notice)
    return prepared


def with_names(prepared: Prepared) -> Prepared:
    """Where Kantata was not asked, the names of the sheet stand for the titles of its projects."""
    names = prepared.named.titles
    if not names or any(one.expected is not None for one in prepared.planned):
        return prepared
    titles = (tuple(names.get(number) for number in one.invoice.workspace_ids) for one in prepared.planned)
    planned = (
        replace(one, expected=Expected(of, None, None)) for one, of in zip(prepared.planned, titles, strict=True)
    )
    return replace(prepared, planned=tuple(planned))


def with_currencies(prepared: Prepared, api: KantataApi) -> Prepared:
    """The plan with titles and currencies of its projects, asked for alone; as it was when Kantata does not answer."""
    every = frozenset(number for one in prepared.planned for number in one.invoice.workspace_ids)
    try:
        account = Account(projects=find_projects(api, every, prepared.named.projects))
    except (AccessDenied, NotReached):
        return prepared
    planned = (replace(one, expected=expected_of(one.invoice, account)) for one in prepared.planned)
    return replace(prepared, planned=tuple(planned))


def _sound_rows(prepared: Prepared) -> Iterable[Invoice]:
    """What can be read of the unsound invoices, each as far as it goes."""
    items = {line.row: line.item for line in prepared.lines if line.item is not None}
    for one in prepared.planned:
        if isinstance(one.invoice, UnsoundInvoice):
            lines = tuple(items[row] for row in one.invoice.rows if row in items)
            if lines:
                yield Invoice(one.invoice.key, lines, 0, draft=True, suppress_emails=True)


def _kept_back(one: PlannedInvoice, faulty: set[int]) -> PlannedInvoice:
    """A ready invoice with a row that has an error is not sent; it is unsound like one that the sheet made so."""
    rows = sorted(faulty.intersection(one.invoice.rows)) if one.status is Status.READY else []
    if not rows:
        return one
    return replace(
        one,
        status=Status.NOT_SENT,
        payload=None,
        reason=f"Not sent because of errors in {rows_named(rows[:MOST_NAMED])}.",
        what_to_do="Mend those rows and submit again.",
    )


def _doubts(account: Account, ready: list[Invoice]) -> Iterable[str]:
    """What the answers leave open."""
    for words, count in account.strangers:
        yield (
            f"Kantata's answer about {words} holds {count_of(count, 'record')} that nobody asked for: it ignores the "
            "filter. They were passed over, and what it does not show was not taken as absent."
        )
    numbers = {one.user_invoice_number for one in ready} - {None}
    if len(numbers) > MOST_NUMBER_CALLS and not account.numbers.certain:
        yield (
            f"The {len(numbers)} invoice numbers were looked for among the newest {NEWEST:,} invoices only: Kantata "
            "answers for one number at a time."
        )


def _looks(prepared: Prepared, ready: list[Invoice], others: list[Invoice], api: KantataApi) -> Iterable[_Look]:
    lines = [line for invoice in (*ready, *others) for line in invoice.lines]
    every = frozenset(number for one in prepared.planned for number in one.invoice.workspace_ids)
    yield _Look(
        "projects", every, lambda seen: replace(seen, projects=find_projects(api, every, prepared.named.projects))
    )
    for kind in PLURALS:
        ids = frozenset(line.item_id for line in lines if line.item_type is kind and line.item_id is not None)
        yield _Look(PLURALS[kind], ids, partial(_with_items, api=api, kind=kind, ids=ids))
    tasks = frozenset(line.story_id for line in lines if line.story_id is not None)
    yield _Look("tasks", tasks, lambda seen: replace(seen, tasks=find_tasks(api, tasks)))
    numbers = frozenset(one.user_invoice_number for one in ready if one.user_invoice_number is not None)
    yield _Look("invoice numbers", numbers, lambda seen: replace(seen, numbers=find_numbers(api, numbers)))


def _with_items(seen: Account, api: KantataApi, kind: ItemType, ids: frozenset[int]) -> Account:
    return replace(seen, items={**seen.items, kind: find_items(api, kind, ids)})


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
