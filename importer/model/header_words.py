"""Headers that are put together from words: “Rg.-Datum”, “Date d'émission”, “Payment terms in days”.

No list can hold them all. A header whose words are all known means the column that words of these kinds make,
in any order; kinds that could make more than one thing only suggest a column.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from functools import lru_cache

LONGEST = 60
"""Characters of a header that is looked at."""
_WORDS = re.compile(r"[^\W_]+|[#°]")


class Word(Enum):
    """What a word of a header speaks of, in English, German, French, Spanish, Dutch, Italian, Polish, Portuguese."""

    FILLING = """a an the of in on at for to d der des die de du la le l del den di da della do w z al au aan alla as
        als vom"""
    INVOICE = """invoice invoices inv bill billing rechnung rechnungs rechn rg re faktura fakturen
        facture factures facturation factura facturas facturacion fra factuur facturatie fattura fatture
        fatturazione faktury fatura faturamento"""
    DOCUMENT = "document doc beleg fact documento dokumentu"
    ISSUE = "issue issued ausstellung ausstellungs emission emision emissione wystawienia emissao"
    DATE = "date datum dat dt fecha data dato"
    NUMBER = "number no nr num nummer numero numer n # °"
    TITLE = "title titel titre titulo titolo tytul subject betreff objet asunto onderwerp oggetto temat"
    MESSAGE = "message nachricht mensaje messaggio wiadomosc mensagem"
    TEXT = "text"
    CLIENT = """client clients customer customers cust buyer kunde kunden cliente clientes klant klienta your ihre votre
        su"""
    PURCHASE = "po purchaseorder inkooporder kundenbestell bestell bestel inkoop"
    ORDER = """order auftrag auftrags bestellung commande pedido ordine zamowienia zamowienie bc oc bestelling orden
        ordem"""
    BUY = "purchase compra achat achats acquisto zakupu aankoop bon"
    REFERENCE = "reference ref referenz referencia referencja riferimento referentie"
    PAYMENT = """payment payments pay payable credit due net netto zahlung zahlungs zahlbar fallig paiement reglement
        echeance pago pagos vencimiento betaling betalings betalning betaal pagamento platnosci zaplaty"""
    TERMS = """terms term ziel frist bedingungen bed konditionen delai conditions condicion condiciones plazo termijn
        conditie condities termini condizioni termin warunki prazo condicoes within bedingung villkor"""
    DAYS = "days tage tagen jours dias dagen giorni dni"
    PROJECT = "project projekt projekts projet proyecto progetto projektu projeto workspace"
    CODE = "code kod codigo codice kurzel kurzzeichen"
    ID = "id"
    TASK = "task story aufgabe aufgaben tache tarea taak attivita zadania tarefa"
    GROUP = "group key gruppe schlussel cle clave grupo groep sleutel chiave gruppo klucz grupa bundle split"
    TAX = "tax vat gst mwst ust umsatzsteuer steuer tva iva btw"
    LIABLE = "liable applies applicable pflichtig plichtig soumis assujetti sujeto soggetto"
    DRAFT = "draft entwurf brouillon borrador bozza szkic rascunho"


_MEANINGS: dict[str, tuple[str, ...]] = {
    "invoice_date": (
        "INVOICE DATE",
        "ISSUE DATE",
        "INVOICE ISSUE DATE",
        "DOCUMENT DATE",
        "DOCUMENT ISSUE DATE",
        "INVOICE DOCUMENT DATE",
    ),
    "user_invoice_number": ("INVOICE NUMBER", "INVOICE DOCUMENT NUMBER"),
    "user_invoice_title": ("INVOICE TITLE",),
    "message": ("INVOICE MESSAGE", "MESSAGE CLIENT"),
    "purchase_order": (
        "PURCHASE",
        "PURCHASE NUMBER",
        "PURCHASE REFERENCE",
        "PURCHASE CLIENT",
        "PURCHASE CLIENT NUMBER",
        "BUY ORDER",
        "BUY ORDER NUMBER",
        "BUY ORDER REFERENCE",
        "BUY ORDER CLIENT",
        "BUY ORDER CLIENT NUMBER",
    ),
    "payment_schedule": ("PAYMENT TERMS", "PAYMENT TERMS DAYS", "PAYMENT DAYS", "TERMS DAYS"),
    "workspace_id": ("PROJECT NUMBER", "PROJECT ID"),
    "project_code": ("PROJECT CODE",),
    "story_id": ("TASK ID",),
    "invoice_key": ("INVOICE GROUP",),
    "taxable": ("TAX LIABLE",),
    "draft": ("DRAFT",),
}
_SUGGESTIONS: dict[str, tuple[str, ...]] = {
    "invoice_date": ("ISSUE",),
    "user_invoice_number": ("INVOICE REFERENCE", "INVOICE ID", "DOCUMENT NUMBER", "DOCUMENT REFERENCE"),
    "user_invoice_title": ("TITLE", "DOCUMENT TITLE"),
    "message": ("MESSAGE", "DOCUMENT TEXT", "INVOICE TEXT"),
    "purchase_order": ("ORDER NUMBER", "ORDER REFERENCE", "ORDER CLIENT", "ORDER CLIENT NUMBER", "CLIENT REFERENCE"),
    "story_id": ("TASK NUMBER",),
}


def _by_kinds(columns: dict[str, tuple[str, ...]]) -> dict[frozenset[str], str]:
    found = {}
    for column, of_column in columns.items():
        for kinds in of_column:
            found[frozenset(kinds.split())] = column
    return found


_NUMBERS = frozenset("rechnung faktura fattura factura factuur fatura".split())
"""Words for an invoice that stand above its number."""
_TOO_SHORT = frozenset({"due days", "days due", "due in"})
"""They may be the days to pay, or those that an invoice is late."""
_OF_BUYING = frozenset({"inkoop", "bestel", "bestell"})
"""They begin words for orders; alone they speak of what was bought."""
_COUNTS = re.compile(r"\s*(?:number|no\.?|#) of \w+s\s*$", re.IGNORECASE)
"""A header that counts: “Number of invoices”."""
_SEQUENCE = re.compile(r"\s*n\.?\s*[º°][.\s]*(?:de\s+)?orde[nm]\s*", re.IGNORECASE)
"""A header that counts the rows, in Spanish and Portuguese."""
_OF_TERMS = frozenset({Word.TERMS.name, Word.DAYS.name, Word.INVOICE.name, Word.CLIENT.name, Word.DOCUMENT.name})
_NET = frozenset({"net", "netto"})
_COLUMNS, _SUGGESTED = _by_kinds(_MEANINGS), _by_kinds(_SUGGESTIONS)
_KIND: dict[str, str] = {}
for _kind in Word:
    _KIND.update(dict.fromkeys(_kind.value.split(), _kind.name))


def column_in_words(header: str) -> str | None:
    """Column that the words of a header make; None for other words, or fewer."""
    is_of_buying = header.strip().casefold() in _OF_BUYING
    return None if is_of_buying or _is_too_short(header) or _COUNTS.match(header) else _COLUMNS.get(_kinds(header))


def suggested_in_words(header: str) -> str | None:
    """Column that the words of a header may make, among other things."""
    if header.strip().casefold() in _NUMBERS:
        return "user_invoice_number"
    if _is_too_short(header):
        return "payment_schedule"
    return None if _SEQUENCE.fullmatch(header) else _SUGGESTED.get(_kinds(header))


def may_be_terms(header: str) -> bool:
    """Tell whether a header speaks of payment, or of terms and nothing else: no “Delivery within”, no “Net effort”."""
    kinds = _kinds(header)
    is_of_terms = Word.TERMS.name in kinds and kinds <= _OF_TERMS
    others = [word for word in _WORDS.findall(header) if word.casefold() not in _NET]
    return is_of_terms or any(map(speaks_of_payment, others))


def may_be_invoice_terms(header: str) -> bool:
    """Tell whether a header speaks of the terms of an invoice, in days or in words."""
    return _kinds(header) == {Word.INVOICE.name, Word.TERMS.name}


def speaks_of_payment(text: str) -> bool:
    """Tell whether a word of a text speaks of payment."""
    return any(Word.PAYMENT.name in _kinds(word) for word in _WORDS.findall(text))


def _is_too_short(header: str) -> bool:
    return " ".join(_WORDS.findall(header.casefold())) in _TOO_SHORT


@lru_cache(maxsize=1000)
def _kinds(header: str) -> frozenset[str]:
    """Kinds of the words of a header; none when one of them is not known."""
    if len(header) > LONGEST:
        return frozenset()
    plain = unicodedata.normalize("NFKD", header.replace("ł", "l").replace("º", "°")).casefold()
    letters = "".join(letter for letter in plain if not unicodedata.category(letter).startswith("M"))
    kinds: set[str] = set()
    for word in _WORDS.findall(letters):
        of_word = _kinds_of_word(word)
        if not of_word:
            return frozenset()
        kinds |= of_word
    return frozenset(kinds - {Word.FILLING.name})


def _kinds_of_word(word: str) -> set[str]:
    """Kind of a word, or of the two that German and Dutch write as one: no “Pôle”, which would be “PO” and “le”."""
    if word in _KIND:
        return {_KIND[word]}
    for place in range(2, len(word) - 1):
        both = {_KIND.get(word[:place]), _KIND.get(word[place:])}
        if None not in both and Word.FILLING.name not in both:
            return {kind for kind in both if kind is not None}
    return set()
