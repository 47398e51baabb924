"""Words of a status or a title that say that nothing is to be billed: “Already invoiced”, “Storniert”, “On hold”."""

from __future__ import annotations

import re
import unicodedata

from importer.model.headers import bare

_ADVERBS = (
    "[0-9]+%|all|already|auto|been|completely|entirely|full|fully|has|is|part|partial|partially|partly|previously|total"
    "|totally|was|were|bereits|ganz|ist|komplett|schon|teil|teils|teilweise|voll|vollstandig|wurde|aete|deja|est"
    "|partiellement|totalement|esta|parcialmente|totalmente|ya|al|deels|gedeeltelijk|reeds|volledig"
    "|estato|gia|interamente|parzialmente|czesciowo|juz|ja|invoice|rechnung|facture"
)
_NOT_TO_BILL = re.compile(
    f"(?:{_ADVERBS}){{0,4}}(?:"
    "void|cancel|storn|annul|anul|geannul|reject|declin|abgelehnt|refus|rechaz|afgewezen|rifiut|odrzuc|delet|geloscht"
    "|supprim|onhold|hold|do(?:not|n['’]?t)|nonbill|notbillable|notapproved|unapproved|writ(?:ten|e)off|invoiced|billed"
    "|abgerechnet|berechnet|verrechnet|inrechnunggestellt|fakturiert|facturx|factureee?|(?:deja|ete|est|ment)facture"
    "|facture(?:emise|envoyee|reglee)|facturad|gefactur|fatturat|faturad"
    "|zafaktur|paid|bezahlt|paye|pagad|pago$|betaald|pagat|zaplac|refunded|waived|nocharge|nonchargeable"
    "|makulerad|avbokad|ejfaktur|naofatur|notchargeable|notto(?:be)?(?:bill|invoice|charge)|free$|freeofcharge|gratis|gratuit|kostenlos|kostenfrei"
    "|ohneberechnung|nicht(?:zu)?(?:(?:ab|be|ver)reche?n|fakturier)(?:en|bar)|nonfacturable|nepasfacturer|sansfrais"
    "|nofactura(?:ble|r)|sincargo|nietfactureren|nonfatturabile"
    ")"
)
"""How such words begin, after others such as “already” or “partly”."""


