"""Which headers are understood, and which column one means: names, titles, aliases, remarks in brackets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

from importer.model.check_only import CHECK_BY_NAME, CHECK_ONLY, UNCLEAR, CheckOnly
from importer.model.columns import BY_NAME, COLUMNS, GIVES_WAY, IN_KANTATA, REQUIRED, Column, Kind
from importer.model.currencies import CODES, SIGNS
from importer.model.header_words import column_in_words

_IGNORED_IN_NAMES = str.maketrans("", "", " _-.?*:")


@lru_cache(maxsize=1000)
def fold(name: str) -> str:
    """Reduce a header or a choice to what is compared: no case, blanks, ``_``, ``-``, ``.``."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    visible = "".join(c for c in plain if not c.isspace() and unicodedata.category(c) != "Cf")
    return visible.translate(_IGNORED_IN_NAMES)


@lru_cache(maxsize=1000)
def bare(word: str) -> str:
    """Reduce a word to what is compared: no case, blanks, points, hyphens or accents."""
    letters = unicodedata.normalize("NFKD", fold(word))
    return "".join(letter for letter in letters if not unicodedata.category(letter).startswith("M"))


@dataclass(frozen=True, slots=True)
class OwnHeaders:
    """What the settings say of the headers of the user's own sheets."""

    aliases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """More headers by column name (setting ``columns``)."""
    ignored: Sequence[str] = ()
    """Headers that mean nothing (setting ``ignore_columns``); they are carried through without a word."""
    supplied: frozenset[str] = frozenset()
    """Columns that the sheet need not have, because a constant stands in for them."""
    line_text: Sequence[str] = ()
    """Headers whose cells make the text of a line, in order; ``+`` joins two by a blank (setting ``line_text``)."""
    preset: str | None = None
    """Name of the ready mapping that the sheet is to fit (setting ``preset``)."""


PLUS = " + "
"""Joins two headers of a part of a line's text."""


class KnownHeaders(dict[str, str]):
    """Every folded header that is understood → column name, with what the settings say besides."""

    def __init__(self, known: Mapping[str, str], own: OwnHeaders) -> None:
        super().__init__(known)
        self.own = own
        self.checked: dict[str, CheckOnly] = {}
        self.text_parts = [list(map(fold, part.split(PLUS))) for part in own.line_text]
        self.text_words = frozenset(chain.from_iterable(self.text_parts))
        self.own_words = self.text_words | set(map(fold, chain.from_iterable(own.aliases.values())))
        for name in own.aliases.keys() & CHECK_BY_NAME.keys():
            self.checked.update(dict.fromkeys(map(_check_only_key, own.aliases[name]), CHECK_BY_NAME[name]))
        ignored = {fold(header) or header.strip() for header in own.ignored}
        self.ignored = frozenset(ignored | ({fold(column.title) for column in IN_KANTATA} - self.own_words))


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


def known_headers(own: OwnHeaders | None = None) -> KnownHeaders:
    """Every folded header that is understood → column name; ``own``: what the settings say of headers."""
    own = own or OwnHeaders()
    known: dict[str, str] = {}
    for column in COLUMNS:
        for header in (column.name, column.title, *column.aliases):
            known[fold(header)] = column.name
    for name, headers in own.aliases.items():
        for header in headers:
            known[fold(header)] = name

    understood = KnownHeaders({header: name for header, name in known.items() if name in BY_NAME}, own)
    understood.update(dict.fromkeys(understood.text_words, "notes"))
    return understood


