"""One card per invoice, as the client will get it; of a long list the unusual and the largest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

from importer.model.answers import ReadBack
from importer.model.currency_sums import currency_of
from importer.model.invoices import Invoice, LineItem
from importer.model.plans import LineRecord, ReportedInvoice, Status
from importer.model.words import NOT_KNOWN, amount_in_sheet, count_of, describe_lines, left_out, money, row_ranges
from importer.planning.comparison import Change, Kind
from importer.reporting.headline import due_date, order_named, ways_out, worth_of
from importer.reporting.page.naming import below_of, month, name_of
from importer.reporting.report import DONE, Report

MOST_CARDS = 300
MOST_BYTES = 430_000
"""Of all cards together, roughly, so that a page of many invoices stays below half a megabyte."""
CARD_BYTES, LINE_BYTES = 800, 70
"""Of a card without lines, and of a line without its words."""
MOST_LINES = (1000, 100, 50, 25, 15, 12, 10, 8, 7, 6, 5, 4, 3, 2, 1, 0)
"""Lines shown of an invoice: the first of these with which all cards have room."""
FEW_CARDS = 60
LONGEST_TEXT, LONGEST_OF_MANY = 1000, 300
"""Characters shown of a text where there are few cards, and where there are many; the workbook has all of it."""
_USUAL = frozenset({Status.READY, *DONE})


@dataclass(frozen=True, slots=True)
class CardLine:
    """One line of an invoice."""

    kind: str
    words: str
    """What the client reads."""
    priced: str
    amount: str


@dataclass(frozen=True, slots=True)
class Card:
    """One invoice; texts are empty where there is nothing to say."""

    name: str
    below: str
    """What its name does not say: “project 101 · key K1”."""
    status: Status
    dated: str
    """“2026-10-31 → due 2026-11-30”."""
    terms: str
    """“30 days · PO 00042”."""
    compared: str
    """“+4 % on September 2026”."""
    currency: str
    total: str
    total_is: str
    """“Total, before tax”."""
    lines: tuple[CardLine, ...]
    more_lines: str | None
    facts: tuple[tuple[str, str], ...]
    link: str | None
    """Web address of the invoice."""
    message: str
    reason: str
    what_to_do: str
    differences: tuple[str, ...]
    """What Kantata holds otherwise than it was sent."""


def cards_of(report: Report) -> tuple[tuple[Card, ...], str | None]:
    """The cards in the order of the sheet, and how many invoices have none."""
    shown = _selected(report.planned)
    longest = LONGEST_TEXT if len(shown) <= FEW_CARDS else LONGEST_OF_MANY
    most_lines = _most_lines(shown, longest)
    compared = _compared(report)
    cards = [_card(planned, report, compared, most_lines, longest) for planned in shown]
    return tuple(cards), left_out(len(report.planned), len(cards), "the workbook lists them all.")


def _selected(planned: Sequence[ReportedInvoice]) -> Sequence[ReportedInvoice]:
    """All invoices; of more than have room those that are unusual, then the largest of each currency."""
    if len(planned) <= MOST_CARDS:
        return planned
    places: dict[str | None, int] = defaultdict(int)
    ranked = []
    for position in sorted(range(len(planned)), key=lambda at: -(worth_of(planned[at]) or planned[at].invoice.amount)):
        invoice = planned[position]
        currency = currency_of(invoice)
        places[currency] += 1
        ranked.append((not is_unusual(invoice), places[currency], position))
    positions = sorted(position for _, _, position in sorted(ranked)[:MOST_CARDS])
    return [planned[position] for position in positions]


def is_unusual(planned: ReportedInvoice) -> bool:
    """Whether a person has to look at it."""
    return planned.status not in _USUAL or planned.differs or planned.missing


def _most_lines(shown: Sequence[ReportedInvoice], longest: int) -> int:
    """How many lines of each invoice have room."""
    sizes = []
    for planned in shown:
        sizes.append([LINE_BYTES + _bytes(_words(line, record), longest) for line, record, _ in _described(planned)])
    room = MOST_BYTES - sum(CARD_BYTES + _bytes(_message(planned), longest) for planned in shown)
    for most in MOST_LINES:
        if sum(sum(lines[:most]) for lines in sizes) <= room:
            return most
    return 0


def _bytes(text: str, longest: int) -> int:
    """How much a text takes on the page."""
    return len(escape(text[:longest]).encode())


def _clipped(text: str | None, longest: int) -> str:
    if text is None or len(text) <= longest:
        return text or ""
    return f"{text[:longest]} […]"


def _words(line: LineItem, record: LineRecord) -> str:
    """What the client reads."""
    words = line.notes or record.words
    if words is None and line.item_id is not None:
        return f"no. {line.item_id}"
    return words or ""


def _message(planned: ReportedInvoice) -> str:
    return (planned.invoice.message or "") if isinstance(planned.invoice, Invoice) else ""


def _described(planned: ReportedInvoice) -> list[tuple[LineItem, LineRecord, object]]:
    """Its lines, each with what Kantata says of it and its price; none of rows that cannot become an invoice."""
    invoice, expected = planned.invoice, planned.expected
    if not isinstance(invoice, Invoice):
        return []
    if expected is None or not expected.records:
        return [(line, LineRecord(), line.amount) for line in invoice.lines]
    return list(zip(invoice.lines, expected.records, expected.prices, strict=True))


def _card(planned: ReportedInvoice, report: Report, compared: dict[int, Change], most_lines: int, longest: int) -> Card:
    described = _described(planned)
    currency, total, total_is = _total(planned)
    tie_out = planned.tie_out.differences if planned.tie_out else ()
    link = report.link_of(planned)
    return Card(
        name=_clipped(name_of(planned), longest),
        below=_clipped(below_of(planned), longest),
        status=planned.status,
        dated=_dated(planned),
        terms=_terms(planned),
        compared=_against_before(planned, report, compared),
        currency=currency,
        total=total,
        total_is=total_is,
        lines=tuple(_line(each, longest) for each in described[:most_lines]),
        more_lines=left_out(len(described), most_lines, "the sheet Lines of the workbook has them all."),
        facts=tuple(_facts(planned)),
        link=link if link and link.startswith(("https://", "http://")) else None,
        message=_clipped(_message(planned), longest),
        reason=_clipped(planned.reason, longest),
        what_to_do=_clipped(planned.what_to_do, longest),
        differences=tuple(f"{found.what}: sent {found.sent}, Kantata holds {found.held}" for found in tie_out),
    )


def _line(described: tuple[LineItem, LineRecord, object], longest: int) -> CardLine:
    line, record, price = described
    priced = record.priced or ("taxable" if line.taxable else "")
    kind = line.item_type.value.replace("_", " ").capitalize()
    return CardLine(kind, _clipped(_words(line, record), longest), priced, _figure(price))


def _figure(amount: object) -> str:
    return NOT_KNOWN if amount is None else money(amount)  # type: ignore[arg-type]  # a Decimal


def _total(planned: ReportedInvoice) -> tuple[str, str, str]:
    """Currency, figure, and what the figure is."""
    currency = currency_of(planned) or ""
    if planned.read_back is not None and planned.read_back.total is not None:
        return currency, money(planned.read_back.total), "Total in Kantata"
    worth = worth_of(planned)
    if not isinstance(planned.invoice, Invoice):
        known = amount_in_sheet(planned)
        return currency, known if isinstance(known, str) else money(known), "Amount in the sheet"
    return currency, _figure(worth), "Total, before tax"


def _dated(planned: ReportedInvoice) -> str:
    invoice = planned.invoice
    if not isinstance(invoice, Invoice):
        return ""
    due = due_date(invoice)
    return f"{invoice.invoice_date} → due {due}" if due else "dated by Kantata"


def _terms(planned: ReportedInvoice) -> str:
    invoice = planned.invoice
    if not isinstance(invoice, Invoice):
        return describe_lines(planned)
    terms = [count_of(invoice.payment_schedule, "day"), count_of(len(invoice.lines), "line")]
    if invoice.purchase_order:
        terms.insert(1, order_named(invoice.purchase_order))
    return " · ".join(terms)


def _facts(planned: ReportedInvoice) -> Iterator[tuple[str, str]]:
    """What else an accountant approves, and how the invoice is found again; what there is of it."""
    invoice = planned.invoice
    if isinstance(invoice, Invoice):
        yield from _sending(invoice, planned.read_back or ReadBack())
    for label, value in (
        ("Invoice key", invoice.key),
        ("Projects", ", ".join(map(str, invoice.workspace_ids))),
        ("Rows", row_ranges(invoice.rows)),
        ("Invoice ID", planned.invoice_id),
        ("Reference", planned.reference),
    ):
        if value:
            yield label, value


def _sending(invoice: Invoice, held: ReadBack) -> Iterator[tuple[str, str]]:
    """To whom it goes, as what, and by what the client knows it."""
    yield "Goes to", held.recipient or "the client lead of the project"
    yield "Sent as", ", ".join(ways_out(invoice))
    yield "Number", str(held.number or invoice.user_invoice_number or "Kantata’s next, in the order of arrival")
    for label, value in (("PO number", invoice.purchase_order), ("Project code", invoice.project_code)):
        if value:
            yield label, value


# --- against the batch before ----------------------------------------------------------


def _compared(report: Report) -> dict[int, Change]:
    """The projects that one invoice alone bills, with what the batch before billed them."""
    if report.changes is None:
        return {}
    counts: dict[int, int] = defaultdict(int)
    for planned in report.planned:
        for number in planned.invoice.workspace_ids:
            counts[number] += 1
    return {change.workspace_id: change for change in report.changes.projects if counts[change.workspace_id] == 1}


def _against_before(planned: ReportedInvoice, report: Report, compared: dict[int, Change]) -> str:
    """How the invoice moved; empty where that cannot be said of it alone."""
    numbers = planned.invoice.workspace_ids
    changes = [compared[number] for number in numbers if number in compared]
    if report.changes is None or not changes or len(changes) < len(numbers):
        return ""
    return _moved(changes, month(report.changes.batch_before))


def _moved(changes: Sequence[Change], before: str) -> str:
    """“+4 % on September 2026”, for the projects of an invoice together."""
    if all(change.kind is Kind.NEW for change in changes):
        return f"new since {before}"
    then, moved = Decimal(0), Decimal(0)
    for change in changes:
        if change.moved is None:
            return ""
        then += change.before or 0
        moved += change.moved
    if then <= 0:
        return ""
    percent = round(moved / then * 100)
    if not percent:
        return f"as in {before}"
    return f"{percent:+d} % on {before}".replace("-", "−")
