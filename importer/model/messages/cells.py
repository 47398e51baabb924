"""Why the value of one cell cannot be used; each is the rest of a sentence: “Amount: “1,2,3” is not …”.

``*`` stands for the name of the cell's column.
"""

from __future__ import annotations

from importer.model.messages.message import Message
from importer.model.problems import Severity

_OPEN_IN_EXCEL = "Open the workbook in Excel, look at the cell, save it, and use it again."

_FORMULAS_AND_LOOK = {
    "*.error_value": Message("is an error, not a value", "Fix the formula."),
    "*.error_value:text": Message("is an error of a formula, not a text", "Fix the formula, or type the text."),
    "*.error_value:narrow": Message(
        "is no value but an error of display: the cell was too narrow, and the file holds only the signs ####",
        "Widen the column in the spreadsheet and export it again, or type the text.",
    ),
    "*.error_value:within": Message(
        "holds “{found}”: an error of a formula, or of a cell that was too narrow",
        "Fix the formula that the text comes from, or type the text.",
    ),
    "*.no_stored_value": Message(
        "is a formula whose result is not stored in the file, so only Excel can calculate it",
        "Open the workbook in Excel, let it calculate, save it, and use it again.",
    ),
    "*.broken_text": Message("is a text that the file refers to incorrectly, so it cannot be read", _OPEN_IN_EXCEL),
    "*.unusual": Message(
        "is written in a way that programs read differently, so its value is not certain", _OPEN_IN_EXCEL
    ),
    "*.percentage": Message("is a percentage, not an amount", "Type the amount itself."),
    "*.not_shown": Message(
        "is not visible in the sheet, because its number format shows nothing",
        "Empty the cell, or give it a format that shows it.",
    ),
    "*.in_thousands": Message(
        "is shown in thousands, so that it looks smaller than it is",
        "Give the cell a number format that shows it whole.",
    ),
    "*.shown_otherwise": Message(
        "is what the number format shows, but the cell holds {stored}",
        "Give the cell a number format that shows what it holds, or type what you mean, in a text column as text.",
    ),
    "*.shown_otherwise:sign": Message(
        "is what the number format shows, but the cell holds {stored}: the signs differ",
        "Give the cell a number format that shows the sign, or type the number with the sign that you mean.",
    ),
    "*.shown_otherwise:groups": Message(
        "is what the number format shows of {stored}; what separates its thousands is not the same in every country",
        "Format the cell as Text and type it as the client should read it.",
    ),
    "*.shown_otherwise:unclear": Message(
        "has a number format that this program cannot read, so what it shows is not certain",
        "Give the cell the number format General or 0.00.",
    ),
    "*.shown_rounded": Message(
        "{title} shows less than it holds: {first} shows {shown}, and {stored} is billed ({cells}).",
        "If the amount is right, show all its decimals; otherwise type the amount.",
        Severity.WARNING,
    ),
    "*.shown_with_letter": Message(
        "{title}: {first} shows “{shown}” with a letter that means nothing, and {stored} is billed ({cells}).",
        "If the amount is right, take the letter out of the number format.",
        Severity.WARNING,
    ),
    "*.shown_in_part": Message(
        "{title}: the number format of {first} shows only “{shown}”, and the day {stored} is taken ({cells}).",
        "Make sure that the day is right; the number format yyyy-mm-dd shows it whole.",
        Severity.WARNING,
    ),
    "*.changing": Message(
        "{title} changes by itself, because its formula uses TODAY, NOW or RAND: {first} was {stored} when the file "
        "was saved{saved}, and that is billed ({cells}).",
        "Type the value in place of the formula.",
        Severity.WARNING,
    ),
    "*.unseen": Message(
        "{title} cannot be seen: {first} holds {stored} in the colour of its background, and that is billed ({cells}).",
        "Give the cells another colour; delete the rows that must not be billed.",
        Severity.WARNING,
    ),
    "*.uncalculated": Message(
        "{title}: the file asks to be calculated when it is opened, so the stored values of its formulas, such as "
        "{stored} in {first}, may be guesses of the program that wrote it ({cells}).",
        "Open the file in Excel, save it, and use it again.",
        Severity.WARNING,
    ),
    "*.conditional": Message(
        "{title}: a conditional format may {what}: {first} holds {stored}, and that is billed ({cells}).",
        "Look at the cells in Excel; take the conditional format away if the value is right.",
        Severity.WARNING,
    ),
    "*.merged": Message(
        "is merged over {area}, so it is not clear whether it belongs to every row",
        "Unmerge the cells and type the value into each row that it belongs to.",
    ),
    "*.merged:fill": Message(
        "is merged over {area}, so it is not clear whether it belongs to every row",
        "Unmerge the cells and type the value into each row that it belongs to. "
        'If it belongs to all these rows, and is not an amount or item id, set merged_cells = "fill" in importer.toml.',
    ),
    "*.merged:covered": Message(
        "is merged over {area}, and {covered} below it holds a value that Excel does not show",
        "Unmerge the cells, and keep the right value in each row.",
    ),
}

