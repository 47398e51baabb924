"""Decide what would be done with each invoice, from what the ledger and Kantata know. Pure.

The rules are those of the README's table "What keeps an invoice from being billed twice".
"""

from importer.plan.deciding import Terms, decide
from importer.plan.drawing import choose_batch, draw_up
from importer.plan.knowledge import BilledItem, Knowledge, Place, place_of
from importer.plan.totals import totals_of

__all__ = ["BilledItem", "Knowledge", "Place", "Terms", "choose_batch", "decide", "draw_up", "place_of", "totals_of"]
