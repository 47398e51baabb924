"""From what the batch before billed to what this one bills, in a few sums per currency. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from importer.planning.comparison import Change, Kind

NOTHING = Decimal(0)


@dataclass(slots=True)
class Bridge:
    """One currency; amounts in its main unit, tax excluded: ``before`` and all steps together are ``now``."""

    currency: str | None
    before: Decimal = NOTHING
    new: Decimal = NOTHING
    """Projects that the batch before did not bill."""
    more: Decimal = NOTHING
    less: Decimal = NOTHING
    """Negative."""
    missing: Decimal = NOTHING
    """Projects that are not billed now; negative."""

    @property
    def now(self) -> Decimal:
        """What is billed now of all projects that could be compared."""
        return self.before + self.new + self.more + self.less + self.missing

    @property
    def steps(self) -> tuple[tuple[str, Decimal], ...]:
        """What leads from the batch before to this one, in words with their sums."""
        return (
            ("New projects", self.new),
            ("Billed more", self.more),
            ("Billed less", self.less),
            ("Not billed now", self.missing),
        )


def bridges(projects: Iterable[Change]) -> tuple[Bridge, ...]:
    """The bridge of each currency. A project whose worth is not known in both batches is in none of them."""
    found: dict[str | None, Bridge] = {}
    for change in projects:
        here = found.setdefault(change.currency, Bridge(change.currency))
        if change.currency_before is not None:
            if change.before is not None and change.now is not None:
                there = found.setdefault(change.currency_before, Bridge(change.currency_before))
                there.before += change.before
                there.missing -= change.before
                here.new += change.now
        elif change.moved is not None:
            _add(here, change, change.moved)
    return tuple(bridge for bridge in found.values() if bridge != Bridge(bridge.currency))


def _add(bridge: Bridge, change: Change, moved: Decimal) -> None:
    """Add a project that both batches bill in this currency, or one of them."""
    bridge.before += change.before or NOTHING
    if change.kind is Kind.NEW:
        bridge.new += moved
    elif change.kind is Kind.MISSING:
        bridge.missing += moved
    elif moved > 0:
        bridge.more += moved
    else:
        bridge.less += moved
