"""What must hold whatever happens: what the program says, compared with what Kantata holds.

Nothing here knows the program's own state. A claim of it, once made, is kept: what a command says it did not send must
not turn up later.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from wire import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wire import Kantata
    from world import Ran

    from importer.sandbox.received import StoredInvoice

EXISTS = ("created", "already_created")
ANSWERED = (0, 4, 8)
"""Exit codes of a reconcile that could ask Kantata."""
FILE_PROBLEMS = 3
"""Exit code of a sheet that is refused."""
SENT_BY_ANOTHER = "Another run is sending this invoice"
"""What is said of an invoice that cannot be claimed."""
GONE = "which was cancelled or deleted in Kantata since"
"""What is said of an invoice that somebody else removed."""
NOT_SENT = ("rejected", "held", "not_sent")


class Broken(AssertionError):
    """A promise does not hold."""


class Oracle:
    """What was said, and what is so."""

    def __init__(self, kantata: Kantata) -> None:
        self._kantata = kantata
        self._unsent: list[tuple[int, str, str]] = []
        """Command, line and status of what a command says that it did not send."""
        self._undone: set[str] = set()
        """Invoices that an undo says it took back."""
        self._there: dict[int, int] = {}
        """Invoices of which a command says that they exist, or are kept → the command."""
        self.forgets = False
        """Whether the ledger is lost at times."""
        self.adopts = False
        """Whether what Kantata holds under a reference is just what the sheet has, whatever the ledger knows."""
        self.alone = True
        """Whether no other machine works at the same ledger."""
        self._doubtful: set[str] = set()
        """References of which the last command says that they are in doubt."""
        self._taken_back: dict[str, StoredInvoice] = {}
        """What an undo took back and no person has submitted since, by its reference."""

    # --- at any moment ---

    def check(self) -> None:
        """No line stands on two live invoices, and what was said before is still so."""
        if self._kantata.sent_twice:
            raise Broken(self._kantata.sent_twice[0])
        billed: dict[str, list[int]] = {}
        for invoice in self._kantata.invoices():
            for name in lines_of(invoice):
                billed.setdefault(name, []).append(invoice.id)
        for name, ids in billed.items():
            if len(ids) > 1:
                raise Broken(f"{name} is billed {len(ids)} times: {ids}")
        self._check_what_was_said(billed)

    def _check_what_was_said(self, billed: dict[str, list[int]]) -> None:
        """``billed``: the live invoices on which each line stands."""
        for command, name, status in self._unsent:
            for number in billed.get(name, ()):
                if self._kantata.created_by[number] == command:
                    raise Broken(f"[{command}] says that {name} is {status}, and has created {number} with it")
        for number in self._undone & self._live():
            raise Broken(f"{number} is said to be undone, and is there")
        for number, said_by in self._there.items():
            by = self._kantata.removed_by.get(number, 0)
            if 0 < by <= said_by:  # by a request that was under way still
                raise Broken(f"[{said_by}] says that {number} exists, and [{by}] has removed it")

    def _live(self) -> set[str]:
        return {str(invoice.id) for invoice in self._kantata.invoices()}

    def _gone_meanwhile(self, number: str, ran: Ran) -> bool:
        """Whether an invoice was removed while a command ran, or by a person at any time."""
        by = self._kantata.removed_by.get(int(number))
        return by is not None and (by == 0 or by >= ran.number)

    # --- what each command says ---

    def sent(self, ran: Ran, names: dict[int, str], *, asked: bool = True, alone: bool = True) -> None:
        """Check what a submit says of each row; ``names``: the line in each row.

        ``asked``: Kantata was. ``alone``: the command sent nothing but this sheet.
        """
        code = ran.document.get("exit_code")
        self._doubtful.clear()
        for invoice in ran.document.get("invoices", ()):
            status, number = invoice["status"], invoice["invoice_id"]
            lines = [names[row] for row in invoice["rows"]]
            if status in EXISTS:
                self._is_there(ran, number, f"{lines} is said to be {status}", known=asked and code == 0)
                self._holds(number, lines)
            elif status in NOT_SENT and alone:
                self._unsent += [(ran.number, line, status) for line in lines]
            if status == "in_doubt" and not ran.interrupted:
                self._doubtful.add(invoice["reference"])
            if code == 0 and status not in EXISTS:
                raise Broken(f"{lines} is {status}, and the exit code is 0")
            if self.alone and not ran.interrupted and SENT_BY_ANOTHER in (invoice["error"] or ""):
                raise Broken(f"{lines} is said to be sent by another run, and there is none")
            if self.adopts and status == "held" and len(self.with_reference(invoice["reference"])) == 1:
                raise Broken(f"{lines} is held, and Kantata has just this invoice: {invoice['error']}")
            if status == "held" and GONE in invoice["error"] and not self.forgets:
                self._is_gone_by_hand(invoice["reference"], lines)
            if status in NOT_SENT and not invoice["error"]:
                raise Broken(f"{lines} is {status}, and no reason is given")
        self.check()

    def _is_gone_by_hand(self, reference: str, lines: list[str]) -> None:
        """Somebody removed the last invoice with a reference in Kantata, and no undo did."""
        own = [number for number, gone in self._kantata.created.items() if reference in references_of(gone)]
        if own and self._kantata.removed_by.get(max(own), 0) != 0:
            raise Broken(f"{lines} is held as removed by hand, and an undo has taken it back")

    def _is_there(self, ran: Ran, number: str | None, said: str, *, known: bool) -> None:
        """An invoice exists; one that a person removed is missed only by who asked for it (``known``)."""
        if number is not None and number in self._live():
            self._there[int(number)] = ran.number
            return
        if number is not None and self._gone_meanwhile(number, ran) and (not known or ran.interrupted):
            return
        raise Broken(f"{said}: {number}, which is not there")

    def _holds(self, number: str, lines: list[str]) -> None:
        """An invoice bills just these lines."""
        invoice = self._kantata.created.get(int(number))
        if invoice is None or Counter(lines_of(invoice)) != Counter(lines):
            raise Broken(f"{number} is said to bill {lines}, and bills {invoice and lines_of(invoice)}")

    def undone(self, ran: Ran) -> None:
        """Check what an undo says of each invoice."""
        self._doubtful.clear()
        for number, by in self._kantata.removed_by.items():
            if by == ran.number:
                gone = self._kantata.created[number]
                self._taken_back.update(dict.fromkeys(references_of(gone), gone))
        for invoice in ran.document.get("invoices", ()):
            number, group = invoice["invoice_id"], invoice["group"]
            if group == "unknown" and not ran.interrupted:
                self._doubtful.add(invoice["reference"])
            if group == "undone" and number is not None:
                self._undone.add(number)
            if group == "kept" and number in self._live():
                self._there[int(number)] = ran.number
        self.check()

    def settled(self, ran: Ran) -> None:
        """Check what a reconcile says of each invoice that was in doubt."""
        asked = {invoice["reference"] for invoice in ran.document.get("invoices", ())}
        if self.alone and ran.exit_code in ANSWERED and not self._doubtful <= asked:
            raise Broken(f"{self._doubtful - asked} is in doubt, and reconcile says nothing of it")
        self._doubtful.clear()
        for invoice in ran.document.get("invoices", ()):
            status, reference, number = invoice["status"], invoice["reference"], invoice["invoice_id"]
            if status == "created":
                self._is_there(ran, number, f"{reference} is said to exist", known=False)
            there = [live.id for live in self.with_reference(reference)]
            if status == "ready" and there and not ran.interrupted:
                raise Broken(f"{reference} is said not to exist, and is there: {there}")
        self.check()

    def all_settled(self, ran: Ran, before: Ran | None = None) -> None:
        """Where nothing goes wrong any more, a reconcile settles what a person would find at once, and for good.

        ``before``: the reconcile just before it.
        """
        done = {invoice["reference"] for invoice in before.document["invoices"]} if before else set()
        if before:
            done -= {invoice["reference"] for invoice in before.document["invoices"] if invoice["status"] == "in_doubt"}
        ever = {reference for gone in self._kantata.created.values() for reference in references_of(gone)}
        for invoice in ran.document["invoices"]:
            reference = invoice["reference"]
            if invoice["status"] != "in_doubt":
                continue
            if reference in done:
                raise Broken(f"{reference} was settled a moment ago, and is in doubt: {invoice}")
            nothing_hidden = reference not in ever and 0 not in self._kantata.removed_by.values()
            if len(self.with_reference(reference)) == 1 or nothing_hidden:
                raise Broken(f"{reference} stays in doubt, though nothing is in the way: {invoice}")

    def with_reference(self, reference: str) -> list[StoredInvoice]:
        """The invoices in Kantata that carry a reference."""
        return [invoice for invoice in self._kantata.invoices() if reference in references_of(invoice)]

    def remembered(self, document: dict[str, Any], records: Iterable[dict[str, Any]]) -> None:
        """History says of each invoice what the submit has said a moment ago."""
        said = {record["reference"]: record for record in records}
        for invoice in document["invoices"]:
            record = said.get(invoice["reference"])
            if invoice["status"] == "created" and (record is None or record["state_now"] != "created"):
                raise Broken(f"{invoice['reference']} is created, and history says {record and record['state_now']}")
            if record is not None and record["invoice_id"] != invoice["invoice_id"] and invoice["status"] == "created":
                raise Broken(f"{invoice['invoice_id']} is created, and history says {record['invoice_id']}")

    def ran(self, ran: Ran) -> None:
        """Check that no scheduler bills by itself what a person took back."""
        self._doubtful.clear()
        for number, by in self._kantata.created_by.items():
            if by != ran.number:
                continue
            for reference in references_of(self._kantata.created[number]):
                if reference in self._taken_back:
                    raise Broken(f"[{ran.number}] bills {reference} again, which a person has undone")

    def wanted(self, names: dict[int, str]) -> None:
        """A person has submitted these lines: what was taken back before does not count any more."""
        for reference, invoice in tuple(self._taken_back.items()):
            if not set(lines_of(invoice)).isdisjoint(names.values()):
                del self._taken_back[reference]

    def restored(self) -> None:
        """The ledger went back to a copy: what it knew since is lost."""
        self._doubtful.clear()

    # --- in the end ---

    def answered(self, ran: Ran, names: dict[int, str]) -> None:
        """Every row of the last submit has an answer that is so, and none stays in doubt."""
        billed = Counter(name for invoice in self._kantata.invoices() for name in lines_of(invoice))
        statuses = {row: invoice for invoice in ran.document.get("invoices", ()) for row in invoice["rows"]}
        for row, name in names.items():
            if row not in statuses:
                raise Broken(f"row {row} ({name}) has no answer: exit {ran.exit_code}")
            status = statuses[row]["status"]
            if status == "in_doubt":
                raise Broken(f"{name} stays in doubt: {statuses[row]}")
            if status == "not_sent" and ran.exit_code != FILE_PROBLEMS:
                raise Broken(f"{name} is not sent, though nothing is in the way: {statuses[row]}")
            if status in EXISTS and billed[name] != 1:
                raise Broken(f"{name} is {status} and billed {billed[name]} times")
            if billed[name] == 0 and ran.exit_code == 0:
                raise Broken(f"{name} is not billed, and the exit code is 0: {statuses[row]}")

    def done_files(self, files: dict[str, list[str]]) -> None:
        """All lines of a file in done/ are billed, but those that were taken back since; file → its lines."""
        billed = {name for invoice in self._kantata.invoices() for name in lines_of(invoice)}
        for number in self._kantata.removed_by:
            billed.update(lines_of(self._kantata.created[number]))
        for file, lines in files.items():
            if missing := [name for name in lines if name not in billed]:
                raise Broken(f"{file} is done, and {missing} are not billed")


def references_of(invoice: StoredInvoice) -> list[str]:
    """The references that it carries."""
    return [reference for _, _, reference in invoice.external_references]
