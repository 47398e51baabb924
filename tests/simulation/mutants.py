"""Bugs on purpose, each of which would bill somebody twice, leave somebody unbilled, or say what is not so.

``python tests/simulation/mutants.py`` puts them one at a time into a copy of the program and plays episodes until one
finds it. A bug that no episode finds shows what the simulation does not see.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
EPISODES = 100
"""Played of each bug at most."""
AT_ONCE = 2


@dataclass(frozen=True)
class Mutant:
    """One bug: what stands in a file of the program, and what stands there instead."""

    name: str
    file: str
    old: str
    new: str


MUTANTS = (
    # --- what an answer means ---
    Mutant(
        "500 counts as refused",
        "kantata/answers.py",
        'frozenset({400, 403, 404, 422})\n"""Answers that mean: this',
        'frozenset({400, 403, 404, 422, 500, 502, 503, 504})\n"""Answers that mean: this',
    ),
    Mutant(
        "a lost answer counts as never sent",
        "kantata/client.py",
        "            case NoAnswer(said):\n                return Outcome(OutcomeKind.UNKNOWN, _cut_off(said), raw=said)",
        "            case NoAnswer(said):\n                return Outcome(OutcomeKind.REFUSED_FOR_NOW, self._not_reached(said))",
    ),
    Mutant(
        "a lost answer counts as rejected",
        "kantata/client.py",
        "return Outcome(OutcomeKind.UNKNOWN, _cut_off(said), raw=said)",
        "return Outcome(OutcomeKind.REJECTED, _cut_off(said), raw=said)",
    ),
    Mutant(
        "an unclear status counts as created",
        "kantata/answers.py",
        "            return Outcome(OutcomeKind.UNKNOWN, _unexpected(status, body), status, request_id, raw)",
        "            return Outcome(OutcomeKind.CREATED, '', status, request_id, raw, invoice_id='1')",
    ),
    Mutant(
        "a lost answer to a removal counts as done",
        "kantata/client.py",
        "return Removal(RemovalKind.UNKNOWN, _cut_off(said))",
        "return Removal(RemovalKind.DONE, _cut_off(said))",
    ),
    Mutant(
        "a removal that was never sent counts as done",
        "kantata/client.py",
        "return Removal(RemovalKind.REFUSED_FOR_NOW, self._not_reached(said))",
        "return Removal(RemovalKind.DONE, self._not_reached(said))",
    ),
    # --- sending ---
    Mutant(
        "what is in doubt is sent again",
        "sending/sender.py",
        "outcome.kind is not OutcomeKind.REFUSED_FOR_NOW or not self._may_retry(outcome)",
        "outcome.kind not in (OutcomeKind.REFUSED_FOR_NOW, OutcomeKind.UNKNOWN) or (outcome.kind is OutcomeKind.REFUSED_FOR_NOW and not self._may_retry(outcome))",
    ),
    Mutant(
        "no claim before sending",
        "sending/sender.py",
        "            claim = self.ledger.claim(plan, self.run_id, self.batch, self.source)\n",
        "            claim = self.ledger.claim(plan, self.run_id, self.batch, self.source) if plan.invoice.rows[0] % 2 else __import__('types').SimpleNamespace(reference='')\n",
    ),
    Mutant(
        "a created invoice is not noted",
        "sending/sender.py",
        "            self.ledger.note_outcome(claim, outcome)\n",
        "            outcome.kind is OutcomeKind.CREATED or self.ledger.note_outcome(claim, outcome)\n",
    ),
    Mutant(
        "an outcome is noted before it is known",
        "sending/sender.py",
        "            outcome = self._connection().create_invoice(plan.payload or {}, deadline)\n",
        "            outcome = self._connection().create_invoice(plan.payload or {}, deadline)\n            outcome = Outcome(OutcomeKind.REFUSED_FOR_NOW, '') if outcome.kind is OutcomeKind.UNKNOWN else outcome\n",
    ),
    Mutant(
        "what is held is sent",
        "sending/sender.py",
        "if plan.status is Status.READY:",
        "if plan.status in (Status.READY, Status.HELD):",
    ),
    # --- the ledger ---
    Mutant(
        "a claim is kept in memory only",
        "ledger/ledger.py",
        "return self._begin_to_send(planned, run_id, batch, source, Event.CLAIMED, Details())",
        "return Claim(planned.reference, run_id, __import__('importer.model.lifecycle').model.lifecycle.Standing())",
    ),
    Mutant(
        "the items of an invoice are not kept",
        "ledger/ledger.py",
        "                self._replace_items(connection, planned)\n",
        "",
    ),
    Mutant(
        "the lines of an invoice are not kept",
        "ledger/ledger.py",
        "                self._replace_lines(connection, planned)\n",
        "",
    ),
    Mutant(
        "the id of an invoice is not kept",
        "ledger/journal.py",
        '    if details.invoice_id is not None:\n        row["invoice_id"]',
        '    if details.invoice_id is not None and event is not Event.CREATED:\n        row["invoice_id"]',
    ),
    Mutant(
        "open questions are not asked",
        "ledger/known.py",
        "return [doubt_of(row) for row in rows if wanted is None or row.reference in wanted]",
        "return [doubt_of(row) for row in rows if wanted is not None and row.reference in wanted]",
    ),
    Mutant(
        "only what exists for sure is alive",
        "ledger/known.py",
        "_ALIVE = in_states(ALIVE)",
        "_ALIVE = in_states({State.SENDING})",
    ),
    # --- the states ---
    Mutant(
        "unknown leads to free",
        "model/lifecycle.py",
        "(State.SENDING, Event.UNKNOWN): State.DOUBTFUL",
        "(State.SENDING, Event.UNKNOWN): State.FREE",
    ),
    Mutant(
        "created leads to free",
        "model/lifecycle.py",
        "(State.SENDING, Event.CREATED): State.EXISTS",
        "(State.SENDING, Event.CREATED): State.FREE",
    ),
    Mutant(
        "sending is no open question",
        "model/lifecycle.py",
        "case State.SENDING | State.DOUBTFUL | State.REMOVING:\n                return Exists.MAYBE",
        "case State.SENDING:\n                return Exists.NO\n            case State.DOUBTFUL | State.REMOVING:\n                return Exists.MAYBE",
    ),
    Mutant(
        "an unknown removal leads to free",
        "model/lifecycle.py",
        "(State.REMOVING, Event.REMOVAL_UNKNOWN): State.REMOVING",
        "(State.REMOVING, Event.REMOVAL_UNKNOWN): State.FREE",
    ),
    Mutant(
        "a found invoice leads to free",
        "model/lifecycle.py",
        "(State.DOUBTFUL, Event.FOUND): State.EXISTS",
        "(State.DOUBTFUL, Event.FOUND): State.FREE",
    ),
    Mutant(
        "an absent invoice stays in doubt",
        "model/lifecycle.py",
        "(State.DOUBTFUL, Event.ABSENT): State.FREE",
        "(State.DOUBTFUL, Event.ABSENT): State.DOUBTFUL",
    ),
    Mutant(
        "what is removed counts as existing",
        "model/lifecycle.py",
        "(State.REMOVING, Event.REMOVED): State.FREE",
        "(State.REMOVING, Event.REMOVED): State.EXISTS",
    ),
    # --- reconcile ---
    Mutant(
        "no waiting before absence",
        "sending/reconcile.py",
        "return doubt.sent_at + timedelta(seconds=settle_seconds)",
        "return doubt.sent_at",
    ),
    Mutant(
        "the reference is not looked for",
        "sending/reconcile.py",
        "    for invoice in api.find_by_references(list(earlier)):",
        "    for invoice in ():",
    ),
    Mutant(
        "a found invoice counts as absent",
        "sending/reconcile.py",
        'return found(doubt, live[0], f"Found in Kantata by its reference',
        'return Settlement(doubt, Verdict.ABSENT, f"Found in Kantata by its reference',
    ),
    Mutant(
        "an unclear invoice counts as absent",
        "sending/reconcile.py",
        '        return unclear(doubt, f"Invoice {marked[0]',
        '        return Settlement(doubt, Verdict.FOUND, f"Invoice {marked[0]',
    ),
    Mutant(
        "every doubt is absent",
        "sending/reconcile.py",
        "            settlements.append(_of_creation(doubt, marked.get(triple_of(doubt), []), asked))",
        "            settlements.append(Settlement(doubt, Verdict.ABSENT, '', BILL_IT))",
    ),
    Mutant(
        "a removal that was not seen counts as done",
        "sending/reconcile.py",
        '            reason = f"{which} is in Kantata still: the undo did not take it back."',
        "            return Settlement(doubt, Verdict.ABSENT, which, BILL_IT)\n            reason = ''",
    ),
    Mutant(
        "settlements are not noted",
        "sending/reconcile.py",
        "            ledger.conclude(doubt, event, run_id, settlement.reason, settlement.invoice_id or doubt.being_undone)",
        "            pass",
    ),
    # --- planning ---
    Mutant(
        "billed entries are not compared",
        "planning/deciding.py",
        "earlier = self.knowledge.by_item.get(item)",
        "earlier = None",
    ),
    Mutant(
        "changed invoices are ready",
        "planning/deciding.py",
        "        return _with(planned, Status.HELD, known, *reasons.changed(known, planned))",
        "        return planned",
    ),
    Mutant(
        "doubtful invoices are ready",
        "planning/deciding.py",
        "            return _with(planned, Status.IN_DOUBT, known, *reasons.doubtful(known))",
        "            return planned",
    ),
    Mutant(
        "like lines are not compared",
        "planning/deciding.py",
        "        for mark, line in self.repeats.of(planned):",
        "        for mark, line in ():",
    ),
    Mutant(
        "moved lines are not compared",
        "planning/repeats.py",
        "for line in (*self.moved[mark.likeness], *self._split(mark)))",
        "for line in ())",
    ),
    Mutant(
        "lines of the same project are not compared",
        "planning/repeats.py",
        "            for line in self.like[mark.workspace_id, mark.wording, mark.amount]:",
        "            for line in ():",
    ),
    Mutant(
        "lines without dates are far away",
        "planning/repeats.py",
        "    if abs((dated or now.date()) - earlier) < limit:\n        return True\n",
        "    if not (dated and line.entry.invoice_date):\n        return False\n    if abs(dated - earlier) < limit:\n        return True\n",
    ),
    # --- looking up before sending ---
    Mutant(
        "references are not looked up",
        "flow/looking_up.py",
        "    for invoice in api.find_by_references(ready):",
        "    for invoice in ():",
    ),
    Mutant(
        "lines in Kantata are not looked up",
        "flow/looking_up.py",
        "    if not new:\n        return prepared",
        "    if new:\n        return prepared",
    ),
    Mutant(
        "everything earlier is gone",
        "flow/looking_up.py",
        "if seen in (Presence.CANCELLED, Presence.GONE):",
        "if seen in (Presence.CANCELLED, Presence.GONE, Presence.SHOWN):",
    ),
    Mutant(
        "what is not shown at once is gone",
        "sending/presence.py",
        "    if recent:\n        return Presence.TOO_RECENT\n",
        "",
    ),
    # --- undo ---
    Mutant(
        "undo notes before it asks",
        "flow/undoing.py",
        "                return self._looked_up(step, answer.message)",
        "                return Step(step.sent, '', group=Group.UNDONE)",
    ),
    Mutant(
        "a refused removal counts as done",
        "sending/undo.py",
        '    return Step(step.sent, reason, group=Group.KEPT, what_to_do="Delete',
        '    return Step(step.sent, reason, group=Group.UNDONE, what_to_do="Delete',
    ),
    Mutant(
        "an undo that stops has undone",
        "sending/undo.py",
        "    group = Group.UNKNOWN if step.sent.state is State.REMOVING else Group.KEPT",
        "    group = Group.UNDONE",
    ),
)


