"""The records and words that all rooms share: columns, lines, invoices, plans, problems, errors, exit codes.

Nothing comes in and nothing goes out: no file, no network, no clock, and no import from another room.
"""
