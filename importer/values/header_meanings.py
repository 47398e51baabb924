"""What an unknown header probably means, by its words alone: one rule for warnings, errors, ``map`` and the app.

A header is taken apart to words, each word to the ideas that it stands for in four languages and their neighbours
(“Projekt-Kennung” is a project and a number); the first rule whose ideas are all there names the column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from importer.model.columns import BY_NAME, NAME_OF_PROJECT
from importer.model.headers import bare, fold, without_currency

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NEAR = 83
"""Likeness (rapidfuzz ratio, 0 to 100) from which an unknown header counts as a misspelling."""
ALIKE = 60
"""Likeness from which a header is named as the nearest to a missing one."""
NEAR_WORD = 86
"""Likeness from which a long word counts as a misspelt one."""
LONG_WORD = 6
"""Letters from which a word may be misspelt."""
LONG_STEM = 5
"""Letters from which a stem is looked for within words, as German puts them together: Projektnummer."""
LONGEST = 100
"""Characters of a header whose words are looked at."""
MOST_WORDS = 10
_CAMEL = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Ý])")
_WORD = re.compile(r"[^\W_]+|[%#°º]")
_FILLING = frozenset(
    "the a of for to in per each and or de du des la le les l d el del los y et der die das des fur "
    "zu zur zum und pro je am im by a au".split()
)
"""Words that say nothing of their own."""
_CLEAR = frozenset("discount draft currency taxable due terms message tax hours quantity".split())
"""Ideas of which one word is enough."""

_IDEAS: dict[str, str] = {
    "project": "proj project projekt projet proyecto progetto projeto project's job mandat mandate engagement matter "
    "workspace chantier obra encargo auftrag affaire dossier expediente",
    "number": "no nr num number nummer numero id ids n kennung kennziffer identifiant identificador ident",
    "code": "code kurzel kuerzel codigo reference ref referenz referencia",
    "name": "name intitule bezeichnung nom nombre titel title titre titulo",
    "date": "date dated dt datum fecha day tag jour dia",
    "invoice": "invoice rechnung rechnungs facture factura facturation facturacion beleg faktura inv bill billing "
    "sammelrechnung rg re",
    "money": "amount betrag betrage montant importe honorar honoraire honoraires honorario honorarios fee fees wert "
    "valeur valor value entgelt price preis prix precio charge charges monto revenue umsatz pauschale forfait ep",
    "total": "total totals summe gesamt sum suma somme totale",
    "cost": "cost costs kosten coste costo cout",
    "net": "net ex netto neto ht excl excluding exkl ohne hors sin before",
    "gross": "gross brutto ttc bruto incl inkl including inclusive con",
    "text": "description beschreibung text texte texto leistung designation descripcion concepto detail details detalle "
    "narrative memo notiz notizen notes libelle prestation activity aktivitat activite actividad tatigkeit taetigkeit "
    "intitule wording servicio service",
    "remark": "note bemerkung comment comments commentaire kommentar observaciones",
    "due": "due fallig falligkeit faellig faelligkeit echeance vencimiento vence zahlbar payable pagadero",
    "terms": "terms term zahlungsziel zahlungsfrist zahlungsbedingung zahlungsbedingungen ziel frist delai conditions "
    "plazo condiciones schedule",
    "pay": "pay payment zahlung paiement pago zahlen reglement",
    "days": "days tage tagen jours dias",
    "credit": "credit kredit credito gutschrift avoir abono",
    "order": "po purchase bestellung bestell bestellnummer commande pedido orden order bc",
    "tax": "tax vat ust mwst tva iva gst steuer btw mehrwertsteuer umsatzsteuer impuesto impuestos taxe taxes",
    "taxable": "taxable steuerpflichtig imposable gravable sujeto besteuert",
    "rate": "rate satz taux tarif tarifa percent prozent pourcentage porcentaje stundensatz tagessatz",
    "hours": "hours hour hrs stunden stunde std heures heure horas hora dauer duration duree duracion zeit time temps "
    "tiempo aufwand",
    "quantity": "nombre nb anz qty quantity menge anzahl quantite qte cantidad units einheiten stuck stuckzahl unidades "
    "count",
    "unit": "unit ep einzel einzelpreis einheit unitaire unitario each",
    "currency": "currency wahrung waehrung devise monnaie moneda divisa ccy",
    "type": "type typ art category kategorie categorie categoria kind tipo nature sorte",
    "line": "line position pos posten ligne linea item zeile poste partida row charge billing",
    "entry": "entry eintrag zeiteintrag timesheet zeitbuchung buchung saisie entrada registro record datensatz",
    "expense": "expense expenses spesen auslage auslagen frais gasto gastos travel reise reisekosten voyage viaje hotel "
    "mileage kilometer deplacement dietas",
    "fixed": "fixed flat lump retainer fix fest festpreis pauschale pauschalhonorar forfait forfaitaire fijo fija iguala",
    "milestone": "milestone meilenstein jalon hito",
    "task": "task aufgabe tache tarea story vorgang subtask",
    "group": "group gruppe groupe grupo sammelrechnung together zusammen regroupement agrupacion agrupar bundle "
    "split key schlussel cle clave",
    "draft": "draft entwurf brouillon borrador",
    "mail": "email mail emails mails courriel correo",
    "none": "no without suppress kein keine sans sin pas",
    "message": "message nachricht mensaje mitteilung anschreiben",
    "title": "title titel titre titulo subject betreff objet asunto",
    "client": "client customer kunde kunden cliente klant debitor auftraggeber mandant account company firma societe "
    "empresa clients",
    "person": "person mitarbeiter mitarbeiterin user employee consultant berater resource staff collaborateur "
    "consultor empleado benutzer usuario utilisateur team timekeeper worker salarie bearbeiter member author "
    "approver manager responsable leiter projektleiter rolle role",
    "place": "address adresse street strasse city ort stadt zip plz country land rue ville pays calle ciudad phone "
    "telefon telephone telefono region iban bic bank direccion",
    "state": "status state approved approval genehmigt freigabe freigegeben etat estado statut valide aprobado",
    "done": "invoiced billed abgerechnet fakturiert facturado facturee exported storniert cancelled canceled void",
    "billable": "billable chargeable abrechenbar verrechenbar fakturierbar facturable",
    "discount": "discount rabatt nachlass remise rabais descuento skonto",
    "exchange": "exchange fx kurs wechselkurs change cambio",
    "internal": "internal intern interne interno privat private kostenstelle kostentrager costcenter costcentre "
    "center centre",
    "clock": "start end begin beginn ende von bis from until debut fin inicio stop started ended",
    "made": "created erstellt angelegt cree creado creation updated modified geandert edited",
    "work": "work leistungs leistung service arbeits prestation servicio travail trabajo worked performed",
    "vague": "tags labels etiquetas week woche semaine semana month monat mois mes year jahr link url attachment",
}
"""Idea → words that stand for it, without accents; long ones also within a word."""

_RULES: tuple[tuple[str | None, str, str], ...] = (
    # (column, ideas that must be there, ideas that must not); None: it means nothing for billing
    ("suppress_emails", "none mail", ""),
    (None, "mail", ""),
    (None, "internal", ""),
    (None, "made", ""),
    (None, "cost rate", ""),
    ("exchange_rate", "exchange rate", ""),
    ("exchange_rate", "exchange currency", ""),
    ("currency", "currency", "money"),
    ("void", "done", "date money hours"),
    ("invoiced_on", "done date", ""),
    ("discount", "discount", ""),
    ("draft", "draft", ""),
    (None, "order date", ""),
    ("purchase_order", "order", "money quantity status person date project line"),
    ("taxable", "taxable", ""),
    ("tax_amount", "tax money", "net gross"),
    ("gross", "gross money", ""),
    ("gross", "gross total", ""),
    ("gross", "gross tax", ""),
    ("amount", "net money", "unit rate"),
    ("amount", "net tax", "rate"),
    ("amount", "net total", ""),
    ("tax", "tax", "money number client"),
    ("due_date", "due date", ""),
    ("payment_schedule", "due days", ""),
    ("payment_schedule", "terms", "date"),
    ("payment_schedule", "pay days", ""),
    ("payment_schedule", "credit days", ""),
    ("payment_schedule", "net days", ""),
    ("due_date", "due", "money"),
    ("due_date", "pay date", ""),
    (None, "work date", "invoice"),
    (None, "clock", "money"),
    ("invoice_key", "invoice group", ""),
    ("user_invoice_title", "invoice title", ""),
    ("invoice_date", "invoice date", "clock"),
    ("message", "invoice message", ""),
    ("message", "message", "internal"),
    ("item_id", "entry number", ""),
    ("item_id", "expense number", ""),
    ("item_id", "milestone number", ""),
    ("story_id", "task number", ""),
    ("item_type", "line type", ""),
    ("user_invoice_number", "invoice number", "client project line"),
    ("user_invoice_number", "invoice code", "client project line"),
    ("item_id", "line number code", ""),
    (None, "line number", ""),
    (None, "client number", ""),
    (None, "place", ""),
    (None, "person", ""),
    ("workspace_id", "project number", ""),
    ("project_code", "project code", ""),
    ("workspace", "project name", ""),
    ("item_type", "invoice type", ""),
    ("rate", "money hours", "billable total"),
    ("rate", "rate", ""),
    ("rate", "unit money", ""),
    ("rate", "money quantity", "total"),
    ("hours", "hours", "money"),
    ("quantity", "quantity", ""),
    ("total", "total money", ""),
    ("amount", "expense money", ""),
    ("amount", "money", "client cost"),
    ("item_type", "type", "client project person"),
    (None, "cost", ""),
    (None, "state", ""),
    (None, "vague", ""),
    ("notes", "text", ""),
    ("notes", "remark", "invoice"),
    (None, "client", ""),
    (None, "task", ""),
    ("workspace", "project", "type date"),
    ("amount", "expense", ""),
    ("total", "total", ""),
    ("invoice_date", "date", ""),
    ("workspace_id", "number", "tax client"),
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the words of a header say."""

    column: str | None
    """Name of the column, sent or compared; None: nothing for billing."""
    sure: bool
    """Whether two words say it, or a known header is nearly the same; one word alone has many meanings."""


