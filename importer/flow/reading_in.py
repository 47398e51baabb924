"""Read a file as the settings want it, in the program's own words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.model.errors import FileProblem
from importer.model.headers import known_headers
from importer.reading.formats.grid import Limits as FileLimits
from importer.reading.read import Reading, read_sheet
from importer.reading.seen_columns import seen_table
from importer.values.mapping import in_known_words
from importer.values.presets import PUT_TOGETHER, alike, with_preset

if TYPE_CHECKING:
    from importer.flow.prepared import Tools, Wish
    from importer.model.sheet import Sheet
    from importer.settings.model import Settings


MEGABYTE = 2**20


def sheet_of(wish: Wish, settings: Settings) -> tuple[Sheet, tuple[str, ...]]:
    """The sheet in the program's own words, and a notice of each word of the settings that was used."""
    known = known_headers(own=settings.own_headers)
    sheet = read_sheet(wish.path, wish.sheet_name, known, reading_of(settings))
    return in_known_words(sheet, known, settings.constants, settings.values)


def with_remembered_preset(wish: Wish, tools: Tools) -> Tools:
    """The tools with the ready mapping that the settings remember for files with these headers, and a notice of it.

    Raises WrongUse when the sheet does not exist.
    """
    settings = tools.settings
    if settings.preset is not None or not settings.presets:
        return tools
    try:
        table = seen_table(wish.path, wish.sheet_name, known_headers(own=settings.own_headers), reading_of(settings))
    except FileProblem:  # reading the file says what is wrong with it
        return tools
    remembered = [preset for preset in alike(table.texts) if preset.name in settings.presets]
    if len(remembered) != 1:
        return tools
    [preset] = remembered
    notice = f"Read as {preset.title}, because presets of the settings names {preset.name}."
    return replace(tools, settings=with_preset_of(settings, preset.name), notices=(*tools.notices, notice))


def with_preset_of(settings: Settings, name: str | None) -> Settings:
    """The settings with a ready mapping below them, as the option --preset has it."""
    if name is None or settings.preset == name:
        return settings
    given = {setting: getattr(settings, setting) for setting in PUT_TOGETHER if getattr(settings, setting)}
    return settings.model_copy(update=with_preset({**given, "preset": name}))


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
