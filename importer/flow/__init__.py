"""The order of the steps: read, check, name, group, plan, then show, send, reconcile or undo.

Comes in: a :class:`~importer.flow.prepared.Wish` and the :class:`~importer.flow.prepared.Tools`. Goes out: a report.
The only room that knows both the ledger and Kantata and every step; it decides nothing about a cell or an invoice.
"""
