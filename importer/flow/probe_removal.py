"""Delete the drafts of probes: each is noted before it is deleted, and only what is still as it was made goes."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

from importer.kantata.answers import RemovalKind
from importer.kantata.deadline import Deadline
from importer.kantata.probe import changed_in, is_of, shows_title, triple_of
from importer.ledger import probes
from importer.model.errors import NotReached
from importer.sending.presence import Presence, hidden_words, presence

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
CLOCK_ERROR = timedelta(days=2)
"""How far the clocks of this machine and of Kantata may differ, where the lists are asked for a draft."""
TAKEN_OVER = "it was changed or issued since ({changed}), so it is left to you; the program does not look at it again"
TOO_RECENT = "Kantata does not show it, but it was sent too recently to tell"


class Gone(Enum):
    """Why a draft needs no more care."""

    DELETED = "deleted"
    NOT_SHOWN = "not shown"
    """Kantata does not show it, and would; nothing was deleted."""


class DraftRemoval:
    """Deletes drafts of one account."""

    def __init__(self, tools: Tools, api: KantataApi, probe_id: str) -> None:
        """``probe_id``: the probe that holds the lock of the account."""
        self._ledger, self._probes, self._api, self._probe_id = tools.ledger, tools.ledger.probes, api, probe_id
        self._settle = timedelta(seconds=tools.settings.settle_seconds)

    def remove(self, draft: ProbeDraft) -> Gone | str:
        """Delete a draft; why it may exist still, where that was not done. Raises ImporterError."""
        found = self._shown(draft)
        if found is None:
            return self._unseen(draft)
        changed = changed_in(found, draft.payload)
        if changed is not None:
            self._note(draft, probes.LEFT, found.invoice_id)
            return TAKEN_OVER.format(changed=changed)
        return self._deleted(draft, found.invoice_id, was_shown=True)

    def _unseen(self, draft: ProbeDraft) -> Gone | str:
        """A draft that Kantata does not show: one that was created is deleted all the same, as its lists may lag."""
        if draft.invoice_id is not None:
            return self._deleted(draft, draft.invoice_id, was_shown=False)
        if self._ledger.now() < draft.sent_at + self._settle:
            return TOO_RECENT
        return self._unless_hidden(draft, Gone.NOT_SHOWN)

    def _deleted(self, draft: ProbeDraft, invoice_id: str, *, was_shown: bool) -> Gone | str:
        """What is not shown any more is gone, whatever was answered; what never was, once Kantata finds no such id."""
        said = ""
        for _ in range(TRIES):
            self._note(draft, probes.DELETING, invoice_id)
            answer = self._api.delete_invoice(invoice_id, Deadline())
            if answer.kind is RemovalKind.DONE:
                self._note(draft, probes.DELETED)
                return Gone.DELETED
            said = answer.message
            if (was_shown or answer.not_found) and self._shown(draft) is None:
                return self._unless_hidden(draft, Gone.DELETED if was_shown else Gone.NOT_SHOWN)
            if answer.kind not in AGAIN:
                break
            time.sleep(min(answer.retry_after or WAIT_SECONDS, LONGEST_WAIT))
        return said

    def _unless_hidden(self, draft: ProbeDraft, gone: Gone) -> Gone | str:
        """A draft that is not shown is gone, where this token would see it."""
        projects = (draft.workspace_id,)
        visible = self._api.sees_finances_of(projects)
        if presence(None, projects, visible) is Presence.HIDDEN:
            return f"Kantata does not show it, but {hidden_words(projects, visible)}"
        self._note(draft, probes.DELETED if gone is Gone.DELETED else probes.ABSENT)
        return gone

    def _shown(self, draft: ProbeDraft) -> FoundInvoice | None:
        """A draft as Kantata shows it. Raises NotReached or AccessDenied."""
        if draft.invoice_id is not None:
            return next(iter(self._api.find_by_ids([draft.invoice_id])), None)
        with suppress(NotReached):  # an answer without references proves nothing; the title may tell
            for found in self._api.find_by_references([triple_of(draft.reference)]):
                return found
        return self._by_title(draft)

    def _by_title(self, draft: ProbeDraft) -> FoundInvoice | None:
        """A draft whose reference is not found, in the list of its project; one that is as it was sent, if any is."""
        others = {other.invoice_id for other in self._probes.open_drafts()}
        shown = list(self._api.invoices_of(draft.workspace_id, draft.sent_at - CLOCK_ERROR))
        alike = [found for found in shown if is_of(found, draft.reference) and found.invoice_id not in others]
        if not alike and not all(map(shows_title, shown)):
            msg = "Kantata does not show the titles of invoices, so it does not prove a draft absent."
            raise NotReached(msg, "Look for it in Kantata.")
        alike.sort(key=lambda found: changed_in(found, draft.payload) is not None)
        return alike[0] if alike else None

    def _note(self, draft: ProbeDraft, state: str, invoice_id: str | None = None) -> None:
        self._probes.note_draft(draft.reference, state, self._probe_id, invoice_id)
