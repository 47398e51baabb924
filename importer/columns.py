"""The one list of columns: the schema, the template, the README and the messages come from it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from importer.currencies import CODES
from importer.records import BY_ID, PRICED, ItemType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Level(Enum):
    """What a cell belongs to."""

    LINE = "line"
    """One line item: the row."""
    INVOICE = "invoice"
    """The whole invoice: the cell may stand on any or all of its rows."""


class Kind(Enum):
    """How a cell is read."""

    IDENTIFIER = "whole number above 0"
    ITEM_TYPE = "one of five words"
    TEXT = "text"
    AMOUNT = "amount"
    YES_NO = "yes or no"
    DAYS = "number of days"
    DATE = "date"
    SYNC_STATUS = "successful, pending or failed"


@dataclass(frozen=True, slots=True)
class Column:
    """One column that the program understands."""

    name: str
    """Name in settings, JSON and messages for programs."""
    title: str
    """Friendly header, used by the template and in messages for people."""
    aliases: tuple[str, ...]
    """Other headers that mean the same."""
    level: Level
    kind: Kind
    meaning: str
    """What to type, in one or two plain sentences."""
    example: str
    api_field: str
    """Where the value goes in the request, or why it does not."""
    required_for: frozenset[ItemType] = frozenset()
    allowed_for: frozenset[ItemType] = frozenset(ItemType)
    width: int = 14
    """Width in the template, characters."""


_LINE, _INVOICE = Level.LINE, Level.INVOICE
_EVERY = frozenset(ItemType)
_FIXED = frozenset({ItemType.FIXED_FEE})

NAME_OF_PROJECT = "workspace"
"""The column that may name a project instead of numbering it."""

COLUMNS: tuple[Column, ...] = (
    Column(
        "workspace_id",
        "Project ID",
        ("Workspace ID", "Project number", "Project no", "Kantata project ID", "Mavenlink project ID"),
        _LINE,
        Kind.IDENTIFIER,
        "Number of the project in Kantata: the digits at the end of the project's web address. "
        "Rows of one project form one invoice unless they have an Invoice key.",
        "101",
        "workspace_id / workspace_ids",
        required_for=_EVERY,
    ),
    Column(
        "workspace",
        "Project",
        ("Project name", "Project title", "Workspace", "Client project"),
        _LINE,
        Kind.TEXT,
        "Title of the project in Kantata, or a name that the settings give it; it can stand instead of the Project ID. "
        "Where both are given they must agree.",
        "Website-Relaunch Bäckerei Müller",
        "workspace_id / workspace_ids",
        width=30,
    ),
    Column(
        "invoice_key",
        "Invoice key",
        ("Invoice group", "Billing group", "Group", "Group key"),
        _LINE,
        Kind.TEXT,
        "Optional. Rows with the same key form one invoice, also across projects. "
        "Use it for two invoices of one project, or one invoice over several projects.",
        "ACME-OCT",
        "not sent",
        width=16,
    ),
    Column(
        "item_type",
        "Item type",
        ("Type", "Line type", "Line item type", "Charge type"),
        _LINE,
        Kind.ITEM_TYPE,
        "What the row bills: Time entry, Expense, Fixed fee, Additional item or Billing milestone.",
        "Fixed fee",
        "chooses the list",
        required_for=_EVERY,
        width=18,
    ),
    Column(
        "item_id",
        "Item ID",
        ("Time entry ID", "Entry ID", "Expense ID", "Milestone ID", "Billing milestone ID", "Record ID"),
        _LINE,
        Kind.IDENTIFIER,
        "Number of the time entry, expense or milestone in Kantata. Empty for fixed fees and additional items.",
        "5101001",
        "time_entry_ids, expense_ids, billing_milestone_ids",
        required_for=BY_ID,
        allowed_for=BY_ID,
    ),
    Column(
        "notes",
        "Description",
        ("Notes", "Note", "Line description", "Item notes", "Item description", "Memo"),
        _LINE,
        Kind.TEXT,
        "Text of the line on the invoice; fixed fees and additional items only.",
        "Retainer October",
        "items' notes",
        allowed_for=PRICED,
        width=34,
    ),
    Column(
        "amount",
        "Amount",
        ("Line amount", "Net amount", "Price", "Fee"),
        _LINE,
        Kind.AMOUNT,
        "Amount in the project's currency, such as 1200 (never in cents); fixed fees and additional items only. "
        "A credit is an additional item with a minus.",
        "1200",
        "items' amount",
        required_for=PRICED,
        allowed_for=PRICED,
    ),
    Column(
        "taxable",
        "Taxable",
        ("Is taxable", "Subject to tax"),
        _LINE,
        Kind.YES_NO,
        "Yes when tax applies to the line; fixed fees and additional items only.",
        "yes",
        "items' taxable",
        allowed_for=PRICED,
        width=10,
    ),
    Column(
        "story_id",
        "Task ID",
        ("Story ID", "Task number", "Story number"),
        _LINE,
        Kind.IDENTIFIER,
        "Optional number of the Kantata task that a fixed fee belongs to.",
        "8101001",
        "items' story_id",
        allowed_for=_FIXED,
    ),
    Column(
        "payment_schedule",
        "Net days",
        ("Payment schedule", "Payment terms", "Terms", "Net terms", "Payment days", "Days to pay", "Due in days"),
        _INVOICE,
        Kind.DAYS,
        "Days from the invoice date to the due date: 30, or Net 30; 0 is due on receipt. "
        "Required, here or as payment_schedule in the settings.",
        "30",
        "payment_schedule",
        width=10,
    ),
    Column(
        "invoice_date",
        "Invoice date",
        ("Date", "Billing date", "Date of invoice", "Issue date"),
        _INVOICE,
        Kind.DATE,
        "Date of the invoice. Empty: the day on which it is sent.",
        "2026-10-31",
        "invoice_date",
    ),
    Column(
        "user_invoice_number",
        "Invoice number",
        ("Invoice no", "Invoice #", "Inv no", "Inv number", "User invoice number"),
        _INVOICE,
        Kind.IDENTIFIER,
        "Number of the invoice, digits only. Empty: Kantata takes its next number.",
        "20261001",
        "user_invoice_number",
        width=15,
    ),
    Column(
        "user_invoice_title",
        "Invoice title",
        ("Title", "User invoice title", "Invoice subject"),
        _INVOICE,
        Kind.TEXT,
        "Title of the invoice.",
        "Services in October",
        "user_invoice_title",
        width=26,
    ),
    Column(
        "purchase_order",
        "PO number",
        ("Purchase order", "PO", "PO no", "Purchase order number", "Client PO"),
        _INVOICE,
        Kind.TEXT,
        "The client's purchase order, as text: leading zeros are kept.",
        "PO-00042",
        "purchase_order",
    ),
    Column(
        "project_code",
        "Project code",
        ("Job code",),
        _INVOICE,
        Kind.TEXT,
        "Your own code of the project, as text.",
        "BRD-7",
        "project_code",
    ),
    Column(
        "message",
        "Message",
        ("Invoice message", "Message to client", "Client message", "Invoice notes", "Invoice note"),
        _INVOICE,
        Kind.TEXT,
        "Message to the client on the invoice.",
        "Thank you for your trust.",
        "message",
        width=30,
    ),
    Column(
        "draft",
        "Draft",
        ("Is draft", "As draft", "Save as draft"),
        _INVOICE,
        Kind.YES_NO,
        "Yes creates a draft, which can still be deleted; no issues the invoice. Empty: as in the settings (a draft).",
        "yes",
        "draft",
        width=10,
    ),
    Column(
        "suppress_emails",
        "Suppress e-mails",
        ("Suppress emails", "No emails", "Do not email"),
        _INVOICE,
        Kind.YES_NO,
        "Yes keeps Kantata from sending e-mails about the new invoice. Empty: as in the settings (no e-mails).",
        "yes",
        "suppress_emails",
        width=16,
    ),
    Column(
        "external_reference.service_name",
        "External service",
        ("External service name",),
        _INVOICE,
        Kind.TEXT,
        "Only when another system tracks the invoice: the name of that system. "
        "Fill External service, External record type and External record ID together, or none of them.",
        "my-erp",
        "external_reference.service_name",
        width=16,
    ),
    Column(
        "external_reference.service_model",
        "External record type",
        ("External service model",),
        _INVOICE,
        Kind.TEXT,
        "Kind of record in that system.",
        "invoice",
        "external_reference.service_model",
        width=18,
    ),
    Column(
        "external_reference.service_model_ref",
        "External record ID",
        ("External service model ref",),
        _INVOICE,
        Kind.TEXT,
        "Id of the record in that system. It then is the invoice's identity: it is never billed twice.",
        "ERP-2026-1001",
        "external_reference.service_model_ref",
        width=18,
    ),
    Column(
        "external_reference.status",
        "External reference status",
        (),
        _INVOICE,
        Kind.SYNC_STATUS,
        "State of the link: successful, pending or failed.",
        "successful",
        "external_reference.status",
        width=22,
    ),
    Column(
        "external_reference.external_message",
        "External message",
        (),
        _INVOICE,
        Kind.TEXT,
        "Message of the other system.",
        "Imported",
        "external_reference.external_message",
        width=18,
    ),
    Column(
        "external_reference.external_link",
        "External link",
        (),
        _INVOICE,
        Kind.TEXT,
        "Web address of the record in the other system.",
        "https://erp.example/1001",
        "external_reference.external_link",
        width=24,
    ),
    Column(
        "external_reference.external_status",
        "External status",
        (),
        _INVOICE,
        Kind.TEXT,
        "State of the record in the other system.",
        "open",
        "external_reference.external_status",
        width=16,
    ),
    Column(
        "external_reference.locked",
        "External reference locked",
        (),
        _INVOICE,
        Kind.YES_NO,
        "Yes locks the link between the two systems.",
        "no",
        "external_reference.locked",
        width=22,
    ),
)

BY_NAME: dict[str, Column] = {column.name: column for column in COLUMNS}
REQUIRED: tuple[Column, ...] = tuple(c for c in COLUMNS if c.required_for == _EVERY)
"""Columns without which no row can be read."""
RESULT_COLUMNS: tuple[str, ...] = ("status", "invoice_id", "invoice_link", "error", "what_to_do")
"""What the results add to the right of the sheet; passed over when such a file is imported again."""

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

_IGNORED_IN_NAMES = str.maketrans("", "", " _-.?*:")


def fold(name: str) -> str:
    """Reduce a header or a choice to what is compared: no case, blanks, ``_``, ``-``, ``.``."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    visible = "".join(c for c in plain if not c.isspace() and unicodedata.category(c) != "Cf")
    return visible.translate(_IGNORED_IN_NAMES)


