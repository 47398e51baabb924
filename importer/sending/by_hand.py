"""What a person says of invoices in doubt that no answer of Kantata settles: an id makes one billed, none not billed.

A person decides only what stays unclear. What Kantata shows, or what is too
early to be known, no word changes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from importer.ledger.database import who
from importer.model.errors import WrongUse
from importer.sending.settlement import Settlement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from importer.kantata.client import KantataApi
    from importer.kantata.invoices import FoundInvoice
    from importer.ledger.ledger import SubmissionLedger

CODE = "usage.by_hand"


def said(billed: Iterable[str], not_billed: Iterable[str]) -> dict[str, str | None]:
    """What a person says: reference → the invoice's id, or None for “not billed”.

    ``billed``: ``REFERENCE=ID`` each. Raises WrongUse.
    """
    pairs: list[tuple[str, str | None]] = [(one.strip(), None) for one in not_billed]
    for one in billed:
        reference, _, invoice_id = (part.strip() for part in one.rpartition("="))
        if not reference or not (invoice_id.isascii() and invoice_id.isdigit()):
            msg = f"“{one}” does not say which invoice it is; nothing was changed."
            hint = "Say --billed REFERENCE=ID. The id is the number at the end of the invoice's web address in Kantata."
            raise WrongUse(msg, hint, code=CODE)
        pairs.append((reference, invoice_id))
    for what, times in Counter(reference for reference, _ in pairs).items():
        if times > 1:
            msg = f"{what} is said {times} times; nothing was changed."
            raise WrongUse(msg, "Say once what became of it.", code=CODE)
    return dict(pairs)


def as_said(
    settlements: tuple[Settlement, ...], words: Mapping[str, str | None], ledger: SubmissionLedger, api: KantataApi
) -> tuple[Settlement, ...]:
    """The settlements with what a person says of those that are unclear. Changes nothing.

    Raises WrongUse for an invoice that is not in doubt or cannot be decided yet,
    and for an id that cannot be this invoice; NotReached or AccessDenied.
    """
    if unknown := sorted(words.keys() - {one.doubt.reference for one in settlements}):
        msg = f"No invoice in doubt has the reference {', '.join(unknown)}; nothing was changed."
        raise WrongUse(msg, "invoice-importer reconcile names the references of those that are.", code=CODE)
    open_ones = {one.doubt.reference: one for one in settlements if one.doubt.reference in words}
    ids = {number for one, number in words.items() if number and open_ones[one].verdict is Verdict.UNCLEAR}
    shown = {found.invoice_id: found for found in api.find_by_ids(ids)} if ids else {}
    known = ledger.references_of(ids)

    def told(one: Settlement) -> Settlement:
        reference = one.doubt.reference
        if reference not in words or one.verdict in (Verdict.FOUND, Verdict.ABSENT):
            return one
        if one.verdict is Verdict.TOO_EARLY:
            msg = f"{reference} cannot be decided yet; nothing was changed."
            raise WrongUse(msg, f"{one.reason} Say it then.", code=CODE)
        invoice_id = words[reference]
        if invoice_id is None:
            advice = "Submit the file again to bill it."
            reason = _reason("it was not billed")
            return replace(one, verdict=Verdict.ABSENT, reason=reason, what_to_do=advice, by_hand=True)
        if why := _cannot_be(one, shown.get(invoice_id), invoice_id, known):
            msg = f"Invoice {invoice_id} cannot be {reference}: {why}; nothing was changed."
            raise WrongUse(msg, "Look it up in Kantata: the id stands at the end of its web address.", code=CODE)
        reason = _reason(f"it is invoice {invoice_id}")
        return replace(one, verdict=Verdict.FOUND, reason=reason, what_to_do=None, invoice_id=invoice_id, by_hand=True)

    decided = tuple(told(one) for one in settlements)
    for invoice_id, times in Counter(one.invoice_id for one in decided).items():
        if invoice_id is not None and times > 1:
            msg = f"{times} invoices in doubt cannot all be invoice {invoice_id} in Kantata; nothing was changed."
            raise WrongUse(msg, "Say of each which one it is.", code=CODE)
    return decided


def _cannot_be(one: Settlement, found: FoundInvoice | None, invoice_id: str, known: Mapping[str, str]) -> str | None:
    """Why an invoice in Kantata cannot be the one in doubt."""
    doubt = one.doubt
    if doubt.being_undone and doubt.being_undone != invoice_id:
        return f"that is invoice {doubt.being_undone}"
    if found is None:
        return "Kantata does not show it"
    if found.cancelled:
        return "it is cancelled"
    if (other := known.get(invoice_id, doubt.reference)) != doubt.reference:
        return f"it was created as {other}"
    projects = found.read_back.shown.workspace_ids if found.read_back.shown else None
    if projects is not None and projects != set(doubt.workspace_ids):
        return f"it bills project {', '.join(map(str, sorted(projects))) or '–'}"
    return None


def _reason(what: str) -> str:
    return f"{who()} looked on {datetime.now(UTC).astimezone():%Y-%m-%d} and says that {what}."