_REMARK = re.compile(r"[(\[]([^()\[\]]*)[)\]]\s*$")
_HARMLESS_REMARKS: dict[Kind, re.Pattern[str]] = {
    Kind.AMOUNT: re.compile(
        r"net|netto|excl\.? ?(?:tax|vat)|without (?:tax|vat)|ohne (?:mwst|ust)\.?|ht|per line"
        r"|(?:in )?(?:whole|full|main) (?:units?|amounts?|euros?)|(?:no|without|ohne|not in|never in) cents?|ganze euro"
    ),
    Kind.YES_NO: re.compile(r"(?:yes|y|ja?|oui|o|s[ií]?|tak|t|true) ?[/|] ?(?:no|n|nein|nee|non|nie|false)"),
    Kind.DATE: re.compile(r"[dmyjtao]{1,4}[-./ ][dmyjtao]{1,4}[-./ ][dmyjtao]{1,4}"),
    Kind.DAYS: re.compile(r"(?:in )?(?:days|tage|jours|d[ií]as)|net"),
}
_NET = re.compile(
    r"[\s,;/]+(?:net|netto|ht|excl\.? ?(?:tax|vat|btw))\s*$|^\s*(?:net|netto|ht)[\s,;/]+(?=\w)", re.IGNORECASE
)
"""What may stand beside the currency of an amount: “EUR, net”."""
_HARMLESS_ANYWHERE = re.compile(r"optional|required|mandatory|text|number|digits|id|no|nr|kantata|mavenlink|\*|")
_NO_CURRENCY_HERE = frozenset({"rs", "fr", "sfr", "kr"})
"""Words that mean a currency beside an amount, and other things in a header: “Text (fr)”."""
_ENGLISH_WORDS = frozenset("ALL CUP GEL LAK MAD MOP PEN TOP".split())
"""Codes of currencies that are words too: “Amount all”."""
LONGEST_WITH_CURRENCY = 100
"""Characters of a header that may name a currency or a rate beside its words; the patterns are slow on longer ones."""
_CURRENCY_LAST = re.compile(r"(.*?)(?:[\s_,/:-]+([^\W\d_]{3,5}|us\$)|\s*([€$£¥₹]))\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s_]+(?:in|en|w)$", re.IGNORECASE)
_BEFORE = re.compile(r"^(?:in|en|w) ", re.IGNORECASE)
"""What may stand before the currency within brackets: “(in Euro)”."""
_CURRENCY_FIRST = re.compile(r"(?:([^\W\d_]{3,4}|us\$)[\s_-]+|([€$£¥₹])\s*)(.*)", re.IGNORECASE)


def without_currency(header: str) -> tuple[str, str | None]:
    """Take the currency from a header, in brackets or beside its words: “Amount USD”, “Amount (EUR)”, “Betrag in €”.

    The header without it, and its code or sign; the header as it is and None where it names none.
    """
    if remark := _REMARK.search(header):
        inside = " ".join(remark[1].split())[:LONGEST_WITH_CURRENCY]
        currency = _currency(_BEFORE.sub("", _NET.sub("", inside)), words=True)
        return (header[: remark.start()], currency) if currency else (header, None)
    words = " ".join(header.split())
    if len(words) > LONGEST_WITH_CURRENCY:
        return header, None
    for rest, mark in _beside_currency(words):
        currency = _currency(mark, words=False)
        if currency and rest:
            return rest, currency
    return header, None


def _beside_currency(header: str) -> Iterator[tuple[str, str]]:
    """What may be a currency at the end or begin of a header, each after the rest of it."""
    if last := _CURRENCY_LAST.fullmatch(header):
        yield _BETWEEN.sub("", last[1]), last[2] or last[3]
    if first := _CURRENCY_FIRST.fullmatch(header):
        yield first[3], first[1] or first[2]


def _currency(text: str, *, words: bool) -> str | None:
    """The currency that a part of a header names; ``words`` allows codes that are English words too."""
    mark = text.strip()
    code = mark.upper()
    if code in CODES and (words or code not in _ENGLISH_WORDS):
        return code
    sign = mark.casefold()
    return None if sign in _NO_CURRENCY_HERE else SIGNS.get(sign)


def currency_of_header(header: str) -> str | None:
    """Currency that a header names, such as EUR in “Amount (EUR)” and “Amount EUR”."""
    return without_currency(header)[1]


LONGEST_HEADER = 1_000
"""Characters; a longer text is no header, and is not searched for words of one."""


