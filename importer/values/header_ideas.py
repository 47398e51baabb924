"""The words of headers in English, German, French, Spanish, Dutch and Italian, and which together name a column.

Read by :mod:`importer.values.header_meanings`.
"""

from __future__ import annotations

IDEAS: dict[str, str] = {
    "project": """prj proj project projekt projet proyecto progetto projeto job mandat mandate engagement matter
        workspace chantier obra encargo auftrag affaire dossier expediente projecten vorhaben commessa pratica
        opdracht incarico cantiere zaak mandato dossiernummer assignment mission missions klus klussen baustelle
        baustellen worksite campaign kampagne campagne campana event veranstaltung evento akte akten causa caso course
        kurs curso corso seminar workstream bauvorhaben""",
    "number": """identifier no nr num number nummer numero id ids n kennung kennziffer identifiant identificador ident
        # ° nummern numeros""",
    "ident": "id ids kennung identifiant identificador identifier",
    "code": """code kurzel kuerzel codigo reference ref referenz referencia codice cod sigla kenmerk riferimento rif
        referentie""",
    "name": "name intitule bezeichnung nom nombre titel title titre titulo naam nome denominazione benaming",
    "date": "f date dt datum fecha data",
    "day": "day tag jour dia giorno dag",
    "issued": """issued emision emission emitida emitido emise emis ausgestellt ausstellung ausstellungs emissione
        emessa uitgegeven""",
    "what": "what was quoi que ce cosa wat",
    "did": """did done performed rendered carried gemacht ausgefuhrt ausgefuehrt erledigt erbracht fait faite realise
        realisee effectue effectuee hecho hecha hizo realizado realizada fatto svolto svolta gedaan verricht
        uitgevoerd""",
    "your": "your ihr ihre votre vos uw vostro vostra su",
    "invoice": """invoice rechnung rechnungs facture factura facturation facturacion faktura inv bill billing
        sammelrechnung rg re fattura fatture fatturazione fatturare factuur facturatie factureren fra fras fact
        rechn""",
    "document": "beleg belege belegfeld piece document dokument documento doc",
    "money": """einzelpreis amount betrag betrage montant importe honorar honoraire honoraires honorario honorarios
        fee fees wert valeur valor value entgelt price preis prix precio charge charges monto revenue umsatz pauschale
        forfait ep bedrag importo compenso compensi onorario onorari parcella vergoeding honorarium prezzo prijs sell
        vente venta verkauf verkaufspreis vk verkoop vendita combien cuanto wieviel hoeveel quanto base leistungswert
        erlos erlose turnover ricavo opbrengst forderung gebuhr gebuhren gebuehr gebuehren vergutung verguetung cuota
        redevance canone quota""",
    "price": "price preis prix precio prezzo prijs cena",
    "elsewhere": """previous prev last prior budget budgeted plan planned forecast projected expected estimate
        estimated vormonat vormonats vorjahr vorjahres vorperiode vorige vorheriger letzter letzten geplant planung
        prognose geschatzt precedent precedente dernier derniere prevu prevue prevision estime anterior anteriores
        pasado ultimo presupuesto previsto presupuestado estimado scorso begroot gepland auftragssumme auftragswert
        vertragssumme contractwaarde presupuestada certificado""",
    "contract": "contract contrat contrato contratto vertrag vertrags marche marches",
    "total": "total totals summe gesamt sum suma somme totale totaal subtotal subtotale zwischensumme som",
    "cost": "cost costs kosten coste costo cout",
    "margin": "markup margin marge margen margine aufschlag gewinn profit",
    "supplier": """supplier vendor lieferant lieferanten kreditor fournisseur proveedor leverancier fornitore
        subcontractor subunternehmer fremdrechnung eingangsrechnung""",
    "buying": "einkauf einkaufs einkaufspreis ek achat achats compra compras inkoop inkoopprijs acquisto purchase",
    "paid": """paid bezahlt gezahlt paye payee payes pagado pagada betaald pagato received erhalten encaisse cobrado
        recibido incassato outstanding offen offener ouvert remaining rest restbetrag restant balance saldo solde
        pendiente openstaand residuo""",
    "quote": "quote quotation quotes devis angebot angebots oferta offerte offre preventivo proposal kostenvoranschlag",
    "delivery": "delivery shipping versand liefer lieferung lieferschein livraison entrega consegna levering",
    "so_far": """bisher bislang kumuliert cumul cumule cumulee acumulado acumulada cumulative ytd cumulatief cumulato
        origen origine vorperioden""",
    "net": "net ex netto neto ht excl excluding exkl ohne hors sin before esclusa escl exclusief zonder senza",
    "gross": "gross brutto ttc bruto incl inkl including inclusive con lordo inclusa inclusief",
    "text": """leistungs work description beschreibung text texte texto leistung designation descripcion concepto
        detail details detalle narrative libelle prestation activity aktivitat activite actividad tatigkeit taetigkeit
        intitule wording servicio service omschrijving werkzaamheden dienst dienstverlening prestazione prestazioni
        descrizione attivita lavori causale prestations travaux arbeiten servicios presta deliverable deliverables
        scope inhalt contenu contenido contenuto gegenstand umfang lavorazione actuacion actuaciones diligence
        diligences intervention interventions narration""",
    "when": "when quand wann cuando wanneer quando",
    "remark": """note bemerkung comment comments commentaire kommentar observaciones notes notiz notizen memo nota
        notas remark remarks remarque remarques bemerkungen kommentare commentaires comentario comentarios observacion
        observation observations anmerkung anmerkungen hinweis hinweise opmerking opmerkingen osservazioni annotazioni
        vermerk vermerke bem opm obs anm""",
    "due": """due fallig falligkeit faellig faelligkeit echeance vencimiento vence zahlbar payable pagadero verval
        vervaldatum vervaldag scadenza""",
    "terms": """kondition konditionen terms term zahlungsziel zahlungsfrist zahlungsbedingung zahlungsbedingungen ziel
        frist delai conditions plazo condiciones schedule termini termine betalingstermijn betaaltermijn termijn
        condizioni dilazione voorwaarden""",
    "pay": """pay payment zahlung paiement pago zahlen reglement payer pagar pagare betaling betalen betaal betalings
        pagamento bezahlen zahlungs settle settled settlement""",
    "days": "days tage tagen jours dias dagen giorni gg",
    "credit": "credit kredit credito gutschrift avoir abono",
    "order": """po purchase bestellung bestell bestellnummer commande pedido orden order bc bestelling bestelnummer
        bestelnr bestel ordine ordini inkooporder oda oc""",
    "tax": "tax vat ust mwst tva iva gst steuer btw mehrwertsteuer umsatzsteuer impuesto impuestos taxe taxes imposta",
    "taxable": "taxable steuerpflichtig imposable gravable sujeto besteuert gravado gravada soggetto belast",
    "rate": """pu tjm tagesatz rate satz taux tarif tarifa percent prozent pourcentage porcentaje stundensatz
        tagessatz daily tariffa tarief stundenansatz ansatz""",
    "hours": """hours hour hrs stunden stunde std heures heure horas hora dauer duration duree duracion zeit time
        temps tiempo aufwand uren ore h hs uur uurs hourly godziny""",
    "quantity": """uds ud nombre nb anz qty quantity menge anzahl quantite qte cantidad units einheiten stuck
        stuckzahl unidades count aantal hoeveelheid stuks quantita exemplaires exemplare exemplar copies pieces pezzi
        piezas worter woerter words mots palabras woorden parole pages seiten paginas pagine minuten minutes minutos
        minuti auflage""",
    "unit": "unit ep einzel einzelpreis einheit unitaire unitario each eenheid unita stuk",
    "currency": "currency wahrung waehrung devise monnaie moneda divisa ccy valuta munt cur curr",
    "type": """type typ art category kategorie categorie categoria kind tipo nature sorte soort tipologia basis mode
        method methode modo forma weise moyen modalite""",
    "line": "line position pos posten ligne linea item zeile poste partida row charge billing regel riga voce items",
    "entry": """entry eintrag zeiteintrag timesheet zeitbuchung buchung saisie entrada registro record datensatz
        registratie registrazione tijdregistratie boeking voce""",
    "expense": """expense expenses spesen auslage auslagen frais gasto gastos travel reise reisekosten voyage viaje
        hotel mileage kilometer deplacement dietas spesa spese onkosten declaratie trasferta""",
    "fixed": """fixed flat lump retainer fix fest festpreis pauschale pauschalhonorar forfait forfaitaire fijo fija
        iguala vast vaste fisso fissa""",
    "milestone": "milestone meilenstein jalon hito mijlpaal",
    "task": "task aufgabe tache tarea story vorgang subtask taak compito",
    "group": """consolidated collective group gruppe groupe grupo sammelrechnung together zusammen regroupement
        agrupacion agrupar bundle split key schlussel cle clave groep gruppo samen raggruppamento raggruppa""",
    "draft": "draft entwurf brouillon borrador",
    "mail": "email mail emails mails courriel correo",
    "none": "no without suppress kein keine sans sin pas",
    "message": "message nachricht mensaje mitteilung anschreiben messaggio bericht",
    "title": "heading title titel titre titulo subject betreff objet asunto oggetto onderwerp",
    "client": """firm law empfanger empfaenger razon ansprechpartner destinataire client customer kunde kunden cliente
        klant debitor auftraggeber mandant account company firma societe empresa clients klanten committente
        opdrachtgever debiteur beneficiaire beneficiario begunstigter begunstigde cuenta compte""",
    "person": """chef jefe intervenant consultor person mitarbeiter mitarbeiterin user employee consultant berater
        resource staff collaborateur empleado benutzer usuario utilisateur team timekeeper worker salarie bearbeiter
        member author approver manager responsable leiter projektleiter rolle role medewerker collaboratore dipendente
        sachbearbeiter wer who quien qui chi pm verantwoordelijke comercial commercial vertriebler vendedor vendeur
        verkaufer encargado encargada tecnico tecnica mitarbeitende mitarbeitenden mitarbeit verantwortlich
        verantwortlicher verantwortung houder beheerder behandelaar referente risorsa ressource owner lead produzent
        producer letrado abogado avocat anwalt anwaeltin operario technicien techniker monteur jurist avvocato operaio
        referent betreuer supervisor coordinator koordinator coordinateur coordinador gestor gestora autor auteur
        designer entwickler developer engineer ingenieur trager traeger""",
    "place": """address adresse street strasse city ort stadt zip plz country land rue ville pays calle ciudad phone
        telefon telephone telefono region iban bic bank direccion adres indirizzo citta stad postcode""",
    "state": "status state approved approval genehmigt freigabe freigegeben etat estado statut valide aprobado stato",
    "done": """invoiced billed abgerechnet fakturiert facturado facturee exported storniert cancelled canceled void
        gefactureerd fatturato factureerd""",
    "billable": """billable chargeable abrechenbar verrechenbar fakturierbar facturable factureerbaar declarabel
        fatturabile""",
    "discount": "discount rabatt nachlass remise rabais descuento skonto korting sconto",
    "exchange": "exchange fx kurs wechselkurs change cambio",
    "internal": """internal intern interne interno privat private kostenstelle kostentrager costcenter costcentre
        center centre centro kostenplaats""",
    "clock": "start end begin beginn ende von bis from until debut fin inicio stop started ended dal al",
    "made": "created erstellt angelegt cree creado creation updated modified geandert edited",
    "work": """work leistungs leistung service arbeits prestation servicio travail trabajo worked performed werk
        lavoro uitgevoerd""",
    "vague": """period periode periodo zeitraum region department abteilung konto gl tags labels etiquetas week woche
        semaine semana month monat mois mes year jahr link url attachment maand mese settimana afdeling reparto conto
        rekening laufzeit standort filiale niederlassung vestiging sede sucursal zone zona area gebiet bereich secteur
        sector sektor squad practice division fortschritt fertigstellung avancement progress complete completion stage
        phase wbs""",
}
"""Idea → words that stand for it, without accents; long ones also within a word."""

