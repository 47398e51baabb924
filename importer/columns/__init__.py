"""The one list of columns: the schema, the template, the README and the messages come from it."""

from importer.columns.column import Column, Kind, Level
from importer.columns.headers import (
    KnownHeaders,
    OwnHeaders,
    currency_of_header,
    fold,
    is_ignored,
    known_as,
    known_headers,
    own_headers,
    required_columns,
)
from importer.columns.table import BY_NAME, COLUMNS, NAME_OF_PROJECT, REQUIRED, RESULT_COLUMNS
from importer.columns.words import ITEM_TYPE_ALIASES, ITEM_TYPE_TITLES, SYNC_STATUSES

__all__ = [
    "BY_NAME",
    "COLUMNS",
    "ITEM_TYPE_ALIASES",
    "ITEM_TYPE_TITLES",
    "NAME_OF_PROJECT",
    "REQUIRED",
    "RESULT_COLUMNS",
    "SYNC_STATUSES",
    "Column",
    "Kind",
    "KnownHeaders",
    "Level",
    "OwnHeaders",
    "currency_of_header",
    "fold",
    "is_ignored",
    "known_as",
    "known_headers",
    "own_headers",
    "required_columns",
]
