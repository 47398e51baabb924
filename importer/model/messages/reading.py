"""What can be wrong with a file and the look of its sheets: files, CSV texts, sheets, headers, Cover, rows."""

from __future__ import annotations

from importer.model.messages.message import Message
from importer.model.problems import Severity

_SAVE = "Open it in Excel and save it as an Excel workbook (.xlsx)."
_SAVE_AGAIN = "Open it in Excel and save it again, or get a fresh copy of the file."
_COPY_ROWS = "Copy the invoice rows into a new workbook."
_COPY_OR_RAISE = f"{_COPY_ROWS} If they are that many, split them into several files, or raise the setting."

_FILES = {
    "file.not_found": Message("{path}: there is no such file.", "Check the name and the folder."),
    "file.not_found:near": Message("{path}: there is no such file.", "Did you mean {near}?"),
    "file.not_found:closed": Message(
        "{path}: the file cannot be accessed ({why}).", "Check the name and the permissions of its folder."
    ),
    "file.is_folder": Message("{path} is a folder, not a file.", "Name the workbook or CSV file itself."),
    "file.not_a_file": Message("{path} is not an ordinary file.", "Name a workbook or CSV file."),
    "file.lock_file": Message(
        "{name} is the lock file that Excel keeps beside an open workbook.", "Use {workbook} itself."
    ),
    "file.name": Message(
        "The name of {name}, or of its folder, is not UTF-8, so no results can name it; nothing was read.",
        "Rename it, for example to october.xlsx.",
    ),
    "file.not_corrected": Message(
        "{name} could not be corrected here: {why}.", "Correct it in Excel, save it, and choose it again."
    ),
    "file.empty": Message("{name} is empty.", "Export or save it again."),
    "file.unreadable": Message(
        "{name} could not be read: the program that reads workbooks failed on it.",
        "Open it in Excel and save it again as .xlsx, or copy the invoice rows into a new workbook.",
    ),
    "file.unreadable:closed": Message(
        "{path}: the file cannot be read ({why}).", "Close it in other programs and check its permissions."
    ),
    "file.too_slow": Message(
        "{name} could not be read within {seconds:g} seconds (setting read_seconds).",
        _COPY_OR_RAISE,
    ),
    "file.too_slow:planning": Message("{name} was not read and compared within {minutes:g} minutes.", _COPY_ROWS),
    "file.too_large": Message("{name} is larger than {megabytes} MB (setting most_unpacked_mb).", _COPY_OR_RAISE),
    "file.too_large:parts": Message("{name} has {parts:,} parts, so it was not opened.", _COPY_ROWS),
    "file.too_large:unpacked": Message(
        "{name} unpacks to more than {megabytes} MB (setting most_unpacked_mb), so it was not opened.", _COPY_OR_RAISE
    ),
    "file.too_large:apart": Message(
        "{name} was not opened: its values stand too far apart.",
        "Delete what stands far to the right of the table or far below it.",
    ),
    "file.too_large:styles": Message("{name} was not opened: it holds far more styles than Excel allows.", _COPY_ROWS),
    "file.too_large:memory": Message(
        "{name} needs more memory than reading a file may take (setting read_memory_mb).", _COPY_OR_RAISE
    ),
    "file.damaged": Message("{name} is damaged, incomplete or not an Excel workbook.", _SAVE_AGAIN),
    "file.damaged:reader": Message("{name} is damaged, incomplete or not an Excel workbook ({error}).", _SAVE_AGAIN),
    "file.damaged:binary": Message("{name} is damaged or is not an Excel workbook.", _SAVE_AGAIN),
    "file.damaged:part_twice": Message("{name} is damaged: it holds the part {part} twice.", _SAVE_AGAIN),
    "file.damaged:unusual": Message(
        "{name} is damaged, or written in a way that this program cannot read.",
        "Open it in Excel or LibreOffice, save it as .xlsx, and use that.",
    ),
    "file.unsafe": Message(
        "{name} was not read: it holds a document type declaration, which a spreadsheet never needs.",
        "Get a fresh copy of the file from its source.",
    ),
    "file.protected": Message(
        "{name} is protected with a password.",
        "Open it in Excel, take the password off (File, Info, Protect Workbook, Encrypt with Password), and save it.",
    ),
    "file.protected:label": Message(
        "{name} is encrypted by a sensitivity label: only the people whom it names can open it.",
        "Open it in Excel, choose a label without encryption (Home, Sensitivity), and save it; or copy the invoice "
        "rows into a new workbook.",
    ),
    "file.no_sheet": Message(
        "{name} holds no worksheet, only macros or charts.",
        "Copy the invoice rows into a worksheet of a new workbook.",
    ),
    "file.type": Message("{name} is {what}.", _SAVE),
    "file.type:office": Message("{name} is {what}.", "Copy the table into Excel and save it as .xlsx."),
    "file.html": Message("{name} is a web page (HTML), not a workbook.", _SAVE),
    "file.misnamed": Message(
        "{name} is really a file of another kind: {kind}; it was read as that.",
        "Rename it so that it ends in {ending}.",
        Severity.WARNING,
    ),
    "program.reader_crashed": Message(
        "{name} could not be read because of a defect in this program; the file may be in order.",
        "Please report it with the program's log. Until it is fixed, copy the invoice rows into a new workbook.",
    ),
    "program.incomplete": Message(
        "{name} cannot be read: a part of this program is not installed ({part}).",
        "Install the program again, with its dependencies.",
    ),
    "program.output_lost": Message(
        "What this command says could not be written to stdout ({why}).",
        "Its work is done and recorded all the same: invoice-importer history shows every run, and the results of "
        "a run lie in its reports folder.",
    ),
}

