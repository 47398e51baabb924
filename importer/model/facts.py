"""What a probe has found out about an account, where Kantata documents nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any


class FactName(Enum):
    """What can be found out; the value is its name in the ledger and in JSON."""

    CENTS = "cents"
    """Of amounts: ``kept``, ``cut`` or ``refused``."""
    DRAFTS_HOLD = "drafts_hold"
    """Whether what stands on a draft can be billed on no other invoice: ``yes`` or ``no``."""
    REFUSAL = "refusal"
    """How Kantata words that an item is billed already."""
    LIST_LAG = "list_lag_seconds"
    """Seconds until the lists showed a new invoice."""
    REFERENCE = "reference"
    """Of the external reference: ``found`` by it, ``kept`` but not found by it, or ``lost``."""
    INVOICE_LINK = "invoice_link"
    """Web address of an invoice, with ``{id}``."""
    NUMBERS = "numbers"
    """Whether deleted drafts take numbers of the account: ``taken`` or ``free``."""


TITLES = {
    FactName.CENTS: "cents in amounts",
    FactName.DRAFTS_HOLD: "drafts hold items",
    FactName.REFUSAL: "words of a refusal",
    FactName.LIST_LAG: "lag of lists",
    FactName.REFERENCE: "external reference",
    FactName.INVOICE_LINK: "address of an invoice",
    FactName.NUMBERS: "invoice numbers",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is known of an account."""

    name: FactName
    value: str
    says: str
    """The same for a person: a sentence."""
    source: str = ""
    """What has found it out: ``probe 20261129-141500-1a2b in project 101``."""
    found_at: datetime | None = None
    """UTC without offset; None: just now."""


@dataclass(frozen=True, slots=True)
class ProbeDraft:
    """A draft of a probe that may exist in Kantata."""

    reference: str
    workspace_id: int
    invoice_id: str | None
    """None: whether it was created is not known."""
    sent_at: datetime
    """When it was meant to be sent, UTC without offset."""
    payload: dict[str, Any] | None = field(default=None, compare=False, repr=False)
    """What was sent; None for a draft of an older program."""

    @property
    def named(self) -> str:
        """The draft for a person."""
        number = f"draft {self.invoice_id}" if self.invoice_id else "a draft whose id is not known"
        return f"{number} in project {self.workspace_id} (external reference {self.reference})"