LONGEST = 1_000
"""Characters of a title that are looked at; what is longer is no title."""
_TITLE_SAYS_SO = re.compile(
    r"""(?<!\w)(?:
      # English
        no[rt] | no(?![\s.:]*\#?\d|\.) | none | nothing | never | without\W+(?:charge|bill\w*|invoic\w*) | cannot
      | (?:do|does|did|is|are|wo|should|must)n['’]?t | can['’]t | later | pending | postponed? | deferr?(?:ed)?
      | delay(?:ed)?
      | paused? | suspend(?:ed)? | parked | await(?:ing|s)? | wait(?:ing|s)? | (?:on)?hold | held | drafts? | tb[cd]
      | next\W+(?:month|year|quarter|week|period|invoice|bill\w*|run|time|cycle|batch|round)
      | (?:following|coming)\W+(?:month|year|quarter|week|period) | void(?:ed)? | cancel(?:s|led|ed|l?ations?)?
      | reject(?:ed|ions?)? | declined? | deleted? | unapproved | unconfirmed | un(?:bill|charge|invoice)able
      | non(?:bill|charge|invoic)\w* | non(?!\W?profit) | wr(?:ite|itten)\W*offs? | waived? | refund(?:ed|s)?
      | free(?=\W*$) | free\W+of\W+charge | complimentary | pro\W+bono | exclud(?:ed?|ing) | omit(?:ted)?
      | skip(?:ped)? | ignored? | archived | duplicates? | for\W+info(?:rmation)? | info(?:rmation)?\W+only
      | only\W+info(?:rmation)? | fyi | already | previously | (?<!to\ be\ )(?:invoiced|billed|charged)
      | (?:bill|invoice?)(?:e?d|ing)?\W+(?:in|from|after|when|once|if|on|at|by|until|next|separately)
      | (?:already|been|fully|part(?:ial)?ly|was|were|is|are|be|invoices?)\W+paid | paid(?=\W*$)
      | paid\W+(?:by|on|in|to|via|from|until|up|before|already|directly|\d\S*)
      | paid\W+(?:items?|invoices?|rows?|lines?|projects?|work)
      # German
      | nicht | nichts | kein\w* | nie | niemals | ohne\W+(?:be|ver|ab)?rechnung | sp(?:ä|ae)ter
      | folge(?:monat|jahr|quartal|woche|rechnung)\w*
      | n(?:ä|ae)chste[mnrs]?\W+(?:monat|jahr|quartal|woche|mal|rechnung|lauf)\w* | ausstehend\w*
      | vorl(?:ä|ae)ufig\w* | verschoben\w* | pausier\w+ | zur(?:ü|ue)ckgestellt\w* | warte(?:n|t|nd\w*)
      | gesperrt\w* | entw(?:u|ü|ue)rfe? | storn(?:os?|ier\w+|at[oi]) | annullier\w* | abgelehnt\w* | bereits | schon
      | (?:\w*(?:abge|be|ver)rechnet|\w*fakturiert)\w* | bezahlt\w* | gel(?:ö|oe)scht\w* | kosten(?:los|frei)\w*
      | in\W+rechnung\W+gestellt | gratis
      # French
      | pas | jamais | aucune? | sans\W+(?:frais|factur\w+) | plus\W+tard | attente | prochaine?s?
      | suspendue?s? | brouillons? | annul[ée]e?s? | refus[ée]e?s? | rejet[ée]e?s? | report[ée]e?s? | d[ée]j[àa]
      | facturée?s? | facturees? | payée?s? | payees? | gratuite?s? | offerte?s?
      | (?:(?:été|ete|est)\W+(?:facture|paye)) | (?:facture\W+)(?:[ée]mise|envoy[ée]e|r[ée]gl[ée]e)s?
      # Spanish, Portuguese, Italian
      | nunca | n[ãa]o | (?:m[áa]s|mais)\W+(?:tarde|adelante) | despu[ée]s | depois | pendiente\w* | pendente\w*
      | pr[óo]xim[oa]s? | prossim[oaie] | suspendid[oa]s? | sospes\w* | suspens[oa]s? | borrador\w* | rascunhos?
      | bozz[ae] | anulad[oa]s? | annullat\w* | cancelad\w* | rechazad\w* | rejeitad\w* | rifiutat\w* | ya | gi[àa]
      | j[áà] | fac?turad[oa]s? | fatturat[oaie] | pagad[oa]s? | pag[oa]s? | pagat[oaie] | espera | attesa | sospeso
      | rinviat\w* | aplazad\w* | adiad[oa]s? | pi[ùu]\W+tardi
      | (?:sin|senza|sem)\W+(?:cargo|coste?|custo|addebito|fac?tur\w+|fattur\w+)
      # Dutch, Polish, Nordic
      | niet | geen | nooit | volgende?\W+(?:maand|jaar|kwartaal|week|factuur) | afwachting | wacht(?:en|end\w*)?
      | geannuleerd\w* | afgewezen | reeds | gefactu\w+ | betaald\w* | uitgesteld\w* | nigdy | p[óo][źz]niej\w*
      | oczek\w+ | nast[ęe]pn\w+ | wstrzyman\w* | szkic\w* | anulowan\w* | odrzucon\w* | ju[żz] | zafakturowan\w*
      | zap[łl]acon\w* | ej | ikke | inte | aldrig | senare | senere
      | n(?:[äæ]st[ae]|este)\W+(?:m[åa]n\w+|[åa]r\w*|kvartal\w*|vecka|uke|uge|faktura) | v[äa]ntar | utkast
      | makulerad\w* | avbokad\w* | fakturer(?:a[dt]\w*|e?t) | betal[dt]\w*
    )(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
"""Whole words that a title may hold anywhere; the accents tell “Facturé” from “Facture”."""
_FALSE_FRIENDS = re.compile(r"\W*(?:holding\W+\w|holden|paid\W+(?:social|media|search|ads?|advertising|campaigns?)\b)")
"""Words that only begin like those."""


def is_not_to_bill(text: str) -> bool:
    """Tell whether a text begins with words that say that nothing is to be billed."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    if _FALSE_FRIENDS.match(plain):
        return False
    return _NOT_TO_BILL.match(bare(plain.replace("facturé", "facturx"))) is not None


def forbids_billing(title: str) -> bool:
    """Tell whether the title of other rows says anywhere that they may not be meant to be billed."""
    words = " ".join(unicodedata.normalize("NFKC", title[:LONGEST]).replace("_", " ").split())[:LONGEST]
    return _TITLE_SAYS_SO.search(words) is not None
