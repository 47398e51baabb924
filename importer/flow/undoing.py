"""Undo a run: look, decide, ask, then delete or cancel one invoice after the other, and say what became of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, assert_never

from importer.flow.prepared import Tools, new_run_id
from importer.kantata.answers import Removal, RemovalKind
from importer.kantata.backoff import Pace, RetryBudget
from importer.kantata.deadline import Deadline
from importer.ledger.journal import Details
from importer.model.errors import AccessDenied, LedgerProblem, NotReached
from importer.model.exit_codes import ExitCode
from importer.model.lifecycle import Event
from importer.reporting.page.undo import write_undo_page
from importer.reporting.workbook import results
from importer.reporting.workbook.undo import write_undo
from importer.sending.presence import look_for, sent_after
from importer.sending.sender import MOST_UNKNOWN_IN_A_ROW
from importer.sending.throttle import Stop, Throttle
from importer.sending.undo import (
    LATER,
    Action,
    Group,
    Step,
    Undone,
    after_unknown,
    as_agreed,
    decide,
    left,
    refused,
    to_look_up,
)

if TYPE_CHECKING:
    from importer.kantata.client import KantataApi
    from importer.ledger.rows import RunRecord, SentInvoice


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
    undo_id, ledger, settle_seconds = new_run_id(), tools.ledger, tools.settings.settle_seconds
    with ledger.exclusive(undo_id):
        steps = look(ledger.sent_in(run.run_id), api, settle_seconds, ledger.now())
        if any(step.is_going for step in steps):
            hooks.confirm(_told(run, undo_id, tools, steps))
            # People take their time to answer, and what they agreed to may have been paid meanwhile.
            steps = tuple(as_agreed(steps, look(ledger.sent_in(run.run_id), api, settle_seconds, ledger.now())))

        going = {step.sent.reference for step in steps if step.is_going or step.is_in_doubt}
        if going:  # before anything is free to be sent again
            ledger.approvals.end_for(going, undo_id)
        work = _Undoing(tools, api, hooks, undo_id)
        done = _told(run, undo_id, tools, work.all(steps))
        if going:  # also those that were approved meanwhile, when it was not undone yet
            ledger.approvals.end_for(going, undo_id)

        done = replace(done, exit_code=work.exit_code(done))
        if done.nothing_to_do:
            return done
        workbook = write_undo(done, tools.settings.reports)
        return replace(done, files=(workbook,), page=write_undo_page(done, workbook))


def _told(run: RunRecord, undo_id: str, tools: Tools, steps: tuple[Step, ...]) -> Undone:
    return Undone(
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


def look(sent: list[SentInvoice], api: KantataApi, settle_seconds: float, now: datetime) -> tuple[Step, ...]:
    """Ask Kantata for the invoices of a run and decide. Raises NotReached or AccessDenied."""
    return decide(sent, look_for(api, to_look_up(sent)), sent_after(settle_seconds, now))


class _Undoing:
    """Carries the decisions out, one after the other; the ledger knows of each before and after it."""

    def __init__(self, tools: Tools, api: KantataApi, hooks: UndoHooks, undo_id: str) -> None:
        settings = tools.settings
        self._ledger, self._api, self._hooks, self._undo_id = tools.ledger, api, hooks, undo_id
        self._throttle = Throttle(Pace.of(settings.pace_per_second), RetryBudget(settings.retry_seconds), hooks.stop)
        self._settle_seconds = settings.settle_seconds
        self._halted: str | None = None
        self._code: ExitCode | None = None
        self._unknown_in_a_row = 0

    def all(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """Carry out what is to be done. Each invoice is in the result, whatever happens."""
        todo, done = sum(step.action is not None for step in steps), 0
        finished = []
        for step in steps:
            finished.append(replace(self._finished(step), held=step.held))
            done += step.action is not None
            self._hooks.progress(done, todo)
        return tuple(finished)

    def exit_code(self, done: Undone) -> ExitCode:
        """Unknown over stopped over refused over kept; nothing left to do is well done."""
        if done.of(Group.UNKNOWN):
            return ExitCode.IN_DOUBT
        if self._code is not None:
            return self._code
        return ExitCode.SOME_NOT_SENT if done.of(Group.KEPT) and not done.nothing_to_do else ExitCode.DONE

    def _finished(self, step: Step) -> Step:
        if step.earlier:
            return step
        try:
            if step.is_in_doubt:
                self._ledger.note_removal(step.sent, self._undo_id, Event.TO_BE_UNDONE, Details())
                return step
            if step.action is None:
                self._note(step, step.sent)
                return step
            return self._carried_out(step, step.action)
        except LedgerProblem as problem:
            self._halt(problem.message, None)
            reason = f"The ledger could not note what was done with it: {problem.message}"
            return replace(step, action=None, group=Group.UNKNOWN, reason=reason, what_to_do=LATER)

    def _note(self, step: Step, sent: SentInvoice) -> None:
        """Note what became of an invoice; ``sent`` is the invoice as it stands in the ledger now."""
        if step.group is not None:
            details = Details(step.reason, sent.invoice_id)
            self._ledger.note_removal(sent, self._undo_id, step.group.event, details)

    def _carried_out(self, step: Step, action: Action) -> Step:
        if self._halted is not None or not self._throttle.enter():
            return self._stopped(step)
        begun = step.sent
        while True:
            deadline = Deadline()  # before the note: what others may do after it counts from the note on
            begun = self._ledger.begin_removal(begun, self._undo_id, action.value)
            answer = self._ask(step.sent.invoice_id or "", action, deadline)
            if answer.kind is not RemovalKind.REFUSED_FOR_NOW:
                break
            if not self._throttle.refused(answer.retry_after, throttled=answer.throttled):
                break
            if self._halted is not None or not self._throttle.enter():
                final = self._stopped(step)
                self._note(final, begun)
                return final
        final = self._concluded(step, action, answer)
        self._note(final, begun)
        return final

    def _stopped(self, step: Step) -> Step:
        """An invoice for which nothing more was asked, because the undo stops."""
        self._code = self._code or self._hooks.stop.exit_code
        return left(step, self._halted or "The undo was stopped before it.")

    def _ask(self, invoice_id: str, action: Action, deadline: Deadline) -> Removal:
        if action is Action.DELETE:
            return self._api.delete_invoice(invoice_id, deadline)
        return self._api.cancel_invoice(invoice_id, deadline)

    def _concluded(self, step: Step, action: Action, answer: Removal) -> Step:
        self._unknown_in_a_row = self._unknown_in_a_row + 1 if answer.kind is RemovalKind.UNKNOWN else 0
        match answer.kind:
            case RemovalKind.DONE:
                self._throttle.succeeded()
                words = "The draft was deleted." if action is Action.DELETE else "The invoice was cancelled."
                return Step(step.sent, words, group=Group.UNDONE)
            case RemovalKind.REFUSED:
                return refused(step, answer.message)
            case RemovalKind.REFUSED_FOR_NOW:
                self._halt(f"Not undone: {answer.message}", ExitCode.UNREACHABLE)
                return left(step, answer.message)
            case RemovalKind.TOKEN_REFUSED:
                self._halt("Not undone: Kantata refused the token.", ExitCode.ACCESS)
                return left(step, f"Kantata refused the token: {answer.message}")
            case RemovalKind.UNKNOWN:
                if self._unknown_in_a_row >= MOST_UNKNOWN_IN_A_ROW:
                    self._halt(f"Not undone: {MOST_UNKNOWN_IN_A_ROW} answers in a row were lost.", None)
                return self._looked_up(step, answer.message)
            case _:
                assert_never(answer.kind)

    def _looked_up(self, step: Step, answer: str) -> Step:
        """The answer was lost: look the invoice up, and assume nothing."""
        try:
            seen = look_for(self._api, {step.sent.invoice_id or "": step.sent.workspace_ids})
        except (AccessDenied, NotReached) as error:
            reason = f"{answer} It could not be looked up after it: {error.message}"
            return Step(step.sent, reason, group=Group.UNKNOWN, what_to_do=LATER)
        return after_unknown(step, seen, sent_after(self._settle_seconds, self._ledger.now()), answer)

    def _halt(self, why: str, code: ExitCode | None) -> None:
        self._halted, self._code = self._halted or why, self._code or code
