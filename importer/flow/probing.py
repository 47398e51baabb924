"""Find out on the account what Kantata does not document, with at most two drafts that are deleted again.

Each draft is noted in the ledger before it is sent and before it is deleted: whenever the program is killed, the next
probe knows what may be left, and removes it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.flow.prepared import Tools, new_run_id
from importer.flow.probe_plan import ProbePlan, plan_probe
from importer.flow.probe_removal import CLOCK_ERROR, DraftRemoval, Gone
from importer.kantata.account import find_next_number
from importer.kantata.deadline import Deadline
from importer.kantata.fields import ITEM_LISTS
from importer.kantata.invoices import FoundInvoice, Reference, in_one_case
from importer.kantata.probe import WHOLE, WITH_CENTS, link_in, probe_payload, triple_of
from importer.ledger import probes
from importer.model.answers import Outcome, OutcomeKind, ReadBack
from importer.model.errors import AccessDenied, ImporterError, NotReached, WrongUse
from importer.model.exit_codes import ExitCode
from importer.model.facts import Fact, FactName, ProbeDraft
from importer.sending.throttle import BrokenOff, Stop

if TYPE_CHECKING:
    from importer.kantata.client import KantataApi
    from importer.kantata.open_items import Listed
    from importer.model.invoices import ItemType

LOOK_SECONDS = 1.0
"""From one look at the lists to the next, while they do not show a draft yet."""


@dataclass(frozen=True, slots=True)
class ProbeHooks:
    """How the terminal takes part in a probe."""

    agree: Callable[[ProbePlan], None]
    """Raises GateRefused when the person does not agree to what will be done."""
    agree_to_removal: Callable[[Sequence[ProbeDraft]], None]
    """The same, to the removal of what an earlier probe left."""
    address_of: Callable[[str], str | None]
    """Asks for the web address of an invoice, by its id; None when the person knows none."""
    say: Callable[[str], None]
    """Called with what is being done."""
    stop: Stop


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of a probe."""

    probe_id: str
    facts: tuple[Fact, ...]
    removed: tuple[ProbeDraft, ...]
    """Drafts that were deleted, those of earlier probes among them."""
    left: tuple[tuple[ProbeDraft, str], ...]
    """Drafts that may exist still, and why."""
    not_shown: tuple[ProbeDraft, ...]
    """Drafts that Kantata does not show, and so were not deleted."""
    exit_code: ExitCode
    why: str | None = None
    """What ended it before its end, and the remedy."""


def probe(project_id: int | None, tools: Tools, api: KantataApi, hooks: ProbeHooks) -> Probed:
    """Remove what earlier probes left, then find out what can be found out in a project; without one, no more.

    Raises LockedByAnother, GateRefused, WrongUse, NotReached or AccessDenied before anything is created.
    """
    probe_id = new_run_id()
    with tools.ledger.exclusive(probe_id):
        work = _Probe(tools, api, hooks, probe_id)
        work.remove_leftovers()
        if project_id is None or work.left:
            return work.result(None)

        plan = plan_probe(project_id, tools, api)
        hooks.agree(plan)
        ended: ImporterError | BrokenOff | None = None
        try:
            work.find_out(plan)
        except (ImporterError, BrokenOff) as error:
            ended = error
        finally:
            work.clean_up()
        work.compare_numbers(plan)
        tools.ledger.probes.note_facts(work.facts)
        return work.result(ended)


