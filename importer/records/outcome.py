"""What came of sending an invoice."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importer.records.shown import ReadBack


class OutcomeKind(Enum):
    """What a POST led to, as far as can be known (kantata-api.md section 4)."""

    CREATED = "created"
    REJECTED = "rejected"
    """Kantata refuses this invoice; nothing was created."""
    REFUSED_FOR_NOW = "refused_for_now"
    """Throttled, or never connected; nothing was created, it is safe to send again."""
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - the name of an outcome
    """Stop the run; nothing was created."""
    UNKNOWN = "unknown"
    """The invoice may or may not exist; never send again before it is settled."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one POST, classified."""

    kind: OutcomeKind
    message: str = ""
    """Kantata's own words, or what happened on the way."""
    http_status: int | None = None
    request_id: str | None = None
    """X-Request-Id: the only handle for the vendor's support."""
    raw: str = ""
    """Body as received, for the ledger; empty for a created invoice."""
    invoice_id: str | None = None
    """Set exactly when the invoice was created."""
    read_back: ReadBack | None = None
    retry_after: float | None = None
    """Seconds that the server asked to wait."""

    def __post_init__(self) -> None:
        """A created invoice has an id, and nothing else has."""
        if (self.kind is OutcomeKind.CREATED) is (self.invoice_id is None):
            msg = f"outcome {self.kind.value} with invoice id {self.invoice_id}"
            raise ValueError(msg)
