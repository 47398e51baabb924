"""What can be wrong with rows, columns and the invoices that they form; each a whole sentence.

``*`` stands for the name of the column whose cell it is about.
"""

from __future__ import annotations

from importer.model.messages.message import Message
from importer.model.problems import Severity

_WARNING = Severity.WARNING
_LINE_OR_TOTAL = "If it is a total, delete it. If it is a line item, give it a project and an item type."

_CELLS = {
    "*.missing": Message("{title} is empty; every {kind} needs it.", "{meaning}"),
    "*.missing:always": Message(
        "{title} is empty; every {kind} needs it.", "If the row is a total or a note, delete it. Otherwise: {meaning}"
    ),
    "*.forbidden": Message(
        "{title} must be empty for a {kind}, but holds “{shown}”; Kantata takes no {noun} for it.",
        "Empty the cell, or correct the item type.",
    ),
    "*.forbidden:column": Message(
        "{title} must be empty beside time entries, expenses and milestones, but is filled in {cells}; Kantata takes "
        "no {noun} for them.",
        "Empty these cells, or correct the item type. To keep them, put not_sent_cells into importer.toml: "
        '"ignore" leaves them aside, "compare" compares amounts with what Kantata holds, which must be asked for that '
        "(a token, and no --offline).",
    ),
    "*.forbidden:wish": Message(
        "{title} must be empty beside time entries, expenses and milestones, but is filled in {cells}; Kantata takes "
        "no {noun} for them.",
        'Empty these cells, or put not_sent_cells = "ignore" into importer.toml to leave them aside.',
    ),
    "*.zero": Message("The amount is 0.", "Type the amount to bill, or delete the row."),
    "*.negative": Message(
        "The amount of a fixed fee cannot be negative ({shown}).",
        "For a credit, change the item type to Additional item.",
    ),
    "*.fraction": Message(
        "The amount {shown} has cents. Kantata documents whole amounts; whether it keeps cents is not known, so they "
        "are refused.",
        "Round the amount. Or let invoice-importer probe find out whether your account keeps cents: then they are "
        'sent, as with fractional_amounts = "send" in importer.toml.',
    ),
    "*.too_precise": Message(
        "The amount {shown} has more than two decimals.", "Round it to cents; in Excel, with =ROUND(…,2)."
    ),
    "*.duplicate": Message(
        "{Kind} {shown} is billed more than once: here and at {others}.", "Delete all but one of these rows."
    ),
    "amount.currency_conflict:header": Message(
        "The amount is in {mark}, but its column is headed “{header}”.", "Correct the amount or the header."
    ),
}

