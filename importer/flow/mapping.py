"""What a sheet's own headers and words mean: what is proposed, what the person answered, and how it is remembered."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.flow.missing_columns import Missing, missing_columns
from importer.flow.reading_in import reading_of, sheet_of, with_remembered_preset
from importer.kantata.account import projects_matching
from importer.model.check_only import CHECK_ONLY
from importer.model.columns import BY_NAME, COLUMNS, ITEM_TYPE_TITLES, NAME_OF_PROJECT
from importer.model.errors import AccessDenied, NotReached, SettingsProblem
from importer.model.headers import fold, known_headers, may_be_note
from importer.model.invoices import ItemType
from importer.model.messages import error
from importer.model.problems import Severity
from importer.reading.seen_columns import SeenTable, seen_table
from importer.settings import sources
from importer.settings.aliases import aliases
from importer.settings.writing import with_settings, write_settings
from importer.values.cell_shapes import holds_wordings
from importer.values.cells import parser_of
from importer.values.header_meanings import meaning_of
from importer.values.header_proposals import propose
from importer.values.names import same
from importer.values.presets import Preset, alike
from importer.values.readings import Unreadable
from importer.values.word_proposals import WordProposal, propose_words

if TYPE_CHECKING:
    from importer.flow.prepared import Tools, Wish
    from importer.model.problems import Problem
    from importer.settings.model import Settings
    from importer.values.cell_shapes import SeenColumn
    from importer.values.header_shapes import Proposal

CHOICES: dict[str, str] = {column.name: column.title for column in COLUMNS} | {
    column.name: column.title for column in CHECK_ONLY
}
"""Name → title of every column that a header can mean: those that are sent, then those that are compared."""
REMEMBERED = ("columns", "ignore_columns", "values", "constants", "presets")
"""Settings that hold answers."""
ITEM_TYPES: dict[str, str] = {item_type.value: ITEM_TYPE_TITLES[item_type] for item_type in ItemType}


@dataclass(frozen=True, slots=True)
class Draft:
    """The questions that a sheet raises."""

    sheet: str
    header_row: int
    """Row number as Excel shows it."""
    understood: tuple[tuple[SeenColumn, str], ...]
    """Each column that means something already, and the name of what it means."""
    presets: tuple[Preset, ...]
    """Ready mappings of exports that look like this sheet."""
    proposals: tuple[Proposal, ...]
    """One for each column that means nothing yet, from left to right."""
    columns: Mapping[str, SeenColumn]
    """The columns that mean something already, by name."""
    taught: Mapping[str, Mapping[str, object]]
    """The words that the settings explain, by column."""
    constants: frozenset[str]
    """Columns that the settings supply."""
    passed_over: tuple[SeenColumn, ...] = ()
    """Columns that the settings ignore; where something is missing, one of them may be it."""
    key: str = field(default_factory=lambda: secrets.token_hex(4))
    """Tells the answers to this draft from those to an earlier one."""

    @property
    def texts(self) -> dict[int, str]:
        """Position → header of each column that can be given a meaning, those that are passed over last."""
        seen = (*(found.column for found in self.proposals), *self.passed_over)
        return {column.position: column.text for column in seen}

    @property
    def likely(self) -> dict[int, str | None]:
        """Position of each unknown column → what it probably means."""
        return {found.column.position: found.meant for found in self.proposals}

    @property
    def asks(self) -> bool:
        """Whether anything is to be asked."""
        return bool(self.proposals or self.words({}) or self.missing({}))

    def words(self, answers: Mapping[int, str | None]) -> tuple[WordProposal, ...]:
        """A proposal for each word that is not understood; ``answers``: position → name of the column that it means."""
        columns = self._with_answers(answers)
        found: list[WordProposal] = []
        for name, column in columns.items():
            found += propose_words(name, column, self.taught.get(name, {}), with_ids="item_id" in columns)
        return tuple(found)

    def missing(self, answers: Mapping[int, str | None]) -> tuple[Missing, ...]:
        """What the sheet still lacks with these answers."""
        present = self._with_answers(answers)
        meant = {column.position for column in present.values()}
        seen = (*(found.column for found in self.proposals), *self.passed_over)
        return missing_columns(present, self.constants, [column for column in seen if column.position not in meant])

    def _with_answers(self, answers: Mapping[int, str | None]) -> dict[str, SeenColumn]:
        """Name → the column that means it, with these answers."""
        columns = dict(self.columns)
        seen = (*(found.column for found in self.proposals), *self.passed_over)
        for column in seen:
            name = answers.get(column.position)
            if name is not None:
                columns[name] = column
        return columns


@dataclass(frozen=True, slots=True)
class SettingsPlace:
    """Where answers are remembered."""

    path: Path
    profile: str | None = None
    """Section [profile.NAME] of the file; None: its settings for all."""
    is_new: bool = False
    """Whether the file has no such section yet, so that the settings for all are read."""


@dataclass(slots=True)
class Answers:
    """What the person said."""

    columns: dict[str, list[str]] = field(default_factory=dict)
    """Name of a column → headers that mean it."""
    ignored: list[str] = field(default_factory=list)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Name of a column → word → what it means."""
    constants: dict[str, Any] = field(default_factory=dict)
    presets: list[str] = field(default_factory=list)
    """Ready mappings that count for files with headers like these."""

    def __bool__(self) -> bool:
        """Whether anything was said."""
        return bool(self.columns or self.ignored or self.values or self.constants or self.presets)

    def means(self, header: str, name: str | None) -> None:
        """Note what a header means; None: nothing."""
        if name is None:
            self.ignored.append(header)
        else:
            self.columns.setdefault(name, []).append(header)


