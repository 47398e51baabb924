"""Words of a status or a title that say that nothing is to be billed: “Already invoiced”, “Storniert”, “On hold”."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from importer.model.headers import bare

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    "|gesperrt|zuruckgestellt|verschoben|pausiert|paused|parked|deferred|postponed|suspend|sospes|insospeso|opgeschort"
    "|indewacht|wstrzyman|makulerad|avbokad|ejfaktur|naofatur|notchargeable|notto(?:be)?(?:bill|invoice|charge)|free$|freeofcharge|gratis|gratuit|kostenlos|kostenfrei"
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
      | paused? | suspend(?:ed)? | parked | await(?:ing|s)? | wait(?:ing|s)? | (?:on)?hold | held
      | drafts?(?!\W+invoices?) | tb[cd]
      | to\W+be\W+(?:confirmed|decided|approved|agreed) | under\W+review | future\W+bill\w* | disputed?
      | tests? | examples? | samples? | old
      | covered\W+by | n/c
      | next\W+(?:month|year|quarter|week|period|invoice|bill\w*|run|time|cycle|batch|round)
      | (?:following|coming)\W+(?:month|year|quarter|week|period) | void(?:ed)? | cancel(?:s|led|ed|l?ations?)?
      | reject(?:ed|ions?)? | declined? | deleted? | unapproved | unconfirmed | un(?:bill|charge|invoice)able
      | non(?:bill|charge|invoic)\w* | non(?!\W?profit) | wr(?:ite|itten)\W*offs? | waived? | refund(?:ed|s)?
      | free(?=\W*$) | free\W+of\W+charge | complimentary | pro\W+bono | exclud(?:ed?|ing) | omit(?:ted)?
      | skip(?:ped)? | ignored? | archived | duplicates? | for\W+info(?:rmation)? | info(?:rmation)?\W+only
      | only\W+info(?:rmation)? | fyi | already | previously | (?<!to\ be\ )(?:invoiced|billed|charged)
      | (?:bill|invoice)(?:e?d)?\W+(?:in|from|on|at|by(?!\W+[^\W\d]+s?\W*$))
      | (?:bill|invoic)(?:e?d?|ing)\W+(?:after|when|once|if|until|next|separately)
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
      | in\W+rechnung\W+gestellt | gratis | kulanz\w* | garantie\w* | (?:beispiel|muster)(?:zeilen?|daten)?
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
_NOUNS = re.compile(
    r"hold|held|void|drafts?|entw(?:u|ü|ue)rfe?|brouillons?|borrador\w*|bozz[ae]|rascunhos?|szkic\w*|utkast|free"
    r"|gratis|complimentary|duplicates?|stornos?|tests?|examples?|samples?|old|beispiel|muster|kulanz|garantie\w*"
    r"|covered\W+by",
    re.IGNORECASE,
)
"""Words that names and services hold too: “Void fill packaging”, “Website draft”."""
_BILLING = r"(?:bill|invoic|charg|(?:ab|be|ver)rechn|rechnung|fakturier|factur|fattur|fatur|faktur)\w*"
_BILLS = re.compile(_BILLING, re.IGNORECASE)
_OF_BILLS = re.compile(
    rf"""(?<!\w)(?:not|never|no|cannot|\w+n['’]?t|nicht|kein\w*|nie|ne|pas|non|nunca|n[ãa]o|niet|geen|nooit|ej|ikke|inte
      |already|previously|been|was|were|bereits|schon|d[ée]j[àa]|ya|j[áà]|gi[àa]|reeds|ju[żz]|allerede|redan)
      \W+(?:[^\W\d_]+\W+){{0,2}}(?<!to\ be\ ){_BILLING}(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
"""A no, or an already, shortly before a word for billing."""
_PERIOD = r"(?:(?:of|for|in)\s+)?(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*\b|q?\d)"
"""How the words begin that say for when: “Pending invoices for October”, but not “for approval”."""
_UNBILLED = re.compile(
    rf"""(?<!\w)(?:
        not\W+(?:yet|previously)\W+(?:been\W+)?(?:billed|invoiced|charged)
      | not\W+(?:been\W+)?(?:billed|invoiced|charged)\W+(?:yet|so\W+far|before|previously)(?!\W+\w)
      | (?<!wird\ )(?<!werden\ )noch\W+nicht\W+(?:(?:(?:abge|be|ver)rechnet|fakturiert)\w*|in\W+rechnung\W+gestellt)
      | nicht\W+(?:(?:abge|be|ver)rechnet|fakturiert)e[nrms]?
      | (?:pas|non)\W+encore\W+factur[ée]e?s? | non\W+facturée?s? | (?:a[úu]n|todav[íi]a)\W+no\W+facturad[oa]s?
      | pendientes?\W+de\W+factura[rc]\w* | (?:non\W+ancora|ancora\W+non)\W+fatturat[oaie]
      | (?:pending|awaiting)\s+(?:billing|bills|invoices|invoicing)(?!\s+(?!{_PERIOD})[^\W\d])
      | (?:invoices|billing)\s+pending(?!\s+(?!{_PERIOD})[^\W\d])
      | ausstehende\W+rechnungen | factures\W+en\W+attente(?!\W+(?:de|d)\b) | facturas\W+pendientes(?!\W+de\b)
      | nog\W+niet\W+gefactureerde? | ainda\W+n[ãa]o\W+faturad[oa]s? | jeszcze\W+nie\W+zafakturowan\w*
    )(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
"""What says that work is still to be billed: “Noch nicht abgerechnete Leistungen”."""
_CLAUSES = re.compile(r"[:;()\[\]!?]|\s[-–—]+\s")
_PARTS = re.compile(r"[,.*/](?!\d)")
"""What may stand before an order within a clause: “Hosting, do not bill”, “Design *not billable*”."""
_WORD = re.compile(r"\w+")
_PLAIN = frozenset(
    """a an the all any these those this that them it i we items item rows row lines line entries entry positions
    projects project jobs job orders order clients client customers customer work works hours time expenses
    costs fees records data section below above following here only please still yet now and or of for in on
    at by to from with as is are be will until till unless before after because due per via separately
    manually month months year quarter week period day days today run cycle batch approval approved po
    confirmation confirmed signature signed contract budget decision feedback review arrives internal
    external ok use send sent process approve delete card bank cash january february march april may june
    july august september october november december die der das dies diese dieser alle zeilen zeile
    positionen position posten projekte projekt kunden kunde auftrage auftrag leistungen leistung arbeiten
    stunden noch bitte nur und oder bis fur im am ab auf zu zum zur von ist sind wird werden wurde erst
    monat freigabe freigegeben genehmigt bestatigung bestellung intern interne januar februar marz mai juni
    juli oktober dezember les le la l des du d ce ces cette lignes ligne projets projet travaux heures
    factures encore mois jusqu jusque au aux en et ou pour par validation valide commande validee janvier
    fevrier mars avril juin juillet aout septembre octobre novembre decembre el los las lo il gli lineas
    filas proyectos projetos progetti obras trabajos horas ore lavori cliente clientes clienti hasta fino
    mes mese y e o de del della para aprobacion todavia aun ainda ancora da se si aprobado righe linhas
    enero febrero marzo mayo junio julio agosto septiembre octubre noviembre diciembre het deze regels
    projecten klanten nog tot maand goedkeuring te aan goedgekeurd versturen projekty projektow klienci
    jeszcze do na w prosze pozycje""".split()
)
"""Words, without accents, beside which a title is no name of a company or a service."""
_STEMS = ("bill", "invoic", "charg", "rech", "fakt", "fact", "fatt", "fatur")
"""A text without any of them is no order about billing: that is found out quickly."""
_ORDER = re.compile(
    r"""\W*(?:please\W+|bitte\W+|noch\W+|nog\W+)*(?:
        (?:(?:do|does|should|must|is|are)\W?n[o’']?t|will\W+not|not\W+to|not?|never)\W+(?:be\W+)?(?:bill|invoice|charge)(?:e?d)?
      | (?:not?|non)\W?(?:billable|chargeable|facturable|fatturabile)
      | nicht\W+(?:zu\W+)?
        (?:(?:ab|be|ver)rechn(?:en|et)|fakturier(?:en|t)|(?:ab|be|ver)rechenbar|in\W+rechnung\W+stellen)
      | (?:wird|werden)\W+(?:noch\W+)?nicht\W+(?:(?:abge|be|ver)rechnet|fakturiert|in\W+rechnung\W+gestellt)
      | (?:billed|invoiced|charged)\W+already
      | (?:[àa]\W+)?ne\W+pas\W+facturer | no\W+facturar | (?:da\W+)?non\W+fatturare | niet\W+factureren
      | nie\W+fakturowa[ćc] | n[ãa]o\W+faturar | ikke\W+fakturere?s? | (?:ej|inte)\W+faktureras?
      | (?:already|bereits|schon|d[ée]j[àa]|ya|j[áà]|gi[àa]|reeds|al|ju[żz])\W+(?:been\W+)?
        (?:billed|invoiced|charged|abgerechnet|(?:be|ver)rechnet|fakturiert|factur[ée]e?s?|factura[td][oa]s?
          |fatturat[oaie]|gefactureerd|zafakturowan[eoay]|faturad[oa]s?)
    )(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
"""How a note or a text orders that its row is not billed, or says that it is already."""
_STATES = frozenset(
    """onhold hold void voided cancelled canceled skip exclude excluded parked deferred rejected writtenoff billlater
    billnextmonth invoicelater invoicenextmonth freeofcharge nocharge probono storniert storno zuruckgestellt gesperrt
    spaterabrechnen annule annulee enattente anulado anulada cancelado cancelada enespera annullato annullata sospeso
    insospeso geannuleerd indewacht anulowane wstrzymane gratis kostenlos kostenfrei kulanz goodwill waived
    complimentary gratuit gratuite offert offerte sincargo""".split()
)
"""What may say so as a whole text, or before a colon or a dash, as it is compared."""
_BEGIN = 2
_BEGINS = frozenset(state[:_BEGIN] for state in _STATES)
"""How they begin; a text that begins otherwise needs no closer look."""
LONGEST_STATE = 30
LONGEST_ORDER = 300
"""Characters of a text in which an order is looked for."""
_FALSE_FRIENDS = re.compile(r"\W*(?:holding\W+\w|holden|paid\W+(?:social|media|search|ads?|advertising|campaigns?)\b)")
"""Words that only begin like those."""


def is_not_to_bill(text: str) -> bool:
    """Tell whether a text begins with words that say that nothing is to be billed."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    if _FALSE_FRIENDS.match(plain):
        return False
    return _NOT_TO_BILL.match(bare(plain.replace("facturé", "facturx"))) is not None


def may_forbid_billing(title: str) -> bool:
    """Tell whether the title of other rows holds a word by which they may not be meant to be billed."""
    return _TITLE_SAYS_SO.search(_words_of(title)) is not None


def forbids_billing(title: str) -> bool:
    """Tell whether it says so without a doubt: “Not yet approved”, “ACME: on hold”, but not “No Limits Ltd”."""
    return any(map(_is_order, _CLAUSES.split(_words_of(title))))


def says_unbilled(title: str) -> bool:
    """Tell whether a title speaks of work that is still to be billed, and forbids nothing beside that."""
    words = _words_of(title)
    return _UNBILLED.search(words) is not None and not forbids_billing(_UNBILLED.sub(" ", words))


def _is_order(clause: str) -> bool:
    """Whether nothing but plain words follows a word that forbids; a word that is also a noun stands alone."""
    if _OF_BILLS.search(clause):
        return True
    for found in _TITLE_SAYS_SO.finditer(clause):
        rest = clause[found.end() :]
        if _NOUNS.fullmatch(found[0]):
            rest = f"{clause[: found.start()]} {rest}"
        if all(map(_is_plain, _WORD.findall(rest))):
            return True
    return False


def order_in(text: str) -> bool | None:
    """Tell whether a cell orders that its row is not billed: True without a doubt, False perhaps, None not at all."""
    plain = text.casefold()
    if len(plain) > LONGEST_ORDER:
        return None
    found = list(_orders_in(plain)) if _has_stem(plain) else []
    if found:
        return any(found)
    if plain[:_BEGIN] not in _BEGINS:
        return None
    first = _CLAUSES.split(plain, maxsplit=1)[0]
    return False if len(first) <= LONGEST_STATE and bare(first) in _STATES else None


def _orders_in(plain: str) -> Iterator[bool]:
    """For each order of a text, whether it begins a clause and nothing but plain words follows it."""
    for clause in _CLAUSES.split(_UNBILLED.sub(" ", plain)):
        order = _ORDER.match(clause)
        if order is not None:
            yield all(map(_is_plain, _WORD.findall(clause[order.end() :])))
        elif any(map(_ORDER.match, filter(_has_stem, _PARTS.split(clause)))):
            yield False


def _has_stem(plain: str) -> bool:
    for stem in _STEMS:  # noqa: SIM110 - each text of a sheet comes here, and ``any`` takes four times as long
        if stem in plain:
            return True
    return False


def _is_plain(word: str) -> bool:
    is_known = word.isdecimal() or bare(word) in _PLAIN
    return is_known or _TITLE_SAYS_SO.fullmatch(word) is not None or _BILLS.match(word) is not None


def _words_of(title: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", title[:LONGEST]).replace("_", " ").split())[:LONGEST]
