"""Which headers above dates speak of something else than the invoice date."""

from __future__ import annotations

import re

from importer.model.headers import bare

_OF_OTHER_THINGS = re.compile(
    "start|end|begin|from|until|work|service|perform|deliver|ship|period|creat|enter|updat|modif|chang|approv|submit|order"
    "|paid|pay|receiv|expir|birth|contract|sign|sent|book|plan|deadline|milestone|clos|complet|finish|review|due|spent"
    "|expense|log|kantata|von|bis|leistung|liefer|zeitraum|erstell|geander|genehmig|bezahl|zahl|eingang|bestell|auftrag"
    "|vertrag|geburt|arbeit|tatigkeit|stand|frei|debut|fin|prestation|livraison|creation|approbation|commande|paiement"
    "|contrat|travail|inicio|entrega|servicio|trabajo|aprob|pedido|pago|einde|lever|werk|dienst|betaal|bestel|inizio"
    "|abnahme|erfass|erschein|insert|event|besuch|visit|session|sitzung|publi|campaign|kampagne|meeting|reunion"
    "|consegna|prestazione|lavoro|ordine|pagamento|poczatek|koniec|wykonania|dostawy|utworzenia|platnosci"
)
"""Parts of words above dates of something else: of the work, of a delivery, of a payment."""
_NOT_BILLED = re.compile("void|cancel|storn|annul|anul")


def speaks_of_other_dates(header: str) -> bool:
    """Tell whether a header speaks of dates of the work, of a delivery, of a payment."""
    return _OF_OTHER_THINGS.search(bare(header)) is not None


def may_be_invoice_date(header: str) -> bool:
    """Tell whether “Invoiced on” and its like may be the invoice date: “Voided on” is not."""
    return _NOT_BILLED.search(bare(header)) is None