def proposed_answers(draft: Draft) -> Answers:
    """What would be remembered if each proposal were right; what only perhaps means nothing stays open."""
    answers = Answers()
    meant = {found.column.position: found.meant for found in draft.proposals if found.meant or found.sure}
    for found in draft.proposals:
        if found.column.position in meant:
            answers.means(found.column.text, found.meant)
    for word in draft.words(meant):
        if word.meant is not None:
            answers.values.setdefault(word.name, {})[word.word] = word.meant
    for missing in draft.missing(meant):
        if missing.proposed is not None:
            answers.constants[missing.name] = missing.proposed
    return answers


def value_typed(name: str, text: str) -> tuple[object, str | None]:
    """What a person types for a word or a constant of a column, as the settings write it; and why it cannot be."""
    read = parser_of(BY_NAME[name].kind)(text)
    if isinstance(read, Unreadable):
        return None, read.message
    return (read.value if isinstance(read, ItemType) else read), None


def draft_of(wish: Wish, tools: Tools) -> Draft:
    """Look at a file and propose what its unknown columns mean. Raises FileProblem, SettingsProblem or WrongUse."""
    settings = with_remembered_preset(wish, tools).settings
    known = known_headers(own=settings.own_headers)
    table = seen_table(wish.path, wish.sheet_name, known, reading_of(settings))
    table = _with_note_asked(table, known)
    titles, numbers = _projects(table, tools)
    proposals = propose(table.unknown, table.meant, known, titles, compared=table.compared, numbers=numbers)
    asked = {found.column.position for found in proposals}
    understood = []
    for name, column in (*table.meant.items(), *table.compared.items()):
        if column.position not in asked:
            understood.append((column, name))
    constants = set(settings.constants)
    if settings.payment_schedule is not None:
        constants.add("payment_schedule")
    return Draft(
        table.sheet,
        table.header_row,
        tuple(understood),
        () if settings.preset else tuple(alike(table.texts)),
        proposals,
        table.meant,
        settings.values,
        frozenset(constants),
        table.passed_over,
    )


def _with_note_asked(table: SeenTable, known: Mapping[str, str]) -> SeenTable:
    """The table; a note that is read as the Description is asked about where another column may be that."""
    note = table.meant.get("notes")
    if note is None or not may_be_note(note.text, known) or not any(map(_may_be_description, table.unknown)):
        return table
    meant = {name: column for name, column in table.meant.items() if name != "notes"}
    unknown = sorted((*table.unknown, note), key=lambda column: column.position)
    return replace(table, meant=meant, unknown=tuple(unknown))


