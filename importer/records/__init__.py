"""The records that flow from step to step: frozen, typed, money as Decimal."""

from importer.exit_codes import ExitCode
from importer.records.invoice import Content, ExternalReference, Invoice, UnsoundInvoice
from importer.records.line_item import BY_ID, PRICED, ItemType, LineItem, SheetLine
from importer.records.outcome import Outcome, OutcomeKind
from importer.records.planned import Expected, PlannedInvoice, Source, Status, Totals
from importer.records.remembered import EarlierHeaders, LedgerEntry, SeenHeader
from importer.records.shown import Difference, ReadBack, Shown, ShownItem, TieOut

__all__ = [
    "BY_ID",
    "PRICED",
    "Content",
    "Difference",
    "EarlierHeaders",
    "ExitCode",
    "Expected",
    "ExternalReference",
    "Invoice",
    "ItemType",
    "LedgerEntry",
    "LineItem",
    "Outcome",
    "OutcomeKind",
    "PlannedInvoice",
    "ReadBack",
    "SeenHeader",
    "SheetLine",
    "Shown",
    "ShownItem",
    "Source",
    "Status",
    "TieOut",
    "Totals",
    "UnsoundInvoice",
]
