"""Weeks of an accountant and her colleagues, drawn from a seed.

An episode is a number of steps of its kind (kinds.py), after each of which the oracle looks (oracle.py). Then nothing
goes wrong any more, and all that is open has to come to an end.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kinds import kind_of
from oracle import Broken, Oracle
from sheet import Sheet
from wire import Weather
from world import SETTLE_SECONDS, World

if TYPE_CHECKING:
    from world import Ran

DAY = 86_400.0
GROWS = 0.5
"""How often a submit has new lines: where all is billed, nothing can go wrong."""
LOCK_SECONDS = 130.0
"""After which a server's lock of a machine that sleeps has ended."""


class Episode:
    """One story."""

    def __init__(self, world: World) -> None:
        """Draw a sheet and the weather."""
        self.world, self.random, self.kind = world, world.random, kind_of(world.seed)
        self.loses_ledger = not self.kind.steps.keys().isdisjoint({"restore", "go_back"})
        world.kantata.spared = self.kind.spared
        self.oracle = Oracle(world.kantata)
        self.oracle.alone = not self.kind.sleeps
        self.oracle.forgets = self.loses_ledger
        self.oracle.adopts = self.kind.name == "forgotten"
        moves_projects = not self.loses_ledger and self.random.random() < self.kind.moves_projects
        count = self.random.randint(*self.kind.lines)
        self.sheet = Sheet(self.random, count, self.kind, moves_projects=moves_projects)
        world.settings["IMPORTER_DRAFT"] = "false" if self.random.random() < self.kind.issued else "true"
        self.weather = Weather.drawn(self.random, self.kind.weather)
        self.files: dict[str, dict[int, str]] = {}
        """The line in each row of the files that lay in the inbox."""
        self.runs: list[str] = []
        """That sent something."""
        self.asleep = False
        """Whether the machine of a command sleeps: then another one works."""
        self.is_calm = False

    def play(self) -> None:
        """Live through it. Raises Broken."""
        self.world.note(f"{self.kind.name}; {self.weather}")
        self.world.kantata.weather = self.weather
        self._step({"drop" if "scheduler" in self.kind.steps else "submit": 1})
        for _ in range(self.random.randint(*self.kind.length)):
            self._step(self.kind.steps)
        self.calm()

    def _step(self, steps: dict[str, int]) -> None:
        step = self.random.choices(list(steps), list(steps.values()))[0]
        getattr(self, step)()
        self._look()

    def _look(self) -> None:
        self.oracle.check()
        inbox = self.world.folder / "inbox"
        done = {file.name: list(self.files[file.name].values()) for file in inbox.glob("done/**/sheet*.csv")}
        self.oracle.done_files(done)

    # --- what people do ---

    def submit(self) -> Ran:
        """Often there is more to bill than before; sometimes she works offline."""
        if not self.is_calm and self.random.random() < GROWS:
            self.sheet.grow()
        path, names = self._written(), self.sheet.names()
        offline = not self.is_calm and self.random.random() < self.kind.offline
        done = self._run("submit", path, "--yes", *(["--offline"] if offline else []))
        self._hear_submit(done, names, offline=offline)
        return done

    def _hear_submit(self, done: Ran, names: dict[int, str], *, offline: bool = False) -> None:
        self.oracle.wanted(names)
        self.oracle.sent(done, names, asked=not offline)
        run_id = done.document.get("run_id")
        if run_id and done.number in self.world.kantata.created_by.values():
            self.runs.append(run_id)
            if not done.interrupted and done.exit_code != 1:
                history = self.world.run("history", run_id, "--json").document
                if "records" in history:
                    self.oracle.remembered(done.document, history["records"])

    def again(self) -> None:
        """She submits, and a moment later once more."""
        self.submit()
        self.world.sleep(self.random.choice((1.0, 10.0, 40.0)))
        self._look()
        self.submit()

    def impatient(self) -> None:
        """She waits until just after the time that the program names, and asks and submits again."""
        self.world.sleep(self.random.choice((60.0, SETTLE_SECONDS + 1)))
        self.oracle.settled(self._run("reconcile", "--no-wait"))
        self.submit()

    def preview(self) -> None:
        """She only looks at what would be sent."""
        self._run("preview", self._written())

    def edit(self) -> None:
        """The sheet is changed."""
        self.world.note(f"sheet: {self.sheet.edit()}")

    def wait(self) -> None:
        """Seconds, minutes, or a day."""
        self.world.sleep(self.random.choice((1.0, 20.0, 240.0, 3600.0, DAY)))

    def reconcile(self) -> None:
        """She asks what became of what is in doubt."""
        self.oracle.settled(self._run("reconcile"))

    def say(self) -> None:
        """A person looks in Kantata for what the program cannot settle, and says what is there."""
        self.world.sleep(SETTLE_SECONDS + 1)
        done = self._run("reconcile")
        self.oracle.settled(done)
        words: list[str] = []
        for invoice in done.document.get("invoices", ()):
            if invoice["status"] == "in_doubt":
                reference = invoice["reference"]
                there = self.oracle.with_reference(reference)
                words += ["--billed", f"{reference}={there[0].id}"] if there else ["--not-billed", reference]
        if words:
            self.oracle.settled(self._run("reconcile", "--yes", *words))

    def undo(self) -> None:
        """The last run, or an earlier one; sometimes twice, and most of the time the sheet is submitted again."""
        run_id = self.random.choice(["last", *self.runs])
        for _ in range(self.random.choice((1, 1, 2))):
            self.oracle.undone(self._run("undo", run_id, "--yes"))
            self.world.sleep(self.random.choice((1.0, 20.0, 200.0)))
        if self.random.random() < self.kind.again:
            self.submit()

    def person(self) -> None:
        """Somebody deletes a draft in Kantata, or cancels an active invoice."""
        live = self.world.kantata.invoices()
        if live:
            gone = self.random.choice(live)
            self.world.kantata.by_hand(gone)
            self.world.note(f"a person removes {gone.id}")

    # --- the inbox ---

    def drop(self) -> None:
        """The sheet goes into the inbox, and the scheduler comes."""
        inbox = self.world.folder / "inbox"
        inbox.mkdir(exist_ok=True)
        name = f"sheet{len(self.files) + 1}.csv"
        (inbox / name).write_text(self.sheet.text(), encoding="utf-8")
        moment = self.world.now().timestamp() - 60
        os.utime(inbox / name, (moment, moment))
        self.files[name] = self.sheet.names()
        self.world.note(f"{name} goes into the inbox")
        self.scheduler()

    def scheduler(self) -> set[str]:
        """It handles what lies in the inbox, if anything ever did; return the files that wait for a person."""
        if not self.files:
            return set()
        done = self._run("run")
        submitted = [file for file in done.document.get("files", ()) if file["report"] is not None]
        for file in submitted:
            said = replace(done, document=file["report"])
            self.oracle.sent(said, self.files[file["name"]], alone=len(submitted) == 1)
        if not self.loses_ledger:
            self.oracle.ran(done)
        return {file["name"] for file in done.document.get("files", ()) if "undone, and no approval" in file["message"]}

    # --- the ledger ---

    def restore(self) -> None:
        """Keep a copy of the ledger, or go back to it, long after the last answer; or lose it."""
        ledger, kept = self.world.folder / "ledger.sqlite", self.world.folder / "backup"
        if not ledger.exists():
            return
        if self.random.random() < 0.4 or not kept.exists():
            self._keep_copy()
            return
        self._return_to_copy()

    def _return_to_copy(self) -> None:
        self.world.sleep(SETTLE_SECONDS + 60)
        for file in self.world.folder.glob("ledger.sqlite*"):
            file.unlink()
        for file in (self.world.folder / "backup").iterdir():
            shutil.copy(file, self.world.folder / file.name)
        self.runs.clear()
        self.oracle.restored()
        self.world.note("the ledger goes back to its copy")

    def _keep_copy(self) -> None:
        kept = self.world.folder / "backup"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        for file in self.world.folder.glob("ledger.sqlite*"):
            shutil.copy(file, kept / file.name)
        self.world.note("the ledger is copied")

    def go_back(self) -> None:
        """What is billed after the copy was made is not known any more, and the sheet was edited since."""
        if self.random.random() < 0.5 or not (self.world.folder / "backup").exists():
            self._keep_copy()
        self.submit()
        self._look()
        self.edit()
        self._return_to_copy()
        self.submit()

    # --- the program ---

    def _run(self, *arguments: str) -> Ran:
        """Run a command, which may be killed, or whose machine may sleep."""
        kill_after = sleep_after = None
        if self.is_calm:
            return self.world.run(*arguments, "--json")
        if self.random.random() < self.kind.kills:
            kill_after = self.random.randrange(12 if self.kind.kills_sending else 80)
        if not self.asleep and self.random.random() < self.kind.sleeps:
            sleep_after = self.random.randrange(self.kind.most_steps_awake)
        return self.world.run(
            *arguments,
            "--json",
            kill_after=kill_after,
            kill_sending=self.kind.kills_sending,
            sleep_after=sleep_after,
            meanwhile=self._meanwhile,
        )

    def _meanwhile(self) -> None:
        """The machine sleeps, and another one works at the same ledger; the lock of a server may end meanwhile."""
        self.asleep = True
        before = self.random.choice((1.0, LOCK_SECONDS, SETTLE_SECONDS + 10.0, 900.0))
        self.world.sleep(before)
        self.world.locks_hold = before < LOCK_SECONDS or self.random.random() < 0.3
        for _ in range(self.random.choice((1, 1, 2, 3))):
            self._step(self.kind.meanwhile)
        self.world.locks_hold, self.asleep = True, False

    def take_over(self) -> None:
        """The other machine settles what is in doubt, and bills the sheet, or undoes the run."""
        self.world.sleep(900.0)
        self.world.locks_hold = False
        self.reconcile()
        if self.random.random() < 0.5:
            self.submit()
        else:
            self.oracle.undone(self._run("undo", "last", "--yes"))

    def edit_and_submit(self) -> None:
        """The other machine bills another state of the sheet."""
        self.world.sleep(LOCK_SECONDS)
        self.world.locks_hold = False
        self.edit()
        self.submit()

    def _written(self) -> str:
        """The file with the sheet; each machine has its own, which does not change while it sleeps."""
        path = Path("other" if self.asleep else ".", "sheet.csv")
        (self.world.folder / path).parent.mkdir(exist_ok=True)
        (self.world.folder / path).write_text(self.sheet.text(), encoding="utf-8")
        return str(path)

    # --- the end ---

    def calm(self) -> None:
        """Once nothing goes wrong any more, all is settled and every line has an answer."""
        self.world.note("calm")
        self.is_calm, self.world.kantata.weather = True, Weather()
        self.world.sleep(SETTLE_SECONDS + 60)
        done = self._run("reconcile")
        self.oracle.settled(done)
        self.oracle.all_settled(done)
        self._look()
        if done.document["invoices"]:
            self.oracle.all_settled(self._run("reconcile"), done)
            self.say()
        self.oracle.answered(self.submit(), self.sheet.names())
        if self.files:
            self._inbox_ends()

    def _inbox_ends(self) -> None:
        """Every file of the inbox comes to an end, or is said to wait for a person: its invoices were undone."""
        for _ in range(2):
            waiting = self.scheduler()
            self._look()
            self.world.sleep(SETTLE_SECONDS + 1)
        inbox = self.world.folder / "inbox"
        left = [file for file in inbox.glob("*.csv") if file.name not in waiting]
        if left := [*left, *inbox.glob("in-doubt/**/*.csv")]:
            raise Broken(f"left in the inbox: {[str(file.relative_to(inbox)) for file in left]}")