_IDS = {
    "*.ambiguous": Message("could be thousands or decimals", "Type the id in digits only, such as 1000."),
    "*.lost_digits": Message(
        "is a number that Excel has shortened; its last digits are lost",
        "Format the cell as Text and type the id again from its source.",
    ),
    "*.not_a_number:id": Message("is not a number", "Type the id in digits, such as 101."),
    "*.not_a_number:address": Message(
        "is a web address that does not name the record which belongs here", "Type the id in digits, such as 101."
    ),
    "*.too_many_digits": Message(
        "has more than {digits} digits, and Excel does not keep the last digits of such a long number",
        "Format the cell as Text and type the id again.",
    ),
    "*.not_whole": Message("is not a whole number", "Type the id in digits, without decimals."),
    "*.not_positive": Message("is not above 0", "Type the id as Kantata shows it."),
    "*.too_large:id": Message("is too large for an id", "Type the id as Kantata shows it."),
}

_AMOUNTS = {
    "*.not_a_number:cell": Message("is not an amount", "Type the amount in digits, such as 1234.50."),
    "*.not_a_figure": Message(
        "is not a number that can be read with certainty", "Type it in digits, such as 7.5, or empty the cell."
    ),
    "*.not_a_number:percentage": Message("is a percentage, not an amount", "Type the amount itself."),
    "*.not_a_number:scientific": Message(
        "is in scientific notation, as Excel writes a shortened number or what rounding leaves of a calculation",
        "Type the amount in full, such as 1234.50.",
    ),
    "*.not_a_number": Message(
        "is not an amount that can be read with certainty",
        "Type digits, such as 1234.50 (a credit: -1234.50); a currency may stand beside them.",
    ),
    "*.not_a_number:digits": Message(
        "is written with digits that are not 0 to 9, so it cannot be read with certainty",
        "Type the amount with the digits 0 to 9, such as 1234.50.",
    ),
    "*.not_a_number:groups": Message(
        "is not an amount that can be read with certainty: its points, commas or blanks do not set off thousands",
        "Type the amount without them, such as 1234.50.",
    ),
    "*.too_large": Message("has too many digits for an amount", "Check the amount."),
}

_DATES = {
    "*.no_such_day": Message("is not a day of the calendar", "Correct the date."),
    "*.not_a_date": Message("is not a date that can be read with certainty", "Type it as year-month-day: 2026-10-31."),
    "*.not_a_date:time": Message(
        "is not a date that can be read with certainty", "Type the day alone, without a time of day: 2026-10-31."
    ),
    "*.not_a_date:zone": Message(
        "is a time in a time zone, so the day differs from place to place",
        "Type the day alone, as it shall stand on the invoice: 2026-10-31.",
    ),
    "*.not_a_date:cell": Message(
        "is a number or a time, not a date", "Format the cell as a date, or type it as 2026-10-31."
    ),
    "*.far_year": Message(
        "would be in {year}; a year of two digits is only read when it is near today",
        "Type the year with four digits: 2026-10-31.",
    ),
    "*.far_year:last": Message(
        "lies in a year that no invoice has", "Correct the date, or leave the cell empty where there is none."
    ),
}

_WORDS = {
    "*.too_long": Message("has more than {most:,} characters", "Shorten the text."),
    "*.too_many_digits:text": Message(
        "has more than {digits} digits, and Excel does not keep the last digits of such a long number",
        "Format the cell as Text and type it again.",
    ),
    "*.word_for_nothing": Message(
        "is what programs write for an empty cell, not a text for the client",
        "Empty the cell, or type the text.",
    ),
    "*.placeholder": Message("holds “{found}”, which a template left to be filled in", "Type what belongs there."),
    "*.placeholder:alone": Message(
        "stands for a text that is still to come", "Type the text, or empty the cell if there is none."
    ),
    "*.doubtful_text": Message(
        "{title}: “{found}” in {where} looks like what a program or a template left behind{others}.",
        "Correct the text, unless it is meant.",
        Severity.WARNING,
    ),
    "*.damaged_text": Message(
        "holds damaged letters: the text was once read in the wrong encoding",
        "Type the text again, or export the file again as UTF-8.",
    ),
    "*.damaged_text:control": Message(
        "holds control characters, which are not visible and belong to no text",
        "Type the text again.",
    ),
    "*.html": Message(
        "holds codes of HTML, such as &amp; or <br>, which the client would read as they are",
        "Type the characters themselves, such as & and line breaks.",
    ),
    "*.is_a_date": Message(
        "is a date or time cell, but the column holds text; Excel may have turned a text into a date",
        "Format the cell as Text and type the text again.",
    ),
    "*.not_yes_no": Message("is neither yes nor no", "Type yes or no."),
    "*.not_days": Message("is not a number of days", "Type the days from invoice to due date: 30, or Net 30."),
    "*.not_days:range": Message("is not a possible number of days", "Type 0 or more days, such as 30."),
    "*.unknown": Message("is not known", "Type {choices}."),
    "*.unknown:near": Message("is not known; did you mean {near}?", "Type {choices}."),
}

MESSAGES = {**_FORMULAS_AND_LOOK, **_IDS, **_AMOUNTS, **_DATES, **_WORDS}
