"""What unknown headers and words probably mean: for the headers of real sheets, and sure only where right."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from importer.model.columns import Kind
from importer.model.headers import known_headers
from importer.model.invoices import ItemType
from importer.values.cell_shapes import SeenColumn, seen_column
from importer.values.header_meanings import meaning_of, misspelt
from importer.values.header_proposals import propose
from importer.values.word_meanings import meant_by
from importer.values.word_proposals import propose_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importer.values.header_shapes import Proposal

KNOWN = known_headers()
MANY = 99
"""Position of a column that means something already."""
RIGHT = 0.95
"""Share of the proposals that must be right."""
HEADERS = {
    "English": """
        Proj. name = workspace; Proj Nr = workspace_id; Workspace Number = workspace_id;
        Project Ref No = workspace_id; Engagement = workspace; Matter No. = workspace_id; Job No = workspace_id;
        Job name = workspace; Fee amount = amount; Net fee = amount; Amount (ex VAT) = amount; Charge = amount;
        Fees = amount; Narrative = notes; Details = notes; Work description = notes; Line item text = notes;
        Service description = notes; Kind of charge = item_type; Billing type = item_type;
        Item category = item_type; Timesheet ID = item_id; Time record no = item_id; Entry number = item_id;
        Expense no = item_id; Date of billing = invoice_date; Invoice dated = invoice_date; Bill dt = invoice_date;
        Payment term (days) = payment_schedule; Credit days = payment_schedule; Term in days = payment_schedule;
        Purchase order ref = purchase_order; Client order no = purchase_order; PO reference = purchase_order;
        Bill together = invoice_key; Invoice split = invoice_key; Date of service = -; Worked by = -;
        Consultant = -; Customer name = -; Approved by = -; Cost centre = -; Internal comment = -; City = -;
        Contact e-mail = -; Created at = -; Month = -; Employee = -; Tags = -; Unit cost = -;
        CLIENT_MATTER_ID = workspace_id; INVOICE_DESCRIPTION = message/notes/user_invoice_title/-;
        LINE_ITEM_NUMBER = -; EXP/FEE/INV_ADJ_TYPE = item_type/-; LINE_ITEM_NUMBER_OF_UNITS = quantity;
        LINE_ITEM_TOTAL = total/amount; LINE_ITEM_DATE = -; LINE_ITEM_TASK_CODE = -; TIMEKEEPER_NAME = -;
        LAW_FIRM_ID = -; LINE_ITEM_UNIT_COST = rate/-; LINE_ITEM_DESCRIPTION = notes; BILLING_START_DATE = -;
        Client Name = -; Date Issued = invoice_date; Item Name = notes/-; Line Subtotal = total/net/amount;
        Project Task = -; Billable Status = billable/-; Staff Member = -; Hours Billable = hours;
        Fees to bill = amount; Expense Category = -/item_type; Timesheet Entry ID = item_id;
        Kantata Project = workspace/workspace_id; Kantata time entry id = item_id;
        Mavenlink Workspace ID = workspace_id; Kantata expense ID = item_id; Milestone title = -/notes;
        Net Terms Days = payment_schedule; Customer PO Ref = purchase_order; Approved Hours = hours; Work Date = -;
        Period = -; Billing period = -; Department = -; Region = -; GL account = -; Account manager = -;
        Billing contact = -; Write-off = -/discount; VAT code = tax/-; Tax code = tax/-;
        Engagement code = project_code; Project Identifier = workspace_id; Prj. title = workspace;
        Job title = -/workspace; Kantata ID = workspace_id/item_id; OX project = workspace;
        Amount to be invoiced = amount; Net Fees EUR = amount; Billable value = amount/total;
        Invoiceable = billable/-; Agreed fee = amount; Retainer amount = amount; Work performed = notes;
        Line narrative = notes; Task description = notes/-; Activity description = notes; Type of line = item_type;
        Charge category = item_type; Fee type = item_type; Entry ref = item_id/-; Time Entry # = item_id;
        Invoicing date = invoice_date; Date of issue = invoice_date; Due in (days) = payment_schedule;
        Payment within days = payment_schedule; Customer PO number = purchase_order;
        Purchase order no. = purchase_order; PO/Order ref = purchase_order; Invoice grouping = invoice_key;
        Consolidated invoice = invoice_key/-; Invoice text = message/notes; Invoice heading = user_invoice_title;
        Line manager = -; Office = -; Cost center code = -; Website = -; Notes (internal) = -; Reviewed by = -;
        Last modified = -; Country = -; Unit fee = rate; Rate/hr = rate; Hrs worked = hours; No. of hours = hours;
        No of units = quantity; Subtotal net = net/amount""",
    "German": """
        Projektkennung = workspace_id; Projektbezeichnung = workspace; Mandat = workspace;
        Projekt Titel = workspace; Auftragsnr. = workspace_id; Honorar = amount; Honorar netto = amount;
        Nettowert EUR = amount; Betrag (exkl. MwSt) = amount; Positionswert = amount; Leistungstext = notes;
        Tätigkeit = notes; Tätigkeitsbeschreibung = notes; Buchungstext = notes; Rechnungstext = notes;
        Art der Leistung = item_type; Buchungsart = item_type; Kategorie = item_type; Abrechnungsart = item_type;
        Zeiteintrag-Nr. = item_id; Buchungs-ID = item_id; Spesen-ID = item_id; Meilenstein-Nr = item_id;
        Datum der Rechnung = invoice_date; Fakturadatum = invoice_date; Re.-Datum = invoice_date;
        Tage netto = payment_schedule; Zahlbar in Tagen = payment_schedule; Kundenbestellnummer = purchase_order;
        Ihre Bestellung = purchase_order; Bestell-Nr. Kunde = purchase_order; Leistungsdatum = -; Mitarbeiter = -;
        Kunde = -; Kundennummer = -; Kostenstelle = -; Bemerkung intern = -; Ort = -; Erstellt am = -; Freigabe = -;
        Sammelrechnung = invoice_key; Stundenzahl = hours; Anz. Std. = hours; Std.-Satz = rate; EP netto = rate;
        Rechnungstitel = user_invoice_title; Belegnummer = user_invoice_number; Belegfeld 1 = -/user_invoice_number;
        Buchungsdatum = -; Umsatz (ohne Soll/Haben-Kz) = amount; Kundenname = -; Ansprechpartner = -;
        Positionsbezeichnung = notes; Einzelpreis netto = rate; Gesamtpreis netto = net/amount/total;
        Auftragsnummer = workspace_id/purchase_order; Projektleiter = -; Abrechenbare Stunden = hours;
        Erbrachte Leistung = notes; Leistungszeitraum = -; Zahlungskondition = payment_schedule;
        Rechnungsempfänger = -; Kostenträger = -; Tagesatz = rate; Pos. = -; Zwischensumme = total/-;
        Rechnung an = -; Vorgang = -; Interne Notiz = -; PSP-Element = -/project_code;
        Bestellreferenz = purchase_order; Ihr Zeichen = -/purchase_order; Belegtext = notes/message;
        Netto-Honorar = amount; Zu berechnen = amount/-; Verrechnungsart = item_type;
        Projektname intern = -/workspace; Kantata-Projektnummer = workspace_id; Projekt ID (OX) = workspace_id;
        Projekt / Mandat = workspace; Auftragsbezeichnung = workspace; Rechnungssumme netto = amount/net;
        Pauschalbetrag = amount; Vereinbartes Honorar = amount; Abrechnungsbetrag = amount;
        Leistungsbezeichnung = notes; Arbeitsbeschreibung = notes; Text der Position = notes;
        Art der Position = item_type; Leistungsart = item_type; Abrechnungstyp = item_type;
        ID Zeiteintrag = item_id; Nr. des Zeiteintrags = item_id; Rechnungsdatum (neu) = invoice_date;
        Datum Rechnung = invoice_date; Zahlungsfrist in Tagen = payment_schedule;
        Zahlbar innerhalb (Tage) = payment_schedule; Bestellnummer des Kunden = purchase_order;
        Kundenbestellung = purchase_order; Rechnung zusammenfassen = invoice_key;
        Titel der Rechnung = user_invoice_title; Nachricht an Kunden = message; Bearbeiter = -; Abteilung = -;
        Telefon = -; Straße = -; Angelegt von = -; Land = -; Kommentar (intern) = -; Stunden gesamt = hours;
        Preis/Stunde = rate; Menge (Std.) = quantity/hours""",
    "French": """
        Réf. projet = project_code; Intitulé du projet = workspace; Nom projet = workspace;
        N° du dossier = workspace_id; Affaire = workspace; Numéro d'affaire = workspace_id; Honoraires = amount;
        Honoraires HT = amount; Montant net = amount; Prix HT = amount; Montant hors taxes = amount;
        Prestation = notes; Détail de la prestation = notes; Commentaire = notes; Description de la ligne = notes;
        Nature = item_type; Type de prestation = item_type; Catégorie = item_type; ID saisie de temps = item_id;
        N° de saisie = item_id; Date de la facture = invoice_date; Date facturation = invoice_date;
        Délai de règlement = payment_schedule; Jours de paiement = payment_schedule;
        Délai (jours) = payment_schedule; Bon de commande client = purchase_order; Réf. commande = purchase_order;
        N° BC = purchase_order; Date de prestation = -; Collaborateur = -; Client = -; Adresse = -; Ville = -;
        Créé le = -; Statut = -; Tâche = -; Nb heures = hours; Nombre de jours = quantity;
        Titre de la facture = user_invoice_title; Facture n° = user_invoice_number; Référence client = -;
        Libellé article = notes; PU HT = rate; Date d'émission = invoice_date;
        Conditions de règlement = payment_schedule; N° pièce = user_invoice_number; Chef de projet = -;
        Temps passé = hours; Temps passé (h) = hours; Nb jours = quantity; TJM = rate/-;
        Sous-total HT = net/amount/total; Description prestation = notes; Intervenant = -; Mission = workspace/-;
        Remarques internes = -; À facturer = amount/-; Numéro de commande client = purchase_order;
        Regrouper par = invoice_key/-; Pays = -; Code postal = -; Objet de la facture = user_invoice_title;
        Projet (nom) = workspace; Identifiant projet = workspace_id; N° affaire = workspace_id;
        Code affaire = project_code; Nom de la mission = workspace/-; Montant à facturer = amount;
        Honoraires nets = amount; Forfait HT = amount; Description des travaux = notes; Libellé de la ligne = notes;
        Désignation prestation = notes; Type de poste = item_type; Nature de la ligne = item_type;
        Type de facturation = item_type; ID temps = item_id; Identifiant saisie = item_id;
        Date facture client = invoice_date; Date d'émission facture = invoice_date;
        Paiement à (jours) = payment_schedule; Commande client n° = purchase_order;
        Bon de commande n° = purchase_order; Objet facture = user_invoice_title; Message au client = message;
        Regroupement de facture = invoice_key; Salarié = -; Service = -/notes; Téléphone = -; Rue = -; Créé par = -;
        Commentaire interne = -; Montant de la TVA = tax_amount; Heures facturées = hours; Tarif journalier = rate;
        Qté heures = quantity/hours""",
    "Spanish": """
        Nombre del proyecto = workspace; Nº proyecto = workspace_id; Título proyecto = workspace;
        Expediente = workspace; Honorarios = amount; Importe sin impuestos = amount; Importe base = amount;
        Valor neto = amount; Detalle = notes; Detalle del servicio = notes; Observaciones = notes;
        Descripción de línea = notes; Tipo de cargo = item_type; Categoría = item_type; Tipo de partida = item_type;
        ID de registro = item_id; Nº de entrada = item_id; ID gasto = item_id; Fecha de facturación = invoice_date;
        Fecha fact. = invoice_date; Días de pago = payment_schedule; Plazo (días) = payment_schedule;
        Condiciones pago = payment_schedule; Orden compra = purchase_order; Nº de pedido = purchase_order;
        Pedido cliente = purchase_order; Fecha del servicio = -; Empleado = -; Cliente = -; Dirección = -;
        Estado = -; Creado = -; Tarea = -; Horas facturables = hours; Título de factura = user_invoice_title;
        Tarifa/hora = rate; F. factura = invoice_date; Fecha emisión = invoice_date; Fecha vencimiento = due_date;
        Forma de pago = -; Concepto/descripción = notes; Uds. = quantity; P. unitario = rate; Base = amount/-;
        Ref. pedido = purchase_order; Código proyecto = project_code; Jefe de proyecto = -; Consultor = -;
        Horas imputadas = hours; Periodo = -; CIF = -; Razón social = -; Importe a facturar = amount;
        Tipo línea = item_type; Notas internas = -; Agrupación factura = invoice_key; Población = -;
        Comentarios = notes/-; ID proyecto Kantata = workspace_id; Texto factura = message/notes;
        Proyecto (nombre) = workspace; Identificador del proyecto = workspace_id; Núm. proyecto = workspace_id;
        Código de obra = project_code; Honorarios netos = amount; Importe facturable = amount;
        Descripción del trabajo = notes; Concepto de la línea = notes; Detalle de servicios = notes;
        Tipo de línea de factura = item_type; Tipo de facturación = item_type; Categoría de cargo = item_type;
        ID entrada de tiempo = item_id; Núm. de registro = item_id; Fecha de la factura = invoice_date;
        Fecha emisión factura = invoice_date; Días para pago = payment_schedule;
        Plazo de pago en días = payment_schedule; Núm. pedido cliente = purchase_order;
        Orden de compra nº = purchase_order; Asunto de la factura = user_invoice_title;
        Mensaje al cliente = message; Agrupar en factura = invoice_key; Empleado/a = -; Departamento = -;
        Teléfono = -; Calle = -; Creado por = -; Comentario interno = -; Importe del IVA = tax_amount;
        Horas trabajadas = hours; Precio por hora = rate; Cantidad (horas) = quantity/hours""",
}
"""Headers that the table of columns does not know, as exports and accountants write them, and what they mean: the name
of a column, several where either will do, - for nothing."""


def headers_of(language: str) -> Iterator[tuple[str, set[str]]]:
    """Each header with its right answers."""
    for entry in HEADERS[language].split(";"):
        header, _, right = entry.strip().rpartition(" = ")
        yield header, set(right.split("/"))


def proposed(header: str, cells: Iterable[object] = ()) -> Proposal:
    """What is proposed for a column alone on its sheet."""
    [found] = propose([seen_column(0, header, cells)], {}, KNOWN)
    return found


@pytest.mark.parametrize("language", HEADERS)
def test_the_words_of_a_header_say_what_it_means(language: str) -> None:
    """In four languages at least 95 of 100 are right, and none is wrong that is called sure."""
    wrong, sure_and_wrong = [], []
    entries = list(headers_of(language))
    for header, right in entries:
        found = proposed(header)
        if (found.meant or "-") not in right:
            wrong.append((header, found.meant))
            sure_and_wrong += [header] * found.sure
    assert len(entries) >= 60
    assert len(wrong) / len(entries) <= 1 - RIGHT, wrong
    assert sure_and_wrong == []


@pytest.mark.parametrize(
    ("header", "cells", "meant"),
    [
        ("Mandat", ["Relaunch", "Migration"], "workspace"),
        ("Mandat", [101, 102, "103"], "workspace_id"),
        ("Engagement no.", [101.0, 102.0], "workspace_id"),
        ("Engagement no.", ["P-101", "P-102"], "project_code"),
        ("Payment term", ["31.12.2026", date(2026, 12, 31)], "due_date"),
        ("Zahlbar", [14, 30], "payment_schedule"),
        ("Fee", ["on request", "see below"], None),
        ("Fee", ["1.200,00", "450,00 EUR"], "amount"),
        ("Narrative", [1, 2, 3], None),
        ("Bill date", ["soon", "later"], None),
        ("Bill date", ["31.10.2026", date(2026, 10, 30)], "invoice_date"),
        ("Kind", [f"job {number}" for number in range(40)], None),
        ("Zebra", ["Fixed fee", "Expense"], "item_type"),
        ("Zebra", ["Net 30", "14 Tage"], "payment_schedule"),
        ("Zebra", [30, 14], None),
        ("Amuont", [1, 2], "amount"),
    ],
)
def test_the_cells_confirm_correct_or_contradict_the_header(
    header: str, cells: list[object], meant: str | None
) -> None:
    """A “Mandat” full of numbers holds ids; a “Fee” without figures is none."""
    assert proposed(header, cells).meant == meant


def test_names_of_projects_are_recognised_whatever_the_header_says() -> None:
    """A column whose cells the account or the settings know names the project."""
    column = seen_column(0, "Kunde", ["ACME  Retainer", "beta", "Gamma"])
    [found] = propose([column], {}, KNOWN, frozenset({"acme retainer", "beta"}))
    assert (found.meant, found.sure) == ("workspace", True)


def test_what_cells_alone_say_is_never_sure() -> None:
    """A person must answer yes; Enter is not enough."""
    assert [proposed("Zebra", cells).sure for cells in (["Fixed fee"], ["Net 30"], ["x"])] == [False] * 3


def test_a_column_is_proposed_for_one_header_only() -> None:
    """The sure one first; what is there already is never proposed again."""
    columns = [
        seen_column(0, "Charge", [1]),
        seen_column(1, "Honorar netto", [2]),
        seen_column(2, "Bill date", []),
    ]
    found = propose(columns, {"invoice_date": seen_column(3, "Datum", [])}, KNOWN)
    assert [proposal.meant for proposal in found] == [None, "amount", None]
    assert "“Honorar netto” is Amount already" in found[0].why
    assert "“Datum” is Invoice date already" in found[2].why


def test_without_an_amount_a_net_or_total_figure_is_proposed_and_never_sure() -> None:
    """The net figure rather than the total; none where ids say what is billed."""
    compared = {"total": seen_column(4, "Gesamtbetrag", [119]), "net": seen_column(3, "Summe netto", [100])}
    [found] = propose([], {}, KNOWN, compared=compared)
    assert (found.column.text, found.meant, found.sure) == ("Summe netto", "amount", False)
    assert propose([], {"item_id": seen_column(0, "Item ID", [])}, KNOWN, compared=compared) == ()
    assert propose([], {"amount": seen_column(0, "Amount", [])}, KNOWN, compared=compared) == ()


def proposed_of(
    taken: dict[str, str], *columns: tuple[str, list[object]], **more: Any
) -> list[tuple[str | None, bool]]:
    """What each column means that is proposed, and whether that is sure."""
    seen = [seen_column(position, header, cells) for position, (header, cells) in enumerate(columns)]
    present = {name: seen_column(MANY, header, []) for name, header in taken.items()}
    return [(found.meant, found.sure) for found in propose(seen, present, KNOWN, **more)]


def test_texts_are_perhaps_the_description_while_no_column_is_that() -> None:
    """Never nothing by a yes for all; a known description, and ids of what is billed, leave them as they were."""
    was: tuple[str, list[object]] = ("Was", ["Beratung Oktober", "Konzept", "Pflege"])
    task: tuple[str, list[object]] = ("Aufgabe", ["Konzept der neuen Seite", "Pflege"])
    assert proposed_of({}, was) == [("notes", False)]
    assert proposed_of({}, task) == [("notes", False)]
    assert proposed_of({}, task, was) == [(None, False), ("notes", False)]
    assert proposed_of({}, ("What we did", ["Talks"]), ("Narrative", ["Talks"])) == [
        (None, False),
        ("notes", True),
    ]
    for name in ("notes", "item_id"):
        assert proposed_of({name: "a"}, was) == [(None, False)]
    for cells in (["ja", "nein"], ["a@b.example"], ["30 Tage netto", "14 Tage netto"], ["1.200,00"], ["31.10.2026"]):
        assert ("notes", False) not in proposed_of({"invoice_date": "a"}, ("Was", list(cells)))


def test_dates_and_usual_terms_are_seen_below_headers_that_say_nothing() -> None:
    """Not sure; dates of something else, and numbers that no invoice gives to pay, stay open."""
    assert proposed_of({}, ("Émise le", ["31.10.2026", date(2026, 10, 30)])) == [("invoice_date", False)]
    assert proposed_of({}, ("Days", [30, "14"])) == [("payment_schedule", False)]
    assert proposed_of({}, ("Days", [1, 2, 3])) == [(None, False)]
    assert proposed_of({}, ("Livraison le", ["31.10.2026"])) == [(None, False)]
    assert (
        proposed_of({"invoice_date": "a", "payment_schedule": "b"}, ("Émise le", ["31.10.2026"]), ("Days", [30]))
        == [(None, False)] * 2
    )


def test_what_the_preview_suggests_is_proposed_too() -> None:
    """One rule for both: “Client reference” may be the PO number."""
    [found] = propose([seen_column(0, "Your reference", ["x"])], {}, KNOWN)
    assert (found.meant, found.sure, found.why) == ("purchase_order", False, "its header could mean that")


@pytest.mark.parametrize("cells", [["30 jours", "14 jours"], ["30 días"], ["30 Tage"], [30, "14"]])
def test_days_below_a_due_date_are_the_terms(cells: list[object]) -> None:
    """All of them, and only where no column holds the terms."""
    compared = {"due_date": seen_column(0, "Échéance", cells)}
    assert proposed_of({}, compared=compared) == [("payment_schedule", True)]
    assert proposed_of({"payment_schedule": "Net days"}, compared=compared) == []
    assert proposed_of({}, compared={"due_date": seen_column(0, "Échéance", [*cells, "31.10.2026"])}) == []


def test_dates_below_billed_on_are_perhaps_the_invoice_date() -> None:
    """Where no other column is; “Voided on” never."""
    compared = {"invoiced_on": seen_column(5, "Billed on", ["2026-10-31"])}
    assert proposed_of({}, compared=compared) == [("invoice_date", False)]
    assert proposed_of({"invoice_date": "Date"}, compared=compared) == []
    assert proposed_of({}, ("Émise le", ["31.10.2026"]), compared=compared) == [("invoice_date", False)]
    assert proposed_of({}, compared={"invoiced_on": seen_column(5, "Voided on", ["2026-10-31"])}) == []


def test_numbers_of_known_projects_are_perhaps_the_project_id() -> None:
    """Whatever the header says; all of them, and only where no column names the project."""
    kunde: tuple[str, list[object]] = ("Kunde", [101, "102"])
    numbers = frozenset({"101", "102", "103"})
    assert proposed_of({}, kunde, numbers=numbers) == [("workspace_id", False)]
    assert proposed_of({}, ("Kunde", [101, 999]), numbers=numbers)[0][0] is None
    assert proposed_of({"workspace": "Projekt"}, kunde, numbers=numbers)[0][0] is None


@pytest.mark.parametrize("header", ["Rechnung an", "LINE_ITEM_DATE", "Positionswert"])
def test_words_that_are_sound_are_no_misspelt_header(header: str) -> None:
    """“Rechnung an” is not “Rechnung Nr”, though nearly the same letters."""
    assert misspelt(header, KNOWN) != "user_invoice_number"
    assert misspelt(header, KNOWN) != "item_type"


@pytest.mark.parametrize(
    "header", ["", "***", "\x1b[31mAmount\x1b[0m", "=1+1", "A" * 40_000, "\u202eAmount", "[bold]", "日付"]
)
def test_hostile_headers_are_read_at_once(header: str) -> None:
    """Control characters, markup and a text as long as a cell can be cost nothing and are never sure."""
    found = meaning_of(header)
    assert found is None or not found.sure or found.column == "amount"


# --- words ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("Reisekosten", ItemType.EXPENSE),
        ("Frais de déplacement", ItemType.EXPENSE),
        ("Gastos de viaje", ItemType.EXPENSE),
        ("Travel", ItemType.EXPENSE),
        ("Pauschalhonorar", ItemType.FIXED_FEE),
        ("Lump sum", ItemType.FIXED_FEE),
        ("Honoraires forfaitaires", ItemType.FIXED_FEE),
        ("Iguala fija", ItemType.FIXED_FEE),
        ("Gutschrift", ItemType.ADDITIONAL),
        ("Avoir", ItemType.ADDITIONAL),
        ("Rabatt", ItemType.ADDITIONAL),
        ("Stundenaufwand", ItemType.TIME_ENTRY),
        ("Horas trabajadas", ItemType.TIME_ENTRY),
        ("Fixd fee", ItemType.FIXED_FEE),
        ("Projektmeilenstein", ItemType.BILLING_MILESTONE),
        ("Beratung", None),
        ("T&M", None),
        ("x", None),
    ],
)
def test_words_for_kinds_of_lines(word: str, meant: ItemType | None) -> None:
    """In four languages; what could be several kinds is not guessed."""
    assert meant_by(Kind.ITEM_TYPE, word) is meant


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("30 días netos fecha factura", None),
        ("payment within 30 days", 30),
        ("30 Tage nach Rechnung", 30),
        ("zahlbar in 14 Tagen", 14),
        ("30 days end of month", None),
        ("30 jours fin de mois", None),
        ("2% 10, net 30", None),
        ("30 EOM", None),
        ("as agreed", None),
    ],
)
def test_words_for_terms_of_payment(word: str, meant: int | None) -> None:
    """One number and nothing else is the days; “end of month” is another term."""
    assert meant_by(Kind.DAYS, word) == meant


def words(
    name: str, cells: list[object], *, with_ids: bool = True, taught: dict[str, object] | None = None
) -> list[object]:
    """Each word that is asked about, and what is proposed."""
    found = propose_words(name, seen_column(0, "x", cells), taught or {}, with_ids=with_ids)
    return [(word.word, word.count, word.meant) for word in found]


def test_only_words_that_are_not_understood_are_asked_about() -> None:
    """Not those that the program or the settings know, and each once."""
    cells = ["Fixed fee", "Spesensatz", " spesensatz", "Honorar X", None]
    assert words("item_type", cells, taught={"honorar x": "fixed_fee"}) == [("Spesensatz", 2, "expense")]
    assert words("notes", ["anything"]) == []
    assert words("item_type", [f"job {number}" for number in range(40)]) == []


def test_without_ids_hours_and_expenses_are_additional_items() -> None:
    """A time entry is billed by its id; a sheet without ids can only bill the amount."""
    assert words("item_type", ["Expense", "Fixed fee", "Hours"], with_ids=False) == [
        ("Expense", 1, "additional"),
        ("Hours", 1, "additional"),
    ]


def test_samples_are_three_cells_as_a_person_reads_them() -> None:
    """Different ones; a date without its time."""
    column: SeenColumn = seen_column(0, "x", [date(2026, 10, 31), 101.0, 101, "", "a", "b"])
    assert column.samples == ("2026-10-31", "101", "a")


@pytest.mark.parametrize(
    "header",
    [
        *("Net price", "Nettopreis", "Prix net", "Precio neto", "Nettobetrag Vormonat", "Nettobetrag (Plan)"),
        *("Net amount previous month", "Net amount last year", "Prior net fees", "Montant net précédent"),
        *("Importe neto anterior", "Netto-Budget", "Forecast net fees", "Total previous month", "Budget"),
    ],
)
def test_another_time_a_plan_or_a_price_is_not_surely_the_amount(header: str) -> None:
    """They stand beside what is billed, and look like it."""
    found = proposed(header, ["1.200,00", "90,50"])
    assert (found.meant == "amount" and found.sure) is False


def test_a_net_total_is_surely_the_amount() -> None:
    """Also where it is called a price, and where the cells agree."""
    for header in ("Gesamtpreis netto", "Net amount", "Honorar netto"):
        found = proposed(header, ["1.200,00", "90,50"])
        assert (found.meant, found.sure) == ("amount", True), header


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Erscheinungsdatum", ["12.10.2026"]),
        ("Stundenkonto", ["12,5", "8"]),
        ("Amuont", ["1.200,00"]),
        ("Beleg-Nr.", [4711]),
        ("Rechnungstext", ["bitte noch fragen"]),
        ("Notiz", ["gibt es nicht"]),
        ("Auftragsnummer", [70011]),
        ("Honorar netto", []),
    ],
)
def test_what_header_and_cells_do_not_prove_needs_a_person(header: str, cells: list[object]) -> None:
    """Words of several meanings, misspelt ones, and a column without cells: Enter is not enough."""
    found = proposed(header, cells)
    assert not (found.meant and found.sure), found
