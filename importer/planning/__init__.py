"""Decide what would be sent: draw invoices up, compare them with ledger and account, apply limits and approvals.

Comes in: checked invoices, what the ledger knows, what Kantata shows. Goes out: planned invoices with their status.
Pure: it asks and sends nothing.
"""
