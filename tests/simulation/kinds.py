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
    offline: float = 0.15
    """How many submits do not ask Kantata first."""
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
        {"submit": 5, "edit": 3, "restore": 4, "reconcile": 2, "undo": 1, "wait": 2, "person": 1, "drop": 1},
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