def known_as(header: str, known: Mapping[str, str]) -> str | None:
    """Column that a header means; a harmless remark in brackets at its end, such as “(yes/no)”, does not count.

    Others change the meaning: “Amount (cents)” is not the amount, “Date (due)” not the invoice date.
    """
    if len(header) > LONGEST_HEADER or is_ignored(header, known):
        return None
    if (name := known.get(fold(header))) is not None:
        return name
    rest, currency = without_currency(header)
    if currency is not None:
        name = known.get(fold(rest))
        return name if name is not None and BY_NAME[name].kind is Kind.AMOUNT else None
    return _with_remark(header, known) or _in_words(header, known)


def _in_words(header: str, known: Mapping[str, str]) -> str | None:
    """Column that the words of a header make, unless it is one that is compared."""
    column = column_in_words(header)
    return None if column is None or check_only_as(header, known) else column


def is_put_together(header: str, known: Mapping[str, str]) -> bool:
    """Tell whether only the words of a header say what it means: no list and no setting names it."""
    is_listed = fold(header) in known or without_currency(header)[1] is not None
    if is_listed or is_ignored(header, known) or _with_remark(header, known):
        return False
    return _in_words(header, known) is not None


def is_vague(header: str, known: Mapping[str, str]) -> bool:
    """Tell whether a header that is understood gives way to another one of the same column.

    It has many meanings (“Date”, “Price”), or is only put together from known words.
    """
    if is_in_own_words(header, known):
        return False
    word = fold(without_currency(header)[0])
    return word in GIVES_WAY or (word not in known and column_in_words(header) is not None)


def may_be_note(header: str, known: Mapping[str, str]) -> bool:
    """Tell whether a header is read as the Description, though it often stands above notes for colleagues."""
    return fold(header) in ("note", "memo") and not is_in_own_words(header, known)


def _with_remark(header: str, known: Mapping[str, str]) -> str | None:
    """Column that a header means without a harmless remark in brackets at its end."""
    remark = _REMARK.search(header)
    name = None if remark is None else known.get(fold(header[: remark.start()]))
    if remark is None or name is None:
        return None
    words, harmless = " ".join(remark[1].casefold().split()), _HARMLESS_REMARKS.get(BY_NAME[name].kind)
    return name if _HARMLESS_ANYWHERE.fullmatch(words) or (harmless and harmless.fullmatch(words)) else None


_PERCENT = re.compile(r"\s*[(\[]?\d{1,2}(?:[.,]\d{1,2})?\s?%[)\]]?\s*$")
"""The rate in a header such as “VAT 20 %”."""
_PUNCTUATION = str.maketrans("", "", "%#()[]'’,")


def check_only_as(header: str, known: Mapping[str, str]) -> CheckOnly | None:
    """Column that is compared and never sent, which a header means; None also for what the settings pass over.

    Only for headers that are no column that is sent: “Price” is one where nothing else is the amount.
    """
    if is_ignored(header, known):
        return None
    own = known.checked if isinstance(known, KnownHeaders) else {}
    if len(header) > LONGEST_WITH_CURRENCY:  # what the person says of a header counts at any length
        return own.get(_check_only_key(header))
    for text in (header, without_currency(header)[0], _PERCENT.sub("", header)):
        key = _check_only_key(text)
        if key not in own and fold(text) == fold(UNCLEAR.title):
            return UNCLEAR
        column = own.get(key) or _CHECK_ONLY.get(key) or _CHECK_ONLY.get(_question_key(text))
        if column is not None:
            return column
    return None


def is_part_of_text(header: str, known: Mapping[str, str]) -> bool:
    """Tell whether the settings put this header into the text of a line."""
    return isinstance(known, KnownHeaders) and fold(header) in known.text_words


def is_in_own_words(header: str, known: Mapping[str, str]) -> bool:
    """Tell whether the settings give this header its meaning."""
    return isinstance(known, KnownHeaders) and fold(header) in known.own_words


def _check_only_key(header: str) -> str:
    return bare(header).translate(_PUNCTUATION)


def _question_key(header: str) -> str:
    """What is compared of a header that is only known with a question mark: “Invoice?” is no invoice number."""
    return _check_only_key(header) + "?" * header.rstrip().endswith("?")


_CHECK_ONLY = {_question_key(header): column for column in CHECK_ONLY for header in column.headers}
