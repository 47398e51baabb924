"""A column of dates that is not used, in a sheet without an invoice date: the invoices would lose their date."""

from __future__ import annotations

import re
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from importer.model.headers import bare, check_only_as, is_ignored, own_headers
from importer.model.messages import problem
from importer.model.problems import cell_address
from importer.model.sheet import is_blank
from importer.values.dates import typed_date
from importer.values.readings import Typed
from importer.values.toml_lines import alias_lines, ignore_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importer.model.problems import Problem
    from importer.model.sheet import Cell, RawRow
    from importer.reading.formats.grid import Grid
    from importer.reading.header_row import HeaderRow

_OF_OTHER_THINGS = re.compile(
    "start|end|begin|from|until|work|service|perform|deliver|ship|period|creat|enter|updat|modif|chang|approv|submit|order"
    "|paid|pay|receiv|expir|birth|contract|sign|sent|book|plan|deadline|milestone|clos|complet|finish|review|due|spent"
    "|expense|log|kantata|von|bis|leistung|liefer|zeitraum|erstell|geander|genehmig|bezahl|zahl|eingang|bestell|auftrag"
    "|vertrag|geburt|arbeit|tatigkeit|stand|frei|debut|fin|prestation|livraison|creation|approbation|commande|paiement"
    "|contrat|travail|inicio|entrega|servicio|trabajo|aprob|pedido|pago|einde|lever|werk|dienst|betaal|bestel|inizio"
    "|consegna|prestazione|lavoro|ordine|pagamento|poczatek|koniec|wykonania|dostawy|utworzenia|platnosci"
)
"""Parts of words above dates of something else: of the work, of a delivery, of a payment."""


def unused_dates(grid: Grid, start: HeaderRow, lines: Sequence[RawRow], known: Mapping[str, str]) -> Iterator[Problem]:
    """An error for each unknown column of dates that may be the missing invoice date.

    Rows that are billed by the ids of their records have dates of their own: those of the work.
    """
    own = own_headers(known)
    if "invoice_date" in start.columns | own.supplied or own.preset or _are_billed_by_id(start, lines):
        return
    for header in start.headers:
        is_unknown = header.column is None and check_only_as(header.text, known) is None
        if not is_unknown or is_ignored(header.text, known) or _OF_OTHER_THINGS.search(bare(header.text)):
            continue
        cells = {row.number: row.cell(header.position) for row in lines if not is_blank(row.cell(header.position))}
        if cells and all(map(_is_date, set(cells.values()))):
            at_header = partial(problem, sheet=grid.name, row=start.row, column=header.text, value=header.text)
            yield at_header(
                "column.unused_dates",
                cell=cell_address(header.position, start.row),
                text=header.text,
                alias=alias_lines("invoice_date", header.text, known),
                ignore=ignore_line([header.text], known),
            )


def _are_billed_by_id(start: HeaderRow, lines: Sequence[RawRow]) -> bool:
    positions = [position for position, name in start.names.items() if name == "item_id"]
    return any(not is_blank(row.cell(position)) for position in positions for row in lines)


def _is_date(cell: Cell) -> bool:
    if isinstance(cell, str):
        return isinstance(typed_date(cell, date.today()), Typed)  # noqa: DTZ011 - only whether it is one
    return isinstance(cell, date)