class _Probe:
    """The steps of a probe, and what they have found out so far."""

    def __init__(self, tools: Tools, api: KantataApi, hooks: ProbeHooks, probe_id: str) -> None:
        self._ledger, self._probes = tools.ledger, tools.ledger.probes
        self._removal = DraftRemoval(tools, api, probe_id)
        self._api, self._hooks, self._probe_id = api, hooks, probe_id
        self._source = f"probe {probe_id}"
        self._sent = self._created = 0
        self._sent_at = 0.0
        self.facts: list[Fact] = []
        self.removed: list[ProbeDraft] = []
        self.left: list[tuple[ProbeDraft, str]] = []
        self.not_shown: list[ProbeDraft] = []

    def result(self, ended: ImporterError | BrokenOff | None) -> Probed:
        """What came of it: a draft that may be left is graver than what ended the probe."""
        code, why = ExitCode.DONE, None
        if isinstance(ended, ImporterError):
            code, why = ended.exit_code, f"{ended.message} {ended.hint}".rstrip()
        if self._hooks.stop.exit_code is not None:
            code, why = self._hooks.stop.exit_code, "You stopped it."
        if self.left:
            code = ExitCode.IN_DOUBT
        order = list(FactName)
        facts = sorted(self.facts, key=lambda fact: order.index(fact.name))
        removed, left, not_shown = tuple(self.removed), tuple(self.left), tuple(self.not_shown)
        return Probed(self._probe_id, tuple(facts), removed, left, not_shown, code, why)

    def find_out(self, plan: ProbePlan) -> None:
        """Create the drafts and look at what becomes of them. Raises BrokenOff once a signal asked to stop."""
        self._source += f" in project {plan.project.project_id}"
        reference, amount, item, outcome = self._first(plan)
        found = self._until_listed(plan, reference, outcome)
        if amount is WITH_CENTS:
            self._note_cents(outcome, found)
        if item is not None:
            self._second(plan, item)
        self._go_on()
        self._note_address(outcome.invoice_id or "", plan.project.project_id)

    def _note(self, name: FactName, value: str, says: str) -> None:
        self.facts.append(Fact(name, value, says, self._source))

    def _go_on(self) -> None:
        if self._hooks.stop.asked:
            raise BrokenOff

    # --- creating ---

    def _first(self, plan: ProbePlan) -> tuple[str, Decimal, Listed | None, Outcome]:
        """The first draft that Kantata takes: with cents and an item, else with less of it. Raises WrongUse."""
        amounts = (WITH_CENTS, WHOLE) if plan.has_cents else (WHOLE,)
        items = (plan.item, None) if plan.item is not None else (None,)
        refusal = ""
        for item in items:
            for amount in amounts:
                reference, outcome = self._create(plan, amount, item)
                if outcome.kind is OutcomeKind.CREATED:
                    if amount is WHOLE and plan.has_cents:
                        says = f"An invoice with {WITH_CENTS} is refused: “{refusal}”"
                        self._note(FactName.CENTS, "refused", says)
                    return reference, amount, item, outcome
                refusal = outcome.message
        msg = f"Kantata refuses a draft in project {plan.project.project_id}: {refusal}"
        raise WrongUse(msg, "Nothing was created. Name another project.", code="probe.refused")

    def _create(self, plan: ProbePlan, amount: Decimal | None, item: Listed | None) -> tuple[str, Outcome]:
        """Send a draft: created or rejected. Raises NotReached or AccessDenied for all else."""
        self._go_on()
        self._sent += 1
        reference, project_id = f"probe-{self._probe_id}-{self._sent}", plan.project.project_id
        self._hooks.say("Trying a second draft …" if self._created else "Trying a draft …")
        deadline, payload = Deadline(), probe_payload(project_id, reference, amount, item)
        self._probes.begin_draft(reference, payload, self._probe_id)
        self._sent_at = time.monotonic()
        outcome = self._api.create_invoice(payload, deadline)
        if outcome.kind is OutcomeKind.UNKNOWN:
            outcome = self._looked_for(plan, reference, outcome)
        created = outcome.kind is OutcomeKind.CREATED
        self._created += created
        state = probes.CREATED if created else probes.REFUSED
        self._probes.note_draft(reference, state, self._probe_id, outcome.invoice_id)

        if outcome.kind is OutcomeKind.TOKEN_REFUSED:
            raise AccessDenied(outcome.message, "Use a token that may create invoices.")
        if outcome.kind is OutcomeKind.REFUSED_FOR_NOW:
            raise NotReached(outcome.message, "Run it again later.")
        return reference, outcome

    def _looked_for(self, plan: ProbePlan, reference: str, outcome: Outcome) -> Outcome:
        """A draft whose answer was lost, as it is found by its reference. Raises NotReached when it is not found."""
        end = time.monotonic() + plan.longest_wait
        while True:
            for found in self._api.find_by_references([triple_of(reference)]):
                return Outcome(OutcomeKind.CREATED, invoice_id=found.invoice_id, read_back=found.read_back)
            if time.monotonic() >= end:
                msg = f"Whether a draft was created is not known: {outcome.message}"
                raise NotReached(msg, "Run probe again in a few minutes: it removes what was left.")
            self._wait()

    # --- looking ---

    def _until_listed(self, plan: ProbePlan, reference: str, outcome: Outcome) -> FoundInvoice | None:
        """Look until the lists show a draft, and note how long that took; None when they never did."""
        self._hooks.say("Looking for the draft in Kantata's lists …")
        triple = triple_of(reference)
        while True:
            listed = self._listed(plan.project.project_id, outcome.invoice_id)
            kept = listed is not None and in_one_case(triple) in map(in_one_case, listed.triples)
            by_reference = self._is_found_by(triple, outcome.invoice_id)
            seconds = math.ceil((time.monotonic() - self._sent_at) * 10) / 10
            is_seen = listed is not None and (by_reference or not kept)
            if is_seen or seconds >= plan.longest_wait:
                break
            self._wait()

        self._note_lag(seconds, is_seen=is_seen)
        self._note_reference(listed, kept=kept, by_reference=by_reference)
        return listed

    def _note_lag(self, seconds: float, *, is_seen: bool) -> None:
        says = f"The lists showed a new draft within {seconds:.1f} s."
        if not is_seen:
            says = f"The lists did not show a new draft within {seconds:.0f} s."
        known = self._probes.facts().get(FactName.LIST_LAG)
        with suppress(ValueError):
            if known is not None and float(known.value) > seconds:
                seconds = float(known.value)
                says += f" An earlier probe has waited {seconds:.1f} s: the longest wait counts."
        self._note(FactName.LIST_LAG, f"{seconds:.1f}", says)

    def _note_reference(self, listed: FoundInvoice | None, *, kept: bool, by_reference: bool) -> None:
        if by_reference:
            self._note(FactName.REFERENCE, "found", "An invoice is found by its external reference.")
        elif kept:
            self._note(FactName.REFERENCE, "kept", "The external reference is kept, but not found by a look-up.")
        elif listed is not None:
            self._note(FactName.REFERENCE, "lost", "The external reference is not kept.")

    def _is_found_by(self, triple: Reference, invoice_id: str | None) -> bool:
        with suppress(NotReached):  # an answer without references proves nothing, and is a fact in itself
            return invoice_id in {found.invoice_id for found in self._api.find_by_references([triple])}
        return False

    def _listed(self, project_id: int, invoice_id: str | None) -> FoundInvoice | None:
        since = self._ledger.now() - CLOCK_ERROR
        shown = {found.invoice_id: found for found in self._api.invoices_of(project_id, since)}
        return shown.get(invoice_id or "")

    def _wait(self) -> None:
        self._hooks.stop.wait(LOOK_SECONDS)
        self._go_on()

    def _note_cents(self, outcome: Outcome, found: FoundInvoice | None) -> None:
        """Compare the amounts that Kantata holds: one line shows a loss, only both, listed, show that there is none."""
        lines = _lines_in(outcome.read_back if found is None else found.read_back)
        amounts = {amount for _, amount in lines}
        if amounts - {WITH_CENTS}:
            held = " and ".join(f"{amount:.2f}" for amount in sorted(amounts))
            self._note(FactName.CENTS, "cut", f"{WITH_CENTS} becomes {held}: cents are lost without a word.")
        elif found is not None and {kind for kind, _ in lines} == set(ITEM_LISTS):
            self._note(FactName.CENTS, "kept", f"{WITH_CENTS} is kept as {WITH_CENTS}.")

    def _second(self, plan: ProbePlan, item: Listed) -> None:
        """Try to put the item of the first draft on a second one."""
        name = item.item_type.value.replace("_", " ")
        _, outcome = self._create(plan, None, item)
        if outcome.kind is not OutcomeKind.CREATED:
            self._note(FactName.DRAFTS_HOLD, "yes", f"A {name} on a draft cannot be put on another invoice.")
            self._note(FactName.REFUSAL, outcome.message, f"Kantata then says: “{outcome.message}”")
            return
        shown = outcome.read_back.shown if outcome.read_back else None
        ids = shown.item_ids.get(item.item_type, frozenset()) if shown else frozenset()
        if item.item.item_id in ids:
            says = f"A {name} on a draft can be put on another invoice too: drafts hold nothing."
            self._note(FactName.DRAFTS_HOLD, "no", says)
            self._note(FactName.REFUSAL, "", "Kantata refused nothing.")  # in place of what an earlier probe has seen
        elif shown is not None:
            self._note(FactName.DRAFTS_HOLD, "yes", f"A {name} on a draft is left out of another invoice silently.")

    def _note_address(self, invoice_id: str, project_id: int) -> None:
        address = self._hooks.address_of(invoice_id)
        if address is None:
            return
        link = link_in(address, invoice_id, project_id)
        if link is None:
            why = f"it does not hold {invoice_id} exactly once, or it holds the id of project {project_id}"
            self._hooks.say(f"The address is not noted: {why}.")
        else:
            self._note(FactName.INVOICE_LINK, link, f"An invoice stands at {link}.")

    def compare_numbers(self, plan: ProbePlan) -> None:
        """Look whether the deleted drafts have taken numbers of the account."""
        before, after = plan.next_number, find_next_number(self._api)
        if before is None or after is None or not self._created:
            return
        if after > before:
            says = f"Deleted drafts take numbers: the next one was {before} and is {after}."
            self._note(FactName.NUMBERS, "taken", says)
        else:
            self._note(FactName.NUMBERS, "free", f"Deleted drafts take no number: the next one is {after} as before.")

    # --- removing ---

    def remove_leftovers(self) -> None:
        """Remove what earlier probes may have left, once the person agrees. Raises GateRefused."""
        drafts = self._probes.open_drafts()
        if drafts:
            self._hooks.agree_to_removal(drafts)
            self.clean_up()

    def clean_up(self) -> None:
        """Delete every draft that may exist; what cannot be deleted is named."""
        for draft in self._probes.open_drafts():
            self._hooks.say("Deleting the drafts …")
            try:
                end = self._removal.remove(draft)
            except ImporterError as error:
                end = error.message
            match end:
                case Gone.DELETED:
                    self.removed.append(draft)
                case Gone.NOT_SHOWN:
                    self.not_shown.append(draft)
                case _:
                    self.left.append((draft, end))


def _lines_in(read_back: ReadBack | None) -> list[tuple[ItemType, Decimal]]:
    """The lines whose amounts Kantata shows; none where it does not show all lines."""
    items = read_back.shown.items if read_back and read_back.shown else None
    return [(item.item_type, item.amount) for item in items or () if item.amount is not None]
