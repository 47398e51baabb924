"""Read a file truthfully: bytes to grids of raw cells, grids to one sheet with a header and numbered rows.

Comes in: a path. Goes out: a :class:`~importer.model.sheet.Sheet` with every oddity as a problem at its cell.
Touches the file once; what parses it runs in a bounded child process (:mod:`importer.reading.formats`).
"""
