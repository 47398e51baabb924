"""Carry a plan out: send each invoice exactly once, compare what Kantata holds, settle doubts, undo.

Comes in: planned invoices, the ledger, a connection. Goes out: what became of each invoice.
The intent is committed to the ledger before each request, the outcome after it.
"""