def _may_be_description(column: SeenColumn) -> bool:
    meaning = meaning_of(column.text)
    return holds_wordings(column) and (meaning is None or meaning.column == "notes")


def errors_of_headers(wish: Wish, tools: Tools, draft: Draft) -> list[Problem]:
    """What a preview calls wrong with the columns of a file about which nothing is asked."""
    if draft.asks or draft.presets:
        return []
    sheet, _ = sheet_of(wish, with_remembered_preset(wish, tools).settings)
    return [found for found in sheet.problems if found.severity is Severity.ERROR and found.row == sheet.header_row]


def _projects(table: SeenTable, tools: Tools) -> tuple[frozenset[str], frozenset[str]]:
    """The names, reduced, and the numbers of projects that the settings and, where it can be asked, the account know.

    They are only needed where no column names the project yet.
    """
    if not table.unknown or not table.meant.keys().isdisjoint({"workspace_id", NAME_OF_PROJECT}):
        return frozenset(), frozenset()
    settings = tools.settings
    named = aliases(settings.workspaces, settings.workspace_aliases)
    titles, numbers = set(named), set(map(str, named.values()))
    if tools.api is not None:
        with suppress(AccessDenied, NotReached):  # the proposals then rest on headers and cells alone
            for project in projects_matching(tools.api, None):
                numbers.add(str(project.project_id))
                titles |= {same(project.title)} if project.title else set()
    return frozenset(titles), frozenset(numbers)


# --- put to use and remembered ------------------------------------------------------


def taught(settings: Settings, answers: Answers) -> Settings:
    """The settings with what the person said, which was found sound when it was written."""
    given = {name: getattr(settings, name) for name in REMEMBERED}
    return settings.model_copy(update=_merged(given, answers))


def toml_of(answers: Answers, place: SettingsPlace) -> str:
    """The lines of importer.toml that say it, whole sections with what stands in them already."""
    return with_settings("", remembered(answers, place)).strip()


def write(answers: Answers, place: SettingsPlace) -> Path:
    """Write it into the settings file; return its path. Raises SettingsProblem when it cannot be used or written."""
    overruled = sources.of_environment().keys() & set(REMEMBERED)
    if overruled:
        raise error(SettingsProblem, "settings.writing:overruled", variable=f"IMPORTER_{min(overruled).upper()}")
    write_settings(place.path, remembered(answers, place), place.profile)
    return place.path


def remembered(answers: Answers, place: SettingsPlace) -> dict[str, Any]:
    """The settings that say it, together with what the file, or its profile, says of the same columns."""
    if not place.path.exists():
        return _merged({}, answers)
    of_all, of_profile = sources.of_file(place.path, None if place.is_new else place.profile)
    return _merged(of_all | of_profile, answers)


def _merged(given: Mapping[str, Any], answers: Answers) -> dict[str, Any]:
    """What the settings that answers change say together with what they said before."""
    changes: dict[str, Any] = {}
    answered = set(map(fold, itertools.chain(answers.ignored, *answers.columns.values())))
    before = given.get("columns", {})
    columns = {name: _without(headers, answered) for name, headers in before.items()}
    for name, headers in answers.columns.items():
        columns[name] = list(dict.fromkeys([*columns.get(name, []), *headers]))
    ignored = list(dict.fromkeys([*_without(given.get("ignore_columns", []), answered), *answers.ignored]))
    if columns != before:
        changes["columns"] = columns
    if ignored != list(given.get("ignore_columns", [])):
        changes["ignore_columns"] = ignored
    if answers.values:
        values = {name: dict(words) for name, words in given.get("values", {}).items()}
        for name, words in answers.values.items():
            values[name] = values.get(name, {}) | words
        changes["values"] = values
    if answers.constants:
        changes["constants"] = dict(given.get("constants", {})) | answers.constants
    if answers.presets:
        changes["presets"] = list(dict.fromkeys([*given.get("presets", []), *answers.presets]))
    return changes


def _without(headers: Iterable[str], answered: Collection[str]) -> list[str]:
    """The headers of a list of settings of which nothing else was said now."""
    return [header for header in headers if fold(header) not in answered]