RULES: tuple[tuple[str | None, str, str], ...] = (
    # (column, ideas that must be there, ideas that must not); None: it means nothing for billing
    (None, "elsewhere", ""),
    ("suppress_emails", "none mail", ""),
    (None, "mail", ""),
    (None, "internal", ""),
    (None, "made", ""),
    (None, "cost rate", ""),
    (None, "so_far", ""),
    (None, "margin", ""),
    (None, "supplier", ""),
    (None, "quote", ""),
    (None, "delivery", "project text"),
    (None, "buying", "order number"),
    (None, "paid", "number"),
    (None, "pay type", ""),
    ("notes", "what did", ""),
    ("purchase_order", "your code", "project invoice"),
    ("purchase_order", "your number", "project invoice client"),
    (None, "contract money", ""),
    (None, "contract total", ""),
    (None, "contract type", ""),
    ("exchange_rate", "exchange rate", ""),
    ("exchange_rate", "exchange currency", ""),
    ("currency", "currency", "money"),
    ("void", "done", "date money hours"),
    ("invoiced_on", "done date", ""),
    (None, "discount terms", ""),
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
    ("rate", "net tax rate", ""),
    ("rate", "gross tax rate", ""),
    (None, "tax code", ""),
    (None, "tax group", ""),
    ("tax", "tax", "money number client"),
    ("due_date", "due date", ""),
    ("payment_schedule", "due days", ""),
    ("payment_schedule", "terms", "date money"),
    ("payment_schedule", "pay days", ""),
    ("payment_schedule", "credit days", ""),
    ("payment_schedule", "net days", ""),
    ("due_date", "due", "money"),
    (None, "pay date", ""),
    ("payment_schedule", "when pay", ""),
    ("invoice_date", "when invoice", ""),
    (None, "work date", "invoice"),
    (None, "clock", "money"),
    (None, "entry date", "invoice"),
    ("invoice_key", "invoice group", ""),
    ("user_invoice_title", "invoice title", ""),
    ("invoice_date", "invoice date", "clock"),
    ("invoice_date", "invoice day", "clock days"),
    ("invoice_date", "issued", "clock"),
    ("message", "invoice message", ""),
    ("message", "message", "internal"),
    ("item_id", "entry number", ""),
    ("item_id", "hours ident", "money"),
    ("item_id", "expense number", ""),
    ("item_id", "milestone number", ""),
    ("story_id", "task number", ""),
    ("item_type", "line type", ""),
    ("user_invoice_number", "invoice number", "client project line"),
    ("user_invoice_number", "invoice code", "client project line"),
    ("user_invoice_number", "document number", "client project line"),
    ("user_invoice_number", "document code", "client project line"),
    ("item_id", "line number code", ""),
    (None, "line number", "quantity total money"),
    (None, "client number", "project"),
    (None, "place", ""),
    ("hours", "hours person", "money type date rate"),
    (None, "person", ""),
    ("workspace_id", "project number", ""),
    ("project_code", "project code", ""),
    ("workspace", "project name", ""),
    ("item_type", "invoice type", ""),
    ("item_type", "money type", "client project person"),
    ("rate", "money hours", "billable total"),
    ("rate", "rate", ""),
    ("rate", "unit money", ""),
    ("rate", "money quantity", "total"),
    ("hours", "hours", "money"),
    ("quantity", "quantity", ""),
    ("total", "total money", ""),
    ("item_id", "expense entry", "money date type text"),
    ("amount", "expense money", ""),
    ("amount", "money", "cost"),
    ("item_type", "type", "client project person"),
    (None, "cost", ""),
    (None, "state", ""),
    (None, "vague", ""),
    ("notes", "line name", ""),
    (None, "text date", "invoice"),
    ("notes", "text", "group code"),
    ("notes", "remark", "invoice"),
    ("notes", "did", "date money hours quantity number client"),
    ("workspace", "project client", "number code person date money"),
    ("notes", "line client", "number code type money date quantity total hours rate"),
    (None, "client", ""),
    (None, "task", ""),
    ("workspace", "project", "type date else"),
    ("amount", "expense", ""),
    ("rate", "unit", "quantity"),
    ("total", "total", ""),
    ("notes", "line invoice", "number code type money date quantity total hours rate"),
    ("invoice_date", "date", ""),
    ("item_id", "entry", "text remark type money date"),
    ("workspace_id", "number", "tax client"),
)
"""The first whose ideas are all there counts."""
