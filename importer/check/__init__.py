"""Compare what is ready to be sent with what Kantata shows of the account. Pure: it asks nobody.

``pipeline.checking`` asks, and gives the answers to this room as an :class:`Account`.
"""

from importer.check.account import Account
from importer.check.findings import findings
from importer.check.worth import expected_of

__all__ = ["Account", "expected_of", "findings"]
