"""The order of the steps: every command that bills, or looks at what was billed, is one function here.

prepare       read → understand → name projects → group → plan, with what the ledger knows
preview       prepare → look up at Kantata → compare with the batch before → show
submit        under the lock of the ledger: examine (prepare → limits → look up) → gates → send → results
reconcile     settle what is in doubt → results of the runs that it belongs to
undo          look → decide → ask → delete or cancel → results

Comes in: a :class:`~importer.flow.prepared.Wish` and the :class:`~importer.flow.prepared.Tools`. Goes out: a report.
The only room that knows both the ledger and Kantata and every step; it decides nothing about a cell or an invoice.
"""
