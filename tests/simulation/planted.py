"""Bugs on purpose, each of which would bill somebody twice, leave somebody unbilled, or say what is not so.

mutants.py plants them one at a time and plays episodes until one finds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    """One bug: what stands in a file of the program, and what stands there instead."""

    name: str
    kind: str
    """Of the episodes in which it is looked for: those that dwell on what it breaks."""
    file: str
    old: str
    new: str

    def plant(self, folder: Path) -> None:
        """Put it into a copy of the program. Raises ValueError when what it changes is not there, once."""
        file = folder / "importer" / self.file
        text = file.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            msg = f"{self.name}: {self.file} holds {text.count(self.old)} times: {self.old!r}"
            raise ValueError(msg)
        file.write_text(text.replace(self.old, self.new), encoding="utf-8")


MUTANTS = (
    # --- what an answer means ---
    Mutant(
        "500 counts as refused",
        "lossy",
        "kantata/answers.py",
        'frozenset({400, 403, 404, 422})\n"""Answers that mean: this',
        'frozenset({400, 403, 404, 422, 500, 502, 503, 504})\n"""Answers that mean: this',
    ),
    Mutant(
        "a lost answer counts as never sent",
        "lossy",
        "kantata/client.py",
        "            case NoAnswer(said):\n                return Outcome(OutcomeKind.UNKNOWN, _cut_off(said), raw=said)",
        "            case NoAnswer(said):\n                return Outcome(OutcomeKind.REFUSED_FOR_NOW, self._not_reached(said))",
    ),
    Mutant(
        "a lost answer counts as rejected",
        "lossy",
        "kantata/client.py",
        "return Outcome(OutcomeKind.UNKNOWN, _cut_off(said), raw=said)",
        "return Outcome(OutcomeKind.REJECTED, _cut_off(said), raw=said)",
    ),
    Mutant(
        "an unclear status below 500 counts as refused",
        "lossy",
        "kantata/answers.py",
        "            return Outcome(OutcomeKind.UNKNOWN, _unexpected(status, body), status, request_id, raw)",
        "            return Outcome(OutcomeKind.UNKNOWN if status >= 500 else OutcomeKind.REJECTED, _unexpected(status, body), status, request_id, raw)",
    ),
    Mutant(
        "an answer without an invoice counts as refused",
        "lossy",
        "kantata/answers.py",
        "        return Outcome(OutcomeKind.UNKNOWN, message, status, request_id, body[:LONGEST_RAW])",
        "        return Outcome(OutcomeKind.REJECTED, message, status, request_id, body[:LONGEST_RAW])",
    ),
    Mutant(
        "a lost answer to a removal counts as done",
        "removals",
        "kantata/client.py",
        "return Removal(RemovalKind.UNKNOWN, _cut_off(said))",
        "return Removal(RemovalKind.DONE, _cut_off(said))",
    ),
    Mutant(
        "a removal that was never sent counts as done",
        "removals",
        "kantata/client.py",
        "return Removal(RemovalKind.REFUSED_FOR_NOW, self._not_reached(said))",
        "return Removal(RemovalKind.DONE, self._not_reached(said))",
    ),
    # --- sending ---
    Mutant(
        "what is in doubt is sent again",
        "lossy",
        "sending/sender.py",
        "outcome.kind is not OutcomeKind.REFUSED_FOR_NOW or not self._may_retry(outcome)",
        "outcome.kind not in (OutcomeKind.REFUSED_FOR_NOW, OutcomeKind.UNKNOWN) or (outcome.kind is OutcomeKind.REFUSED_FOR_NOW and not self._may_retry(outcome))",
    ),
    Mutant(
        "no claim before sending",
        "laggy",
        "sending/sender.py",
        "            claim = self.ledger.claim(planned, self.run_id, self.batch, self.source)\n",
        "            claim = self.ledger.claim(planned, self.run_id, self.batch, self.source) if planned.invoice.rows[0] % 2 else __import__('types').SimpleNamespace(reference='')\n",
    ),
    Mutant(
        "a created invoice is not noted",
        "edits",
        "sending/sender.py",
        "            self.ledger.note_outcome(claim, outcome)\n",
        "            outcome.kind is OutcomeKind.CREATED or self.ledger.note_outcome(claim, outcome)\n",
    ),
    Mutant(
        "an outcome is noted before it is known",
        "lossy",
        "sending/sender.py",
        "            outcome = self._connection().create_invoice(planned.payload or {}, deadline)\n",
        "            outcome = self._connection().create_invoice(planned.payload or {}, deadline)\n            outcome = Outcome(OutcomeKind.REFUSED_FOR_NOW, '') if outcome.kind is OutcomeKind.UNKNOWN else outcome\n",
    ),
    Mutant(
        "what is held is sent",
        "edits",
        "sending/sender.py",
        "if invoice.status is Status.READY:",
        "if invoice.status in (Status.READY, Status.HELD):",
    ),
    # --- the ledger ---
    Mutant(
        "a claim is kept in memory only",
        "laggy",
        "ledger/ledger.py",
        "return self._begin_to_send(planned, run_id, batch, source, Event.CLAIMED, Details())",
        "return Claim(planned.reference, run_id, __import__('importer.model.lifecycle').model.lifecycle.Standing())",
    ),
    Mutant(
        "the items of an invoice are not kept",
        "entries",
        "ledger/ledger.py",
        "                self._replace_items(connection, planned)\n",
        "",
    ),
    Mutant(
        "the lines of an invoice are not kept",
        "edits",
        "ledger/ledger.py",
        "                self._replace_lines(connection, planned)\n",
        "",
    ),
    Mutant(
        "the id of an invoice is not kept",
        "edits",
        "ledger/journal.py",
        '    if details.invoice_id is not None:\n        row["invoice_id"]',
        '    if details.invoice_id is not None and event is not Event.CREATED:\n        row["invoice_id"]',
    ),
    Mutant(
        "open questions are not asked",
        "lossy",
        "ledger/known.py",
        "return [doubt_of(row) for row in rows if wanted is None or row.reference in wanted]",
        "return [doubt_of(row) for row in rows if wanted is not None and row.reference in wanted]",
    ),
    Mutant(
        "only what exists for sure is alive",
        "edits",
        "ledger/known.py",
        "_ALIVE = among(INVOICES.c.state, ALIVE)",
        "_ALIVE = among(INVOICES.c.state, {state for state in ALIVE if state.name == 'EXISTS'})",
    ),
    # --- the states ---
    Mutant(
        "unknown leads to free",
        "lossy",
        "model/lifecycle.py",
        "(State.SENDING, Event.UNKNOWN): State.DOUBTFUL",
        "(State.SENDING, Event.UNKNOWN): State.FREE",
    ),
    Mutant(
        "created leads to free",
        "edits",
        "model/lifecycle.py",
        "(State.SENDING, Event.CREATED): State.EXISTS",
        "(State.SENDING, Event.CREATED): State.FREE",
    ),
    Mutant(
        "sending is no open question",
        "killed",
        "model/lifecycle.py",
        "case State.SENDING | State.DOUBTFUL | State.REMOVING:\n                return Exists.MAYBE",
        "case State.SENDING:\n                return Exists.NO\n            case State.DOUBTFUL | State.REMOVING:\n                return Exists.MAYBE",
    ),
    Mutant(
        "an unknown removal leads to free",
        "removals",
        "model/lifecycle.py",
        "(State.REMOVING, Event.REMOVAL_UNKNOWN): State.REMOVING",
        "(State.REMOVING, Event.REMOVAL_UNKNOWN): State.FREE",
    ),
    Mutant(
        "a found invoice leads to free",
        "killed",
        "model/lifecycle.py",
        "(State.DOUBTFUL, Event.FOUND): State.EXISTS",
        "(State.DOUBTFUL, Event.FOUND): State.FREE",
    ),
    Mutant(
        "an absent invoice stays in doubt",
        "lossy",
        "model/lifecycle.py",
        "(State.DOUBTFUL, Event.ABSENT): State.FREE",
        "(State.DOUBTFUL, Event.ABSENT): State.DOUBTFUL",
    ),
    Mutant(
        "what is removed counts as existing",
        "removals",
        "model/lifecycle.py",
        "(State.REMOVING, Event.REMOVED): State.FREE",
        "(State.REMOVING, Event.REMOVED): State.EXISTS",
    ),
    # --- reconcile ---
    Mutant(
        "no waiting before absence",
        "late",
        "sending/reconcile.py",
        "return doubt.tried_at + timedelta(seconds=settle_seconds + _until_it_left(doubt, settle_seconds))",
        "return doubt.tried_at",
    ),
    Mutant(
        "the reference is not looked for",
        "lossy",
        "sending/reconcile.py",
        "    for invoice in api.find_by_references(list(earlier)):",
        "    for invoice in ():",
    ),
    Mutant(
        "a found invoice counts as absent",
        "lossy",
        "sending/reconcile.py",
        'return found(doubt, live[0], f"Found in Kantata by its reference',
        'return Settlement(doubt, Verdict.ABSENT, f"Found in Kantata by its reference',
    ),
    Mutant(
        "an unclear invoice counts as absent",
        "people",
        "sending/reconcile.py",
        '        return unclear(doubt, f"Invoice {marked[0]',
        '        return Settlement(doubt, Verdict.FOUND, f"Invoice {marked[0]',
    ),
    Mutant(
        "every doubt is absent",
        "lossy",
        "sending/reconcile.py",
        "            settlements.append(_of_creation(doubt, marked.get(triple_of(doubt), []), asked))",
        "            settlements.append(Settlement(doubt, Verdict.ABSENT, '', BILL_IT))",
    ),
    Mutant(
        "a removal that was not seen counts as done",
        "removals",
        "sending/reconcile.py",
        '            reason = f"{which} is in Kantata still: the undo did not take it back."',
        "            return Settlement(doubt, Verdict.ABSENT, which, BILL_IT)\n            reason = ''",
    ),
    Mutant(
        "settlements are not noted",
        "lossy",
        "sending/reconcile.py",
        "            ledger.conclude(doubt, event, run_id, settlement.reason, settlement.invoice_id or doubt.being_undone)",
        "            pass",
    ),
    # --- planning ---
    Mutant(
        "billed entries are not compared",
        "entries",
        "planning/deciding.py",
        "earlier = self.knowledge.by_item.get(item)",
        "earlier = None",
    ),
    Mutant(
        "changed invoices are ready",
        "edits",
        "planning/deciding.py",
        "        return _with(planned, Status.HELD, known, *reasons.changed(known, planned))",
        "        return planned",
    ),
    Mutant(
        "doubtful invoices are ready",
        "laggy",
        "planning/deciding.py",
        "            return _with(planned, Status.IN_DOUBT, known, *reasons.doubtful(known))",
        "            return planned",
    ),
    Mutant(
        "like lines are not compared",
        "edits",
        "planning/deciding.py",
        "        yield from self._held_by(planned, self.repeats.of(planned))",
        "        yield from ()",
    ),
    Mutant(
        "moved lines are not compared",
        "moved",
        "planning/repeats.py",
        "                yield from ((mark, line) for line in self._moved_to(mark, dated))",
        "                yield from ()",
    ),
    Mutant(
        "lines of the same project are not compared",
        "redated",
        "planning/repeats.py",
        "            for line in self._like(mark):",
        "            for line in ():",
    ),
    Mutant(
        "lines without dates are far away",
        "redated",
        "planning/repeat_days.py",
        "    if abs((dated or now.date()) - earlier) < limit:\n        return True\n",
        "    if not (dated and entry.invoice_date):\n        return False\n    if abs(dated - earlier) < limit:\n        return True\n",
    ),
    Mutant(
        "what was billed elsewhere since is left over",
        "failing",
        "planning/left_over.py",
        "    return any(line.entry.run_id != entry.run_id and line.entry.sent_at > entry.sent_at for line in moved)",
        "    return False",
    ),
    Mutant(
        "edited lines are not compared",
        "rewritten",
        "planning/deciding.py",
        "        yield from self._held_by(planned, self.repeats.edited_of(planned))",
        "        yield from ()",
    ),
    # --- looking up before sending ---
    Mutant(
        "references are not looked up",
        "forgotten",
        "flow/earlier_invoices.py",
        "    for invoice in api.find_by_references(ready):",
        "    for invoice in ():",
    ),
    Mutant(
        "lines in Kantata are not looked up",
        "astray",
        "flow/earlier_invoices.py",
        "    if not new:\n        return prepared",
        "    if new:\n        return prepared",
    ),
    Mutant(
        "everything earlier is gone",
        "edits",
        "flow/earlier_invoices.py",
        "if seen in (Presence.CANCELLED, Presence.GONE):",
        "if seen in (Presence.CANCELLED, Presence.GONE, Presence.SHOWN):",
    ),
    Mutant(
        "what is not shown at once is gone",
        "laggy",
        "sending/presence.py",
        "    if recent:\n        return Presence.TOO_RECENT\n",
        "",
    ),
    # --- undo ---
    Mutant(
        "undo notes before it asks",
        "removals",
        "flow/undoing.py",
        "                return self._looked_up(step, answer.message)",
        "                return Step(step.sent, '', group=Group.UNDONE)",
    ),
    Mutant(
        "a refused removal counts as done",
        "removals",
        "sending/undo.py",
        '    return Step(step.sent, reason, group=Group.KEPT, what_to_do="Delete',
        '    return Step(step.sent, reason, group=Group.UNDONE, what_to_do="Delete',
    ),
    Mutant(
        "an undo that stops has undone",
        "removals",
        "sending/undo.py",
        "    group = Group.UNKNOWN if step.sent.state is State.REMOVING else Group.KEPT",
        "    group = Group.UNDONE",
    ),
    # --- two machines ---
    Mutant(
        "the lease is not checked",
        "overtaken",
        "ledger/ledger.py",
        "            self._lease.check(connection, run_id)",
        "            pass",
    ),
    Mutant(
        "a request leaves however late",
        "overtaken",
        "kantata/deadline.py",
        "> self._seconds",
        "> self._seconds * 1000",
    ),
    Mutant(
        "a late answer counts whatever came since",
        "overtaken",
        "ledger/ledger.py",
        "self._journal.add(connection, claim.reference, seen, _EVENTS[outcome.kind]",
        "self._journal.add(connection, claim.reference, self._journal.standing(connection, claim.reference), _EVENTS[outcome.kind]",
    ),
    Mutant(
        "the undo does not look again before it asks",
        "removals",
        "sending/undo.py",
        "    if sent.standing.was_undone:\n        return Step(sent,",
        "    if sent.standing.was_undone or sent.state is State.REMOVING:\n        return Step(sent,",
    ),
    # --- the inbox ---
    Mutant(
        "the scheduler bills what was undone",
        "taken back",
        "flow/taken_back.py",
        "    ready, ledger = ready_in(report), tools.ledger\n",
        "    return NONE_UNDONE\n    ready, ledger = ready_in(report), tools.ledger\n",
    ),
    Mutant(
        "a file in doubt is done",
        "inbox",
        "unattended/handling.py",
        "        return FileState.IN_DOUBT\n    if report.exit_code in SAME_FOR_ALL",
        "        return FileState.DONE\n    if report.exit_code in SAME_FOR_ALL",
    ),
    Mutant(
        "a file that is not billed is done",
        "failing",
        "unattended/handling.py",
        "    return FileState.FAILED\n\n\ndef _unsent",
        "    return FileState.DONE\n\n\ndef _unsent",
    ),
    Mutant(
        "a file that is not to be sent now is done",
        "failing",
        "unattended/handling.py",
        "        return FileState.LEFT\n    return FileState.FAILED",
        "        return FileState.DONE\n    return FileState.FAILED",
    ),
    Mutant(
        "a file that is settled and not billed is done",
        "failing",
        "unattended/returning.py",
        "    if counts[Fate.NOT_BILLED] and newly_absent and not submitted.taken_back:",
        "    if counts[Fate.NOT_BILLED]:\n        return _with(doubt, tools, FileState.DONE, ExitCode.DONE, settled)\n    if False:",
    ),
    Mutant(
        "a settled file stays in doubt",
        "inbox",
        "unattended/returning.py",
        '    if submitted.open:\n        return _with(doubt, tools, FileState.IN_DOUBT, ExitCode.IN_DOUBT, f"{submitted.summary}. {STILL}")',
        '    if True:\n        return _with(doubt, tools, FileState.IN_DOUBT, ExitCode.IN_DOUBT, f"{submitted.summary}. {STILL}")',
    ),
    # --- what is said ---
    Mutant(
        "what is in doubt is said to be rejected",
        "lossy",
        "sending/sender.py",
        "            return InvoiceResult(planned, Status.IN_DOUBT, reason, LOOK_FIRST)\n        case OutcomeKind.CREATED:",
        "            return InvoiceResult(planned, Status.REJECTED, reason, LOOK_FIRST)\n        case OutcomeKind.CREATED:",
    ),
    Mutant(
        "what is held ends with 0",
        "edits",
        "flow/submit.py",
        "statuses & {Status.REJECTED, Status.HELD, Status.NOT_SENT, Status.READY}",
        "statuses & {Status.REJECTED, Status.NOT_SENT, Status.READY}",
    ),
    Mutant(
        "what is unreachable ends with 0",
        "down",
        "flow/submit.py",
        "        return ExitCode.UNREACHABLE\n",
        "        return ExitCode.DONE\n",
    ),
    Mutant(
        "a cancelled invoice is live",
        "people",
        "sending/presence.py",
        "return Presence.CANCELLED if found.cancelled else Presence.SHOWN",
        "return Presence.SHOWN",
    ),
    Mutant(
        "a cut answer counts as an empty list",
        "torn",
        "kantata/connection.py",
        'if status != requests.codes.ok or answer is None or answer.get("errors"):',
        'answer = answer or {"count": 0, "results": [], "invoices": {}, "external_references": {}, "meta": {"count": 0, "page_count": 1, "page_number": 1, "page_size": 200}}\n        if False:',
    ),
)