_QUOTE_FIELDS = "Put the whole field into quotes and double the quotes in it, or export the file again."

_CSV = {
    "csv.nul": Message(
        "{name}: line {line} holds a NUL character; the file is damaged or is not a CSV.", "Export it again."
    ),
    "csv.quotes": Message(
        "{name}: the quotes do not match near line {line} ({why}).",
        "Look for a quote that is never closed, then export the file again.",
    ),
    "csv.quotes:stray": Message(
        "{name}: near line {line} a quote stands inside a field that is not quoted.", _QUOTE_FIELDS
    ),
    "csv.quotes:merged": Message(
        "{name}: in row {number} one field holds a whole line; a quote is missing or too many.", _QUOTE_FIELDS
    ),
    "csv.encoding": Message(
        "{name}: line {line} is not UTF-8 text. Read as Windows-1252 (Excel's plain “CSV”) it would be “{sample}”.",
        "If that looks right, add --encoding windows-1252 (setting encoding). Otherwise, in Excel, save it as "
        "“CSV UTF-8 (comma delimited)” or as .xlsx.",
    ),
    "csv.encoding:declared": Message(
        "{name}: line {line} is not {encoding} text.",
        "Say which it is with --encoding, or save it as “CSV UTF-8 (comma delimited)” in Excel.",
    ),
    "csv.encoding:unknown": Message(
        "The encoding “{encoding}” is not known.", "Use for example --encoding windows-1252."
    ),
    "csv.width": Message(
        "Row {number} has {fields} fields but the header has {width}, so its values may stand in the wrong columns.",
        "Put quotes around texts that contain the separator, or export the file again.",
    ),
}

_SHOW_SHEET = "Unhide the sheet and look at it, or name another one with --sheet."

_SHEETS = {
    "sheet.not_to_bill": Message(
        "The sheet is called “{name}”, but its rows are billed.",
        "Say with --sheet which sheet is meant if it is another, or rename it.",
        Severity.WARNING,
    ),
    "sheet.not_found": Message("There is no sheet “{name}” to import.", "The file has: {names}."),
    "sheet.ambiguous": Message(
        "Several sheets could hold the invoice rows: {names}.", 'Say which one, for example: --sheet "{first}".'
    ),
    "sheet.left_out": Message(
        "The sheet “{name}” has some known headers but not all required ones, and another was read instead.",
        "Nothing to do, unless it holds invoice rows to bill; then complete its header or use --sheet.",
        Severity.WARNING,
    ),
    "sheet.left_out:hidden": Message(
        "The sheet “{name}” is hidden, and a visible one was read instead.",
        "Nothing to do, unless it holds invoice rows to bill; then complete its header or use --sheet.",
        Severity.WARNING,
    ),
    "sheet.too_large": Message("The sheet “{name}” {why}.", _COPY_ROWS),
    "sheet.no_rows": Message(
        "{name} has no rows below the header in row {header_row}.", "Type one row per line item below the header."
    ),
    "sheet.side_by_side": Message(
        "Two tables stand side by side: the second begins near {place}.",
        "Keep one table per sheet: move the second one to a sheet of its own, or below the first.",
    ),
    "sheet.other_workbooks": Message(
        "Formulas of the sheet “{name}” take values from other workbooks; these are the values that Excel stored last.",
        "If they may be old, open the workbook in Excel, update its links, and save it.",
        Severity.WARNING,
    ),
    "sheet.hidden": Message(
        "The sheet “{name}” is hidden in Excel, but its rows are billed.", _SHOW_SHEET, Severity.WARNING
    ),
    "sheet.hidden:refuse": Message(
        "The sheet “{name}” is hidden in Excel, which hidden_rows = “refuse” does not allow.", _SHOW_SHEET
    ),
}

