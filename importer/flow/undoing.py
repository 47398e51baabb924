"""Undo a run: look, decide, ask, then delete or cancel one invoice after the other, and tell what became of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, assert_never

from importer.flow.prepared import Tools, new_run_id
from importer.kantata.answers import RemovalKind
from importer.kantata.backoff import Pace, RetryBudget
from importer.ledger.undoing import DONE, KEPT, UNKNOWN
from importer.model.errors import AccessDenied, LedgerProblem, NotReached
from importer.model.exit_codes import ExitCode
from importer.reporting.workbook import results
from importer.reporting.workbook.undo import write_undo
from importer.sending.throttle import Gate, Stop
from importer.sending.undo import (
    UNDOING,
    UNSETTLED,
    Action,
    Group,
    Step,
    Undone,
    after_unknown,
    decide,
    to_look_up,
    young_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.kantata.answers import Removal
    from importer.kantata.client import KantataApi
    from importer.kantata.invoices import FoundInvoice
    from importer.ledger.rows import RunRecord, SentInvoice

MOST_UNKNOWN_IN_A_ROW = 3
"""After so many answers lost in a row the undo stops: something is broken on the way."""
_NOTED = {Group.UNDONE: DONE, Group.KEPT: KEPT, Group.UNKNOWN: UNKNOWN}
LATER = "Run undo again: it goes on where this one stopped."


@dataclass(frozen=True, slots=True)
class UndoHooks:
    """How the terminal takes part in an undo."""

    confirm: Callable[[Undone], None]
    """Raises GateRefused when the person does not agree."""
    stop: Stop
    progress: Callable[[int, int], None]
    """Called with how many invoices are done, of how many."""


def undo(run: RunRecord, tools: Tools, api: KantataApi, hooks: UndoHooks) -> Undone:
    """Undo a run. Raises LockedByAnother, AccessDenied, NotReached or GateRefused before anything is done."""
    results.prepare_folder(tools.settings.reports)
    undo_id, settle_seconds = new_run_id(), tools.settings.settle_seconds
    with tools.ledger.exclusive(undo_id):
        steps = look(tools.ledger.undoing.sent_in(run.run_id), api, settle_seconds)
        plan = Undone(
            run.run_id,
            undo_id,
            run.batch,
            tools.account,
            run.path,
            run.started_at.replace(tzinfo=UTC).astimezone(),
            run.who,
            steps,
            ExitCode.DONE,
            tools.settings.invoice_link,
        )
        if any(one.action or (one.group is Group.UNDONE and not one.earlier) for one in steps):
            hooks.confirm(plan)
            # People take their time to answer, and what they agreed to may have been paid meanwhile.
            steps = tuple(as_agreed(steps, look(tools.ledger.undoing.sent_in(run.run_id), api, settle_seconds)))
        going = {one.sent.reference for one in steps if one.action or (one.group is Group.UNDONE and not one.earlier)}
        going |= {one.sent.reference for one in steps if one.sent.state in UNSETTLED}
        if going:  # before anything is free to be sent again
            tools.ledger.approvals.end_for(going, undo_id)
        work = _Undoing(tools, api, hooks, undo_id)
        done = replace(plan, steps=work.all(steps))
        if going:  # also those that were approved meanwhile, when it was not undone yet
            tools.ledger.approvals.end_for(going, undo_id)
        done = replace(done, exit_code=work.exit_code(done))
        if done.nothing_to_do:
            return done
        return replace(done, files=(write_undo(done, tools.settings.reports),))


def look(sent: list[SentInvoice], api: KantataApi, settle_seconds: float) -> tuple[Step, ...]:
    """Ask Kantata for the invoices of a run and decide. Raises NotReached or AccessDenied."""
    asked = to_look_up(sent)
    shown = {found.invoice_id: found for found in api.find_by_ids(one.invoice_id or "" for one in asked)}
    missing = {number for one in asked if one.invoice_id not in shown for number in one.workspace_ids}
    visible = api.sees_finances_of(missing) if missing else ()
    return decide(sent, shown, visible, _young(sent, settle_seconds))


def _young(sent: list[SentInvoice], settle_seconds: float) -> frozenset[str]:
    return young_of(sent, datetime.now(UTC).replace(tzinfo=None), settle_seconds)


def as_agreed(asked: tuple[Step, ...], now: tuple[Step, ...]) -> Iterator[Step]:
    """What is to be done now, but nothing that the person was not asked about."""
    agreed = {one.sent.reference: one.action for one in asked}
    for one in now:
        if one.action is not None and one.action is not agreed.get(one.sent.reference):
            reason = "It has changed in Kantata since you were asked."
            yield replace(one, action=None, group=Group.KEPT, reason=reason, what_to_do=LATER)
        else:
            yield one


class _Undoing:
    """Carries the decisions out, one after the other; the ledger knows of each before and after it."""

    def __init__(self, tools: Tools, api: KantataApi, hooks: UndoHooks, undo_id: str) -> None:
        settings = tools.settings
        self._book, self._api, self._hooks, self._undo_id = tools.ledger.undoing, api, hooks, undo_id
        self._gate = Gate(Pace.of(settings.pace_per_second), RetryBudget(settings.retry_seconds), hooks.stop)
        self._settle_seconds = settings.settle_seconds
        self._halted: str | None = None
        self._code: ExitCode | None = None
        self._unknown_in_a_row = 0

    def all(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """Carry out what is to be done. Each invoice is in the result, whatever happens."""
        todo, done = sum(one.action is not None for one in steps), 0
        finished = []
        for one in steps:
            finished.append(self._finished(one))
            done += one.action is not None
            self._hooks.progress(done, todo)
        return tuple(finished)

    def exit_code(self, done: Undone) -> ExitCode:
        """Unknown over stopped over refused over kept; nothing left to do is well done."""
        if done.of(Group.UNKNOWN):
            return ExitCode.IN_DOUBT
        if self._code is not None:
            return self._code
        return ExitCode.SOME_NOT_SENT if done.of(Group.KEPT) and not done.nothing_to_do else ExitCode.DONE

    def _finished(self, one: Step) -> Step:
        if one.earlier:
            return one
        try:
            if one.sent.state in UNSETTLED:  # it is in doubt already
                self._book.ask(one.sent, self._undo_id)
                return one
            if one.action is None:
                self._note(one)
                return one
            return self._carried_out(one, one.action)
        except LedgerProblem as problem:
            self._halt(problem.message, None)
            reason = f"The ledger could not note what was done with it: {problem.message}"
            return replace(one, action=None, group=Group.UNKNOWN, reason=reason, what_to_do=LATER)

    def _note(self, one: Step, attempt: int | None = None) -> None:
        if one.group is not None:
            self._book.conclude(one.sent, self._undo_id, _NOTED[one.group], one.reason, attempt)

    def _carried_out(self, one: Step, action: Action) -> Step:
        attempt: int | None = None
        while self._halted is None and self._gate.enter():
            if attempt is None:
                attempt = self._book.intend(one.sent, self._undo_id, action.value)
            answer = self._ask(one.sent.invoice_id or "", action)
            again = answer.kind is RemovalKind.REFUSED_FOR_NOW and self._gate.refused(
                answer.retry_after, throttled=answer.throttled
            )
            if not again:
                final = self._concluded(one, action, answer)
                self._note(final, attempt)
                return final
        if self._hooks.stop.exit_code is not None:
            self._code = self._code or self._hooks.stop.exit_code
        final = _left(one, self._halted or "The undo was stopped before it.")
        if attempt is not None:
            self._note(final, attempt)
        return final

    def _ask(self, invoice_id: str, action: Action) -> Removal:
        return self._api.delete_invoice(invoice_id) if action is Action.DELETE else self._api.cancel_invoice(invoice_id)

    def _concluded(self, one: Step, action: Action, answer: Removal) -> Step:
        self._unknown_in_a_row = self._unknown_in_a_row + 1 if answer.kind is RemovalKind.UNKNOWN else 0
        match answer.kind:
            case RemovalKind.DONE:
                self._gate.succeeded()
                words = "The draft was deleted." if action is Action.DELETE else "The invoice was cancelled."
                return Step(one.sent, words, group=Group.UNDONE)
            case RemovalKind.REFUSED:
                advice = "Delete or cancel it in Kantata, if it is to go."
                return Step(one.sent, f"Kantata refused it: {answer.message}", group=Group.KEPT, what_to_do=advice)
            case RemovalKind.REFUSED_FOR_NOW:
                self._halt(f"Not undone: {answer.message}", ExitCode.UNREACHABLE)
                return _left(one, answer.message)
            case RemovalKind.TOKEN_REFUSED:
                self._halt("Not undone: Kantata refused the token.", ExitCode.ACCESS)
                return _left(one, f"Kantata refused the token: {answer.message}")
            case RemovalKind.UNKNOWN:
                if self._unknown_in_a_row >= MOST_UNKNOWN_IN_A_ROW:
                    self._halt(f"Not undone: {MOST_UNKNOWN_IN_A_ROW} answers in a row were lost.", None)
                return self._looked_up(one, answer.message)
            case _:
                assert_never(answer.kind)

    def _looked_up(self, one: Step, said: str) -> Step:
        """The answer was lost: look the invoice up, and assume nothing."""
        found: list[FoundInvoice] = []
        try:
            found = list(self._api.find_by_ids([one.sent.invoice_id or ""]))
            visible = set() if found else self._api.sees_finances_of(one.sent.workspace_ids)
        except (AccessDenied, NotReached) as error:
            reason = f"{said} It could not be looked up after it: {error.message}"
            return Step(one.sent, reason, group=Group.UNKNOWN, what_to_do=LATER)
        young = _young([one.sent], self._settle_seconds)
        return after_unknown(one, found[0] if found else None, visible, young, said)

    def _halt(self, why: str, code: ExitCode | None) -> None:
        self._halted, self._code = self._halted or why, self._code or code


def _left(one: Step, why: str) -> Step:
    """An invoice that the undo did not get to: it exists as before, unless an earlier undo takes effect still."""
    group = Group.UNKNOWN if one.sent.state == UNDOING else Group.KEPT
    return Step(one.sent, why, group=group, what_to_do=LATER)


def counts_of(done: Undone) -> dict[str, int]:
    """How many invoices are in each group."""
    found = Counter(one.group for one in done.steps)
    return {group.value: found[group] for group in Group}
