"""Kinds of episodes: which steps are likely in them, and what goes wrong how often. A seed's rest says its kind."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Kind:
    """What an episode dwells on."""

    name: str
    what: str
    """In one sentence, for the documentation."""
    steps: dict[str, int]
    """Weights of the steps, by the names of their methods in episode.py."""
    weather: dict[str, float] = field(default_factory=dict)
    """How often at most what of Weather goes wrong."""
    kills: float = 0.35
    """How many commands are killed."""
    sleeps: float = 0.0
    """How many commands are interrupted by a machine that sleeps, while another one works."""
    most_steps_awake: int = 25
    """Points of a command, at most, before its machine sleeps."""
    offline: float = 0.15
    """How many submits do not ask Kantata first."""
    kills_sending: bool = False
    """Whether they are killed around their requests, not anywhere."""
    meanwhile: dict[str, int] = field(
        default_factory=lambda: {"submit": 3, "reconcile": 2, "undo": 2, "wait": 1, "person": 1}
    )
    """Weights of what happens while a machine sleeps."""
    moves_projects: float = 0.3
    """How often edits move lines to other projects, and not to other dates."""
    edits: tuple[str, ...] = ()
    """The edits that happen, by the names of their methods in sheet.py; all when it is empty."""
    first_date: str = "2026-10-31"
    """Of new lines."""
    entries: float = 0.0
    """How many more lines are time entries."""
    issued: float = 0.5
    """How often invoices are issued at once, and not drafts."""
    again: float = 0.6
    """How often the sheet is submitted again after an undo."""
    spared: int = 5
    """Look-ups go wrong so many times less often: where one fails nothing is sent, and nothing happens."""
    lines: tuple[int, int] = (2, 6)
    length: tuple[int, int] = (4, 8)


SOME = {
    "unreachable": 0.1,
    "dropped": 0.1,
    "refused": 0.1,
    "unanswered": 0.15,
    "late": 0.1,
    "odd": 0.1,
    "cut": 0.1,
    "mixed": 0.1,
    "slow": 0.1,
}

KINDS = (
    Kind(
        "mixed",
        "a bit of everything",
        {"submit": 5, "again": 2, "drop": 2, "edit": 3, "reconcile": 3, "undo": 2, "wait": 3, "person": 1, "say": 1},
        SOME | {"lag_seconds": 60},
    ),
    Kind(
        "undo",
        "runs are undone, also twice, with lost and odd answers, and submitted again",
        {"submit": 4, "undo": 5, "again": 2, "reconcile": 2, "wait": 3, "person": 1, "drop": 1, "say": 1},
        SOME | {"unanswered": 0.2, "odd": 0.2, "unreachable": 0.2, "dropped": 0.2, "late": 0.2, "refused": 0.2},
        offline=0.4,
    ),
    Kind(
        "lossy",
        "many answers are lost, cut, odd or mixed up, and requests take effect late",
        {"submit": 4, "again": 4, "reconcile": 3, "wait": 2, "preview": 1, "say": 1, "drop": 1},
        {"unanswered": 0.3, "late": 0.3, "odd": 0.3, "cut": 0.3, "mixed": 0.2, "slow": 0.2},
        kills=0.2,
    ),
    Kind(
        "laggy",
        "lists show an invoice a minute late, and people are impatient",
        {"submit": 3, "again": 5, "reconcile": 2, "impatient": 4, "wait": 1, "undo": 1},
        {"unanswered": 0.2, "late": 0.2, "cut": 0.2, "lag_seconds": 60},
        kills=0.5,
    ),
    Kind(
        "edits",
        "the sheet is edited between submits: keys, dates, projects, order, lines",
        {"submit": 5, "edit": 7, "wait": 1, "preview": 1, "drop": 1, "undo": 1},
        {"unanswered": 0.1},
        kills=0.1,
        lines=(3, 7),
        length=(5, 10),
    ),
    Kind(
        "inbox",
        "files lie in the inbox of a scheduler, which is killed at times",
        {"drop": 6, "scheduler": 4, "edit": 2, "reconcile": 2, "undo": 1, "wait": 3, "person": 1, "submit": 1},
        SOME | {"unanswered": 0.3},
    ),
    Kind(
        "restored",
        "the ledger goes back to a copy, or is lost",
        {
            "submit": 5,
            "edit": 3,
            "restore": 4,
            "go_back": 4,
            "reconcile": 2,
            "undo": 1,
            "wait": 2,
            "person": 1,
            "drop": 1,
        },
        {"unanswered": 0.1, "unreachable": 0.1},
        offline=0.0,
    ),
    Kind(
        "asleep",
        "a machine sleeps in the middle of a command, and another one works at the same ledger",
        {"submit": 5, "again": 2, "reconcile": 2, "undo": 2, "wait": 1, "edit": 1},
        {"unanswered": 0.15, "unreachable": 0.1, "odd": 0.1},
        kills=0.1,
        sleeps=0.6,
        length=(3, 7),
    ),
    Kind(
        "overtaken",
        "a machine sleeps around a request, and another one settles, bills or undoes everything",
        {"submit": 6, "undo": 1, "edit": 1},
        {"unanswered": 0.1, "refused": 0.2},
        kills=0.15,
        sleeps=0.9,
        meanwhile={"take_over": 4, "edit_and_submit": 3},
        most_steps_awake=14,
        offline=0.0,
        length=(3, 6),
    ),
    Kind(
        "killed",
        "commands are killed around their requests, before and after these take effect",
        {"submit": 5, "again": 2, "reconcile": 3, "undo": 2, "wait": 2},
        kills=0.8,
        kills_sending=True,
    ),
    Kind(
        "late",
        "requests take effect a minute after their answer was lost, and people do not wait",
        {"again": 5, "impatient": 3, "submit": 2},
        {"late": 0.5},
        kills=0.0,
        offline=0.0,
    ),
    Kind(
        "removals",
        "runs are undone twice, with requests that are refused, lost or never sent, and looked for",
        {"submit": 3, "undo": 6, "reconcile": 4, "wait": 2},
        {"dropped": 0.3, "refused": 0.3, "unreachable": 0.3, "unanswered": 0.2},
        kills=0.1,
        offline=0.0,
        again=0.2,
        length=(5, 9),
    ),
    Kind(
        "entries",
        "time entries get other keys, and Kantata is not always asked",
        {"submit": 5, "edit": 6},
        kills=0.0,
        offline=0.8,
        edits=("key", "key", "merge_keys"),
        entries=0.95,
        lines=(3, 7),
        length=(6, 10),
    ),
    Kind(
        "forgotten",
        "the ledger goes back to a copy, and the same sheet is submitted again",
        {"submit": 3, "go_back": 5, "wait": 1},
        kills=0.0,
        offline=0.0,
        edits=("grow",),
    ),
    Kind(
        "astray",
        "the ledger goes back to a copy, and keys were edited since",
        {"submit": 2, "go_back": 6, "wait": 1},
        kills=0.05,
        offline=0.0,
        edits=("key", "merge_keys"),
    ),
    Kind(
        "rewritten",
        "key, amount and date of lines are edited at once",
        {"submit": 5, "edit": 5},
        kills=0.05,
        edits=("rewrite",),
        lines=(2, 4),
    ),
    Kind(
        "moved",
        "lines move to other projects and keys",
        {"submit": 5, "edit": 5},
        kills=0.1,
        moves_projects=1.0,
        edits=("project", "key", "sort"),
        lines=(3, 7),
    ),
    Kind(
        "redated",
        "dates are changed and taken away, in files of other names",
        {"drop": 6, "edit": 6, "submit": 1},
        kills=0.0,
        moves_projects=0.0,
        edits=("date", "date", "key"),
        first_date="2026-11-05",
        length=(6, 10),
    ),
    Kind(
        "people",
        "people cancel and delete invoices in Kantata, also while they are in doubt",
        {"submit": 5, "person": 5, "reconcile": 3, "wait": 1},
        {"unanswered": 0.4},
        kills=0.1,
        issued=0.8,
    ),
    Kind(
        "down",
        "Kantata is throttling or cannot be reached at all",
        {"submit": 5, "drop": 3, "wait": 2},
        {"unreachable": 0.8, "refused": 0.3},
        kills=0.0,
    ),
    Kind(
        "failing",
        "what lies in the inbox is refused, or lost on its way, and comes back after the sheet was edited",
        {"drop": 5, "scheduler": 4, "edit": 3, "wait": 3, "reconcile": 1},
        {"refused": 0.5, "dropped": 0.6},
        kills=0.05,
    ),
    Kind(
        "taken back",
        "what the scheduler billed is undone, and comes again in another file",
        {"drop": 5, "undo": 4, "edit": 2, "scheduler": 2, "wait": 1},
        kills=0.05,
        again=0.0,
        edits=("key", "sort", "merge_keys"),
        length=(5, 9),
    ),
    Kind(
        "torn",
        "answers of look-ups end in the middle, while keys are edited",
        {"submit": 5, "edit": 4, "reconcile": 2, "undo": 1},
        {"cut": 0.35, "unanswered": 0.1},
        kills=0.0,
        offline=0.0,
        spared=1,
        edits=("key", "merge_keys", "sort"),
        length=(6, 10),
    ),
)


def kind_of(seed: int) -> Kind:
    """The kind of a seed's episode."""
    return KINDS[seed % len(KINDS)]


def seeds_of(kind: str, first: int, count: int) -> list[int]:
    """So many seeds of a kind, from a first one on; of all kinds in turn when it is empty."""
    names = [each.name for each in KINDS]
    if not kind:
        return list(range(first, first + count))
    start = first + (names.index(kind) - first) % len(KINDS)
    return list(range(start, start + count * len(KINDS), len(KINDS)))
