"""Delete the drafts of probes: each is noted before it is deleted, and only what is still as it was made goes."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from importer.kantata.answers import RemovalKind
from importer.kantata.deadline import Deadline
from importer.kantata.probe import is_untouched, triple_of
from importer.ledger import probes

if TYPE_CHECKING:
    from importer.flow.prepared import Tools
    from importer.kantata.client import KantataApi
    from importer.kantata.invoices import FoundInvoice
    from importer.model.facts import ProbeDraft

TRIES = 3
"""Requests to delete one draft, where Kantata throttles or its answer is lost."""
WAIT_SECONDS = 5.0
"""Between two of them, where Kantata asks for no other wait."""
LONGEST_WAIT = 60.0
"""Seconds that Kantata may ask for; what is left then is for the next probe."""
AGAIN = (RemovalKind.REFUSED_FOR_NOW, RemovalKind.UNKNOWN)
TAKEN_OVER = "it was changed or issued since, so it is left to you; the program does not look at it again"
TOO_RECENT = "Kantata does not show it, but it was sent too recently to tell"


class DraftRemoval:
    """Deletes drafts of one account."""

    def __init__(self, tools: Tools, api: KantataApi, probe_id: str) -> None:
        """``probe_id``: the probe that holds the lock of the account."""
        self._ledger, self._probes, self._api, self._probe_id = tools.ledger, tools.ledger.probes, api, probe_id
        self._settle = timedelta(seconds=tools.settings.settle_seconds)

    def remove(self, draft: ProbeDraft) -> str | None:
        """Delete a draft; why that was not done, None when it is gone. Raises ImporterError."""
        found = self._shown(draft)
        if found is None:
            return self._unseen(draft)
        if not is_untouched(found):
            self._note(draft, probes.LEFT, found.invoice_id)
            return TAKEN_OVER
        return self._deleted(draft, found.invoice_id, was_shown=True)

    def _unseen(self, draft: ProbeDraft) -> str | None:
        """A draft that Kantata does not show: its lists may lag."""
        if self._ledger.now() >= draft.sent_at + self._settle:
            self._note(draft, probes.ABSENT)
            return None
        if draft.invoice_id is None:
            return TOO_RECENT
        return self._deleted(draft, draft.invoice_id, was_shown=False)

    def _deleted(self, draft: ProbeDraft, invoice_id: str, *, was_shown: bool) -> str | None:
        """What was shown before and is not shown now is gone, whatever the answer was."""
        said = ""
        for _ in range(TRIES):
            self._note(draft, probes.DELETING, invoice_id)
            answer = self._api.delete_invoice(invoice_id, Deadline())
            if answer.kind is RemovalKind.DONE or (was_shown and self._shown(draft) is None):
                self._note(draft, probes.DELETED)
                return None
            said = answer.message
            if answer.kind not in AGAIN:
                break
            time.sleep(min(answer.retry_after or WAIT_SECONDS, LONGEST_WAIT))
        return said

    def _shown(self, draft: ProbeDraft) -> FoundInvoice | None:
        """A draft as Kantata shows it. Raises NotReached or AccessDenied."""
        if draft.invoice_id is not None:
            return next(iter(self._api.find_by_ids([draft.invoice_id])), None)
        return next(iter(self._api.find_by_references([triple_of(draft.reference)])), None)

    def _note(self, draft: ProbeDraft, state: str, invoice_id: str | None = None) -> None:
        self._probes.note_draft(draft.reference, state, self._probe_id, invoice_id)
