"""Settings that are a guess follow what a probe has found out about the account, unless a person has set them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from importer.model.facts import Fact, FactName

if TYPE_CHECKING:
    from importer.settings.model import Settings

LAGS = 3
"""So many times the lag that was seen once is waited before “not found” means anything."""
LONGEST_SETTLE = 900.0
"""Seconds of that at most: a probe looks for so long, and lists that never show a draft would triple it each time."""


def follow(settings: Settings, facts: Mapping[FactName, Fact]) -> Settings:
    """The settings with what is known of the account; a setting that a person has set stays as it is."""
    return settings.model_copy(update=followed(settings, facts))


def followed(settings: Settings, facts: Mapping[FactName, Fact]) -> dict[str, Any]:
    """The settings that follow the facts, with their values. A lag can only lengthen ``settle_seconds``."""
    known: dict[str, Any] = {}
    for fact in facts.values():
        match fact.name:
            case FactName.CENTS if fact.value == "kept":
                known["fractional_amounts"] = "send"
            case FactName.INVOICE_LINK:
                known["invoice_link"] = fact.value
            case FactName.LIST_LAG:
                with suppress(ValueError):
                    settle = min(LAGS * float(fact.value), LONGEST_SETTLE)
                    known["settle_seconds"] = max(settings.settle_seconds, settle)
            case _:
                pass
    changed = {}
    for name, value in known.items():
        if name not in settings.model_fields_set and value != getattr(settings, name):
            changed[name] = value
    return changed
