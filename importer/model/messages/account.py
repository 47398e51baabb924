"""What can be wrong with what a sheet names, as far as the Kantata account shows it; each a whole sentence."""

from __future__ import annotations

from importer.model.messages.message import Message
from importer.model.problems import Severity

_WARNING = Severity.WARNING
_NOT_SEEN = "is not in Kantata, or this token may not see it."
_ELSEWHERE = "Delete the row; or, to bill it again, cancel that invoice in Kantata first."

_NAMES = {
    "workspace.ambiguous": Message(
        "“{name}” is the title of several projects: {projects}.",
        "Type the number of the one you mean under Project ID.",
    ),
    "workspace.unknown": Message("No project in Kantata is called “{name}”.{near}", "Correct the name, {otherwise}"),
    "workspace.not_asked": Message("Which project is “{name}”? The settings do not name it, and {why}.", "{otherwise}"),
    "workspace_id.perhaps_title": Message(
        "“{name}” may be project {number} with its title, or a title that begins with a number; {why}.",
        "Type the number of the project alone, or let Kantata be asked.",
    ),
    "workspace.differs": Message(
        "The row says project {typed} and “{name}”, which do not agree: {truth}.",
        "Correct one of the two cells, or empty one.",
    ),
    "workspace_id.differs": Message(
        "The cell says project {typed} and “{name}”, which do not agree: {truth}.",
        "Correct the number or the title; the number alone will do.",
    ),
}

_PROJECTS = {
    "workspace_id.unknown": Message(
        f"{{project}} {_NOT_SEEN}", "Correct the number, or ask to be added to the project in Kantata."
    ),
    "workspace_id.archived": Message("{project} is archived.", "Unarchive it in Kantata, or correct the project."),
    "workspace_id.finances_hidden": Message(
        "The finances of {project} are hidden from this token, so it may not bill there.",
        "Ask for financial permission in that project.",
    ),
    "workspace_id.currencies": Message(
        "The projects of one invoice must share a currency: {project} bills in {currency}, but {first} (row {number}) "
        "in {other}.",
        "Give the rows of each currency an invoice key of their own.",
    ),
    "workspace_id.no_client_lead": Message(
        "This invoice is issued at once, not a draft, and gets no recipient: there is no client lead of {projects}.",
        "Name a client lead in Kantata, or create a draft.",
        _WARNING,
    ),
    "amount.currency": Message(
        "The amount is in {mark}, but {project} bills in {currency}.", "Correct the amount or the project."
    ),
}

_ITEMS = {
    "item_id.unknown": Message(f"{{item}} {_NOT_SEEN}", "Correct the number, or delete the row."),
    "story_id.unknown": Message(f"Task {{task}} {_NOT_SEEN}", "Correct the number, or empty the cell."),
    "*.other_project": Message("{item} belongs to {true}, but the row says {typed}.", "Correct one of the two."),
    "item_id.invoiced": Message("{item} is billed already, on invoice {invoices}.", _ELSEWHERE),
    "item_id.invoiced:untold": Message("{item} is billed already; Kantata does not show on which invoice.", _ELSEWHERE),
    "item_id.perhaps_invoiced": Message(
        "{item} is on invoice {invoices}, and Kantata does not show whether that one is cancelled.",
        "Look at that invoice before you send this one.",
        _WARNING,
    ),
    "item_id.not_approved": Message(
        "{item} is not approved, and its project bills approved time only.",
        "Have it approved in Kantata, or delete the row.",
    ),
    "item_id.not_approved:expense": Message(
        "{item} is on no approved expense report, and its project bills approved expenses only.",
        "Have its expense report approved in Kantata, or delete the row.",
    ),
    "item_id.not_billable": Message(
        "{item} is not marked as billable, so Kantata may refuse it.",
        "Mark it as billable in Kantata, or delete the row.",
        _WARNING,
    ),
    "*.differs": Message(
        "{title} is {shown} in the sheet, but {held} in Kantata for {item}; what Kantata holds is billed.",
        "Correct it in Kantata or in the sheet, or delete the row.",
    ),
    "*.not_comparable": Message(
        "{title} is {shown} in the sheet, and Kantata does not show its own for {item}, so the two cannot be compared.",
        'Empty the cell, or put not_sent_cells = "ignore" into importer.toml to leave such cells aside.',
    ),
    "item_id.not_due": Message(
        "{item} is to be invoiced on {due}, after the date of this invoice.",
        "Nothing to do if it is meant to be billed early.",
        _WARNING,
    ),
    "item_id.not_due:completion": Message(
        "{item} is to be invoiced when its work is done, and its date, {due}, lies after the date of this invoice.",
        "Nothing to do if it is meant to be billed early.",
        _WARNING,
    ),
    "user_invoice_number.far_ahead": Message(
        "Invoice number {shown} is far above {next}, which Kantata would give next. Kantata goes on from the last "
        "number used, so this may move the numbers of your account for good.{others}",
        "Correct the number if it was mistyped; otherwise nothing to do.",
        _WARNING,
    ),
    "user_invoice_number.in_use": Message(
        "Invoice number {shown} is in use already, by invoice {invoices}.",
        "Type another number, or empty the cell: Kantata then takes its next number.",
    ),
    "user_invoice_number.used_before": Message(
        "Invoice number {shown} was used before, by invoice {invoices}, which is cancelled.",
        "Nothing to do if the number is meant to be used again.",
        _WARNING,
    ),
}

MESSAGES = {**_NAMES, **_PROJECTS, **_ITEMS}
