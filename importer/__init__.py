"""Turn a spreadsheet of invoice rows into invoices in Kantata OX, exactly once.

The steps, in the order in which data flows through them, are
``read → validate → group → plan → preview | submit → results``.
They never import one another: they meet in ``pipeline``. Which room may import
which is a contract in ``pyproject.toml`` that ``make lint`` checks.
"""

__version__ = "0.1.0"
