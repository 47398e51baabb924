"""What the template says to accountants, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model.columns import COLUMNS, ITEM_TYPE_TITLES, Column, Level
from importer.model.invoices import ItemType
from importer.template.look import EVERY, REQUIRED_UNLESS_SET

if TYPE_CHECKING:
    from collections.abc import Iterable


STEPS: tuple[tuple[str, str], ...] = (
    (
        "Fill in",
        (
            "Type one row per line item on the sheet Invoices. Point at a header to read what belongs there. "
            "The sheet Example shows how it looks; rows copied from it are imported, the sheet itself never is."
        ),
    ),
    ("Save", "Save the workbook under a name of your own, such as october.xlsx."),
    (
        "Preview",
        (
            "Run:  invoice-importer preview october.xlsx\n"
            "It shows every invoice with its total, and every problem with its cell. Nothing is sent. "
            "Correct the cells it names and preview again, until the totals are those you expect."
        ),
    ),
    (
        "Submit",
        (
            "Run:  invoice-importer submit october.xlsx\n"
            "It shows the totals and asks; only when you type yes are the invoices created, as drafts unless you say "
            "otherwise. Each invoice is created once: submitting the file again skips what exists."
        ),
    ),
    (
        "Read the results",
        (
            "They are in the folder reports. The file ending in -results.xlsx says what became of every row, with a "
            "link to the invoice. The file ending in -to-fix.xlsx holds only the rows that did not become invoices: "
            "correct them there and submit that file."
        ),
    ),
)
GROUPING: tuple[str, ...] = (
    "Rows of the same project form one invoice.",
    (
        "Rows with the same Invoice key form one invoice, whatever their projects. Use a key for two invoices of one "
        "project, or for one invoice over several projects (they need the same currency)."
    ),
    (
        "Green columns are about the whole invoice: fill them in on one of its rows, or on all of them. "
        "Two different values on one invoice are an error."
    ),
    (
        "Amounts are in the project's currency and whole: 1200 is twelve hundred. Cents are refused, unless settings "
        "allow them. A credit is an Additional item with a minus."
    ),
    "Blank rows are skipped. Columns of your own are welcome: they are copied to the results and not sent.",
    (
        "Paste as values (Paste Special), so that drop-downs and formats stay. Type an id of more than 15 digits "
        "as text, with an apostrophe before it, because Excel does not keep so many digits."
    ),
)
CELL_COLOURS: tuple[str, ...] = (
    "Yellow cell: still to be filled in for this item type.",
    "Grey cell: not used with this item type; leave it empty.",
    "Red cell: filled in, but must be empty for this item type.",
)
BILLS: dict[ItemType, str] = {
    ItemType.TIME_ENTRY: "Hours recorded in Kantata; Kantata knows their price.",
    ItemType.EXPENSE: "An expense recorded in Kantata; Kantata knows its amount.",
    ItemType.FIXED_FEE: "An agreed fee, such as a retainer, with the amount you type.",
    ItemType.ADDITIONAL: "Anything else, with the amount you type; with a minus it is a credit.",
    ItemType.BILLING_MILESTONE: "A billing milestone planned in Kantata; Kantata knows its amount.",
}


def requirement(column: Column) -> str:
    """Say whether a column must be filled in."""
    if column.name == "workspace_id":
        return "Required on every row, unless the row names its project."
    if column.required_for == EVERY:
        return "Required on every row."
    if column.name == REQUIRED_UNLESS_SET:
        return "Required once per invoice, unless the settings give it."
    only = "" if column.allowed_for == EVERY else f" Leave it empty for {_titles(EVERY - column.allowed_for)}."
    if column.required_for:
        return f"Required for {_titles(column.required_for)}.{only}"
    if column.allowed_for != EVERY:
        return f"Optional, for {_titles(column.allowed_for)} only."
    return "Optional."


def needs_of(item_type: ItemType) -> tuple[str, str, str]:
    """Name the columns that a row of this type needs, may have, and must leave empty."""
    lines = [column for column in COLUMNS if column.level is Level.LINE]
    needed = [column.title for column in lines if item_type in column.required_for]
    allowed = [c.title for c in lines if item_type in c.allowed_for and item_type not in c.required_for]
    empty = [column.title for column in lines if item_type not in column.allowed_for]
    return ", ".join(needed), ", ".join(allowed), ", ".join(empty)


def _titles(types: Iterable[ItemType]) -> str:
    wanted = set(types)
    titles = [ITEM_TYPE_TITLES[one] for one in ItemType if one in wanted]
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"
