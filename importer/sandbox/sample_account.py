"""The sample account: a small agency, fourteen projects, its work of September and October 2026.

Projects 101 to 112, and 4100000001 and 4100000002 with ids above 2**31. A project's id tells those of its records:

=====================  ======================  ===========================
record                 project 101             project 4100000001
=====================  ======================  ===========================
20 time entries        5101001 to 5101020      4105101001 to 4105101020
10 expenses            6101001 to 6101010      4106101001 to 4106101010
5 billing milestones   7101001 to 7101005      4107101001 to 4107101005
8 stories              8101001 to 8101008      4108101001 to 4108101008
=====================  ======================  ===========================

In every project the first records can be billed and the last ones show what can be wrong:

- time entry 015: was on an invoice since cancelled (project 101 only), so it can be billed again
- time entry 016: not approved (refused in 102, 105 and 4100000002, which require approval)
- time entry 017: not billable
- time entry 018 and expense 009: of a freelancer's account; lists hide them without ``on_my_account=false``
- time entries 019 and 020, expense 010 and milestone 005: on an invoice of last month (ids 8986 to 8999)
- expense 008: not billable
- story 008: archived

Projects with a trait: 106 and 107 bill in USD, 108 in GBP, all others in EUR; 110 has no recipient; in 111 the token
sees no finances; 112 is archived. Invoices made later have ids from 9001 and numbers from 19050.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from importer.sandbox import tables
from importer.sandbox.sample_projects import PROJECTS, Project
from importer.sandbox.worth import time_in_cents

if TYPE_CHECKING:
    from sqlalchemy import Connection

Row = dict[str, Any]

TOKEN_USER, FREELANCER, FIRST_RECIPIENT = 11, 12, 21
FIRST_INVOICE, FIRST_NUMBER = 8986, 19035
FREED_TIME = 15
"""The time entry of project 101 whose invoice was cancelled."""
CREATED_AT, BILLED_AT = "2026-09-01T08:00:00+00:00", "2026-10-01T09:30:00+00:00"
SATURDAY = 5
TIME_ENTRIES, EXPENSES, MILESTONES, STORIES = 20, 10, 5, 8
"""Records per project."""
UNAPPROVED, NOT_BILLABLE, OF_FREELANCER = 16, 17, 18
BILLED_TIME, NOT_BILLABLE_EXPENSE, FREELANCER_EXPENSE = (19, 20), 8, 9
ARCHIVED_STORY = 8

SEPTEMBER, OCTOBER = (
    [
        day.isoformat()
        for day in (date(2026, month, 1) + timedelta(days=n) for n in range(30))
        if day.weekday() < SATURDAY
    ]
    for month in (9, 10)
)

STORY_TITLES = (
    "Konzept",
    "Gestaltung",
    "Text",
    "Umsetzung",
    "Abstimmung",
    "Qualitätssicherung",
    "Übergabe",
    "Alte Entwürfe",
)
WORK_NOTES = (
    "Workshop mit Kundenteam",
    "Entwurf Startseite",
    "Überarbeitung nach Rückmeldung",
    "Texte gekürzt und geprüft",
    "Umsetzung im CMS",
    "Abstimmung Farbklima",
    "Fehler behoben",
)
EXPENSE_NOTES = (
    ("Travel", "Bahnfahrt zum Kunden"),
    ("Licences", "Schriftlizenz"),
    ("Printing", "Andrucke A3"),
    ("Catering", "Imbiss Workshop"),
    ("Photography", "Bildrechte"),
)
MILESTONE_TITLES = ("Anzahlung", "Abnahme Konzept", "Abnahme Gestaltung", "Go-live", "Projektstart")


def fill(connection: Connection) -> None:
    """Write the sample account into empty tables."""
    connection.execute(insert(tables.users), _users())
    connection.execute(
        insert(tables.workspaces),
        [_workspace(place, project) for place, project in enumerate(PROJECTS)],
    )
    places = list(enumerate(PROJECTS))
    connection.execute(insert(tables.stories), [row for project in PROJECTS for row in _stories(project)])
    for table, make, number in (
        (tables.time_entries, _time_entry, TIME_ENTRIES),
        (tables.expenses, _expense, EXPENSES),
        (tables.billing_milestones, _milestone, MILESTONES),
    ):
        connection.execute(insert(table), [make(one, place, n) for place, one in places for n in range(1, number + 1)])
    for place, project in places:
        _old_invoice(connection, place, project, live=True)
    _old_invoice(connection, len(PROJECTS), PROJECTS[0], live=False)


def _users() -> list[Row]:
    people = {TOKEN_USER: ("Anneliese Köhler", "Buchhaltung"), FREELANCER: ("Théo Lefèvre", "Freelancer")}
    people |= {
        FIRST_RECIPIENT + place: (one.recipient, "Client") for place, one in enumerate(PROJECTS) if one.recipient
    }
    return [
        {"id": id_, "full_name": name, "email_address": f"user{id_}@example.com", "headline": role}
        for id_, (name, role) in people.items()
    ]


def _workspace(place: int, project: Project) -> Row:
    return {
        "id": project.id,
        "title": project.title,
        "currency": project.currency,
        "archived": project.archived,
        "require_time_approvals": project.approvals,
        "can_see_financials": project.financials,
        "recipient_id": _recipient_id(place),
        "created_at": CREATED_AT,
    }


def _recipient_id(place: int) -> int | None:
    return FIRST_RECIPIENT + place if PROJECTS[place].recipient else None


def _stories(project: Project) -> list[Row]:
    return [
        {
            "id": project.record_id(8000, n),
            "workspace_id": project.id,
            "title": title,
            "archived": n == ARCHIVED_STORY,
            "created_at": CREATED_AT,
        }
        for n, title in enumerate(STORY_TITLES, 1)
    ]


def _day(place: int, number: int, *, billed: bool = False) -> str:
    """Return a working day: in September when it was billed since, else in September or October."""
    days = SEPTEMBER if billed else SEPTEMBER + OCTOBER
    return days[(number * 2 + place) % len(days)]


def _time_entry(project: Project, place: int, number: int) -> Row:
    return {
        "id": project.record_id(5000, number),
        "workspace_id": project.id,
        "story_id": project.record_id(8000, 1 + number % (STORIES - 1)),
        "user_id": FREELANCER if number == OF_FREELANCER else TOKEN_USER,
        "date_performed": _day(place, number, billed=number in BILLED_TIME),
        "time_in_minutes": 30 + 15 * ((number * 7 + place * 3) % 27),
        "rate_in_cents": 9500 + 1500 * ((number + place) % 3),
        "billable": number != NOT_BILLABLE,
        "approved": number != UNAPPROVED,
        "on_my_account": number != OF_FREELANCER,
        "notes": WORK_NOTES[(number + place) % len(WORK_NOTES)],
        "created_at": CREATED_AT,
    }


def _expense(project: Project, place: int, number: int) -> Row:
    category, notes = EXPENSE_NOTES[(number + place) % len(EXPENSE_NOTES)]
    return {
        "id": project.record_id(6000, number),
        "workspace_id": project.id,
        "user_id": FREELANCER if number == FREELANCER_EXPENSE else TOKEN_USER,
        "date": _day(place, number * 2, billed=number == EXPENSES),
        "category": category,
        "notes": notes,
        "amount_in_cents": 1290 + (number * 3719 + place * 811) % 38_000,
        "is_billable": number != NOT_BILLABLE_EXPENSE,
        "taxable": number % 2 == 1,
        "on_my_account": number != FREELANCER_EXPENSE,
        "created_at": CREATED_AT,
    }


def _milestone(project: Project, place: int, number: int) -> Row:
    return {
        "id": project.record_id(7000, number),
        "workspace_id": project.id,
        "title": MILESTONE_TITLES[number - 1],
        "amount_in_cents": 100_000 * (2 + (number * 3 + place) % 9),
        "date_to_invoice": _day(place, number * 4, billed=number == MILESTONES),
        "created_at": CREATED_AT,
    }


def _old_invoice(connection: Connection, place: int, project: Project, *, live: bool) -> None:
    """Write an invoice of last month: a live one with the last records, or a cancelled one with a single time entry."""
    ours = PROJECTS.index(project)
    times = [_time_entry(project, ours, number) for number in (BILLED_TIME if live else (FREED_TIME,))]
    others = [_expense(project, ours, EXPENSES), _milestone(project, ours, MILESTONES)] if live else []
    kinds = [tables.TIME_ENTRY] * len(times) + [tables.EXPENSE, tables.BILLING_MILESTONE][: len(others)]
    balance = sum(time_in_cents(one["rate_in_cents"], one["time_in_minutes"]) for one in times)
    invoice: Row = {
        "id": FIRST_INVOICE + place,
        "created_at": BILLED_AT,
        "updated_at": BILLED_AT,
        "status": tables.NEW if live else tables.CANCELLED,
        "draft": False,
        "currency": project.currency,
        "balance_in_cents": balance + sum(one["amount_in_cents"] for one in others),
        "invoice_date": BILLED_AT[:10],
        "payment_schedule": 30,
        "user_invoice_number": FIRST_NUMBER + place,
        "user_id": TOKEN_USER,
        "recipient_id": _recipient_id(ours),
        "sample": True,
        "sent": "{}",
    }
    held = zip(kinds, times + others, strict=True)
    connection.execute(insert(tables.invoices), invoice)
    connection.execute(
        insert(tables.invoice_workspaces),
        {"invoice_id": invoice["id"], "workspace_id": project.id, "position": 0},
    )
    connection.execute(
        insert(tables.held_items),
        [{"invoice_id": invoice["id"], "kind": kind, "item_id": one["id"], "live": live} for kind, one in held],
    )