@dataclass(frozen=True, slots=True)
class OwnHeaders:
    """What the settings say of the headers of the user's own sheets."""

    aliases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """More headers by column name (setting ``columns``)."""
    ignored: Sequence[str] = ()
    """Headers that mean nothing (setting ``ignore_columns``); they are carried through without a word."""
    supplied: frozenset[str] = frozenset()
    """Columns that the sheet need not have, because a constant stands in for them."""


class KnownHeaders(dict[str, str]):
    """Every folded header that is understood → column name, with what the settings say besides."""

    def __init__(self, known: Mapping[str, str], own: OwnHeaders) -> None:
        super().__init__(known)
        self.own = own
        self.ignored = frozenset(fold(header) or header.strip() for header in own.ignored)


def is_ignored(header: str, known: Mapping[str, str]) -> bool:
    """Tell whether the settings say to pass over this header."""
    return isinstance(known, KnownHeaders) and (fold(header) or header.strip()) in known.ignored


def own_headers(known: Mapping[str, str]) -> OwnHeaders:
    """What the settings say of headers; nothing for plain known headers."""
    return known.own if isinstance(known, KnownHeaders) else OwnHeaders()


def required_columns(known: Mapping[str, str]) -> tuple[Column, ...]:
    """Columns without which no row can be read, and which the settings do not supply."""
    supplied = own_headers(known).supplied
    return tuple(column for column in REQUIRED if column.name not in supplied)


