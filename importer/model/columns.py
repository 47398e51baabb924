"""What a column is.

Words that cells of some columns choose from.

The columns about a whole invoice: the cell may stand on any or all of its rows.

The columns about a line item: one row.

All columns, in the order of the template.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from importer.model.invoices import AMOUNT_IN_SHEET, BY_ID, ItemType

MOST_DAYS = 9999
"""Longest payment term, days."""


class Level(Enum):
    """What a cell belongs to."""

    LINE = "line"
    """One line item: the row."""
    INVOICE = "invoice"
    """The whole invoice: the cell may stand on any or all of its rows."""


class Kind(Enum):
    """How a cell is read."""

    IDENTIFIER = "whole number above 0"
    ITEM_TYPE = "one of five words"
    TEXT = "text"
    AMOUNT = "amount"
    YES_NO = "yes or no"
    DAYS = "number of days"
    DATE = "date"
    SYNC_STATUS = "successful, pending or failed"


@dataclass(frozen=True, slots=True)
class Column:
    """One column that the program understands."""

    name: str
    """Name in settings, JSON and messages for programs."""
    title: str
    """Friendly header, used by the template and in messages for people."""
    aliases: tuple[str, ...]
    """Other headers that mean the same."""
    level: Level
    kind: Kind
    meaning: str
    """What to type, in one or two plain sentences."""
    example: str
    api_field: str
    """Where the value goes in the request, or why it does not: a sentence for the documentation."""
    required_for: frozenset[ItemType] = frozenset()
    allowed_for: frozenset[ItemType] = frozenset(ItemType)
    width: int = 14
    """Width in the template, characters."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(" ".join(text.split()).split(", "))


ITEM_TYPE_TITLES: dict[ItemType, str] = {
    ItemType.TIME_ENTRY: "Time entry",
    ItemType.EXPENSE: "Expense",
    ItemType.FIXED_FEE: "Fixed fee",
    ItemType.ADDITIONAL: "Additional item",
    ItemType.BILLING_MILESTONE: "Billing milestone",
}
ITEM_TYPE_ALIASES: dict[ItemType, tuple[str, ...]] = {
    ItemType.TIME_ENTRY: _words(
        """time, time entries, hours, timesheet, Zeit, Zeiteintrag, Zeiterfassung, Stunden, Temps, Heures, Tiempo,
        Horas, Uren, Urenregistratie, Ore, Godziny"""
    ),
    ItemType.EXPENSE: _words(
        """expenses, Spesen, Auslage, Auslagen, Frais, Note de frais, Dépense, Gasto, Gastos, Onkosten, Declaratie,
        Spesa, Spese, Wydatek, Wydatki"""
    ),
    ItemType.FIXED_FEE: _words(
        """fixed, fixed fees, fixed fee item, fixed price, Festpreis, Fixpreis, Pauschale, Forfait, Prix fixe,
        Precio fijo, Importe fijo, Vaste prijs, Vast bedrag, Prezzo fisso, Importo fisso, Ryczałt"""
    ),
    ItemType.ADDITIONAL: _words(
        """additional items, additional, extra, extras, Zusatz, Zusatzposition, Zusatzleistung, Poste supplémentaire,
        Supplément, Concepto adicional, Adicional, Aanvullend, Extra post, Voce aggiuntiva, Pozycja dodatkowa"""
    ),
    ItemType.BILLING_MILESTONE: _words(
        "milestone, milestones, billing milestones, Meilenstein, Jalon, Hito, Mijlpaal, Kamień milowy"
    ),
}
SYNC_STATUSES: tuple[str, ...] = ("successful", "pending", "failed")


