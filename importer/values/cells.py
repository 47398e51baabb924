"""What one cell means: a raw value becomes a typed one, or a reason why it cannot.

:func:`parser_of` gives the function for each kind of column; amounts and dates have files of their own.
"""

from __future__ import annotations

import difflib
import re
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

from importer.model.columns import ITEM_TYPE_ALIASES, ITEM_TYPE_TITLES, MOST_DAYS, SYNC_STATUSES, Kind
from importer.model.headers import bare, fold
from importer.model.invoices import ItemType
from importer.values.amounts import amount_of_cell
from importer.values.dates import date_of_cell
from importer.values.readings import SURE_DIGITS, Unreadable, clean, number_of, unreadable
from importer.values.texts import text_of_cell

if TYPE_CHECKING:
    from collections.abc import Callable


LARGEST_ID = 2**63 - 1
"""Ids are bounded only by what any database can hold, never by 2**31."""

_YES = frozenset("yes y true 1 x ja j oui si sim tak はい wahr vrai verdadero ✓ ✔ ☑ ✅".split())
_NO = frozenset("no n false 0 nein nee nej nie non nao いいえ falsch faux falso ☐".split())
_NET_DAYS = re.compile(
    r"(?:net(?:to)? ?|n ?/? ?|within |innerhalb von |in |[aà] )?([0-9]{1,4}) ?"
    r"(?:d|days?|tagen?|tage|jours?|d[ií]as?|dag(?:en|ar|er|e)?|gg|giorn[io]|dni)?(?: net(?:to)?)?",
    re.IGNORECASE,
)
_ON_RECEIPT = frozenset(
    "dueonreceipt onreceipt uponreceipt dueuponreceipt payableonreceipt immediately dueimmediately "
    "sofort sofortfallig sofortzahlbar zahlbarsofort beierhalt nacherhalt "
    "areception dereception desreception immediat comptant alarecepcion alrecibir alrecibo alavista inmediato".split()
)
_THOUSANDS_OR_DECIMALS = re.compile(r"^-?[0-9]{1,3}\.[0-9]{3}$")
"""Typed text such as 1.000: a thousand to one half of Europe, one to the other."""
_SHORTENED = re.compile(r"^[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}$")
"""How Excel writes a long number into a narrow cell, and from there into a text file."""
_WHOLE_TEXT = re.compile(r"^-?[0-9]+(?:\.0{1,2})?$")


def parser_of(kind: Kind) -> Callable[[object], object]:
    """Return the function that reads cells of a kind: raw value → typed value or Unreadable."""
    return _PARSERS[kind]


def _identifier(raw: object) -> int | Unreadable:
    if isinstance(raw, str) and _THOUSANDS_OR_DECIMALS.match(clean(raw)):
        return unreadable("*.ambiguous")
    if isinstance(raw, str) and _SHORTENED.match(clean(raw)):
        return unreadable("*.lost_digits")
    number = number_of(raw)
    if number is None:
        return unreadable("*.not_a_number:id")
    if isinstance(raw, float) and abs(raw) >= 10**SURE_DIGITS:
        return unreadable("*.too_many_digits", digits=SURE_DIGITS)
    return _id_of(number)


def _id_of(number: Decimal) -> int | Unreadable:
    if number != number.to_integral_value():
        return unreadable("*.not_whole")
    if number <= 0:
        return unreadable("*.not_positive")
    if number > LARGEST_ID:
        return unreadable("*.too_large:id")
    return int(number)


def _yes_no(raw: object) -> bool | Unreadable:
    if isinstance(raw, bool):
        return raw
    word = bare(clean(raw)) if isinstance(raw, str) else str(number_of(raw))
    if word in _YES:
        return True
    if word in _NO:
        return False
    return unreadable("*.not_yes_no")


def _days(raw: object) -> int | Unreadable:
    number = _typed_days(clean(raw)) if isinstance(raw, str) else number_of(raw)
    if number is None or number != number.to_integral_value():
        return unreadable("*.not_days")
    if not 0 <= number <= MOST_DAYS:
        return unreadable("*.not_days:range")
    return int(number)


