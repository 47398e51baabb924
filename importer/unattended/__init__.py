"""Runs without a person: take files from the inbox, bill them, put them away, and send notices.

Comes in: the inbox and the settings. Goes out: what became of each file, notices, and the exit code.
May touch: the inbox, the reports folder, the addresses of notices, and two tables of the ledger. The tables decide;
folders and notes are written from them.
"""
