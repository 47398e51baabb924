"""Columns that are compared and never sent: what they say may not contradict what is billed.

The rules stand in :mod:`importer.model.check_only`. A text that can be read in several ways agrees when one of
them does. What no rule can decide is a warning where the column may be a remark, else an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from importer.checking.amount_proofs import Facts, disagreements
from importer.checking.conventions import Conventions
from importer.model.check_only import Rule
from importer.model.columns import Kind
from importer.model.currencies import CODES
from importer.model.headers import bare, fold, without_currency
from importer.model.invoices import AMOUNT_IN_SHEET
from importer.model.messages import problem
from importer.model.sheet import is_blank, text_of
from importer.model.words import count_of, rows_named
from importer.values.amounts import LONGEST, currency_of, same_currency, typed_amount
from importer.values.cells import is_nothing, parser_of
from importer.values.dates import date_of_cell, typed_date
from importer.values.dates import shown as shown_date
from importer.values.not_to_bill import is_not_to_bill
from importer.values.other_dates import may_be_invoice_date
from importer.values.readings import Typed, clean, number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Hashable, Iterator, Mapping

    import pandas as pd

    from importer.checking.amount_proofs import Fault, Readings
    from importer.checking.invoice_rules import InvoiceRows
    from importer.checking.typed_cells import Parsed
    from importer.model.problems import Problem
    from importer.model.sheet import Cell, CheckedColumn, Sheet

_DEBITS = frozenset("dr d debit s soll debe debet dare debito + in".split())
_NOT_DEBITS = frozenset("cr c credit h haben haber avere credito k kredit − out".split()) | {""}
"""Words for a credit, and a minus: nothing is left of it in :func:`bare`."""
_APPROVALS = re.compile(
    "ok|okay|approved|accepted|confirmed|signedoff|genehmigt|freigegeben|bestatigt|valide|approuve|aprobado|goedgekeurd"
    "|akkoord|approvato|zatwierdzon[eoay]|aprovado|godkand"
)
_INITIALS = re.compile(r"(?!TB[ACD]$|NA$|NOK$|KO$|WIP$)(?:[A-ZÄÖÜÉ]\.?){2,3}")
_NOT_YET = re.compile(
    r"(?:not|nicht|noch nicht|non(?!-)|niet|nie|não|ikke|inte|ej|pas"
    r"|no(?! (?:objection|issue|problem|concern|comment|change)))"
    r"\b(?![.:#\s]*[0-9])|pending|later|ausstehend|offen\b|en attente"
    r"|pendiente|pendente|in attesa|in afwachting|oczekuj|[✗✘✖❌]",
    re.IGNORECASE,
)
"""How a flag says no beside a yes: ✗, “not yet”, “nicht freigegeben”, but not “No. 12” nor “no objections”."""
_CREDITS = re.compile("credit|kredit|gutschrift|avoir|abono|rectificativ|korekt|koryg|^cn$|^gs$")
_NO_INVOICES = re.compile(
    "proforma|quot|estimate|angebot|devis|presupuesto|offert|preventivo|ofert|mahnung|reminder|storn"
)
_INVOICES = "invoice|rechnung|facture|factur|fattura|faktura|^inv$|^re$|^ar$"
_DOCUMENTS = re.compile(f"{_INVOICES}|{_CREDITS.pattern}|{_NO_INVOICES.pattern}")
MOST_WORDS_NAMED = 3
"""Words of a status that a warning names."""
_OF_WORDS = frozenset({Rule.NO, Rule.YES, Rule.EMPTY, Rule.NONE, Rule.SIGN})
_FLAGS = frozenset({Rule.YES, Rule.STATUS, Rule.APPROVED})
_STATES = frozenset({Rule.STATUS, Rule.APPROVED})
_NOT_OF_AMOUNTS = _OF_WORDS | {Rule.CURRENCY, Rule.DUE_DATE, Rule.DOCUMENT, Rule.UNCLEAR, Rule.SHARE, *_STATES}
_ALL_OF_IT = frozenset({Decimal(1), Decimal(100)})
"""1, or 100 %."""
_DURATION = re.compile(r"([0-9]{1,4}):([0-5][0-9])(?::([0-5][0-9]))?")
_UNIT = re.compile(r"\s*(?:%|[^\W\d_]+\.?)$")
"""What stands behind a number: “8 h”, “19 %”, “2 pcs.”."""
_CODE = re.compile(r"\b[A-Z]{3}\b")
_SECONDS = 3600
_PERCENT = Decimal(100)
"""All of it, as a column “Billable %” says."""
_NET_HEADERS = re.compile(r"net|netto|neto|excl|without|ohne|\bht\b", re.IGNORECASE)


@dataclass
class Contradictions:
    """What the check-only columns of a sheet say."""

    problems: list[Problem] = field(default_factory=list)
    currencies: dict[int, str] = field(default_factory=dict)
    """Row → currency that a column of its own says."""


def contradictions(sheet: Sheet, typed: Parsed, left: Container[str] = ()) -> Contradictions:
    """Compare the check-only columns; an error at each cell that keeps its row from being billed as it stands.

    ``left`` are the names of columns that are compared with Kantata, or set aside, already.
    """
    found = Contradictions()
    for checked in sheet.checked:
        if checked.column.rule in _OF_WORDS | _STATES:
            found.problems.extend(_wrong_flags(sheet, checked))
        elif checked.column.rule is Rule.CURRENCY:
            _use_currencies(sheet, checked, typed, found)
        elif checked.column.rule is Rule.DOCUMENT:
            found.problems.extend(_wrong_documents(sheet, checked, typed.frame))
        elif checked.column.rule in _ON_THEIR_OWN:
            found.problems.extend(_ON_THEIR_OWN[checked.column.rule](sheet, checked))

    of_amounts = [checked for checked in sheet.checked if checked.column.rule not in _NOT_OF_AMOUNTS]
    if of_amounts and sheet.has("amount"):
        found.problems.extend(_wrong_amounts(sheet, typed.frame, of_amounts, left))
    return found


# --- words ---------------------------------------------------------------------


def _wrong_flags(sheet: Sheet, checked: CheckedColumn) -> Iterator[Problem]:
    """What is wrong in a column of marks or words; one that holds other texts is not used, with a warning."""
    if checked.column.rule in _FLAGS:
        yield from _blank_flags(sheet, checked)

    if checked.column.rule in _STATES or _is_no_flag(checked):
        yield from _wrong_status(sheet, checked)
    elif checked.column.rule is Rule.SIGN and not any(map(_is_sign, checked.cells.values())):
        yield _not_applied(sheet, checked)
    else:
        yield from _wrong_words(sheet, checked)


def _wrong_words(sheet: Sheet, checked: CheckedColumn) -> Iterator[Problem]:
    is_of_dates = checked.column.rule is Rule.EMPTY and may_be_invoice_date(checked.header.text)
    may_be_date = is_of_dates and not sheet.has("invoice_date")
    for row, cell in checked.cells.items():
        needed = _needed_word(checked.column.rule, cell)
        if needed is not None:
            key = "column.contradicts:date" if may_be_date and _dates_in(cell) else None
            yield contradiction(sheet, checked, row, f"only {needed} agrees with it", key)


_NEEDED = {Rule.NO: "no", Rule.NONE: "nothing or 0", Rule.EMPTY: "an empty cell", Rule.YES: "yes", Rule.SIGN: "a debit"}
"""What a cell under a rule of words should say."""


def _needed_word(rule: Rule, cell: Cell) -> str | None:
    """What a cell should say instead; None when it agrees."""
    if rule is Rule.SIGN:
        agrees = bare(text_of(cell)) in _DEBITS
    elif rule is Rule.YES:
        agrees = parser_of(Kind.YES_NO)(cell) is True or figures_in(cell) == {_PERCENT}
    else:
        agrees = is_nothing(cell) or (rule is not Rule.EMPTY and parser_of(Kind.YES_NO)(cell) is False)
    return None if agrees else _NEEDED[rule]


def _wrong_status(sheet: Sheet, checked: CheckedColumn) -> Iterator[Problem]:
    """An error at each status that says that the row is not to be billed; a warning that names others."""
    said = _agreements(checked)
    wrong = [row for row, agrees in said.items() if agrees is False]
    for row in wrong:
        yield contradiction(sheet, checked, row, "only the status of a row that is still to be billed agrees with it")
    others = list(dict.fromkeys(checked.shown(row) for row, agrees in said.items() if agrees is None))
    if others:
        named = [f"“{word[:50]}”" for word in others[:MOST_WORDS_NAMED]]
        more = " and other words" if len(others) > MOST_WORDS_NAMED else ""
        yield _not_applied(sheet, checked, "column.not_applied:status", words=", ".join(named) + more)


def _agreements(checked: CheckedColumn) -> dict[int, bool | None]:
    """Row → whether its status says that it is to be billed; a no counts for nothing where no row is approved."""
    is_approved = checked.column.rule is Rule.APPROVED
    said = {row: _agreement(cell) for row, cell in checked.cells.items()}
    if is_approved:
        said.update(dict.fromkeys(_unknown(checked, said, _is_approval), True))

    if True in said.values():
        said.update(dict.fromkeys(_unknown(checked, said, _is_not_yet), False))
    elif is_approved:
        said.update({row: None for row, cell in checked.cells.items() if _says_no(cell)})
    return said


def _unknown(checked: CheckedColumn, said: Mapping[int, bool | None], judge: Callable[[Cell], bool]) -> list[int]:
    """The rows whose word is not known yet, and that are judged so."""
    return [row for row, cell in checked.cells.items() if said[row] is None and judge(cell)]


def _blank_flags(sheet: Sheet, checked: CheckedColumn) -> Iterator[Problem]:
    """A warning at each blank cell of a column in which other rows say yes."""
    if True not in _agreements(checked).values():
        return
    for row in sheet.frame.index:
        if row not in checked.cells:
            yield _not_applied(sheet, checked, "column.not_applied:blank", row=row)


def _is_no_flag(checked: CheckedColumn) -> bool:
    """Whether a column that should say yes holds other texts only: “Bill this” above the names of clients."""
    return checked.column.rule is Rule.YES and not any(map(_is_mark, checked.cells.values()))


def _is_mark(cell: Cell) -> bool:
    return isinstance(parser_of(Kind.YES_NO)(cell), bool) or bool(figures_in(cell)) or _is_not_yet(cell)


def _is_sign(cell: Cell) -> bool:
    return bare(text_of(cell)) in _DEBITS | _NOT_DEBITS


@lru_cache(maxsize=1_000, typed=True)
def _is_approval(cell: Cell) -> bool:
    """Whether a cell below “Approved” says yes in other words: OK, a day, initials."""
    text = text_of(cell).strip()
    is_word = _APPROVALS.fullmatch(bare(text)) is not None or _INITIALS.fullmatch(text) is not None
    return is_word or bool(_dates_in(cell))


@lru_cache(maxsize=1_000, typed=True)
def _is_not_yet(cell: Cell) -> bool:
    return _NOT_YET.match(text_of(cell).strip()) is not None


@lru_cache(maxsize=1_000, typed=True)
def _agreement(cell: Cell) -> bool | None:
    """Whether a status says that a row is to be billed; None where its word is not known."""
    said = parser_of(Kind.YES_NO)(cell)
    if isinstance(said, bool):
        return said
    return False if is_not_to_bill(text_of(cell)) else None


def _says_no(cell: Cell) -> bool:
    return parser_of(Kind.YES_NO)(cell) is False


def _wrong_documents(sheet: Sheet, checked: CheckedColumn, parsed: pd.DataFrame) -> Iterator[Problem]:
    """An error at each cell that speaks of a credit beside a charge, or of no invoice at all."""
    amounts = _cells_of(parsed, "amount")
    words = {row: _word_for_document(checked, cell) for row, cell in checked.cells.items() if not _says_no(cell)}
    for row, word in words.items():
        amount = amounts.get(row)
        if _CREDITS.search(word) and not (isinstance(amount, Decimal) and amount < 0):
            yield contradiction(sheet, checked, row, "only an invoice agrees with it, or a credit with a minus")
        elif _NO_INVOICES.search(word):
            yield contradiction(sheet, checked, row, "only an invoice agrees with it")
    if not all(_DOCUMENTS.search(word) for word in words.values()):
        yield _not_applied(sheet, checked)


def _unclear(sheet: Sheet, checked: CheckedColumn) -> Iterator[Problem]:
    """The error of all filled rows of a column that may say that they are to be billed, or that they were."""
    facts = {"text": checked.header.text, "instead": checked.instead, "ignore": checked.ignore}
    found = _at(sheet, checked, min(checked.cells), "column.unclear", facts)
    yield replace(found, rows=tuple(checked.cells))


def _parts(sheet: Sheet, checked: CheckedColumn) -> Iterator[Problem]:
    """A warning that names the rows of which only a part may be meant."""
    rows = [row for row, cell in checked.cells.items() if _is_part(cell)]
    if rows:
        yield _not_applied(sheet, checked, "column.not_applied:share", row=rows[0], rows_named=rows_named(rows))


_ON_THEIR_OWN = {Rule.UNCLEAR: _unclear, Rule.SHARE: _parts}
"""Rules that need nothing but the cells of their column."""


@lru_cache(maxsize=1_000, typed=True)
def _is_part(cell: Cell) -> bool:
    """Whether a share is not all of it; words such as “done” say nothing of the amount."""
    numbers = figures_in(cell)
    return numbers.isdisjoint(_ALL_OF_IT) if numbers else any(map(str.isdigit, text_of(cell)))


def _word_for_document(checked: CheckedColumn, cell: Cell) -> str:
    """What a row is; yes means what the header says, as in “Credit note”."""
    is_yes = parser_of(Kind.YES_NO)(cell) is True
    return bare(checked.header.text if is_yes else text_of(cell))


def _use_currencies(sheet: Sheet, checked: CheckedColumn, typed: Parsed, found: Contradictions) -> None:
    """Take the currency of each row; one that differs from the mark beside its amount is an error."""
    for row, cell in checked.cells.items():
        currency, mark = _currency_in(text_of(cell)), typed.currencies.get(row)
        if currency is None:
            found.problems.append(contradiction(sheet, checked, row, "only a currency agrees with it"))
        elif mark is not None and not same_currency(mark, currency):
            found.problems.append(contradiction(sheet, checked, row, f"the amount is in {mark}"))
        else:
            found.currencies[row] = currency


@lru_cache(maxsize=1_000)
def _currency_in(text: str) -> str | None:
    """The currency of a cell: EUR, €, “Euro - EUR”."""
    codes = {code for code in _CODE.findall(text) if code in CODES}
    return currency_of(text.strip()) or (codes.pop() if len(codes) == 1 else None)


# --- due dates ---------------------------------------------------------------------


def wrong_due_dates(rows: InvoiceRows, sheet: Sheet, net_days: int | None) -> Iterator[Problem]:
    """An error at each due date that is not the invoice date plus the net days.

    ``net_days`` are those of the settings, for rows that say nothing.
    """
    columns = [checked for checked in sheet.checked if checked.column.rule is Rule.DUE_DATE]
    if not columns or _unreadable_terms(rows, sheet):
        return
    values = rows.merged()
    days = values.get("payment_schedule", net_days)
    for checked in columns:
        for line in rows.lines:
            if line.row in checked.cells:
                yield from _wrong_due_date(sheet, checked, line.row, values.get("invoice_date"), days)


def _wrong_due_date(
    sheet: Sheet, checked: CheckedColumn, row: int, invoice_date: date | None, days: int | None
) -> Iterator[Problem]:
    """The error of one cell, if any; without ``days`` only one that says days itself."""
    stated = _days_in(checked.cells[row])
    if stated is not None and stated != days:
        yield contradiction(sheet, checked, row, "", "column.contradicts:days")
    if stated is not None or days is None:
        return
    due, why = _due(invoice_date, days)
    if due not in _dates_in(checked.cells[row]):
        yield contradiction(sheet, checked, row, why)


def _days_in(cell: Cell) -> int | None:
    """The days to pay that a cell under a due date says instead of a date: “30 jours”."""
    days = None if _dates_in(cell) else parser_of(Kind.DAYS)(cell)
    return days if isinstance(days, int) else None


def _due(invoice_date: date | None, days: int) -> tuple[date | None, str]:
    """The day on which an invoice is due, and why it is that day."""
    if invoice_date is None:
        return None, "the row has no invoice date, so that the day of sending would decide"
    due = invoice_date + timedelta(days=days)
    return due, f"{shown_date(invoice_date)} and {count_of(days, 'day')} to pay make it {shown_date(due)}"


def _unreadable_terms(rows: InvoiceRows, sheet: Sheet) -> bool:
    """Whether a cell with the date or the net days could not be read: it has an error of its own."""
    for line in rows.lines:
        for name in ("invoice_date", "payment_schedule"):
            if name not in line.invoice_values and not is_blank(sheet.raw(name, line.row)):
                return True
    return False


@lru_cache(maxsize=10_000, typed=True)
def _dates_in(cell: Cell) -> frozenset[object]:
    """The days that a cell may mean; none when it is no date."""
    if isinstance(cell, str):
        read = typed_date(cell, Conventions().today)
        return frozenset(dict(read.values).values()) if isinstance(read, Typed) else frozenset()
    day = date_of_cell(cell)
    return frozenset({day}) if isinstance(day, date) else frozenset()


# --- figures ---------------------------------------------------------------------


def _wrong_amounts(
    sheet: Sheet, parsed: pd.DataFrame, columns: list[CheckedColumn], left: Container[str]
) -> Iterator[Problem]:
    """Compare with the amount of each row that has one and is priced by it; warn of columns that decided nothing."""
    header, _ = without_currency(sheet.title("amount"))
    is_price, is_net = fold(header) == "price", _NET_HEADERS.search(header) is not None
    taxable = _cells_of(parsed, "taxable")
    priced = dict(_priced(parsed))
    has_total = any(checked.column.rule is Rule.TOTAL for checked in columns)
    sums = _sums_of_invoices(parsed, priced) if has_total else {}
    used: set[int] = set()
    judged: dict[tuple[object, ...], list[Fault]] = {}
    for row, amount in priced.items():
        says = _what_row_says(columns, row)
        if not says:
            continue
        same = (amount, taxable.get(row), sums.get(row), says)
        if same not in judged:  # rows that say the same are judged once
            facts = Facts(amount, taxable.get(row), _by_rule(columns, row), sums.get(row, amount), is_price, is_net)
            judged[same] = list(disagreements(facts))
            used.update(facts.used)
        for checked, why in judged[same]:
            yield contradiction(sheet, checked, row, why)

    for checked in columns:
        if checked.header.position not in used and checked.column.name not in left:
            yield _not_applied(sheet, checked)


def _what_row_says(columns: list[CheckedColumn], row: int) -> tuple[object, ...]:
    """The filled cells of a row, with what tells them from others that compare as equal."""
    says: list[object] = []
    for checked in columns:
        cell = checked.cells.get(row)
        if cell is not None:
            says += (checked.header.position, type(cell), cell)
    return tuple(says)


def _by_rule(columns: list[CheckedColumn], row: int) -> dict[Rule, list[Readings]]:
    cells: dict[Rule, list[Readings]] = {}
    for checked in columns:
        if row in checked.cells:
            cells.setdefault(checked.column.rule, []).append((checked, figures_in(checked.cells[row])))
    return cells


def _priced(parsed: pd.DataFrame) -> Iterator[tuple[int, Decimal]]:
    """Row and amount of the fixed fees and additional items whose amount can be read."""
    kinds = _cells_of(parsed, "item_type")
    for row, amount in _cells_of(parsed, "amount").items():
        if isinstance(amount, Decimal) and kinds.get(row) in AMOUNT_IN_SHEET:
            yield cast("int", row), amount


def _cells_of(parsed: pd.DataFrame, name: str) -> Mapping[Hashable, object]:
    return dict(parsed[name].items()) if name in parsed.columns else {}


def _sums_of_invoices(parsed: pd.DataFrame, priced: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """Row → sum of the amounts of all rows of its invoice, which its key tells, or its project."""
    keys = _cells_of(parsed, "invoice_key")
    projects, names = _cells_of(parsed, "workspace_id"), _cells_of(parsed, "workspace")
    invoice_of: dict[int, object] = {}
    sums: dict[object, Decimal] = {}
    for row, amount in priced.items():
        invoice = keys.get(row) or (projects.get(row), names.get(row))
        invoice_of[row] = invoice
        sums[invoice] = sums.get(invoice, Decimal(0)) + amount
    return {row: sums[invoice] for row, invoice in invoice_of.items()}


@lru_cache(maxsize=10_000, typed=True)
def figures_in(cell: Cell) -> frozenset[Decimal]:
    """The numbers that a cell may mean, hours of a duration; none when it is no number."""
    if isinstance(cell, str):
        return _figures_in_text(clean(cell))
    if isinstance(cell, time):
        cell = timedelta(hours=cell.hour, minutes=cell.minute, seconds=cell.second)
    if isinstance(cell, timedelta):
        return frozenset({Decimal(cell.total_seconds()) / _SECONDS})
    number = None if isinstance(cell, date) else number_of(cell)
    return frozenset() if number is None else frozenset({number})


def _figures_in_text(text: str) -> frozenset[Decimal]:
    if duration := _DURATION.fullmatch(text):
        hours, minutes, seconds = (int(part or 0) for part in duration.groups())
        return frozenset({Decimal(hours * _SECONDS + minutes * 60 + seconds) / _SECONDS})
    if is_nothing(text):
        return frozenset({Decimal(0)})
    if len(text) > LONGEST:
        return frozenset()
    for form in (text, _UNIT.sub("", text)):
        read = typed_amount(form)
        if isinstance(read, Typed):
            return frozenset(value for value in dict(read.values).values() if isinstance(value, Decimal))
    return frozenset()


# --- how it is said --------------------------------------------------------------


def contradiction(sheet: Sheet, checked: CheckedColumn, row: int, why: str, key: str | None = None) -> Problem:
    """The error at a cell that contradicts what would be billed; ``why`` ends its sentence.

    ``key``: the message for a column that holds something else than its header says.
    """
    text, title = checked.header.text, checked.column.title
    meant = None if key is None else _HELD_INSTEAD[key]
    if key is None:
        key = "column.contradicts"
        if checked.column.rule in {Rule.TOTAL, Rule.NET, Rule.GROSS}:
            key = "column.contradicts:net" if fold(text) == "net" else "column.contradicts:amount"
    facts = {"ignore": checked.ignore, "header": text, "shown": checked.shown(row)}
    if key != "column.contradicts:days":
        facts["why"] = why
        facts["read_as"] = "" if fold(text) == fold(title) else f", read as {title},"
    if key != "column.contradicts":
        facts["instead"] = checked.instead
    return replace(_at(sheet, checked, row, key, facts), meant=meant)


_HELD_INSTEAD = {"column.contradicts:days": "payment_schedule", "column.contradicts:date": "invoice_date"}
"""Message → the column that may be meant."""


def _not_applied(
    sheet: Sheet, checked: CheckedColumn, key: str = "column.not_applied", row: int | None = None, **facts: object
) -> Problem:
    """A warning at the header of a column, or at its cell in a ``row``."""
    text = checked.header.text
    lines = f"To silence this warning, add to importer.toml, above all sections:\n{checked.ignore}"
    return _at(sheet, checked, row or sheet.header_row, key, {"text": text, "lines": lines, **facts})


def _at(sheet: Sheet, checked: CheckedColumn, row: int, key: str, facts: Mapping[str, Any]) -> Problem:
    """A problem at a cell of the column; its value is what is said to be ``shown``, else the header."""
    text = checked.header.text
    place: dict[str, Any] = {"sheet": sheet.name, "cell": checked.at(row), "row": row, "column": text}
    return problem(key, value=facts.get("shown", text), **place, **facts)
