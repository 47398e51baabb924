"""What a person says of invoices in doubt that no answer of Kantata settles.

A person decides only what stays unclear: no word changes what Kantata shows, or what is too early to be known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from importer.ledger.database import who
from importer.model.errors import WrongUse
from importer.sending.settlement import BILL_IT, Settlement, Verdict, undo_advice

if TYPE_CHECKING:
    from importer.kantata.client import KantataApi
    from importer.kantata.invoices import FoundInvoice
    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.rows import Doubt

CODE = "usage.by_hand"
Words = dict[str, str | None]
"""Reference → the invoice's id in Kantata, or None for “not billed”."""


def parse_verdicts(billed: Iterable[str], not_billed: Iterable[str]) -> Words:
    """Read what a person says: ``billed`` is ``REFERENCE=ID`` each, ``not_billed`` a reference. Raises WrongUse."""
    pairs: list[tuple[str, str | None]] = [(reference.strip(), None) for reference in not_billed]
    for text in billed:
        reference, _, invoice_id = (part.strip() for part in text.rpartition("="))
        if not reference or not (invoice_id.isascii() and invoice_id.isdigit()):
            msg = f"“{text}” does not say which invoice it is; nothing was changed."
            hint = "Say --billed REFERENCE=ID. The id is the number at the end of the invoice's web address in Kantata."
            raise WrongUse(msg, hint, code=CODE)
        pairs.append((reference, invoice_id))

    for reference, times in Counter(reference for reference, _ in pairs).items():
        if times > 1:
            msg = f"{reference} is said {times} times; nothing was changed."
            raise WrongUse(msg, "Say once what became of it.", code=CODE)
    return dict(pairs)


def decided_by_hand(
    settlements: tuple[Settlement, ...], words: Mapping[str, str | None], ledger: SubmissionLedger, api: KantataApi
) -> tuple[Settlement, ...]:
    """The settlements with what a person says of those that are unclear. Changes nothing.

    Raises WrongUse for an invoice that is not in doubt or cannot be decided yet,
    and for an id that cannot be this invoice; NotReached or AccessDenied.
    """
    open_now = {settlement.doubt.reference: settlement for settlement in settlements}
    if unknown := sorted(words.keys() - open_now.keys()):
        msg = f"No invoice in doubt has the reference {', '.join(unknown)}; nothing was changed."
        raise WrongUse(msg, "invoice-importer reconcile names the references of those that are.", code=CODE)

    ids = {invoice_id for name, invoice_id in words.items() if invoice_id and open_now[name].verdict is Verdict.UNCLEAR}
    shown = {found.invoice_id: found for found in api.find_by_ids(ids)}
    known = ledger.references_of(ids)
    decided: list[Settlement] = []
    for settlement in settlements:
        if settlement.doubt.reference in words:
            settlement = _with_word(settlement, words[settlement.doubt.reference], shown, known)  # noqa: PLW2901
        decided.append(settlement)
    _check_one_each(decided)
    return tuple(decided)


def _with_word(
    settlement: Settlement, invoice_id: str | None, shown: Mapping[str, FoundInvoice], known: Mapping[str, str]
) -> Settlement:
    """Decide by a person's word what is unclear. Raises WrongUse."""
    doubt = settlement.doubt
    if settlement.verdict in (Verdict.FOUND, Verdict.ABSENT):
        return settlement
    if settlement.verdict is Verdict.TOO_EARLY:
        msg = f"{doubt.reference} cannot be decided yet; nothing was changed."
        raise WrongUse(msg, f"{settlement.reason} Say it then.", code=CODE)
    if invoice_id is None:
        reason = _reason("it was not billed")
        return replace(settlement, verdict=Verdict.ABSENT, reason=reason, what_to_do=BILL_IT, by_hand=True)

    if why := _cannot_be(doubt, shown.get(invoice_id), invoice_id, known):
        msg = f"Invoice {invoice_id} cannot be {doubt.reference}: {why}; nothing was changed."
        raise WrongUse(msg, "Look it up in Kantata: the id stands at the end of its web address.", code=CODE)
    reason = _reason(f"it is invoice {invoice_id}")
    return Settlement(doubt, Verdict.FOUND, reason, undo_advice(doubt), invoice_id, by_hand=True)


def _check_one_each(settlements: Iterable[Settlement]) -> None:
    """Raise WrongUse when one invoice in Kantata would be several of ours."""
    for invoice_id, times in Counter(settlement.invoice_id for settlement in settlements).items():
        if invoice_id is not None and times > 1:
            msg = f"{times} invoices in doubt cannot all be invoice {invoice_id} in Kantata; nothing was changed."
            raise WrongUse(msg, "Say of each which one it is.", code=CODE)


def _cannot_be(doubt: Doubt, found: FoundInvoice | None, invoice_id: str, known: Mapping[str, str]) -> str | None:
    """Why an invoice in Kantata cannot be the one in doubt."""
    if doubt.being_undone and doubt.being_undone != invoice_id:
        return f"that is invoice {doubt.being_undone}"
    if found is None:
        return "Kantata does not show it"
    if found.cancelled:
        return "it is cancelled"
    other = known.get(invoice_id, doubt.reference)
    if other != doubt.reference:
        return f"it was created as {other}"
    projects = found.read_back.shown.workspace_ids if found.read_back.shown else None
    if projects is not None and projects != set(doubt.workspace_ids):
        return f"it bills project {', '.join(map(str, sorted(projects))) or '–'}"
    return None


def _reason(what: str) -> str:
    return f"{who()} looked on {datetime.now(UTC).astimezone():%Y-%m-%d} and says that {what}."