def _typed_days(text: str) -> Decimal | None:
    """Days of a typed term: “30”, “Net 30”, “due on receipt”."""
    if _WHOLE_TEXT.match(text):
        return number_of(text)
    if bare(text) in _ON_RECEIPT:
        return Decimal(0)
    match = _NET_DAYS.fullmatch(text)
    return Decimal(match[1]) if match else None


def _item_type(raw: object) -> object:
    titles = tuple(ITEM_TYPE_TITLES.values())
    return _choice(raw, _ITEM_TYPES, titles)


def _sync_status(raw: object) -> object:
    return _choice(raw, _SYNC_STATUSES, SYNC_STATUSES)


def _choice(raw: object, meanings: dict[str, object], shown: tuple[str, ...]) -> object:
    word = fold(clean(raw)) if isinstance(raw, str) else ""
    if word in meanings:
        return meanings[word]
    choices = ", ".join(shown[:-1]) + f" or {shown[-1]}"
    near = difflib.get_close_matches(word, meanings, n=1, cutoff=0.7)
    if not near:
        return unreadable("*.unknown", choices=choices)
    meant = meanings[near[0]]
    name = ITEM_TYPE_TITLES[meant] if isinstance(meant, ItemType) else meant
    return unreadable("*.unknown:near", near=name, choices=choices)


_ITEM_TYPES: dict[str, object] = {}
for _type in ItemType:
    for _word in (_type.value, ITEM_TYPE_TITLES[_type], *ITEM_TYPE_ALIASES[_type]):
        _ITEM_TYPES[fold(_word)] = _type
_SYNC_STATUSES: dict[str, object] = {status: status for status in SYNC_STATUSES}

_PARSERS: dict[Kind, Callable[[object], object]] = {
    Kind.IDENTIFIER: _identifier,
    Kind.ITEM_TYPE: _item_type,
    Kind.TEXT: text_of_cell,
    Kind.AMOUNT: amount_of_cell,
    Kind.YES_NO: _yes_no,
    Kind.DAYS: _days,
    Kind.DATE: date_of_cell,
    Kind.SYNC_STATUS: _sync_status,
}