def misspelt(text: str, known: Mapping[str, str]) -> str | None:
    """Column that a misspelt header may mean; None when none is near."""
    from rapidfuzz import fuzz, process  # most headers are known

    folded = fold(text)
    for name, _, _ in process.extract(folded, list(known), scorer=fuzz.ratio, score_cutoff=NEAR, limit=5):
        if not _has_another_word(folded, name) and not _says_otherwise(text, known[name]):
            return known[name]
    return None


def _says_otherwise(text: str, column: str) -> bool:
    """Tell whether the words of a header are sound and mean another column: “Positionswert” is no “Positionsart”."""
    meaning = meaning_of(text)
    return meaning is not None and meaning.sure and meaning.column != column


def _has_another_word(text: str, other: str) -> bool:
    """Tell whether one is the other plus a word: “Client” is no misspelt “Client PO”."""
    short, long = sorted((text, other), key=len)
    return len(long) - len(short) > 1 and (long.startswith(short) or long.endswith(short))


def meaning_of(header: str) -> Meaning | None:
    """What the words of a header say; None when they say nothing."""
    words = words_of(header)
    ideas: set[str] = set()
    understood = 0
    for word in words:
        found = _ideas_in(word)
        ideas |= found
        understood += bool(found) or word in _FILLING
    for column, needed, excluded in _RULES:
        if ideas.issuperset(needed.split()) and ideas.isdisjoint(excluded.split()):
            several = " " in needed or needed in _CLEAR
            return Meaning(column, several and understood == len(words))
    return None


