"""Read a file as the settings want it, in the program's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model.headers import known_headers
from importer.reading.formats.grid import Limits as FileLimits
from importer.reading.read import Reading, read_sheet
from importer.values.mapping import in_known_words

if TYPE_CHECKING:
    from importer.flow.prepared import Wish
    from importer.model.sheet import Sheet
    from importer.settings.model import Settings


MEGABYTE = 2**20


def sheet_of(wish: Wish, settings: Settings) -> tuple[Sheet, tuple[str, ...]]:
    """The sheet in the program's own words, and a notice of each word of the settings that was used."""
    known = known_headers(own=settings.own_headers)
    sheet = read_sheet(wish.path, wish.sheet_name, known, reading_of(settings))
    return in_known_words(sheet, known, settings.constants, settings.values)


def reading_of(settings: Settings) -> Reading:
    """How the settings want a file to be read."""
    limits = FileLimits(
        settings.most_rows,
        settings.most_columns,
        settings.most_file_bytes,
        settings.read_seconds,
        settings.read_memory_mb * MEGABYTE,
    )
    return Reading(settings.encoding, settings.hidden_rows, settings.merged_cells, limits)
