"""Find the sheet and the header row by the known header names."""

from importer.read.headers.choosing import choose_grid
from importer.read.headers.header_row import HeaderRow, added_by_results

__all__ = ["HeaderRow", "added_by_results", "choose_grid"]