_ROWS = {
    "column.missing:rows": Message(
        "The column {title} ({name}) is missing from the header in row {header_row}, but rows of type {kinds} need it "
        "(row {rows_named}).{nearest}",
        "Add a column with the header “{title}”. {meaning}",
    ),
    "column.missing:amount": Message(
        "No column holds the amounts: Amount (amount) is missing from the header in row {header_row}, but rows of type "
        "{kinds} need it (row {rows_named}). “{near}” may be meant.",
        "If it holds the amounts to bill, add to importer.toml:\n{instead}\n"
        "Otherwise add a column with the header “Amount”.",
    ),
    "column.missing:unit": Message(
        "No column holds the amounts: Amount (amount) is missing from the header in row {header_row}, but rows of type "
        "{kinds} need it (row {rows_named}). “{near}” seems to be the price of one unit.",
        "Add a column with the header “Amount”: quantity times price.",
    ),
    "column.missing:terms": Message(
        "The column {title} ({name}) is missing, and the settings name no payment terms.",
        "Add a column “{title}” with the days until payment is due, or put payment_schedule = 30 into importer.toml.",
    ),
    "row.repeated": Message(
        "Row {number} says exactly the same as row {first}; both would be billed.",
        "Delete one of them if it was pasted twice; otherwise nothing to do.",
        _WARNING,
    ),
    "row.looks_billed": Message(
        "{named} may be billed already: invoice {earlier} of run {run} has the same project, amount ({amount}) and "
        "date, and its own rows no longer stand in the sheet.",
        "Compare the two; delete the rows if they are the same work under another key, type or text.",
        _WARNING,
    ),
    "row.redated": Message(
        "{named} may be billed already: a file of this name billed the same project and text a short time ago, on "
        "invoice {earlier} of run {run} ({dated}).",
        "If you have corrected the date, take that run back first: {undo}. If this is another month, nothing to do.",
        _WARNING,
    ),
    "row.maybe_total": Message(
        "Row {number} (“{label}”) seems to be a total: {amount} is the sum of rows above it.",
        "If it is a total, empty its project and item type, or delete it. If it is a line item, describe the service.",
    ),
    "row.maybe_total:differs": Message(
        "Row {number} (“{label}”) seems to be a total by its description, but {amount} is not the sum of the rows "
        "above it.",
        "If it is a total, delete it, and look for a row that was added or hidden. If it is a line item, describe the "
        "service.",
    ),
    "row.maybe_total:no_text": Message(
        "Row {number} seems to be a total: it is the last row of its project, it has no description, and {amount} is "
        "the sum of the described rows above it.",
        "If it is a total, delete it. If it is a line item, describe the service.",
    ),
    "row.maybe_total:last": Message(
        "Row {number} may be a total: it is the last row, and {amount} is the sum of all rows above it. The sheet has "
        "no project or item type to show which.",
        "If it is a total, delete it. If it is a line item, add a column Item type to the sheet and fill it.",
    ),
    "row.sum_by_chance": Message(
        "Row {number} (“{label}”) is billed, and its {amount} is the sum of all other rows of its project, or of the "
        "sheet.",
        "Make sure that it is no total; otherwise nothing to do.",
        _WARNING,
    ),
    "row.maybe_tax": Message(
        "Row {number} (“{label}”) seems to be the tax of the rows above it: {amount}.",
        "If it is, delete the row, and say in the column Taxable which lines bear tax. If it is a line item, describe "
        "the service.",
    ),
    "row.total_unchecked": Message(
        "Row {number} is a total and was left out, but it could not be checked: an amount of the sheet cannot be read.",
        "Fix the other amounts first; then it is compared with the rows above it.",
        _WARNING,
    ),
    "row.total_unchecked:amount": Message(
        "Row {number} holds only an amount. It may be a total or a line item: an amount above it cannot be read.",
        "Fix the other amounts first, or delete the row.",
    ),
    "row.total_unchecked:single": Message(
        "Row {number} holds only an amount. It may be a total or a line item: a sum of one line item proves nothing.",
        _LINE_OR_TOTAL,
    ),
    "row.total_differs": Message(
        "Row {number} seems to be a total of “{shown}”, but the line items above it come to {of_rows}.",
        "Look for a row that was added or hidden, and calculate the total again; or delete the total. "
        "If the row is a line item, give it a project and an item type.",
    ),
    "invoice_date.outside:odd": Message(
        "The invoice date {day} lies outside {month}, the month of most rows; so the batch is {batch}, the month of "
        "this run.{more}",
        "Correct the date, or name the batch that is meant with --batch (setting invoice_date_outside).",
        Severity.WARNING,
    ),
    "invoice_date.outside": Message(
        "The invoice date {day} lies outside the month of the batch, {batch}.{more}",
        "Correct the date, or name the batch that is meant with --batch (setting invoice_date_outside).",
    ),
    "invoice_date.future": Message(
        "The invoice date {day} lies {ahead:,} days ahead; at most {usual:,} are usual.{more}",
        "Check the year. The setting future_days says how many days are usual.",
    ),
    "header.gone": Message(
        "The column “{header}” ({title}) held values in the import of {origin} and {state}.",
        "If it has another name now, give it its old one, or add the new one to importer.toml, under [columns]: "
        '{name} = ["…"]. If it is left out on purpose, nothing to do.',
        _WARNING,
    ),
}