def planted(mutant: Mutant, folder: Path) -> None:
    """Put a bug into a copy of the program. Raises ValueError when what it changes is not there, once."""
    file = folder / "importer" / mutant.file
    text = file.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        msg = f"{mutant.name}: {mutant.file} holds {text.count(mutant.old)} times: {mutant.old!r}"
        raise ValueError(msg)
    file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")


def found_by(mutant: Mutant) -> str | None:
    """The first episode that finds a bug, and what it says; None when none does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "importer", folder / "importer", ignore=shutil.ignore_patterns("__pycache__"))
        planted(mutant, folder)
        command = [sys.executable, str(Path(__file__).with_name("play.py")), "--first-wrong", "1", str(EPISODES)]
        done = subprocess.run(
            command, env=os.environ | {"PYTHONPATH": name}, capture_output=True, text=True, check=False
        )
        wrong = [line for line in done.stdout.splitlines() if line.startswith("seed ")]
        return wrong[0] if wrong else None


def main(only: str) -> int:
    """Try them all; return how many were not found."""
    from concurrent.futures import ThreadPoolExecutor

    chosen = [mutant for mutant in MUTANTS if only in mutant.name]
    missed = 0
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for mutant, said in zip(chosen, threads.map(found_by, chosen), strict=True):
            missed += said is None
            print(f"{mutant.name}: {(said or 'NOT FOUND')[:150]}", flush=True)
    print(f"{len(chosen)} bugs, {len(chosen) - missed} found")
    return missed


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1] if len(sys.argv) > 1 else "")))
