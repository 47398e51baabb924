"""Why an invoice is not sent, and what to do about it: a pair of sentences for each case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model.columns import BY_NAME, ITEM_TYPE_TITLES
from importer.model.lifecycle import OPEN, State
from importer.model.words import count_of, money, names_in_short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importer.model.plans import LineMark, PlannedInvoice
    from importer.model.remembered import BilledLine, LedgerEntry
    from importer.planning.plan import BilledItem


MOST_ITEMS = 3
"""Items, and other invoices, that one reason names."""


def billed(known: LedgerEntry) -> str:
    """It stands in Kantata as the sheet says; there is nothing to do."""
    return f"Billed in {_run(known)}."


def changed(known: LedgerEntry, planned: PlannedInvoice) -> tuple[str, str]:
    """Its rows say something else now."""
    advice = (
        f"Restore the rows. Or, to bill it again, undo that run (invoice-importer undo {known.run_id} takes back "
        "all that it created) and submit again; or delete that invoice alone in Kantata, or cancel it when it is "
        "no draft any more, and submit with another --batch."
    )
    if planned.invoice.key is None:
        advice = (
            "If this is another invoice for the same project and period, give its rows an Invoice key. "
            f"If it is the same invoice: {advice[0].lower()}{advice[1:]}"
        )
    return (
        f"Changed since it was billed as invoice {known.invoice_id} in {_run(known)}: {_what_changed(known, planned)}.",
        advice,
    )


def _what_changed(known: LedgerEntry, planned: PlannedInvoice) -> str:
    now = planned.payload["invoice"] if planned.payload else {}
    if known.amount != planned.invoice.amount and _has_amounts(known.body) and _has_amounts(now):
        return f"its amount was {known.amount:,.2f}, now it is {planned.invoice.amount:,.2f}"
    names = [name for name in {**known.body, **now} if known.body.get(name) != now.get(name)]
    parts = [_change_of(name, known.body.get(name), now.get(name)) for name in names if name != "external_reference"]
    return "; ".join(parts) or "its projects"


def _has_amounts(body: Mapping[str, object]) -> bool:
    """Whether the sheet says what a line of it comes to; time entries, expenses and milestones have no amount there."""
    return any(body.get(name) for name in _WITH_AMOUNTS)


def _change_of(name: str, before: object, now: object) -> str:
    if name in _LISTS:
        return _LISTS[name]
    title = BY_NAME[name].title if name in BY_NAME else name.replace("_", " ")
    return f"its {title} was {_said(before)}, now it is {_said(now)}"


_WITH_AMOUNTS = ("fixed_fee_items", "additional_items")
_LISTS = {
    "workspace_id": "its project",
    "workspace_ids": "its projects",
    "time_entry_ids": "its time entries",
    "expense_ids": "its expenses",
    "billing_milestone_ids": "its milestones",
    "fixed_fee_items": "the texts, amounts or tax marks of its fixed fees",
    "additional_items": "the texts, amounts or tax marks of its additional items",
}
"""What changed, where the values themselves would say little."""


def _said(value: object) -> str:
    if value is None or value == "":
        return "empty"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else f"{value}"


def gone(known: LedgerEntry) -> tuple[str, str]:
    """It was cancelled or deleted in Kantata by hand."""
    return (
        (
            f"It was billed as invoice {known.invoice_id} in {_run(known)}, which was cancelled or "
            "deleted in Kantata since."
        ),
        f"To bill it again, submit with another --batch, such as --batch {known.batch}-again.",
    )


def like_lines(mark: LineMark, where: str, line: BilledLine, command: str, batch: str) -> tuple[str, str]:
    """A line like one of its own was billed before, or may have been; ``command`` bills it all the same."""
    entry = line.entry
    this = f"{where} (“{mark.text or ''}”, {money(mark.amount)})"
    other = f"row {line.row}" if line.row else "a line"
    if line.amount != mark.amount or line.workspace_id != mark.workspace_id:
        other += f" ({money(line.amount)}, project {line.workspace_id})"
    if entry.state in OPEN:
        said = f"Possible duplicate: {this} is like {other} that was sent in {_run(entry)} and {_unknown(entry)}."
        return said, "Settle that invoice first."
    dated = f", dated {entry.invoice_date}" if entry.invoice_date else ""
    origin = f"in {_run(entry)}, batch {entry.batch}" if entry.run_id else "which this ledger does not know"
    here = ", and does not stand there any more" if entry.batch == batch else ""
    return (
        f"Possible duplicate: {this} is like {other} of invoice {entry.invoice_id}{dated} ({origin}){here}.",
        f"If it is the same, nothing is left to do; restore or delete its row. If it is to be billed again: {command}",
    )


def other_batch(known: LedgerEntry, batch: str) -> tuple[str, str]:
    """The same day was billed under another batch."""
    return (
        (
            f"Billed for the same time as invoice {known.invoice_id} in {_run(known)}, but under "
            f"batch {known.batch}; the dates of this sheet make it batch {batch}."
        ),
        f"Submit with --batch {known.batch} if it is that billing period, or with --batch {batch} if it is a new one.",
    )


def doubtful(known: LedgerEntry) -> tuple[str, str]:
    """It may exist."""
    if known.state is State.REMOVING:
        return (
            (
                f"Whether the undo of run {known.run_id} has taken invoice {known.invoice_id} back is not known: "
                "it may be in Kantata still."
            ),
            f"Run reconcile, or invoice-importer undo {known.run_id} again. It is not sent again until it is settled.",
        )
    return (
        f"Sent in {_run(known)}, but the answer is not known: it may exist in Kantata.",
        ("Run reconcile, or look for it in Kantata. It is not sent again until it is settled."),
    )


def billed_before(items: Sequence[BilledItem], earlier: LedgerEntry, others: Sequence[str]) -> tuple[str, str]:
    """Some of its items stand on an earlier invoice; ``others``: ids of more invoices that hold some of them."""
    subject, their_rows = _items_named(items), "its row" if len(items) == 1 else "their rows"
    if earlier.state in OPEN:
        return (
            f"{subject} may already be billed: sent in {_run(earlier)}, and {_unknown(earlier)}.",
            "Settle that invoice first.",
        )
    were = "was" if len(items) == 1 else "were"
    more = f" More of its items stand on invoice {names_in_short(others, MOST_ITEMS)}." if others else ""
    return (
        f"{subject} {were} billed before, on invoice {earlier.invoice_id} in {_run(earlier)}.{more}",
        f"Delete {their_rows} here; or, in Kantata, delete that invoice first, or cancel it when it is no draft.",
    )


def _items_named(items: Sequence[BilledItem]) -> str:
    """“Time entry 5002”, “12 time entries (5001, 5002, 5003 and 9 more)”."""
    kinds = {ITEM_TYPE_TITLES[kind] for kind, _ in items}
    numbers = [str(number) for _, number in items]
    if len(numbers) == 1:
        return f"{kinds.pop()} {numbers[0]}"
    noun = kinds.pop().lower() if len(kinds) == 1 else "item"
    return f"{count_of(len(numbers), noun)} ({names_in_short(numbers, MOST_ITEMS)})"


def number_taken(number: int, earlier: LedgerEntry) -> tuple[str, str]:
    """Its number stands on another invoice."""
    which = f"invoice {earlier.invoice_id}" if earlier.invoice_id else "an invoice whose answer is not known"
    return (
        f"Invoice number {number} was given to {which} in {_run(earlier)} (batch {earlier.batch}).",
        "Give it another number, or leave the number empty: then Kantata takes its next one.",
    )


def possible_duplicate(twin: LedgerEntry, *, same_file: bool) -> tuple[str, str]:
    """The same content stands on another invoice; ``same_file``: it was sent from this very file."""
    if twin.state in OPEN:
        return (
            (
                f"Possible duplicate: the same content was sent in {_run(twin)} (batch {twin.batch}) "
                f"and {_unknown(twin)}."
            ),
            "Settle that invoice first.",
        )
    what = "this very file was billed" if same_file else "the same content was billed"
    settled = "If that is all that it was for, nothing is left to do. " if same_file else ""
    return (
        f"Possible duplicate: {what} as invoice {twin.invoice_id} in {_run(twin)} (batch {twin.batch}).",
        f"{settled}If it is meant to be billed again, submit with --allow-repeats.",
    )


def _unknown(entry: LedgerEntry) -> str:
    """What is not known of an unsettled invoice."""
    return "the outcome of its undo is not known" if entry.state is State.REMOVING else "the answer is not known"


def _run(entry: LedgerEntry) -> str:
    """The run that sent it last, with its day."""
    return f"run {entry.run_id}" + (f" on {entry.sent_at:%Y-%m-%d}" if entry.sent_at else "")
