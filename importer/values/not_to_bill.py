"""Words of a status or a title that say that nothing is to be billed: “Already invoiced”, “Storniert”, “On hold”."""

from __future__ import annotations

import re

from importer.model.headers import bare

_ADVERBS = (
    "[0-9]+%|all|already|auto|been|completely|entirely|full|fully|has|is|part|partial|partially|partly|previously|total"
    "|totally|was|were|bereits|ganz|ist|komplett|schon|teil|teils|teilweise|voll|vollstandig|wurde|aete|deja|est"
    "|partiellement|totalement|esta|parcialmente|totalmente|ya|al|deels|gedeeltelijk|reeds|volledig"
    "|estato|gia|interamente|parzialmente|czesciowo|juz|ja|invoice|rechnung"
)
_NOT_TO_BILL = re.compile(
    f"(?:{_ADVERBS}){{0,4}}(?:"
    "void|cancel|storn|annul|anul|geannul|reject|declin|abgelehnt|refus|rechaz|afgewezen|rifiut|odrzuc|delet|geloscht"
    "|supprim|onhold|hold|do(?:not|n['’]?t)|nonbill|notbillable|notapproved|unapproved|writ(?:ten|e)off|invoiced|billed"
    "|abgerechnet|berechnet|verrechnet|inrechnunggestellt|fakturiert|facture|facturad|gefactur|fatturat|faturad"
    "|zafaktur|paid|bezahlt|paye|pagad|pago$|betaald|pagat|zaplac|refunded|waived|nocharge|nonchargeable"
    "|makulerad|avbokad|ejfaktur|naofatur|notchargeable|notto(?:be)?(?:bill|invoice|charge)|free$|freeofcharge|gratis|gratuit|kostenlos|kostenfrei"
    "|ohneberechnung|nicht(?:zu)?(?:(?:ab|be|ver)reche?n|fakturier)(?:en|bar)|nonfacturable|nepasfacturer|sansfrais"
    "|nofactura(?:ble|r)|sincargo|nietfactureren|nonfatturabile"
    ")"
)
"""How such words begin, after others such as “already” or “partly”."""


def is_not_to_bill(text: str) -> bool:
    """Tell whether a text begins with words that say that nothing is to be billed."""
    return _NOT_TO_BILL.match(bare(text)) is not None