_INVOICES = {
    "*.conflict": Message(
        "{title} is “{here}” in {cell_here} but “{there}” in {cell_there}; both rows belong to {invoice}.",
        "Make the two cells equal, empty one of them, or give the rows different invoice keys.",
    ),
    "amount.currency_conflict": Message(
        "Amount is in {mark} in {here} but in {other} in {there}; both rows belong to {invoice}.",
        "An invoice has one currency: correct the amount, or give the rows different invoice keys.",
    ),
    "payment_schedule.missing": Message(
        "{title} is empty in every row of {invoice}, and the settings name no payment terms.",
        "Type the days until payment is due, such as 30, or put payment_schedule = 30 into importer.toml.",
    ),
    "*.incomplete": Message(
        "{invoice} has a part of an external reference; still empty: {titles}.",
        "Fill External service, External record type and External record ID together, or empty them all.",
    ),
    "*.duplicate:invoice": Message(
        "{title} {shown} stands on two invoices: here on {invoice}, and in {there} on {other}.",
        "Give each invoice its own {noun}, or leave it empty.",
    ),
    "amount.nothing_to_pay": Message(
        "The rows of {invoice} come to {total:,}: the client has nothing to pay.",
        "Check the signs of the amounts. A credit alone on an invoice is sent as it is.",
        _WARNING,
    ),
    "invoice_key.looks_alike": Message(
        "The invoice keys “{key}” in {here} and “{other}” in {there} look alike; they form two invoices.",
        "Write them alike if they are meant to be one invoice.",
        _WARNING,
    ),
    "invoice_key.looks_alike:same": Message(
        "The invoice keys in {here} and {there} look the same, “{key}”, but differ in signs that cannot be seen; they "
        "form one invoice.",
        "If two invoices are meant, give one of them a key that looks different.",
        _WARNING,
    ),
    "invoice_key.missing_here": Message(
        "Project {project} has rows with the key “{key}” and rows without one; those without form an invoice of their "
        "own.",
        "Give these rows a key too, unless that is meant.",
        _WARNING,
    ),
}

_COLUMNS = {
    "*.unproved": Message(
        "{title}: {first} may mean {meanings}, and no cell of the column shows which{others}.",
        "Put into importer.toml {lines}; or type the {plain}.",
    ),
    "*.contradicted": Message(
        "{title}: The column is written in more than one way: {parts}. So {count} cannot be read with certainty.",
        "Write the whole column in one way{plain}.",
    ),
    "*.three_decimals": Message(
        "{title}: {listed} would have three decimals, because {proof} is written {way}; no amount has so many, so one "
        "of the two is a slip.",
        'Correct them, or put decimal_mark = "{mark}" into importer.toml if three decimals are meant.',
    ),
    "*.foreign": Message(
        "{title}: {count} cannot be read with {setting} of the settings: {listed}.",
        "Correct the cells, or the setting.",
    ),
    "*.swapped": Message(
        "{title}: The dates with a day up to 12 ({dates}) are date cells, those with a day above 12 ({texts}, first "
        "{first}) are text. Excel leaves that behind when it opens a text file of another country: it swaps day and "
        "month where it can, and leaves the rest as text. So {cell_of_date} may be {turned} instead of {day}.",
        "Compare the date cells with where they came from, and import the text file again with this column as text. "
        "If the date cells are right, type the others as 2026-10-31.",
    ),
    "*.unlikely_year": Message(
        "{title}: {where} is {day}: an unlikely year for an invoice{others}.",
        "Correct the year, unless it is meant.",
        _WARNING,
    ),
    "*.unlikely": Message(
        "{title}: {where} says {days} days: more than a year until payment{others}.",
        "Correct the days, unless they are meant.",
        _WARNING,
    ),
}

MESSAGES = {**_COLUMNS, **_CELLS, **_ROWS, **_INVOICES}
