"""Ask Kantata for what a sheet names, and let what is wrong keep invoices from being sent."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from importer.flow.prepared import MOST_ROWS_NAMED, Prepared
from importer.kantata.account import (
    MOST_NUMBER_CALLS,
    Project,
    find_items,
    find_next_number,
    find_numbers,
    find_projects,
    find_tasks,
    projects_matching,
    with_approvals,
)
from importer.model.errors import AccessDenied, NotReached
from importer.model.invoices import Invoice, ItemType, UnsoundInvoice
from importer.model.plans import Expected, PlannedInvoice, Status
from importer.model.problems import Problems, error_rows
from importer.model.words import count_of, rows_named
from importer.planning.account import RECORDS, Account, expected_of
from importer.planning.account_checks import Said, findings, project_findings
from importer.planning.named_projects import Named, Seen, matches, names_to_ask, with_projects
from importer.settings.aliases import aliases
from importer.values.names import same

if TYPE_CHECKING:
    from importer.kantata.client import KantataApi
    from importer.model.sheet import Sheet, SheetLine
    from importer.settings.model import Settings

NEWEST = 200 * MOST_NUMBER_CALLS
"""Invoices among which many invoice numbers are looked for."""
MOST_SINGLE = 5
"""Names that are asked for one by one; more are looked for in the list of all projects."""


# --- projects that are only named ---------------------------------------------


def name_projects(
    lines: tuple[SheetLine, ...], sheet: Sheet, settings: Settings, api: KantataApi | None, problems: Problems
) -> tuple[tuple[SheetLine, ...], Named]:
    """Give every row that only names its project the project's id: by the settings, then by Kantata.

    A row without a sure answer gets a problem. Raises SettingsProblem for a
    wrong list of names; never for what the network does (:attr:`Named.stuck`).
    """
    if all(line.workspace_name is None for line in lines):
        return lines, Named()
    known = aliases(settings.workspaces, settings.workspace_aliases)
    seen = _ask_for_names(names_to_ask(lines, known), api)
    return with_projects(lines, sheet, known, seen, problems, will_ask=api is not None)


def _ask_for_names(names: list[str], api: KantataApi | None) -> Seen:
    """Ask for each name, or list all projects when the names are many or one of them is not found."""
    if api is None or not names:
        return Seen(asked=False)
    by_name: dict[str, list[Project]] = {}
    every: list[Project] = []
    try:
        if len(names) <= MOST_SINGLE:
            for name in names:
                answer = list(projects_matching(api, name))
                by_name[same(name)] = matches(name, answer)
                every += answer
        if not all(by_name.get(same(name)) for name in names):
            every += projects_matching(api, None)
            by_name = {same(name): matches(name, every) for name in names}
    except (AccessDenied, NotReached) as error:
        return Seen(by_name, tuple(every), error)
    return Seen(by_name, tuple(every))


# --- what the invoices hold ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class _LookUp:
    """One kind of record to ask for."""

    words: str
    """What a person calls the records."""
    ids: frozenset[int]
    ask: Callable[[Account, frozenset[int]], Account]
    """Adds what Kantata shows to what was seen before."""


def check_records(prepared: Prepared, api: KantataApi, *, go_on: bool) -> Prepared:
    """Check the ready invoices against the account; those with errors are not to be sent.

    The sound rows of unsound invoices are looked at too, so that all problems show
    at once, whichever command shows them. ``go_on`` is for what sends nothing: when
    Kantata cannot be asked, it checks with what was seen until then and says in a
    notice what was not. Otherwise NotReached or AccessDenied is raised.
    """
    ready = [invoice.invoice for invoice in prepared.planned if invoice.status is Status.READY]
    sound = [invoice for invoice in ready if isinstance(invoice, Invoice)]
    others = list(_sound_rows(prepared))
    of_faulty = _projects_of_faulty(prepared, [*sound, *others])
    if not sound and not others and not of_faulty:
        return _with_currencies_of_held(prepared, api)

    account, left_out = _ask_for_records(_look_ups(prepared, sound, others, api), go_on=go_on)
    if left_out is not None:
        prepared = prepared.with_notice(left_out)
    prepared = replace(prepared, account=account, unreached=left_out is not None)
    said = Said(prepared.named.claims, {line.row: line.compared for line in prepared.lines if line.compared})
    today = prepared.started_at.date()
    found = [
        *findings(sound, prepared.sheet, account, today, said),
        *findings(others, prepared.sheet, account, today, said, ready=False),
        *project_findings(of_faulty, prepared.sheet, account, today),
    ]

    faulty = error_rows(found)
    prepared = prepared.with_each(lambda planned: kept_back(planned, faulty))
    prepared = prepared.with_each(lambda planned: replace(planned, expected=expected_of(planned.invoice, account)))
    prepared = prepared.with_problems(found)
    for notice in _open_questions(account, sound):
        prepared = prepared.with_notice(notice)
    return prepared


def _with_currencies_of_held(prepared: Prepared, api: KantataApi) -> Prepared:
    """A plan of which nothing is ready; a person who decides about held invoices reads what they come to in."""
    if any(planned.status is Status.HELD for planned in prepared.planned):
        return with_currencies(prepared, api)
    return prepared


def _projects_of_faulty(prepared: Prepared, judged: Iterable[Invoice]) -> dict[int, int]:
    """Projects that only rows with errors name, each with its first row."""
    known = {number for invoice in judged for number in invoice.workspace_ids}
    found: dict[int, int] = {}
    for line in prepared.lines:
        if not line.sound and line.workspace_id is not None and line.workspace_id not in known:
            found.setdefault(line.workspace_id, line.row)
    return found


def _look_ups(prepared: Prepared, ready: list[Invoice], others: list[Invoice], api: KantataApi) -> Iterator[_LookUp]:
    """What to ask for, in this order; ``others`` are not to be sent, so that their numbers do not matter."""
    lines = list(itertools.chain.from_iterable(invoice.lines for invoice in (*ready, *others)))
    seen = prepared.named.projects
    yield _LookUp(
        "projects",
        _projects_of(prepared.planned),
        lambda account, ids: replace(account, projects=find_projects(api, ids, seen)),
    )
    for kind, records in RECORDS.items():

        def with_items(account: Account, ids: frozenset[int], kind: ItemType = kind) -> Account:
            found = find_items(api, kind, ids)
            if kind is ItemType.EXPENSE:
                found = with_approvals(api, found, account.needing_approval(found))
            return replace(account, items={**account.items, kind: found})

        items = [line.item_id for line in lines if line.item_type is kind]
        yield _LookUp(records.plural, _known(items), with_items)
    yield _LookUp(
        "tasks",
        _known(line.story_id for line in lines),
        lambda account, ids: replace(account, tasks=find_tasks(api, ids)),
    )
    yield _LookUp(
        "invoice numbers",
        _known(invoice.user_invoice_number for invoice in ready),
        lambda account, ids: replace(account, numbers=find_numbers(api, ids), next_number=find_next_number(api)),
    )


def _ask_for_records(look_ups: Iterable[_LookUp], *, go_on: bool) -> tuple[Account, str | None]:
    """What Kantata shows, and with ``go_on`` what could not be asked any more."""
    account = Account()
    left = [look_up for look_up in look_ups if look_up.ids]
    while left:
        try:
            account = left[0].ask(account, left[0].ids)
        except (AccessDenied, NotReached) as error:
            if not go_on:
                raise
            unchecked = ", ".join(look_up.words for look_up in left)
            return account, f"{error.message.rstrip('.')}. Not checked for that reason: {unchecked}."
        left.pop(0)
    return account, None


def _projects_of(planned: Iterable[PlannedInvoice]) -> frozenset[int]:
    projects: set[int] = set()
    for invoice in planned:
        projects.update(invoice.invoice.workspace_ids)
    return frozenset(projects)


def _known(ids: Iterable[int | None]) -> frozenset[int]:
    return frozenset(number for number in ids if number is not None)


def _sound_rows(prepared: Prepared) -> Iterator[Invoice]:
    """What can be read of the unsound invoices, each as far as it goes."""
    lines = {line.row: line for line in prepared.lines}
    for planned in prepared.planned:
        if not isinstance(planned.invoice, UnsoundInvoice):
            continue
        items = tuple(item for row in planned.invoice.rows if (item := lines[row].item) is not None)
        if items:
            yield Invoice(planned.invoice.key, items, 0, draft=True, suppress_emails=True)


def kept_back(planned: PlannedInvoice, faulty: set[int]) -> PlannedInvoice:
    """A ready invoice with a row that has an error is not sent; it is unsound like one that the sheet made so."""
    rows = sorted(faulty.intersection(planned.invoice.rows))
    if planned.status is not Status.READY or not rows:
        return planned
    return replace(
        planned,
        status=Status.NOT_SENT,
        payload=None,
        reason=f"Not sent because of errors in {rows_named(rows[:MOST_ROWS_NAMED])}.",
        what_to_do="Fix those rows and submit again.",
    )


def _open_questions(account: Account, ready: list[Invoice]) -> Iterator[str]:
    """What the answers leave open, in whole sentences."""
    for words, count in account.strangers:
        yield (
            f"Kantata's answer about {words} holds {count_of(count, 'record')} beyond what was asked for: it ignores "
            "the filter. Such records were passed over, and what it does not show was not taken as absent."
        )
    numbers = _known(invoice.user_invoice_number for invoice in ready)
    if len(numbers) > MOST_NUMBER_CALLS and not account.numbers.certain:
        yield (
            f"The {len(numbers)} invoice numbers were looked for among the newest {NEWEST:,} invoices only: Kantata "
            "answers for one number at a time."
        )


# --- titles and currencies alone ----------------------------------------------


def with_names(prepared: Prepared) -> Prepared:
    """Where Kantata was not asked, the names of the sheet stand for the titles of its projects."""
    names = prepared.named.titles
    if not names or any(invoice.expected is not None for invoice in prepared.planned):
        return prepared

    def titled(planned: PlannedInvoice) -> PlannedInvoice:
        titles = tuple(map(names.get, planned.invoice.workspace_ids))
        return replace(planned, expected=Expected(titles, None, None))

    return prepared.with_each(titled)


def with_currencies(prepared: Prepared, api: KantataApi) -> Prepared:
    """The plan with titles and currencies of its projects, asked for alone; as it was when Kantata does not answer."""
    try:
        projects = find_projects(api, _projects_of(prepared.planned), prepared.named.projects)
    except (AccessDenied, NotReached):
        return prepared
    account = Account(projects=projects)
    return prepared.with_each(lambda planned: replace(planned, expected=expected_of(planned.invoice, account)))
