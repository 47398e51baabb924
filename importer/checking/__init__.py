"""Turn the cells of a sheet into typed lines and invoices, and say what is wrong with them.

Comes in: a :class:`~importer.model.sheet.Sheet`. Goes out: lines, invoices and problems, each with its cell.
Touches nothing outside: no file, no network, no ledger.
"""