_TOTAL = re.compile(
    r"""(?:grand|sub|invoice|project|monthly|overall|net|gross|page|report)?[ -]?totals?(?:\W.*)?  # Total October
      | .{1,60}\W(?:totals?|totaal|totale|ergebnis)\W?              # 101 Total, as subtotals and pivot tables write
      | sum | (?:zwischen|gesamt|end)?summe(?:\W.*)? | gesamt(?:betrag)?(?:\W.*)?
      | (?:sous[ -]?)?total(?:\W.*)?(?:g[eé]n[eé]ral)? | somme
      | (?:suma|total(?:es)?|subtotal)(?:\W.*)?
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NOTHING = re.compile(r"(?:[$€£¥]|[A-Z]{3})? ?-? ?(?:0+(?:[.,]0+)?)? ?-? ?(?:[$€£¥]|[A-Z]{3})?")
"""An amount of nothing: 0,00, $ 0.00, $ -, - €; the pattern fits a currency alone as well."""
_UNCHECKED = frozenset("false falsch faux falso ☐".split())
_ONLY_A_TOTAL = re.compile(
    r"""(?:
        (?:(?:grand|sub|invoice|project|overall)[ -]?)?totals?
      | (?:zwischen|gesamt|end)?summe | gesamt(?:betrag|ergebnis)? | teilergebnis
      | (?:sous[ -]?)?total(?:[ ]g[eé]n[eé]ral)? | somme | subtotal(?:es)? | total(?:es|[ ]geral)? | suma(?:[ ]końcowa)?
      | (?:sub|eind)?totaal | eindtotaal | (?:sub)?totale(?:[ ](?:generale|complessivo))?
      | razem | ogółem | łącznie | soma | totalsumma | totalbelopp
      | celkem | összesen | yhteensä | summa | delsumma | totalt | [ií][ ]alt | toplam | итого | всего
      | übertrag | (?:carried|brought)[ ](?:forward|down) | à[ ]reporter | suma[ ]y[ ]sigue | a[ ]riportare
      | Σ | 合計 | 小計 | 总计 | 小计
    )[\s:.=#]*\d*[\s:.=#]*""",
    re.IGNORECASE | re.VERBOSE,
)
"""A word for a total and nothing beside it but a number, as in “Subtotal 101:”."""
_LIKE_A_TOTAL = re.compile(
    r"(?:ergebnis|balance(?: due)?|saldo|(?:total )?amount due|[àa] payer|net [àa] payer|zu zahlen|zahlbetrag"
    r"|rechnungsbetrag|endbetrag|nettobetrag|bruttobetrag|te betalen|a pagar|da pagare|do zapłaty"
    r"|(?:net |amount )?payable|to pay|overall|in all|all|in total|net|gross|netto|brutto|outstanding|solde|importe"
    r"|importo|montant|bedrag|kwota|amount|betrag|(?:net|gross|invoice) amount|zusammen|insgesamt|together|altogether"
    r"|alles|tutto|ensemble|(?:en|au|in) total[ei]?|in totaal|(?:[łl]ącznie|ogółem)(?: netto| brutto)?|valor|belopp"
    r"|att betala|(?:at|å) betale|ytd|year to date|cumulative|kumuliert|cumulé|acumulado|carr(?:y|ied) (?:forward|over)"
    r"|[bc]/[fd]|vortrag|report|riporto|transport)[\s:.=]*",
    re.IGNORECASE,
)
"""Words below a column of amounts that may be the name of a service as well."""
_SERVICES = frozenset({"report", "transport", "vortrag"})
"""Such words that are the name of a service in any row that is a line item."""
_WORD_FOR_TOTAL = re.compile(
    r"\b(?:sub-?)?(?:totals?|sum|summe|totaal|totale|somme|suma|razem)\b|gesamt(?:summe|betrag|ergebnis)", re.IGNORECASE
)
_TAX = re.compile(
    r"""(?:\+|plus|add|zzgl\.?|zuzüglich|incl\.?|inkl\.?)?\s*(?:\d{1,2}(?:[.,]\d+)?\s?%\s*)?
        (?:vat|gst|hst|(?:sales[ ])?tax|mwst\.?|ust\.?|mehrwertsteuer|umsatzsteuer|tva|iva|btw|podatek(?:[ ]vat)?)
        \s*(?:[(@à]?\s*\d{1,2}(?:[.,]\d+)?\s?%\)?)?\s*:?""",
    re.IGNORECASE | re.VERBOSE,
)
LONGEST_LABEL = 80
"""Characters; a longer text is a description."""


class TotalLabel(Enum):
    """How clearly the text of a row says “total”."""

    ONLY = "the text is a word for a total"
    PERHAPS = "the text holds such a word, or one that can mean a total"


def is_total_label(cell: object) -> bool:
    """Tell whether a cell says that its row is a total, where nothing else says that it is a line item."""
    if not isinstance(cell, str) or len(cell) > LONGEST_LABEL:
        return False
    text = cell.strip()
    return any(pattern.fullmatch(text) for pattern in (_TOTAL, _ONLY_A_TOTAL, _LIKE_A_TOTAL))


def is_tax_label(cell: object) -> bool:
    """Tell whether a cell says that its row is the tax below a table: “VAT 20 %”, “zzgl. 19 % MwSt.”."""
    return isinstance(cell, str) and len(cell) <= LONGEST_LABEL and _TAX.fullmatch(cell.strip()) is not None


def total_label(cell: object) -> TotalLabel | None:
    """Return how clearly the description of a line item says “total”; None when it does not."""
    if not isinstance(cell, str) or len(cell) > LONGEST_LABEL:
        return None
    text = cell.strip()
    if bare(text) in _SERVICES:
        return None
    if _ONLY_A_TOTAL.fullmatch(text):
        return TotalLabel.ONLY
    if is_total_label(text) or _WORD_FOR_TOTAL.search(text):
        return TotalLabel.PERHAPS
    return None


def is_nothing(cell: object) -> bool:
    """Tell whether a filled cell says nothing: 0, a dash, an empty check box, blanks that cannot be seen."""
    if isinstance(cell, str):
        text = clean(cell).replace("—", "-")
        is_zero = _NOTHING.fullmatch(text) is not None and not text.isalpha() and text not in set("$€£¥")
        return not text or is_zero or text.lower() in _UNCHECKED
    return isinstance(cell, bool | int | float) and not cell
