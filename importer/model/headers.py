"""Which headers are understood, and which column one means: names, titles, aliases, remarks in brackets."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.model.columns import BY_NAME, COLUMNS, REQUIRED, Kind
from importer.model.currencies import CODES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importer.model.columns import Column

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