_SHOW_COLUMNS = "Unhide the columns and look at their values."

_HEADERS = {
    "header.missing": Message(
        "No header row was found in the first {searched} rows.{seen}",
        "The header needs at least {needed}. “invoice-importer map FILE” asks what your own headers mean; "
        "“invoice-importer template” writes a workbook to start from.",
    ),
    "header.several": Message(
        "Row {number} looks like a header too, but row {chosen} was taken; rows between them would not be read.",
        "Keep one table per sheet: move the other one to a sheet of its own, or delete the row.",
    ),
    "header.several:below": Message(
        "Row {number} looks like the header of another table, with other columns than row {header_row}.",
        "Keep one table per sheet: move the other one to a sheet of its own.",
    ),
    "sheet.other_layout": Message(
        "This is no list of rows to bill but {layout}.",
        "Export the rows from Kantata OX or from the program in which the work is recorded.",
    ),
    "preset.offered": Message(
        "This looks like {title}. It names no item types and ids of Kantata OX, so it is not billed as it stands.",
        "To bill each row as an additional item with its text and its amount, add {options}. "
        "invoice-importer settings --preset {name} shows the lines of importer.toml that this stands for.",
    ),
    "preset.other_sheet": Message(
        "The setting preset is {preset}, but this is not {title}: {absent} is missing.",
        "Use an export of that program, with all its columns, or leave out the setting.",
    ),
    "column.missing": Message(
        "The required column {title} ({name}) is missing from the header in row {header_row}.{nearest}",
        "Add a column with the header “{title}”. {meaning}\n"
        "“invoice-importer map FILE” asks whether one of your own headers means it.",
    ),
    "column.duplicate": Message(
        "Two columns mean {title}: {first} (“{first_text}”) and {second} (“{second_text}”).",
        "Keep one of them, or rename the other.",
    ),
    "column.duplicate:names": Message(
        "Two columns mean {title}: {first} (“{first_text}”) and {second} (“{second_text}”).",
        "Keep one of them, or pass over one of them: add to importer.toml, above all sections:\n{ignore}",
    ),
    "column.near_miss": Message(
        "The column “{text}” is not known; did you mean “{title}” ({name})?",
        "Rename the header to “{title}”, let “invoice-importer map FILE” ask, or add to importer.toml:\n{alias}\n"
        "If it means something else, add above all sections:\n{ignore}",
    ),
    "column.unknown": Message(
        "The column “{text}” is not known: it is copied to the results and not sent.",
        "{lines}",
        Severity.WARNING,
    ),
    "column.unused_dates": Message(
        "The column “{text}” holds dates, is not known, and no column is the Invoice date.",
        "If it is the invoice date, add to importer.toml:\n{alias}\nIf it means something else, add above all "
        "sections:\n{ignore}",
    ),
    "column.unused_terms": Message(
        "The column “{text}” holds days to pay, is not known, and no column is the Net days.",
        "If they are the net days, add to importer.toml:\n{alias}\nIf it means something else, add above all "
        "sections:\n{ignore}",
    ),
    "column.unused_texts:note": Message(
        "“{note}” is sent as the description of {count}, and the texts under “{text}” are not sent.",
        "Notes are often for colleagues. If “{text}” is the description, add to importer.toml:\n{alias}\nIf it means "
        "something else, add above all sections:\n{ignore}",
        Severity.WARNING,
    ),
    "column.unused_texts": Message(
        "{count} would be billed without a description, and the texts under “{text}” are not sent.",
        "If they are the description, add to importer.toml:\n{alias}\nIf they mean something else, add above all "
        "sections:\n{ignore}",
        Severity.WARNING,
    ),
    "column.unused_ids": Message(
        "“{text}” holds the ids of what is open in Kantata, such as {item}, but the column is not used: {count} would "
        "be billed by amount, the items would stay open, and could be billed a second time.",
        "Bill them by their ids: write {title} into the column Item type, and add to importer.toml:\n{alias}\n"
        "If the column means something else, add above all sections:\n{ignore}",
    ),
    "amount.unit": Message(
        "The sheet says “{unit}”: it is not certain whether the amounts, from {first} on, are billed as they stand "
        "or in thousands, millions or cents.",
        "Type the amounts in full in the project's currency, and take “{unit}” away.",
    ),
    "column.contradicts": Message(
        "“{header}”{read_as} says “{shown}”, which contradicts what would be billed: {why}.",
        "Correct the row or leave it out. If the column means something else, add to importer.toml, "
        "above all sections:\n{ignore}",
    ),
    "column.contradicts:amount": Message(
        "“{header}”{read_as} says “{shown}”, which contradicts what would be billed: {why}.",
        "Correct the row. If the column means something else, add to importer.toml, above all sections:\n{ignore}\n"
        "If it holds the amounts to bill, add instead:\n{instead}",
    ),
    "column.contradicts:net": Message(
        "“{header}”{read_as} says “{shown}”, which contradicts what would be billed: {why}.",
        "If the column holds the days to pay, call it Net days. If it means something else, add to importer.toml, "
        "above all sections:\n{ignore}\nIf it holds the amounts to bill, add instead:\n{instead}",
    ),
    "column.contradicts:days": Message(
        "“{header}” holds days to pay (“{shown}”), no due date, and they are not those of the invoice.",
        "If they are the net days, add to importer.toml:\n{instead}\n"
        "If the column means something else, add above all sections:\n{ignore}",
    ),
    "column.contradicts:date": Message(
        "“{header}”{read_as} says “{shown}”, as if the row were billed already: {why}.",
        "If the row is billed already, leave it out. If the column is the invoice date, add to importer.toml:\n"
        "{instead}\n"
        "If it means something else, add above all sections:\n{ignore}",
    ),
    "column.read_as": Message(
        "The column “{header}” is read as {title}; in many exports it holds {other}.",
        "Nothing to do if that is right. Otherwise add to importer.toml, above all sections:\n{ignore}",
        Severity.WARNING,
    ),
    "column.not_applied": Message(
        "The column “{text}” is not used: every row is billed with the amount in the sheet.",
        "Make sure that the amounts are final. {lines}",
        Severity.WARNING,
    ),
    "column.not_applied:status": Message(
        "The column “{text}” is not used where it says {words}: these rows are billed like the others.",
        "Make sure that they are to be billed. {lines}",
        Severity.WARNING,
    ),
    "column.not_applied:blank": Message(
        "“{text}” is blank here, while other rows say yes: the row is billed like them.",
        "Make sure that it is to be billed. {lines}",
        Severity.WARNING,
    ),
    "column.not_applied:share": Message(
        "“{text}” is not all of it in {rows_named}: these rows are billed with the whole amount in the sheet.",
        "Make sure that the amounts are the parts to bill. {lines}",
        Severity.WARNING,
    ),
    "column.unclear": Message(
        "“{text}” may say that a row is to be billed, that it was billed, or the number of its invoice.",
        "Say in importer.toml which it is:\n{instead}\nIf it means nothing, add above all sections:\n{ignore}",
    ),
    "column.no_header": Message(
        "Column {letter} holds values but has no header, so it is not used.",
        "Give the column a header, or empty it.",
        Severity.WARNING,
    ),
    "column.hidden": Message(
        "Hidden in Excel, but used like the other columns: {names}.", _SHOW_COLUMNS, Severity.WARNING
    ),
    "column.hidden:skip": Message(
        "Hidden in Excel and not used, because hidden_rows is “skip”: {names}.", _SHOW_COLUMNS, Severity.WARNING
    ),
    "column.hidden:refuse": Message(
        "Hidden in Excel, which hidden_rows = “refuse” does not allow: {names}.", _SHOW_COLUMNS
    ),
}