def ideas_of(text: str) -> set[str]:
    """What the words of a text speak of."""
    return set().union(*map(_ideas_in, words_of(text)))


def likely_column(header: str, present: set[str | None]) -> str | None:
    """Absent column that the words of a header probably mean; None when they say nothing for sure.

    Never the name of the project: “Project manager” is none.
    """
    meaning = meaning_of(header)
    if meaning is None or meaning.column in present or meaning.column not in BY_NAME:
        return None
    return None if meaning.column == NAME_OF_PROJECT else meaning.column


def nearest_header(headers: Iterable[str], name: str, known: Mapping[str, str]) -> str | None:
    """The header that is most like those of a column; None when none is like them."""
    from rapidfuzz import fuzz, process

    nearest, best = None, float(ALIKE)
    names = [header for header, meant in known.items() if meant == name]
    for header in headers:
        found = process.extractOne(fold(header), names, scorer=fuzz.ratio, score_cutoff=best)
        if found is not None and (found[1] > best or nearest is None):
            nearest, best = header, found[1]
    return nearest


def words_of(header: str) -> list[str]:
    """The words of a header: in small letters, without accents; “unitPrice” and “unit_price” are two."""
    text = _CAMEL.sub(" ", without_currency(header[:LONGEST])[0])
    return [bare(word) for word in _WORD.findall(text)][:MOST_WORDS]


@lru_cache(maxsize=1000)
def _ideas_in(word: str) -> frozenset[str]:
    """The ideas that a word stands for; of a long one also those of its parts, or of the word it is misspelt from."""
    if word in _BY_WORD:
        return _BY_WORD[word]
    found: set[str] = set()
    rest = word
    for stem in _STEMS:
        if stem in rest:
            found |= _BY_WORD[stem]
            rest = rest.replace(stem, " ")
    for ending in rest.split():
        found |= _BY_WORD.get(ending, _BY_WORD.get(ending.removeprefix("s"), frozenset()))
    if found or len(word) < LONG_WORD:
        return frozenset(found)
    return _misspelt_word(word)


def _misspelt_word(word: str) -> frozenset[str]:
    from rapidfuzz import fuzz, process

    near = process.extractOne(word, _STEMS, scorer=fuzz.ratio, score_cutoff=NEAR_WORD)
    return frozenset() if near is None else _BY_WORD[near[0]]


def _by_word() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for idea, words in _IDEAS.items():
        for word in words.split():
            found.setdefault(bare(word), set()).add(idea)
    return {word: frozenset(ideas) for word, ideas in found.items()}


_BY_WORD = _by_word()
_STEMS = sorted((word for word in _BY_WORD if len(word) >= LONG_STEM), key=len, reverse=True)
"""The longest first: “Einzelpreis” before “Preis”."""
