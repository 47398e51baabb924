"""Turn a spreadsheet of invoice rows into invoices in Kantata OX, exactly once.

The way of a row: ``reading → checking → planning → sending → reporting``; :mod:`importer.flow` calls the steps in
this order. ``docs/architecture.md`` describes the rooms. Which room may import which is a contract in
``pyproject.toml`` that ``make lint`` checks.
"""

__version__ = "0.1.0"
