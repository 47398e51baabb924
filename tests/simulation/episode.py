"""Weeks of an accountant and her colleagues, drawn from a seed, and what must hold whatever happens in them.

What is checked knows nothing of the program's own state: it compares the lines that were meant with the invoices that
Kantata holds, and with what the program said.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from world import SETTLE_SECONDS, Weather, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world import Ran

    from importer.sandbox.received import StoredInvoice

HEAD = "Project ID,Invoice key,Item type,Item ID,Notes,Amount,Invoice date"
PROJECTS = (101, 103, 104, 109)
FEES_OF_A_SHEET = (2, 7)
STEPS = (5, 12)
DAY = 86_400.0


class Broken(AssertionError):
    """A promise does not hold."""


@dataclass(frozen=True)
class Line:
    """Something that is to be billed once, and how the sheet has it at the moment."""

    name: str
    """Its text, or the id of its time entry: by it Kantata's invoices are searched."""
    project: int
    key: str
    amount: int
    date: str
    time_entry: int | None = None

    def row(self) -> str:
        """As the sheet has it."""
        if self.time_entry is not None:
            return f"{self.project},{self.key},Time entry,{self.time_entry},,,{self.date}"
        return f"{self.project},{self.key},Fixed fee,,{self.name},{self.amount},{self.date}"