_REMARK = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]\s*$")
_HARMLESS_REMARKS: dict[Kind, re.Pattern[str]] = {
    Kind.AMOUNT: re.compile(r"net|netto|excl\.? ?(?:tax|vat)|without (?:tax|vat)|ohne (?:mwst|ust)\.?|ht"),
    Kind.YES_NO: re.compile(r"(?:yes|y|ja|oui|s[ií]|true) ?[/|] ?(?:no|n|nein|non|false)"),
    Kind.DATE: re.compile(r"[dmyjtao]{1,4}[-./ ][dmyjtao]{1,4}[-./ ][dmyjtao]{1,4}"),
    Kind.DAYS: re.compile(r"(?:in )?(?:days|tage|jours|d[ií]as)|net"),
}
_HARMLESS_ANYWHERE = re.compile(r"optional|required|mandatory|text|number|digits|id|no|nr|kantata|mavenlink|\*|")


def currency_of_header(header: str) -> str | None:
    """Currency that a header names in brackets, such as EUR in “Amount (EUR)”."""
    remark = _REMARK.search(header)
    code = "" if remark is None else remark[1].strip().upper()
    return {"€": "EUR", "£": "GBP", "$": "$"}.get(code, code if code in CODES else None)


def known_as(header: str, known: Mapping[str, str]) -> str | None:
    """Column that a header means; a harmless remark in brackets at its end, such as “(yes/no)”, does not count.

    Others change the meaning: “Amount (cents)” is not the amount, “Date (due)” not the invoice date.
    """
    if is_ignored(header, known):
        return None
    if (name := known.get(fold(header))) is not None:
        return name
    if (remark := _REMARK.search(header)) is None or (name := known.get(fold(header[: remark.start()]))) is None:
        return None
    kind, words = BY_NAME[name].kind, " ".join(remark[1].casefold().split())
    if kind is Kind.AMOUNT and currency_of_header(header):
        return name
    harmless = _HARMLESS_REMARKS.get(kind)
    return name if _HARMLESS_ANYWHERE.fullmatch(words) or (harmless and harmless.fullmatch(words)) else None


def known_headers(more: Mapping[str, Sequence[str]] | None = None, own: OwnHeaders | None = None) -> KnownHeaders:
    """Every folded header that is understood → column name.

    ``more`` are aliases from the settings; ``own`` is all that the settings say of headers.
    """
    own = own or OwnHeaders(more or {})
    known: dict[str, str] = {}
    for column in COLUMNS:
        for header in (column.name, column.title, *column.aliases):
            known[fold(header)] = column.name
    for name, headers in own.aliases.items():
        for header in headers:
            known[fold(header)] = name
    return KnownHeaders(known, own)