INVOICE_COLUMNS: tuple[Column, ...] = (
    Column(
        "payment_schedule",
        "Net days",
        _words(
            """Payment schedule, Payment terms, Terms, Net terms, Payment days, Days to pay, Due in days, Zahlungsziel,
            Zahlungsbedingungen, Zahlungsfrist, Délai de paiement, Conditions de paiement, Plazo de pago, Condiciones
            de pago, Betalingstermijn, Betaaltermijn, Termini di pagamento"""
        ),
        Level.INVOICE,
        Kind.DAYS,
        "Days from the invoice date to the due date: 30, or Net 30; 0 is due on receipt. "
        "Required, here or as payment_schedule in the settings.",
        "30",
        "payment_schedule",
        width=10,
    ),
    Column(
        "invoice_date",
        "Invoice date",
        _words(
            """Date, Datum, Fecha, Billing date, Date of invoice, Issue date, Inv date, Doc date, Document date, Bill
            date, Rechnungsdatum, Rechnung Datum, Belegdatum, Date de facture, Date facture, Fecha de factura, Fecha
            factura, Factuurdatum, Data fattura, Data faktury"""
        ),
        Level.INVOICE,
        Kind.DATE,
        "Date of the invoice. Empty: the day on which it is sent.",
        "2026-10-31",
        "invoice_date",
    ),
    Column(
        "user_invoice_number",
        "Invoice number",
        _words(
            """Invoice no, Invoice #, Inv no, Inv number, User invoice number, Rechnungsnummer, Rechnungs-Nr, Rechnung
            Nr, Rechnung Nummer, N° de facture, Numéro de facture, Número de factura, Nº factura, N° facture,
            Factuurnummer, Factuurnr, Numero fattura, Numer faktury"""
        ),
        Level.INVOICE,
        Kind.IDENTIFIER,
        "Number of the invoice, digits only. Empty: Kantata takes its next number.",
        "20261001",
        "user_invoice_number",
        width=15,
    ),
    Column(
        "user_invoice_title",
        "Invoice title",
        ("Title", "User invoice title", "Invoice subject"),
        Level.INVOICE,
        Kind.TEXT,
        "Title of the invoice.",
        "Services in October",
        "user_invoice_title",
        width=26,
    ),
    Column(
        "purchase_order",
        "PO number",
        _words(
            """Purchase order, PO, PO no, Purchase order number, Client PO, PO #, Customer PO, Bestellnummer,
            Bestell-Nr, N° de commande, Numéro de commande, Número de pedido, Orden de compra, Bon de commande,
            Inkoopnummer, PO-nummer, Numero ordine, Numer zamówienia"""
        ),
        Level.INVOICE,
        Kind.TEXT,
        "The client's purchase order, as text: leading zeros are kept.",
        "PO-00042",
        "purchase_order",
    ),
    Column(
        "project_code",
        "Project code",
        ("Job code", "Projektcode", "Projektkürzel", "Code projet", "Código de proyecto", "Projectcode"),
        Level.INVOICE,
        Kind.TEXT,
        "Your own code of the project, as text.",
        "BRD-7",
        "project_code",
    ),
    Column(
        "message",
        "Message",
        ("Invoice message", "Message to client", "Client message", "Invoice notes", "Invoice note"),
        Level.INVOICE,
        Kind.TEXT,
        "Message to the client on the invoice.",
        "Thank you for your trust.",
        "message",
        width=30,
    ),
    Column(
        "draft",
        "Draft",
        ("Is draft", "As draft", "Save as draft"),
        Level.INVOICE,
        Kind.YES_NO,
        "Yes creates a draft, which can still be deleted; no issues the invoice. Empty: as in the settings (a draft).",
        "yes",
        "draft",
        width=10,
    ),
    Column(
        "suppress_emails",
        "Suppress e-mails",
        ("Suppress emails", "No emails", "Do not email"),
        Level.INVOICE,
        Kind.YES_NO,
        "Yes keeps Kantata from sending e-mails about the new invoice. Empty: as in the settings (no e-mails).",
        "yes",
        "suppress_emails",
        width=16,
    ),
    Column(
        "external_reference.service_name",
        "External service",
        ("External service name",),
        Level.INVOICE,
        Kind.TEXT,
        "Only when another system tracks the invoice: the name of that system. "
        "Fill External service, External record type and External record ID together, or none of them.",
        "my-erp",
        "external_reference.service_name",
        width=16,
    ),
    Column(
        "external_reference.service_model",
        "External record type",
        ("External service model",),
        Level.INVOICE,
        Kind.TEXT,
        "Kind of record in that system.",
        "invoice",
        "external_reference.service_model",
        width=18,
    ),
    Column(
        "external_reference.service_model_ref",
        "External record ID",
        ("External service model ref",),
        Level.INVOICE,
        Kind.TEXT,
        "Id of the record in that system. It then is the invoice's identity: it is never billed twice.",
        "ERP-2026-1001",
        "external_reference.service_model_ref",
        width=18,
    ),
    Column(
        "external_reference.status",
        "External reference status",
        (),
        Level.INVOICE,
        Kind.SYNC_STATUS,
        "State of the link: successful, pending or failed.",
        "successful",
        "external_reference.status",
        width=22,
    ),
    Column(
        "external_reference.external_message",
        "External message",
        (),
        Level.INVOICE,
        Kind.TEXT,
        "Message of the other system.",
        "Imported",
        "external_reference.external_message",
        width=18,
    ),
    Column(
        "external_reference.external_link",
        "External link",
        (),
        Level.INVOICE,
        Kind.TEXT,
        "Web address of the record in the other system.",
        "https://erp.example/1001",
        "external_reference.external_link",
        width=24,
    ),
    Column(
        "external_reference.external_status",
        "External status",
        (),
        Level.INVOICE,
        Kind.TEXT,
        "State of the record in the other system.",
        "open",
        "external_reference.external_status",
        width=16,
    ),
    Column(
        "external_reference.locked",
        "External reference locked",
        (),
        Level.INVOICE,
        Kind.YES_NO,
        "Sent as it is, but on an invoice it does nothing: in Kantata it only concerns expense reports so far.",
        "no",
        "external_reference.locked",
        width=22,
    ),
)


