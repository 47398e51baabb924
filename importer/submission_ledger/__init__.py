"""The ledger of submissions: what was sent, when, and what became of it.

The only room that imports SQLAlchemy. An intent (``sending``) is committed and
on disk before the request leaves; the outcome is committed after it. A row left
in ``sending`` by a crash therefore reads as in doubt, never as unsent.
"""

from importer.submission_ledger.approvals import Approval
from importer.submission_ledger.ledger import SubmissionLedger
from importer.submission_ledger.notation import os_user, who
from importer.submission_ledger.opening import (
    LedgerAddress,
    file_beside,
    ledger_url,
    open_ledger,
    place_beside,
    place_of,
    shown_address,
)
from importer.submission_ledger.records import Attempt, Claim, RunRecord, SentInvoice, Unsettled

__all__ = [
    "Approval",
    "Attempt",
    "Claim",
    "LedgerAddress",
    "RunRecord",
    "SentInvoice",
    "SubmissionLedger",
    "Unsettled",
    "file_beside",
    "ledger_url",
    "open_ledger",
    "os_user",
    "place_beside",
    "place_of",
    "shown_address",
    "who",
]