class Episode:
    """One story."""

    def __init__(self, world: World) -> None:
        """Draw a sheet and the weather."""
        self.world, self.random = world, world.random
        self.count = self.count_of_files = 0
        self.lines: list[Line] = []
        self.moves_projects = self.random.random() < 0.3
        self.trusts_ledger = self.random.random() < 0.6
        """Whether the ledger is never lost, so that it protects alone: then she also works offline at times."""
        self.backup: Path | None = None
        self.taken_away: set[str] = set()
        """Invoices that a person removed in Kantata."""
        for _ in range(self.random.randint(*FEES_OF_A_SHEET)):
            self._add()

    def play(self) -> None:
        """Live through it. Raises Broken."""
        self.world.weather = self._weather()
        for _ in range(self.random.randint(*STEPS)):
            step = self.random.choices(
                (
                    self._submit,
                    self._drop,
                    self._edit,
                    self._reconcile,
                    self._undo,
                    self._wait,
                    self._person,
                    self._restore,
                ),
                (5, 2, 4, 3, 1, 3, 1, 1),
            )[0]
            step()
            self._once()
        self._calm()

    # --- what people do ---

    def _submit(self) -> None:
        self._write()
        command = self.random.choices(("submit", "preview"), (5, 1))[0]
        more = ["--yes"] if command == "submit" else []
        if self.trusts_ledger and self.random.random() < 0.3:
            more.append("--offline")
        done = self.world.run(command, "sheet.csv", *more, "--json", kill_after=self._kill())
        if command == "submit":
            self._true(done, offline="--offline" in more)

    def _drop(self) -> None:
        """The sheet goes into the inbox, and a scheduler runs; or it only runs."""
        inbox = self.world.folder / "inbox"
        inbox.mkdir(exist_ok=True)
        if self.random.random() < 0.7:
            self._write()
            self.count_of_files += 1
            name = f"sheet{self.count_of_files}.csv"
            shutil.copy(self.world.folder / "sheet.csv", inbox / name)
            moment = self.world.now().timestamp() - 60
            os.utime(inbox / name, (moment, moment))
            self.world.note(f"{name} goes into the inbox")
        self.world.run("run", "--json", kill_after=self._kill())

    def _reconcile(self) -> None:
        self.world.run("reconcile", "--json", kill_after=self._kill())

    def _undo(self) -> None:
        self.world.run("undo", "last", "--yes", "--json", kill_after=self._kill())

    def _wait(self) -> None:
        self.world.sleep(self.random.choice((1.0, 20.0, 240.0, 3600.0, DAY)))

    def _person(self) -> None:
        """Somebody cancels or deletes an invoice in Kantata."""
        live = [invoice for invoice in self.world.invoices() if invoice.status != "cancelled"]
        if not live:
            return
        gone = self.random.choice(live)
        self.taken_away.add(str(gone.id))
        method, route = ("DELETE", "") if gone.draft else ("PUT", "/cancel")
        self.world.by_hand(method, f"/api/v1/invoices/{gone.id}{route}")
        self.world.note(f"a person removes {gone.id}")

    def _restore(self) -> None:
        """Keep a copy of the ledger, or go back to it, long after the last answer."""
        ledger = self.world.folder / "ledger.sqlite"
        if self.moves_projects or self.trusts_ledger or not ledger.exists():
            return
        if self.backup is None:
            self.backup = self.world.folder / "backup"
            self.backup.mkdir()
            for file in self.world.folder.glob("ledger.sqlite*"):
                shutil.copy(file, self.backup / file.name)
            self.world.note("backup")
            return
        self.world.sleep(SETTLE_SECONDS + 60)
        for file in self.world.folder.glob("ledger.sqlite*"):
            file.unlink()
        for file in self.backup.iterdir():
            shutil.copy(file, self.world.folder / file.name)
        shutil.rmtree(self.backup)
        self.backup = None
        self.world.note("restored")

    # --- the sheet ---

    def _edit(self) -> None:
        edits: list[Callable[[], None]] = [self._add, self._remove, self._sort, self._key, self._merge_keys]
        edits.append(self._project if self.moves_projects else self._date)
        edit = self.random.choice(edits)
        edit()
        self.world.note(f"sheet: {edit.__name__}")

    def _add(self) -> None:
        self.count += 1
        project, time_entry = self.random.choice(PROJECTS), None
        key = self.random.choice(("", "", "a", "b"))
        if project == 101 and self.random.random() < 0.4 and self.count <= 14:
            time_entry = 5_101_000 + self.count
        name = str(time_entry) if time_entry else f"Work {self.count}"
        self.lines.append(Line(name, project, key, 100 + 7 * self.count, "2026-10-31", time_entry))

    def _remove(self) -> None:
        if len(self.lines) > 1:
            self.lines.pop(self.random.randrange(len(self.lines)))

    def _sort(self) -> None:
        self.random.shuffle(self.lines)

    def _key(self) -> None:
        """Some lines get another key, or lose it."""
        self._change(lambda line: replace(line, key=self.random.choice(("", "a", "b", "c", "A"))))

    def _merge_keys(self) -> None:
        """One key for all lines of a project, or for all."""
        key, project = self.random.choice(("", "m")), self.random.choice((None, *PROJECTS))
        self.lines = [replace(line, key=key) if project in (None, line.project) else line for line in self.lines]

    def _date(self) -> None:
        """Another day less than 20 days away, or none."""
        day = self.random.choice(("", "2026-10-31", "2026-10-30", "2026-11-01", "2026-11-05"))
        if self.random.random() < 0.5:
            self.lines = [replace(line, date=day) for line in self.lines]
        else:
            self._change(lambda line: replace(line, date=day))

    def _project(self) -> None:
        self._change(lambda line: line if line.time_entry else replace(line, project=self.random.choice(PROJECTS)))

    def _change(self, change: Callable[[Line], Line]) -> None:
        for place in self.random.sample(range(len(self.lines)), self.random.randint(1, len(self.lines))):
            self.lines[place] = change(self.lines[place])

    def _write(self) -> None:
        text = "\n".join((HEAD, *(line.row() for line in self.lines))) + "\n"
        (self.world.folder / "sheet.csv").write_text(text, encoding="utf-8")

    # --- what goes wrong ---

    def _weather(self) -> Weather:
        if self.random.random() < 0.2:
            return Weather()

        def often() -> float:
            return self.random.choice((0.0, 0.0, 0.05, 0.2))

        return Weather(often(), often(), often(), often(), often(), often(), self.random.choice((0.0, 60.0)))

    def _kill(self) -> int | None:
        return self.random.randrange(80) if self.random.random() < 0.4 else None

    # --- what must hold ---

    def _once(self) -> None:
        """No line stands on two live invoices."""
        billed: dict[str, list[int]] = {}
        for invoice in self._live():
            for name in lines_of(invoice):
                billed.setdefault(name, []).append(invoice.id)
        for name, ids in billed.items():
            if len(ids) > 1:
                msg = f"{name} is billed {len(ids)} times: {ids}"
                raise Broken(msg)

    def _live(self) -> list[StoredInvoice]:
        return [invoice for invoice in self.world.invoices() if invoice.status != "cancelled"]

    def _true(self, done: Ran, *, offline: bool = False) -> None:
        """What the program says was created exists."""
        live = {str(invoice.id) for invoice in self._live()}
        for invoice in done.document.get("invoices", ()):
            if invoice["status"] in ("created", "already_created") and invoice["invoice_id"] not in live:
                known = invoice["invoice_id"] in self.taken_away and (offline or done.exit_code != 0)
                if not known:
                    msg = f"{invoice['reference']} is said to be {invoice['status']}: {invoice['invoice_id']}"
                    raise Broken(msg)

    def _calm(self) -> None:
        """Once nothing goes wrong any more, all is settled and every line has an answer."""
        world = self.world
        world.note("calm")
        world.weather = Weather()
        world.sleep(SETTLE_SECONDS + 60)
        for _ in range(2):
            done = world.run("reconcile", "--json")
            world.sleep(SETTLE_SECONDS + 1)
        self._say_what_became_of(done)
        self._write()
        done = world.run("submit", "sheet.csv", "--yes", "--json")
        self._true(done)
        self._once()
        self._answered(done)
        self._inbox_ends()

    def _inbox_ends(self) -> None:
        """Every file of the inbox comes to an end."""
        inbox = self.world.folder / "inbox"
        if not inbox.exists():
            return
        for _ in range(2):
            self.world.run("run", "--json")
            self.world.sleep(SETTLE_SECONDS + 1)
        self._once()
        left = [*inbox.glob("*.csv"), *inbox.glob("in-doubt/**/*.csv")]
        if left:
            msg = f"left in the inbox: {[str(file.relative_to(inbox)) for file in left]}"
            raise Broken(msg)

    def _say_what_became_of(self, done: Ran) -> None:
        """A person looks in Kantata for what the program cannot settle, and says what is there."""
        words: list[str] = []
        for invoice in done.document["invoices"]:
            if invoice["status"] != "in_doubt":
                continue
            reference, found = invoice["reference"], None
            for live in self._live():
                if any(ref == reference for _, _, ref in live.external_references):
                    found = live.id
            words += ["--billed", f"{reference}={found}"] if found else ["--not-billed", reference]
        if words:
            self.world.run("reconcile", "--json", "--yes", *words)

    def _answered(self, done: Ran) -> None:
        billed = Counter(name for invoice in self._live() for name in lines_of(invoice))
        by_row: dict[int, dict[str, Any]] = {}
        for invoice in done.document.get("invoices", ()):
            by_row.update(dict.fromkeys(invoice["rows"], invoice))
        for row, line in enumerate(self.lines, start=2):
            invoice = by_row.get(row)
            if invoice is None:
                msg = f"row {row} ({line.name}) has no answer: exit {done.exit_code}"
                raise Broken(msg)
            status = invoice["status"]
            if status == "in_doubt":
                msg = f"{line.name} stays in doubt: {invoice}"
                raise Broken(msg)
            if status in ("created", "already_created") and billed[line.name] != 1:
                msg = f"{line.name} is {status} and billed {billed[line.name]} times"
                raise Broken(msg)
            if billed[line.name] == 0 and done.exit_code == 0:
                msg = f"{line.name} is not billed, and the exit code is 0: {invoice}"
                raise Broken(msg)


def lines_of(invoice: StoredInvoice) -> list[str]:
    """Names of the lines that an invoice bills."""
    sent = invoice.sent
    items = [*sent.get("fixed_fee_items", ()), *sent.get("additional_items", ())]
    return [str(id_) for id_ in invoice.time_entry_ids] + [str(item.get("notes")) for item in items]