_COVER = {
    "cover.batch": Message(
        "The sheet {name} has a label “Batch”, but no value can be read beside it.",
        "Type the batch as text, such as 2026-10; a formula must have been calculated by Excel.",
    ),
    "cover.expected": Message(
        "The sheet Cover has a label “{label}”, but no number can be read beside it.",
        "Type it as a number, such as {example}; a formula must have been calculated by Excel.",
    ),
    "cover.expected:several": Message(
        "The sheet Cover expects several different numbers: {numbers}.",
        "Leave one “Expected total” and one “Expected invoices”.",
    ),
    "cover.formula": Message(
        "“{label}” on the sheet Cover is a formula. A formula over these rows always matches and proves nothing, "
        "so “run” does not send because of it.",
        "Type the number from your books instead.",
        Severity.WARNING,
    ),
    "cover.unknown": Message(
        "The sheet Cover says “{label}”, which is not a known control total, so nothing would be checked against it.",
        "If it is a control total, call it {meant}; otherwise rename it.",
    ),
}

_IF_A_LINE = "Nothing to do. If it is a line item, give it a project and an item type."
_TOTAL_OR_LINE = "If it is a total, delete it. If it is a line item, add a column Item type to the sheet and fill it."
_SHOW_ROWS = "Unhide the rows or clear the filter to see them; delete those that must not be billed."

