"""The desk, without pages."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import cast

from importer.app.desk import Desk, Phase, Place, Work
from importer.flow.mapping import Answers
from importer.flow.prepared import Wish
from importer.settings.model import Settings


def test_answers_of_two_pages_are_written_one_after_the_other() -> None:
    """Each is added to what the file says: at once, one of them would be lost."""
    held: list[str] = []

    def remember(answers: Answers) -> None:
        before = list(held)
        time.sleep(0.02)
        held[:] = [*before, *answers.ignored]

    nothing = cast("object", None)
    place = Place(Settings(), "stand-in", nothing, remember, nothing, rehearsal=True)  # type: ignore[arg-type]
    desk = Desk(place)
    work = Work(Wish(Path("a.csv")), "a.csv", phase=Phase.SENDING)
    pages = [threading.Thread(target=desk.remember, args=(work, Answers(ignored=[name]))) for name in "AB"]
    for page in pages:
        page.start()
    for page in pages:
        page.join()
    assert sorted(held) == ["A", "B"]
