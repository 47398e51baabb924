"""Words that cells of some columns choose from."""

from __future__ import annotations

from importer.records import ItemType

ITEM_TYPE_TITLES: dict[ItemType, str] = {
    ItemType.TIME_ENTRY: "Time entry",
    ItemType.EXPENSE: "Expense",
    ItemType.FIXED_FEE: "Fixed fee",
    ItemType.ADDITIONAL: "Additional item",
    ItemType.BILLING_MILESTONE: "Billing milestone",
}
ITEM_TYPE_ALIASES: dict[ItemType, tuple[str, ...]] = {
    ItemType.TIME_ENTRY: ("time", "time entries", "hours", "timesheet"),
    ItemType.EXPENSE: ("expenses",),
    ItemType.FIXED_FEE: ("fixed", "fixed fees", "fixed fee item"),
    ItemType.ADDITIONAL: ("additional items",),
    ItemType.BILLING_MILESTONE: ("milestone", "milestones", "billing milestones"),
}
SYNC_STATUSES: tuple[str, ...] = ("successful", "pending", "failed")
