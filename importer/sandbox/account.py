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
- expense 009: on no approved expense report (refused in 102, 105 and 4100000002, which require approval)
- time entries 019 and 020, expense 010 and milestone 005: on an invoice of last month (ids 8986 to 8999)
- expense 008: not billable
- story 008: archived

Milestones 002 and 003 are billed upon completion, the others on a fixed date.

Projects with a trait: 106 and 107 bill in USD, 108 in GBP, all others in EUR; 110 has no recipient; in 111 the token
sees no finances; 112 is archived. Invoices made later have ids from 9001 and numbers from 19050.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Table, insert

from importer.sandbox import store
from importer.sandbox.fields import BILLING_MILESTONE, EXPENSE, TIME_ENTRY

Row = dict[str, Any]

VERSION = 3
"""Raise it when the sample changes; a store file with another sample is refused then."""
TOKEN_USER, FREELANCER, FIRST_RECIPIENT = 11, 12, 21
FIRST_INVOICE, FIRST_NUMBER = 8986, 19035
FREED_TIME = 15
"""The time entry of project 101 whose invoice was cancelled."""
CREATED_AT, BILLED_AT = "2026-09-01T08:00:00+00:00", "2026-10-01T09:30:00+00:00"
SATURDAY = 5
TIME_ENTRIES, EXPENSES, MILESTONES, STORIES = 20, 10, 5, 8
"""Records per project."""
UNAPPROVED, NOT_BILLABLE, OF_FREELANCER = 16, 17, 18
UPON_COMPLETION = (2, 3)
"""Milestones that are billed when their work is done."""
BILLED_TIME, NOT_BILLABLE_EXPENSE, FREELANCER_EXPENSE = (19, 20), 8, 9
ARCHIVED_STORY = 8
MINUTES_PER_HOUR = 60
BLOCK = 100_000_000
"""Project ids above this begin a block of their own, so that their records have ids above 2**31 too."""


@dataclass(frozen=True, slots=True)
class Project:
    """A sample project."""

    id: int
    title: str
    recipient: str | None
    currency: str = "EUR"
    archived: bool = False
    approvals: bool = False
    financials: bool = True

    def record_id(self, thousands: int, number: int) -> int:
        """Return the id of its record ``number`` (from 1) in the range 5000, 6000, 7000 or 8000."""
        block, short = divmod(self.id, BLOCK)
        if block:
            short += 100  # 4100000001 counts as its block's project 101
        return block * BLOCK + (thousands + short) * 1000 + number


