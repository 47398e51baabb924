"""The ledger of submissions: what was sent, by which run, and what became of it, in SQLite or PostgreSQL.

Comes in: intents and outcomes. Goes out: what is known of a reference, an item, a run, an approval.
The only room that opens the database; imports only the model.
"""
