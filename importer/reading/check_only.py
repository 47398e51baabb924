"""Columns that are compared and never sent: what they say may not contradict what is billed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, assert_never

from importer.model.columns import Kind
from importer.model.headers import fold, is_ignored
from importer.model.messages import problem
from importer.model.problems import cell_address
from importer.model.sheet import is_blank, text_of
from importer.values.amounts import currency_of
from importer.values.cells import is_nothing, parser_of
from importer.values.readings import bare
from importer.values.toml_lines import ignore_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importer.model.problems import Problem
    from importer.model.sheet import Cell, Header, RawRow
    from importer.reading.formats.grid import Grid
    from importer.reading.header_row import HeaderRow


class Rule(Enum):
    """What a filled cell of a check-only column must say, so that its row can be billed as it stands."""

    NO = "no"
    YES = "yes"
    NOTHING = "nothing or 0"
    DEBIT = "a debit"
    CURRENCY = "a currency"


_HEADERS = {
    Rule.NO: """
        Void, Voided, Cancelled, Canceled, Do not bill, Don't bill, Non billable, Not billable, Invoiced, Billed,
        Already invoiced, Already billed, Storniert, Storno, Abgerechnet, Fakturiert, Berechnet, Nicht abrechnen,
        Annulé, Facturé, Déjà facturé, Anulado, Facturado, Gefactureerd, Geannuleerd, Fatturato, Annullato,
        Zafakturowane
    """,
    Rule.YES: "Billable, Chargeable, Abrechenbar, Verrechenbar, Facturable, Declarabel, Fatturabile",
    Rule.NOTHING: """
        Discount, Discount %, Discount amount, Discount percent, Rebate, Rabatt, Rabatt %, Nachlass, Remise, Remise %,
        Descuento, Descuento %, Korting, Korting %, Sconto, Sconto %, Rabat
    """,
    Rule.DEBIT: "Dr/Cr, D/C, Debit/Credit, S/H, Soll/Haben, Débit/Crédit, Debe/Haber, Debet/Credit, Dare/Avere",
    Rule.CURRENCY: "Currency, Currency code, Währung, Devise, Moneda, Divisa, Valuta, Waluta, Munt",
}
"""Headers of check-only columns; a header that the settings give a meaning is none of them."""
_RULES = {bare(word): rule for rule, words in _HEADERS.items() for word in words.split(",")}
_DEBITS = frozenset("dr d debit s soll debe debet dare + in".split())


@dataclass(frozen=True, slots=True)
class CheckOnly:
    """What the check-only columns of a sheet say."""

    problems: tuple[Problem, ...]
    currencies: Mapping[int, str]
    """Row number → currency of its amount."""


def check_only(grid: Grid, start: HeaderRow, rows: Sequence[RawRow], known: Mapping[str, str]) -> CheckOnly:
    """Compare the check-only columns; an error at each cell that keeps its row from being billed as it stands."""
    problems: list[Problem] = []
    currencies: dict[int, str] = {}
    for header in start.headers:
        rule = rule_of(header, known)
        if rule is None:
            continue
        for row in rows:
            cell = row.cell(header.position)
            if is_blank(cell):
                continue
            if rule is Rule.CURRENCY and (currency := currency_of(text_of(cell).strip())) is not None:
                currencies[row.number] = currency
            elif not _agrees(cell, rule):
                problems.append(_contradiction(grid, header, row, rule, known))
    return CheckOnly(tuple(problems), currencies)


def rule_of(header: Header, known: Mapping[str, str]) -> Rule | None:
    """The rule of a check-only column; None for any other, and for one that the settings pass over."""
    if header.column is not None or is_ignored(header.text, known):
        return None
    return _RULES.get(bare(fold(header.text)))


def _agrees(cell: Cell, rule: Rule) -> bool:
    match rule:
        case Rule.NO:
            return parser_of(Kind.YES_NO)(cell) is False
        case Rule.YES:
            return parser_of(Kind.YES_NO)(cell) is True
        case Rule.NOTHING:
            return is_nothing(text_of(cell).removesuffix("%").strip())
        case Rule.DEBIT:
            return bare(text_of(cell)) in _DEBITS
        case Rule.CURRENCY:
            return False
        case _:
            assert_never(rule)


def _contradiction(grid: Grid, header: Header, row: RawRow, rule: Rule, known: Mapping[str, str]) -> Problem:
    at_cell = partial(
        problem,
        sheet=grid.name,
        cell=cell_address(header.position, row.number),
        row=row.number,
        column=header.text,
        value=text_of(row.cell(header.position)),
    )
    shown, ignore = text_of(row.cell(header.position)), ignore_line([header.text], known)
    return at_cell("column.contradicts", header=header.text, shown=shown, needed=rule.value, ignore=ignore)