PROJECTS = (
    Project(101, "Website-Relaunch Bäckerei Müller", "Jürgen Müller"),
    Project(102, "Markenauftritt Großküchen Schöller", "Käthe Schöller", approvals=True),
    Project(103, "Onlineshop Käserei Alpgrün", "Vreni Bürgi"),
    Project(104, "Kampagne Herbstlichter, Stadtwerke Düsseldorf", "Ömer Şahin"),
    Project(105, "App FährePlus", "Søren Østergård", approvals=True),
    Project(106, "Brand refresh Harbor & Pine Coffee", "Maya Chen", currency="USD"),
    Project(107, "Investor site Northlake Robotics", "Daniel O'Neill", currency="USD"),
    Project(108, "Annual report Wexford Trust", "Fiona Ashworth", currency="GBP"),
    Project(109, "Messestand Böhm Maschinenbau", "Ralf Böhm"),
    Project(110, "Podcast-Produktion Jäger & Söhne", None),
    Project(111, "Vertraulich: Projekt Möwe", "Inés Muñoz", financials=False),
    Project(112, "Jubiläumsbuch Brauerei Löwenstein", "Gerda Löwenstein", archived=True),
    Project(4_100_000_001, "Intranet Krankenhaus St. Änne", "Dr. Björn Weiß"),
    Project(4_100_000_002, "Rollout Nordic Fjällräv", "Åsa Lindström", approvals=True),
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


def time_in_cents(rate_in_cents: int, minutes: int) -> int:
    """Return hourly rate times time, rounded half up to the cent."""
    return (2 * rate_in_cents * minutes + MINUTES_PER_HOUR) // (2 * MINUTES_PER_HOUR)


def _working_days(month: int) -> Iterator[str]:
    """Yield the working days among the first thirty days of a month of 2026."""
    for number in range(30):
        day = date(2026, month, 1) + timedelta(days=number)
        if day.weekday() < SATURDAY:
            yield day.isoformat()


SEPTEMBER, OCTOBER = tuple(_working_days(9)), tuple(_working_days(10))


def fill(connection: Connection) -> None:
    """Write the sample account into empty tables."""
    rows: dict[Table, list[Row]] = {
        store.users: list(_users()),
        store.workspaces: [],
        store.stories: [],
        store.time_entries: [],
        store.expenses: [],
        store.billing_milestones: [],
    }
    for place, project in enumerate(PROJECTS):
        rows[store.workspaces].append(_workspace(project, place))
        rows[store.stories] += [_story(project, number) for number in range(1, STORIES + 1)]
        rows[store.time_entries] += [_time_entry(project, place, number) for number in range(1, TIME_ENTRIES + 1)]
        rows[store.expenses] += [_expense(project, place, number) for number in range(1, EXPENSES + 1)]
        rows[store.billing_milestones] += [_milestone(project, place, number) for number in range(1, MILESTONES + 1)]
    for table, new in rows.items():
        connection.execute(insert(table), new)

    for place, project in enumerate(PROJECTS):
        held = [(TIME_ENTRY, _time_entry(project, place, number)) for number in BILLED_TIME]
        held.append((EXPENSE, _expense(project, place, EXPENSES)))
        held.append((BILLING_MILESTONE, _milestone(project, place, MILESTONES)))
        _add_invoice(connection, place, project, held, status=store.NEW)
    freed = [(TIME_ENTRY, _time_entry(PROJECTS[0], 0, FREED_TIME))]
    _add_invoice(connection, len(PROJECTS), PROJECTS[0], freed, status=store.CANCELLED)


def _users() -> Iterator[Row]:
    yield _user(TOKEN_USER, "Anneliese Köhler", "Buchhaltung")
    yield _user(FREELANCER, "Théo Lefèvre", "Freelancer")
    for place, project in enumerate(PROJECTS):
        if project.recipient:
            yield _user(FIRST_RECIPIENT + place, project.recipient, "Client")


def _user(id_: int, name: str, role: str) -> Row:
    return {"id": id_, "full_name": name, "email_address": f"user{id_}@example.com", "headline": role}


def _workspace(project: Project, place: int) -> Row:
    return {
        "id": project.id,
        "title": project.title,
        "currency": project.currency,
        "archived": project.archived,
        "require_time_approvals": project.approvals,
        "require_expense_approvals": project.approvals,
        "can_see_financials": project.financials,
        "recipient_id": _recipient_id(place),
        "created_at": CREATED_AT,
    }


def _recipient_id(place: int) -> int | None:
    if PROJECTS[place].recipient is None:
        return None
    return FIRST_RECIPIENT + place


def _story(project: Project, number: int) -> Row:
    return {
        "id": project.record_id(8000, number),
        "workspace_id": project.id,
        "title": STORY_TITLES[number - 1],
        "archived": number == ARCHIVED_STORY,
        "created_at": CREATED_AT,
    }


def _day(place: int, number: int, *, billed: bool = False) -> str:
    """Return a working day: in September when it was billed since, else in October or September."""
    days = SEPTEMBER if billed else OCTOBER + SEPTEMBER
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
        "approved": number != FREELANCER_EXPENSE,
        "taxable": number % 2 == 1,
        "on_my_account": number != FREELANCER_EXPENSE,
        "created_at": CREATED_AT,
    }


def _milestone(project: Project, place: int, number: int) -> Row:
    billing_type = "upon_completion" if number in UPON_COMPLETION else "fixed_date"
    return {
        "id": project.record_id(7000, number),
        "workspace_id": project.id,
        "title": MILESTONE_TITLES[number - 1],
        "amount_in_cents": 100_000 * (2 + (number * 3 + place) % 9),
        "billing_type": billing_type,
        "date_to_invoice": _day(place, number * 4, billed=number == MILESTONES),
        "created_at": CREATED_AT,
    }


def _add_invoice(
    connection: Connection,
    place: int,
    project: Project,
    held: list[tuple[str, Row]],
    *,
    status: str,
) -> None:
    """Write an invoice of last month that holds records, each with its kind."""
    balance = 0
    for kind, record in held:
        if kind == TIME_ENTRY:
            balance += time_in_cents(record["rate_in_cents"], record["time_in_minutes"])
        else:
            balance += record["amount_in_cents"]
    invoice: Row = {
        "id": FIRST_INVOICE + place,
        "created_at": BILLED_AT,
        "updated_at": BILLED_AT,
        "status": status,
        "draft": False,
        "currency": project.currency,
        "balance_in_cents": balance,
        "invoice_date": BILLED_AT[:10],
        "payment_schedule": 30,
        "user_invoice_number": FIRST_NUMBER + place,
        "user_id": TOKEN_USER,
        "recipient_id": _recipient_id(PROJECTS.index(project)),
        "sample": True,
        "sent": "{}",
    }
    connection.execute(insert(store.invoices), invoice)
    connection.execute(
        insert(store.invoice_workspaces),
        {"invoice_id": invoice["id"], "workspace_id": project.id, "position": 0},
    )
    live = status != store.CANCELLED
    connection.execute(
        insert(store.held_items),
        [{"invoice_id": invoice["id"], "kind": kind, "item_id": record["id"], "live": live} for kind, record in held],
    )
