"""The columns that are compared with what is billed and never sent: their headers, and the rule of each.

They stand beside :data:`importer.model.columns.COLUMNS`: a header is in one of the two lists, or not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Rule(Enum):
    """What a filled cell must agree with."""

    NO = "It must say no."
    YES = (
        "It must say yes. A blank beside a yes is a warning. A column without any yes or no is not used, with a "
        "warning."
    )
    EMPTY = "It must be empty."
    NONE = "It must be empty, 0 or no: the amount is billed as it stands."
    STATUS = (
        "It must not say no, nor that the row is void, cancelled, rejected, on hold, billed or paid. Words other than "
        "yes are not used, with a warning. Where other rows say yes, “not yet” and the like are a no, and a blank is a "
        "warning."
    )
    APPROVED = (
        "As status; OK, approved, a date or initials are a yes. Where no row says yes, a no is only a warning: many "
        "programs write it where none approves."
    )
    UNCLEAR = (
        "Without its accent it may say that the row is to be billed, or that it was: an error asks which of the two."
    )
    SHARE = (
        "It should be 1 or 100 %; a warning says where it is not: the amount is billed as it stands, not a part of it."
    )
    DISCOUNT = "It must be 0, unless the amount is quantity times price less it."
    SIGN = "It must say debit. A column that holds other words than debit and credit is not used, with a warning."
    DOCUMENT = "It must be an invoice; a credit note only beside a negative amount."
    CURRENCY = "It must be the currency of the amount and of the project."
    DUE_DATE = "It must be the invoice date plus the net days."
    QUANTITY = "Times the price it must be the amount. Without a price it is not used, with a warning."
    HOURS = (
        "Times the rate they must be the amount. Beside a time entry they are compared with Kantata (`not_sent_cells`)."
    )
    RATE = (
        "Times quantity or hours it must be the amount. Beside a time entry it is compared with Kantata "
        "(`not_sent_cells`). Without a quantity it is not used, with a warning."
    )
    TOTAL = "It must be the amount, or the amount and its tax."
    NET = "It must be the amount."
    GROSS = "It must be the amount and its tax."
    CENTS = "It must be the amount times 100."
    TAX = "Taxable must say the same; the tax must be that of the amount, not a part of it."
    TAX_AMOUNT = (
        "As tax; beside it the amount must be proved to be net, by a rate, a net or a gross column or its header."
    )
    DEBIT = "Less the credit it must be the amount."
    CREDIT = "The debit less it must be the amount."
    EXCHANGE = "It must be 1: amounts are in the project's currency."
    FACTOR = "It must be 1: the amount is billed as it stands."


@dataclass(frozen=True, slots=True)
class CheckOnly:
    """One column that is compared and never sent."""

    name: str
    """Name in messages for programs."""
    title: str
    """Friendly header."""
    rule: Rule
    headers: tuple[str, ...]
    """Headers that mean it; a currency beside them does not count."""


def _column(name: str, title: str, rule: Rule, headers: str) -> CheckOnly:
    others = " ".join(headers.split()).split(", ")
    return CheckOnly(name, title, rule, (title, *others))


CHECK_ONLY: tuple[CheckOnly, ...] = (
    _column(
        "void",
        "Void",
        Rule.NO,
        """Voided, Cancelled, Canceled, Do not bill, Don't bill, Do not invoice, Non billable, Not billable,
        Invoiced, Billed, Is invoiced, Is billed, Already invoiced, Already billed, Exported, Paid, Already paid,
        Deleted, On hold, Hold, Exclude, Excluded, Skip, Ignore, No charge, Written off, Storniert, Storno,
        Abgerechnet, Fakturiert, Berechnet, Nicht abrechnen, Nicht abrechenbar, Nicht berechnen, Bezahlt, Gelöscht,
        Gesperrt, Annulé, Facturé, Déjà facturé, Non facturable, Payé, Supprimé, Anulado, Facturado, Ya facturado,
        No facturable, Pagado, Gefactureerd, Geannuleerd, Niet factureren, Betaald, Fatturato, Annullato, Non
        fatturabile, Pagato, Zafakturowane, Anulowane, Zapłacone, Faturado, Já faturado, Não faturar, Não faturável,
        Cancelado, Fakturerad, Ej fakturerbar, Makulerad, Betald, Refunded, Disputed, Duplicate, Duplicate of, Bill
        later, Invoice later, Deferred, Postponed, Parked, Archived, Credited, Free of charge, Pro bono, Complimentary,
        N/C, Goodwill, Invoice sent, Noch nicht abrechnen, Später abrechnen, Zurückgestellt, Kulanz, Gratis,
        Kostenlos, Kostenfrei, Rechnung gestellt, Ne pas facturer, À ne pas facturer, Gratuit, Offert, En attente,
        Facture envoyée, No facturar, En espera, Non fatturare, Da non fatturare, In sospeso, Nie fakturować,
        Ikke fakturer""",
    ),
    _column(
        "billable",
        "Billable",
        Rule.YES,
        """Is billable, Chargeable, Bill, To bill, To be billed, To invoice, To be invoiced, Ready to bill, Ready to
        invoice, Abrechenbar, Verrechenbar, Fakturierbar, Abzurechnen, Zu berechnen, Facturable, À facturer, A
        facturar, Declarabel, Factureerbaar, Te factureren, Fatturabile, Da fatturare, Rozliczalne, Do
        zafakturowania, Faturável, A faturar, Fakturerbar, Debiterbar, Att fakturera, Faktureras, Invoice?, Invoice
        this, Bill this, Bill now, Abrechnen, Berechnen, Verrechnen, Fakturieren, Rechnung?, Facturer, Facturar,
        Factura?, Factureren, Factuur?, Fatturare, Fattura?, Fakturować, Faktura?, Faturar, Fakturera""",
    ),
    _column(
        "status",
        "Status",
        Rule.STATUS,
        """Invoice status, Billing status, Payment status, Line status, Item status, Rechnungsstatus,
        Abrechnungsstatus, Zahlungsstatus, Statut, État, Estado, Factuurstatus, Stato, Situação,
        Fakturastatus, Include, Send?""",
    ),
    _column(
        "approved",
        "Approved",
        Rule.APPROVED,
        """Is approved, Approval, Approval status, Freigegeben, Freigabe, Genehmigt, Bestätigt, Validé, Approuvé,
        Aprobado, Goedgekeurd, Approvato, Zatwierdzone, Aprovado, Godkänd, Included, Ready, Released, Confirmed""",
    ),
    _column(
        "invoiced_on",
        "Invoiced on",
        Rule.EMPTY,
        """Billed on, Date invoiced, Date billed, Invoiced date, Billed date, Voided on, Cancelled on,
        Abgerechnet am, Fakturiert am, Storniert am, Facturé le, Facturado el, Gefactureerd op, Fatturato il, Invoice
        sent on, Paid on, Date paid, Bezahlt am, Payé le, Pagado el, Betaald op, Pagato il""",
    ),
    _column(
        "share",
        "Share",
        Rule.SHARE,
        """% complete, Percent complete, Percentage complete, Complete %, Completion, Completion %, Percentage, Percent,
        Progress, Split, Allocation, Anteil, Prozent, Fertigstellung, Fertigstellungsgrad, Fortschritt, Avancement,
        Quote-part, Pourcentage, Avance, Porcentaje, Percentuale, Quota, Avanzamento, Aandeel, Voortgang,
        Percentage gereed, Udział, Procent""",
    ),
    _column(
        "discount",
        "Discount",
        Rule.DISCOUNT,
        """Discount amount, Discount percent, Discount percentage, Line discount, Item discount,
        Rebate, Rabatt, Nachlass, Skonto,
        Remise, Rabais, Descuento, Korting, Sconto, Rabat, Desconto""",
    ),
    _column(
        "adjustment",
        "Adjustment",
        Rule.NONE,
        """Adjustments, Write-off, Write off amount, Write-down, Write-up, Markup, Surcharge, Retention, Retainage,
        Deduction, Deposit, Prepaid, Prepayment, Advance, Credit applied, Aufschlag, Zuschlag, Abzug, Einbehalt,
        Anzahlung, Vorauszahlung, Majoration, Retenue, Acompte, Recargo, Retención, Anticipo, Deducción, Toeslag,
        Inhouding, Aanbetaling, Voorschot, Maggiorazione, Ritenuta, Acconto, Narzut, Potrącenie, Zaliczka, Adiantamento,
        Avdrag""",
    ),
    _column(
        "factor",
        "Factor",
        Rule.FACTOR,
        """Multiplier, Faktor, Multiplikator, Facteur, Coefficient, Multiplicador, Coeficiente, Vermenigvuldiger,
        Fattore, Moltiplicatore, Mnożnik, Fator""",
    ),
    _column(
        "sign",
        "Debit/Credit",
        Rule.SIGN,
        """Dr/Cr, Cr/Dr, D/C, C/D, S/H, Credit/Debit, Debit or credit, D/C indicator, Debit/Credit indicator,
        Debit/Credit Ind, Soll/Haben, Soll/Haben-Kennzeichen, Soll/Haben-Kz, S/H-Kennzeichen, Débit/Crédit, Sens,
        Debe/Haber, Debet/Credit, Af Bij, Dare/Avere, Débito/Crédito, Sign, +/-, Vorzeichen, Signe, Signo, Segno,
        Znak""",
    ),
    _column(
        "document_type",
        "Document type",
        Rule.DOCUMENT,
        """Doc type, Document, Invoice type, Transaction type, Type of document, Belegart, Rechnungsart, Dokumenttyp,
        Vorgangsart, Type de document, Type de pièce, Tipo de documento, Tipo documento, Documenttype, Soort document,
        Typ dokumentu, Credit note, Is credit, Gutschrift, Kreditfaktura""",
    ),
    _column(
        "currency",
        "Currency",
        Rule.CURRENCY,
        """Currency code, Curr, Ccy, Währung, Währungscode, Devise, Monnaie, Moneda, Divisa, Valuta, Waluta,
        Munt, Moeda""",
    ),
    _column(
        "due_date",
        "Due date",
        Rule.DUE_DATE,
        """Due, Due on, Date due, Payment due, Payment due date, Pay by, Invoice due date, Fälligkeit,
        Fälligkeitsdatum, Fällig am, Fällig, Zahlbar bis, Échéance, Date d'échéance, Date échéance, Vencimiento,
        Fecha de vencimiento, Vervaldatum, Vervaldag, Scadenza, Data scadenza, Data di scadenza, Termin
        płatności, Termin zapłaty, Data de vencimento, Förfallodatum, Förfallodag, Forfaldsdato""",
    ),
    _column(
        "quantity",
        "Quantity",
        Rule.QUANTITY,
        """Qty, Count, Units, Number of units, Item quantity, Menge, Anzahl, Stück, Stückzahl, Quantité, Qté,
        Cantidad, Cant, Aantal, Hoeveelheid, Quantità, Qtà, Ilość, Quantidade, Qtd,
        Qtde, Antal""",
    ),
    _column(
        "hours",
        "Hours",
        Rule.HOURS,
        """Hrs, Billable hours, Hours worked, Number of hours, Time (h), Time (decimal), Duration, Duration (h),
        Duration (decimal), Stunden, Std, Anzahl Stunden, Dauer, Heures, Nombre d'heures, Durée, Horas,
        Duración, Uren, Aantal uren, Duur, Ore, Durata, Godziny, Czas, Duração, Timmar, Antal
        timmar""",
    ),
    _column(
        "rate",
        "Rate",
        Rule.RATE,
        """Unit price, Price, Hourly rate, Billing rate, Bill rate, Billable rate, Rate per hour, Price per
        hour, Unit rate, Price per unit, Price each, Unit amount, Item rate, Item price, Item unit price, Day
        rate, Daily rate, Einzelpreis, Stückpreis, Preis, Preis pro Einheit, Stundensatz, Tagessatz, Satz, Prix
        unitaire, Prix, PU, Taux, Taux horaire, Tarif, Tarif horaire, Precio unitario, Precio, Tarifa, Tarifa
        por hora, Tarief, Uurtarief, Eenheidsprijs, Stukprijs, Prijs, Prezzo unitario, Prezzo, Tariffa, Tariffa
        oraria, Cena, Cena jednostkowa, Stawka, Stawka godzinowa, Preço, Preço unitário, Valor unitário, Valor hora,
        Pris, À-pris, Styckpris, Timpris""",
    ),
    _column(
        "total",
        "Total",
        Rule.TOTAL,
        """Line total, Total amount, Amount total, Total price, Subtotal, Line subtotal, Sum, Value, Line value,
        Billable amount, Billed amount, Extended price, Extended amount, Item amount, Item total, Amount due, Total due,
        Amount to bill, Amount to invoice, Invoice amount, Invoice total, Gesamt, Gesamtbetrag, Gesamtpreis,
        Summe, Zeilensumme, Endbetrag, Rechnungsbetrag, Positionsbetrag, Zeilenbetrag, Montant total, Prix
        total, Total ligne, Importe total, Total línea, Monto, Monto total, Totaal, Totaalbedrag, Totaalprijs,
        Regeltotaal, Precio total, Totale, Importo totale, Prezzo totale, Totale riga, Razem, Suma, Wartość,
        Kwota razem, Valor total, Summa, Totalt, Totalbelopp""",
    ),
    _column(
        "net",
        "Net",
        Rule.NET,
        """Netto, Net total, Total net, Net value, Total excl VAT, Total excl tax, Total before tax, Amount
        before tax, Gesamt netto, Summe netto, Netto gesamt, HT, Total HT, Neto, Total neto, Base imponible,
        Imponibile, Totale netto, Totaal excl btw, Bedrag excl btw, Wartość netto, Razem netto, Valor líquido,
        Belopp exkl moms""",
    ),
    _column(
        "gross",
        "Gross",
        Rule.GROSS,
        """Gross amount, Gross total, Total gross, Amount gross, Gross value, Amount incl VAT, Amount incl tax,
        Amount including VAT, Amount including tax, Amount with tax, Total incl VAT, Total incl tax, Total
        including VAT, Total including tax, Total with tax, Brutto, Bruttobetrag, Betrag brutto, Gesamt brutto,
        Summe brutto, Betrag inkl MwSt, Gesamt inkl MwSt, TTC, Montant TTC, Total TTC, Bruto, Importe bruto,
        Total con IVA, Importe con IVA, IVA incluido, Brutobedrag, Bedrag incl btw, Totaal incl btw, Lordo,
        Importo lordo, Totale lordo, Totale ivato, Kwota brutto, Wartość brutto, Razem brutto, Valor bruto,
        Belopp inkl moms""",
    ),
    _column(
        "cents", "Amount in cents", Rule.CENTS, "Amount (cents), Cents, Total in cents, Price in cents, Betrag in Cent"
    ),
    _column(
        "tax",
        "Tax",
        Rule.TAX,
        """VAT, GST, HST, Sales tax, Tax rate, VAT rate, GST rate, Tax percent, MwSt, USt, Mehrwertsteuer,
        Umsatzsteuer, Steuer, Steuersatz, MwSt-Satz, USt-Satz, TVA, Taux TVA, Taux de TVA, IVA, Tipo IVA, Tipo
        de IVA, BTW, BTW-tarief, Aliquota, Aliquota IVA, Podatek, Stawka VAT, Imposto, Taxa de IVA, Moms,
        Momssats""",
    ),
    _column(
        "tax_amount",
        "Tax amount",
        Rule.TAX_AMOUNT,
        """VAT amount, GST amount, Total tax, Total VAT, Item tax, Item tax amount, Tax 1 amount, Tax 2 amount,
        Steuerbetrag, MwSt-Betrag,
        USt-Betrag, Montant TVA, Montant de TVA, Importe IVA, Cuota IVA, BTW-bedrag, Importo IVA, Kwota VAT, Valor IVA,
        Valor do IVA, Momsbelopp""",
    ),
    _column("debit", "Debit", Rule.DEBIT, "Debit amount, Soll, Sollbetrag, Débit, Debe, Debet, Dare"),
    _column("credit", "Credit", Rule.CREDIT, "Credit amount, Haben, Habenbetrag, Crédit, Haber, Avere"),
    _column(
        "exchange_rate",
        "Exchange rate",
        Rule.EXCHANGE,
        """FX rate, FX, Conversion rate, Wechselkurs, Umrechnungskurs, Taux de change, Tipo de cambio,
        Wisselkoers, Tasso di cambio, Cambio, Kurs waluty, Taxa de câmbio, Växelkurs""",
    ),
)
UNCLEAR = CheckOnly("billed_or_to_bill", "Facture?", Rule.UNCLEAR, ("Facture", "Facture?"))
"""“Facture ?” asks whether to bill, and is “Facturé ?” without its accent: only the settings can tell."""
CHECK_BY_NAME: dict[str, CheckOnly] = {column.name: column for column in CHECK_ONLY}
