"""What is proposed for whole sheets of accountants in six languages: right, never taken wrongly, asked only once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from importer.flow.mapping import Answers, Draft, SettingsPlace, draft_of, errors_of_headers, write
from importer.flow.prepared import Tools, Wish
from importer.settings.loading import load
from importer.settings.model import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from importer.ledger.ledger import SubmissionLedger

RIGHT = 0.95
"""Share of the proposals that must be right."""
NOTHING = "-"
CONSTANTS = {"workspace_id": 101, "item_type": "additional", "payment_schedule": 30}
"""What a person answers for columns that a sheet lacks."""
SHEETS = {
    "English: passed-through costs": """
        Project ref = workspace_id/project_code | 101 | 104
        Supplier = - | Print24 | MediaBuy
        Cost = - | 400.00 | 2000.00
        Markup % = -/adjustment | 25 | 10
        Sell = amount | 500.00 | 2200.00
        Supplier invoice date = - | 2026-10-09 | 2026-10-20
        Supplier invoice no = - | P-991 | M-12
        Details = notes | Flyers for the fair | Poster sites in town
        Terms days = payment_schedule | 30 | 30""",
    "English: work in progress": """
        Project no = workspace_id | 101 | 105
        Phase = notes/- | Design of the shop | Build of the shop
        Budget = - | 10000 | 20000
        Billed to date = - | 4000 | 5000
        To bill this month = amount | 1500 | 2500
        Remaining = - | 4500 | 12500
        PM = - | Anna Kay | Tom Lee""",
    "English: project manager": """
        Job = workspace_id | 101 | 102
        What for = notes | Design sprint for the fair | Copy deck for autumn
        Charge = amount | 1,500.00 | 900.00
        Charge basis = item_type | Lump sum | Lump sum
        Pay within = payment_schedule | 30 days | 14 days
        Bill date = invoice_date | 2026-10-31 | 2026-10-31
        OK by = - | Bob | Sue
        Comments = - | fine for me | check the rate""",
    "English: list of time entries": """
        Entry # = item_id | 5103001 | 5103002
        Workspace # = workspace_id | 103 | 103
        Workspace = workspace | Online shop | Online shop
        Team member = - | Ann Cole | Bob Dean
        Performed on = - | 2026-10-07 | 2026-10-09
        Hrs = hours | 2.5 | 3""",
    "English: payments beside": """
        Project number = workspace_id | 101 | 102
        Kind = item_type | Fixed fee | Fixed fee
        Service = notes | Website design | Copy of brochure
        Invoice text = message/- | ask Bob before sending | client pays late
        Fee = amount | 1500.00 | 800.00
        Amount paid = - | 500.00 | 0.00
        Payment date = - | 2026-11-02 | 2026-11-03
        Terms = payment_schedule | 30 | 30""",
    "English: engagements": """
        Engagement name = workspace | Brand refresh | Annual report
        Narrative = notes | Additional logo sheets | Proof reading
        Net = amount/net | 750.50 | 320.00
        Cur = currency | USD | GBP
        Invoice dated = invoice_date | 2026-10-31 | 2026-10-31
        Credit days = payment_schedule | 30 | 30
        Customer PO ref = purchase_order | PO-2 | PO-3
        VAT code = -/tax | S | Z""",
    "English: expenses by number": """
        Project ID = workspace_id | 101 | 102
        Expense no = item_id | 6001001 | 6001002
        Merchant = - | Rail | Hotel
        Spent on = - | 2026-10-02 | 2026-10-03
        Approved by = - | Ann | Ann""",
    "German: traps": """
        Auftragsnummer = -/purchase_order | 70011 | 70012
        Projekt = workspace | 101 | 102
        Betreff = notes/user_invoice_title | Banner | Flyer
        Einzelpreis = rate | 100,00 | 250,00
        Menge = quantity | 5 | 2
        Gesamt = amount/total | 500,00 | 500,00
        Rabatt = discount | 0 | 0
        Lieferdatum = - | 12.10.2026 | 20.10.2026
        Fälligkeit = due_date | 30.11.2026 | 30.11.2026
        Konto = - | 8400 | 8400""",
    "German: bookings": """
        Beleg-Nr. = -/user_invoice_number | 4711 | 4712
        Projektkennung = workspace_id | 101 | 102
        Buchungstext = notes | Retainer Oktober | Layout Broschüre
        Nettowert = amount | 1.200,00 | 2.450,75
        Steuerschlüssel = - | 19 | 19
        Leistungsdatum = - | 31.10.2026 | 30.10.2026
        Zahlbar binnen = payment_schedule | 30 Tage | 14 Tage
        Kostenstelle = - | 4000 | 4100""",
    "German: notes of colleagues": """
        Projekt-Nr = workspace_id | 101 | 102
        Positionsart = item_type | Pauschale | Pauschale
        Was = notes | Gestaltung der Startseite | Texte für Broschüre
        Notiz = - | gibt es nicht | Kunde zickig
        Zu berechnen = amount | 1500 | 800
        Einkaufspreis = - | 700,00 | 300,00
        Zahlungsdatum = - | 02.11.2026 | 03.11.2026
        Ziel = payment_schedule | 30 Tage | 30 Tage""",
    "German: agency": """
        Kunde = - | Bäckerei Müller | Stadtwerke
        Auftrag = workspace | Website Relaunch | Kampagne Herbst
        Tätigkeit = notes | Konzept Startseite | Anzeigenserie
        Honorar netto = amount | 1.200,00 | 3.500,00
        Fällig nach Tagen = payment_schedule | 30 | 14
        Rechnung vom = invoice_date | 31.10.2026 | 31.10.2026
        Sachbearbeiter = - | AK | TL
        Bemerkung intern = - | bitte prüfen | ok""",
    "German: hours": """
        Zeiteintrag = item_id | 5101001 | 5101002
        Projektnr. = workspace_id | 101 | 101
        Mitarbeiter = - | Beck | Lefèvre
        Stundenzahl = hours | 10 | 4,5
        Freigabe = approved/- | ja | ja
        Angelegt am = - | 05.10.2026 | 06.10.2026""",
    "German: order numbers": """
        Projekt-ID = workspace_id | 101 | 102
        Angebotsnummer = - | 2026001 | 2026002
        Leistung = notes | Beratung Oktober | Workshop Vertrieb
        Leistungsart = item_type | Pauschalhonorar | Pauschalhonorar
        Bisher abgerechnet = - | 1.000,00 | 2.000,00
        Rechnungsbetrag netto = amount/net/total | 450,00 | 990,50
        Bestell-Nr. Kunde = purchase_order | B-77 | B-78
        Zahlungsziel (Tage) = payment_schedule | 30 | 14""",
    "French: fees": """
        Client = - | Boulangerie | Fromagerie
        N° dossier = workspace_id | 101 | 103
        Nature de la prestation = notes | Refonte du site | Boutique en ligne
        Montant H.T. = amount | 1500,00 | 2200,00
        T.V.A. = tax | 300,00 | 440,00
        Montant T.T.C. = gross | 1800,00 | 2640,00
        Échéance = payment_schedule | 30 jours | 30 jours
        Date de facturation = invoice_date | 31/10/2026 | 31/10/2026
        Réf. commande = purchase_order | BC-001 | BC-002""",
    "French: own words": """
        Affaire = workspace | Site Müller | Appli Fähre
        Quoi = notes | Maquettes du site | Tests de l'appli
        Combien = amount | 900 | 1100
        Quand payer = payment_schedule | 30 | 30
        Quand facturer = invoice_date | 31/10/2026 | 31/10/2026
        Type presta = item_type | Forfait | Forfait""",
    "French: payments beside": """
        ID projet = workspace_id | 101 | 102
        N° de devis = - | 20261 | 20262
        Désignation = notes | Conseil octobre | Atelier ventes
        À facturer = amount | 1000,00 | 450,50
        Prix d'achat = - | 400,00 | 200,00
        Date de paiement = - | 02/11/2026 | 03/11/2026
        Remarques = - | client fâché | à vérifier
        Délai de règlement = payment_schedule | 30 jours | 45 jours""",
    "French: site": """
        Chantier = workspace_id | 101 | 105
        Intitulé = notes/user_invoice_title | Conception graphique | Développement application
        Prix HT = amount/net | 1250,00 | 4800,50
        Délai = payment_schedule | 30 | 45
        Émise le = invoice_date | 31/10/2026 | 31/10/2026
        Soumis à TVA = taxable | oui | oui
        Fournisseur = - | Imprimerie | Agence""",
    "French: time entries": """
        N° de saisie = item_id | 5103001 | 5103002
        Numéro de projet = workspace_id | 103 | 103
        Collaborateur = - | Anne | Théo
        Temps passé = hours | 2,5 | 3
        Date de prestation = - | 07/10/2026 | 09/10/2026""",
    "Spanish: fees": """
        Cliente = - | Panadería | Quesería
        Nº proyecto = workspace_id | 101 | 103
        Trabajo realizado = notes | Diseño de la web | Tienda en línea
        Honorarios = amount | 1800,00 | 2750,25
        Vencimiento (días) = payment_schedule | 30 | 30
        Fecha de emisión = invoice_date | 31/10/2026 | 31/10/2026
        Responsable = - | Ana | Luis
        Orden del cliente = purchase_order | OC-77 | OC-78""",
    "Spanish: agency": """
        Obra = workspace | Web Müller | App Fähre
        Detalle = notes | Mantenimiento mensual | Soporte de octubre
        Base = amount | 600,00 | 350,50
        Plazo = payment_schedule | 30 | 30
        Emitida = invoice_date | 31/10/2026 | 31/10/2026
        Gravado = taxable | sí | sí""",
    "Spanish: payments beside": """
        ID proyecto = workspace_id | 101 | 102
        Presupuesto nº = - | 2026001 | 2026002
        Servicio = notes | Consultoría de octubre | Taller de ventas
        A facturar = amount | 1000,00 | 450,50
        Precio de compra = - | 400,00 | 200,00
        Fecha de pago = - | 02/11/2026 | 03/11/2026
        Observaciones = - | cliente enfadado | revisar
        Plazo de pago en días = payment_schedule | 30 | 45""",
    "Spanish: time entries": """
        Nº de registro = item_id | 5103001 | 5103002
        Número de proyecto = workspace_id | 103 | 103
        Empleado = - | Ana | Luis
        Horas trabajadas = hours | 2,5 | 3
        Fecha del servicio = - | 07/10/2026 | 09/10/2026""",
    "Dutch: fees": """
        Projectnr. = workspace_id | 101 | 102
        Klant = - | Bakkerij | Molen
        Omschrijving werkzaamheden = notes | Advies oktober | Ontwerp website
        Bedrag excl. btw = amount | 1200,00 | 450,50
        Soort = item_type | Vaste prijs | Vaste prijs
        Betalingstermijn = payment_schedule | 30 dagen | 14 dagen
        Factuurdatum = invoice_date | 31-10-2026 | 31-10-2026
        Bestelnummer = purchase_order | B-1 | B-2
        Opmerkingen = - | bellen | niet sturen""",
    "Italian: fees": """
        Commessa = workspace_id | 101 | 102
        Cliente = - | Panificio | Mulino
        Descrizione attività = notes | Consulenza ottobre | Progetto grafico
        Compenso netto = amount | 1200,00 | 450,50
        Valuta = currency | EUR | EUR
        Termini di pagamento = payment_schedule | 30 giorni | 60 giorni
        Data fattura = invoice_date | 31/10/2026 | 31/10/2026
        Note interne = - | chiamare | ok""",
}
"""Sheets as accountants keep them. In a line: the header, the name of the column that it means (several where any will
do, - for nothing), and the cells of two rows."""


class Wanted(NamedTuple):
    """One column of a sheet."""

    header: str
    right: list[str]
    """Names of columns that it may mean, the best first."""
    cells: list[str]


def columns_of(name: str) -> list[Wanted]:
    """The columns of one of the sheets."""
    found = []
    for line in SHEETS[name].strip().splitlines():
        head, *cells = line.split(" | ")
        header, _, right = head.strip().rpartition(" = ")
        found.append(Wanted(header, right.split("/"), cells))
    return found


def draft_for(name: str, folder: Path, ledger: SubmissionLedger, settings: Settings) -> Draft:
    """The questions that one of the sheets raises, without Kantata."""
    columns = columns_of(name)
    rows = [[column.header for column in columns], *zip(*(column.cells for column in columns), strict=True)]
    path = folder / "own.csv"
    path.write_text("".join(f"{';'.join(row)}\n" for row in rows), encoding="utf-8")
    return draft_of(Wish(path), Tools(settings, "stand-in", ledger, None))


def right_answers(draft: Draft, name: str) -> Answers:
    """What a person answers who knows what every column means."""
    wanted = columns_of(name)
    taken = {name for _, name in draft.understood}
    answers = Answers()
    meant: dict[int, str | None] = {}
    for found in draft.proposals:
        right = [name for name in wanted[found.column.position].right if name not in taken]
        meant[found.column.position] = None
        if right and right[0] != NOTHING:
            meant[found.column.position] = found.meant if found.meant in right else right[0]
        answers.means(found.column.text, meant[found.column.position])
    for word in draft.words(meant):
        answers.values.setdefault(word.name, {})[word.word] = word.meant
    for missing in draft.missing(meant):
        answers.constants[missing.name] = missing.proposed or CONSTANTS[missing.name]
    return answers


def test_proposals_for_whole_sheets_are_right(tmp_path: Path, ledger: SubmissionLedger) -> None:
    """At least 95 of 100; none that is wrong is used unasked, or accepted by Enter alone."""
    count, wrong, missed, taken, by_enter = 0, [], [], [], []
    for name in SHEETS:
        wanted = columns_of(name)
        draft = draft_for(name, tmp_path, ledger, Settings())
        for column, meant in draft.understood:
            if meant not in wanted[column.position].right:
                taken.append((name, column.text, meant))
        for found in draft.proposals:
            count += 1
            right = wanted[found.column.position].right
            if (found.meant or NOTHING) in right:
                continue
            if found.meant is None:
                missed.append((name, found.column.text, found.why))
            else:
                wrong.append((name, found.column.text, found.meant))
                by_enter += [wrong[-1]] * found.sure
    assert len(SHEETS) >= 20
    assert (taken, by_enter) == ([], [])
    assert count >= 100
    assert 1 - (len(wrong) + len(missed)) / count >= RIGHT, (count, wrong, missed)


@pytest.mark.parametrize("name", SHEETS)
def test_the_second_month_asks_nothing(
    name: str, tmp_path: Path, ledger: SubmissionLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the right answers no header is a problem, and nothing is left to ask."""
    monkeypatch.chdir(tmp_path)
    first = draft_for(name, tmp_path, ledger, Settings())
    write(right_answers(first, name), SettingsPlace(tmp_path / "importer.toml"))
    settings = load()
    second = draft_for(name, tmp_path, ledger, settings)
    assert not second.asks, ([found.column.text for found in second.proposals], second.words({}), second.missing({}))
    assert errors_of_headers(Wish(tmp_path / "own.csv"), Tools(settings, "stand-in", ledger, None), second) == []