LINE_COLUMNS: tuple[Column, ...] = (
    Column(
        "workspace_id",
        "Project ID",
        _words(
            """Workspace ID, Project number, Project no, Kantata project ID, Mavenlink project ID, Project #,
            Projekt-Nr, Projektnummer, Projekt-ID, ID projet, ID proyecto, ID de proyecto, ID progetto, N° de projet,
            Numéro de projet, Número de proyecto, Projectnummer, Numero progetto, Numer projektu"""
        ),
        Level.LINE,
        Kind.IDENTIFIER,
        "Number of the project in Kantata: the digits at the end of the project's web address. "
        "Rows of one project form one invoice unless they have an Invoice key.",
        "101",
        "workspace_id / workspace_ids",
        required_for=frozenset(ItemType),
    ),
    Column(
        "workspace",
        "Project",
        _words(
            """Project name, Project title, Workspace, Client project, Projekt, Projektname, Projet, Nom du projet,
            Proyecto, Progetto, Projectnaam"""
        ),
        Level.LINE,
        Kind.TEXT,
        "Title of the project in Kantata, or a name that the settings give it; it can stand instead of the Project ID. "
        "Where both are given they must agree.",
        "Website-Relaunch Bäckerei Müller",
        "workspace_id / workspace_ids",
        width=30,
    ),
    Column(
        "invoice_key",
        "Invoice key",
        _words(
            """Invoice group, Billing group, Group, Group key, External invoice ID, Rechnungsgruppe, Abrechnungsgruppe,
            Groupe de facturation, Grupo de facturación, Factuurgroep, Gruppo fattura"""
        ),
        Level.LINE,
        Kind.TEXT,
        "Optional. Rows with the same key form one invoice, also across projects. "
        "Use it for two invoices of one project, or one invoice over several projects.",
        "ACME-OCT",
        "not sent",
        width=16,
    ),
    Column(
        "item_type",
        "Item type",
        _words(
            """Type, Line type, Line item type, Charge type, Typ, Art, Positionsart, Positionstyp, Type de ligne, Tipo,
            Tipo de línea, Soort, Regeltype, Tipo riga, Typ pozycji"""
        ),
        Level.LINE,
        Kind.ITEM_TYPE,
        "What the row bills: Time entry, Expense, Fixed fee, Additional item or Billing milestone.",
        "Fixed fee",
        "chooses the list",
        required_for=frozenset(ItemType),
        width=18,
    ),
    Column(
        "item_id",
        "Item ID",
        ("Time entry ID", "Entry ID", "Expense ID", "Milestone ID", "Billing milestone ID", "Record ID"),
        Level.LINE,
        Kind.IDENTIFIER,
        "Number of the time entry, expense or milestone in Kantata. Empty for fixed fees and additional items.",
        "5101001",
        "time_entry_ids, expense_ids, billing_milestone_ids",
        required_for=BY_ID,
        allowed_for=BY_ID,
    ),
    Column(
        "notes",
        "Description",
        _words(
            """Notes, Note, Line description, Item notes, Item description, Memo, Beschreibung, Bezeichnung, Leistung,
            Leistungsbeschreibung, Text, Libellé, Désignation, Descripción, Concepto, Omschrijving, Descrizione, Opis"""
        ),
        Level.LINE,
        Kind.TEXT,
        "Text of the line on the invoice; fixed fees and additional items only.",
        "Retainer October",
        "items' notes",
        allowed_for=AMOUNT_IN_SHEET,
        width=34,
    ),
    Column(
        "amount",
        "Amount",
        _words(
            """Line amount, Net amount, Amount net, Amount excl VAT, Amount excl tax, Price, Fee, Betrag, Nettobetrag,
            Betrag netto, Betrag ohne MwSt, Montant, Montant HT, Importe, Importe neto, Importe sin IVA, Base
            imponible, Bedrag, Nettobedrag, Bedrag excl btw, Importo, Importo netto, Imponibile, Kwota, Kwota netto"""
        ),
        Level.LINE,
        Kind.AMOUNT,
        "Amount in the project's currency, such as 1200 (never in cents); fixed fees and additional items only. "
        "A credit is an additional item with a minus.",
        "1200",
        "items' amount",
        required_for=AMOUNT_IN_SHEET,
        allowed_for=AMOUNT_IN_SHEET,
    ),
    Column(
        "taxable",
        "Taxable",
        _words(
            """Is taxable, Subject to tax, Steuerpflichtig, Steuerbar, Imposable, Soumis à TVA, Assujetti, Gravable, Con
            IVA, Opodatkowane"""
        ),
        Level.LINE,
        Kind.YES_NO,
        "Yes when tax applies to the line; fixed fees and additional items only.",
        "yes",
        "items' taxable",
        allowed_for=AMOUNT_IN_SHEET,
        width=10,
    ),
    Column(
        "story_id",
        "Task ID",
        ("Story ID", "Task number", "Story number"),
        Level.LINE,
        Kind.IDENTIFIER,
        "Optional number of the Kantata task that a fixed fee belongs to.",
        "8101001",
        "items' story_id",
        allowed_for=frozenset({ItemType.FIXED_FEE}),
    ),
)