_ROWS = {
    "row.header": Message(
        "Row {number} repeats the header of row {header_row}; it was left out.", "Nothing to do.", Severity.WARNING
    ),
    "row.hidden": Message(
        "Hidden in Excel, but billed like the other rows: {rows_named}.", _SHOW_ROWS, Severity.WARNING
    ),
    "row.hidden:skip": Message(
        "Hidden in Excel and left out, because hidden_rows is “skip”: {rows_named}.", _SHOW_ROWS, Severity.WARNING
    ),
    "row.hidden:refuse": Message(
        "Hidden in Excel, which hidden_rows = “refuse” does not allow: {rows_named}.", _SHOW_ROWS
    ),
    "row.raised": Message(
        "A number stands raised or lowered beside other letters, so the text of the cell is not what is shown.",
        "Delete the raised number, or write it on the line if it belongs to the value.",
    ),
    "row.struck": Message(
        "The row is crossed out, in whole or in part, so it is not clear whether to bill it.",
        "Delete the row if it must not be billed; otherwise remove the strikethrough.",
    ),
    "row.prepared": Message(
        "Prepared, but with nothing to bill, and left out: {rows_named}.",
        "Nothing to do. To bill such a row, give it a project, an item type and what that type needs.",
        Severity.WARNING,
    ),
    "row.not_billable": Message(
        "Not billable, without an amount, and left out: {rows_named}.",
        "Nothing to do. To bill such a row, give it an amount and change the column that says so.",
        Severity.WARNING,
    ),
    "row.tax": Message(
        "Row {number} (“{label}”) is the tax of the rows above it, not a line item; it was left out.",
        "Nothing to do: Kantata adds the tax of lines that are taxable.",
        Severity.WARNING,
    ),
    "row.note": Message(
        "Row {number} (“{label}”) is a note under the table, not a line item; it was left out.",
        _IF_A_LINE,
        Severity.WARNING,
    ),
    "row.note:title": Message(
        "Row {number} (“{label}”) holds nothing but this text, as a title of other rows does; it was left out.",
        _IF_A_LINE,
        Severity.WARNING,
    ),
    "row.note:doubtful": Message(
        "Row {number} says “{label}”: this may be a name, and the rows below it are billed.",
        "Nothing to do if it is a name. Delete those rows if they must not be billed.",
        Severity.WARNING,
    ),
    "row.not_to_bill": Message(
        "Row {number} says “{label}”: the rows below it may not be meant to be billed.",
        "Delete those rows if they must not be billed; otherwise take the text away.",
    ),
    "row.not_to_bill:sent": Message(
        "{text} says “{label}”: the row may not be meant to be billed, and the client would read it.",
        "Delete the row if it must not be billed; otherwise correct the text.",
    ),
    "row.not_to_bill:remark": Message(
        "“{text}” says “{label}”: the row may not be meant to be billed.",
        "Delete the row if it must not be billed; otherwise empty the cell. To pass over the column, add to "
        "importer.toml, above all sections:\n{ignore}",
    ),
    "row.maybe_not_to_bill": Message(
        "“{text}” says “{label}”, but the row is billed: {rows_named}.",
        "Delete the row if it must not be billed. To pass over the column, add to importer.toml, above all sections:\n"
        "{ignore}",
        Severity.WARNING,
    ),
    "row.maybe_not_to_bill:sent": Message(
        "{text} says “{label}”, but the row is billed: {rows_named}.",
        "Delete the row if it must not be billed; otherwise nothing is to be done.",
        Severity.WARNING,
    ),
    "row.total": Message(
        "Row {number} (“{label}”) is a total, not a line item; it was left out.", _IF_A_LINE, Severity.WARNING
    ),
    "row.total:bare": Message(
        "Row {number} holds only an amount: it is a total, not a line item; it was left out.",
        _IF_A_LINE,
        Severity.WARNING,
    ),
    "row.total_unclear": Message(
        "Row {number} (“{label}”) may be a total or a line item; the sheet has no project or item type to show which.",
        _TOTAL_OR_LINE,
    ),
    "row.total_unclear:bare": Message(
        "Row {number} holds only an amount, so it may be a total or a line item; the sheet has no project or item "
        "type to show which.",
        _TOTAL_OR_LINE,
    ),
}

MESSAGES = {**_FILES, **_CSV, **_SHEETS, **_HEADERS, **_COVER, **_ROWS}