def _in_kantata(title: str, kind: Kind, width: int) -> Column:
    meaning = "As Kantata shows it, for you to read; it is not sent."
    return Column(title.lower().replace(" ", "_"), title, (), Level.LINE, kind, meaning, "–", "not sent", width=width)


COLUMNS: tuple[Column, ...] = (*LINE_COLUMNS, *INVOICE_COLUMNS)
BY_NAME: dict[str, Column] = {column.name: column for column in COLUMNS}
REQUIRED: tuple[Column, ...] = tuple(c for c in COLUMNS if c.required_for == frozenset(ItemType))
"""Columns without which no row can be read."""
RESULT_COLUMNS: tuple[str, ...] = ("status", "invoice_id", "invoice_link", "error", "what_to_do")
"""What the results add to the right of the sheet; passed over when such a file is imported again."""
GIVES_WAY: frozenset[str] = frozenset(
    "price baseimponible bedragexclbtw type typ art tipo soort date datum fecha title group note memo text leistung "
    "concepto imponibile".split()
)
"""Folded headers of many meanings: they mean their column only where no other header does."""
IN_KANTATA: tuple[Column, ...] = (
    _in_kantata("Project in Kantata", Kind.TEXT, 34),
    _in_kantata("Worth in Kantata", Kind.AMOUNT, 14),
    _in_kantata("Date in Kantata", Kind.DATE, 13),
    _in_kantata("Person in Kantata", Kind.TEXT, 20),
    _in_kantata("Task in Kantata", Kind.TEXT, 20),
    _in_kantata("Text in Kantata", Kind.TEXT, 36),
)
"""What a prefilled workbook shows of each item: carried through, never sent, and no word is said of them."""
NAME_OF_PROJECT = "workspace"
"""The column that may name a project instead of numbering it."""
