"""What a setting may hold, beyond a plain number or text."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from importer.model.check_only import CHECK_BY_NAME
from importer.model.columns import BY_NAME, MOST_DAYS
from importer.settings import quantities

InSeconds = BeforeValidator(quantities.seconds)
"""Takes “180 s” and “3 min” for what they say."""
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False), InSeconds]
Timeout = Annotated[float, Field(gt=0, le=600), InSeconds]
LongTimeout = Annotated[float, Field(gt=0, le=3600), InSeconds]
PerSecond = Annotated[float, Field(gt=0, le=1000), BeforeValidator(quantities.per_second)]
"""Takes “5/s” and “120/min” for what they say."""
Amount = Annotated[Decimal, Field(allow_inf_nan=False), BeforeValidator(quantities.amount)]
"""Main currency unit; a credit is negative."""
NotNegative = Annotated[Decimal, Field(ge=0, allow_inf_nan=False), BeforeValidator(quantities.amount)]
Days = Annotated[int, Field(ge=0, le=MOST_DAYS), BeforeValidator(quantities.days)]
"""Takes “Net 30” for what it says, as the sheet does."""

# --- words of the user's own sheets; what reads them is loaded where there are any ------


def _known_columns(value: object, known: Collection[str] = BY_NAME) -> object:
    """Refuse a column that does not exist; TOML reads a name with a point as a table within the table."""
    if not isinstance(value, dict):
        return value
    flat: dict[str, Any] = {}
    for name, content in value.items():
        dotted = {}
        if isinstance(content, dict) and name not in BY_NAME:  # external_reference.status is a table in TOML
            dotted = {f"{name}.{part}": value for part, value in content.items()}
        if BY_NAME.keys() & dotted.keys():
            flat |= dotted
        else:
            flat[name] = content
    for name in flat:
        if name not in known:
            msg = f"names an unknown column “{name}”{did_you_mean(name, known)}"
            raise ValueError(msg)
    return flat


def _known_or_checked(value: object) -> object:
    """Headers may also mean a column that is compared and never sent."""
    return _known_columns(value, BY_NAME.keys() | CHECK_BY_NAME.keys())


def _one_meaning(value: dict[str, list[str]]) -> dict[str, list[str]]:
    if value:
        from importer.values.mapping import check_aliases

        check_aliases(value)
    return value


def _no_meaning(value: list[str], info: ValidationInfo) -> list[str]:
    if value:
        from importer.values.mapping import check_ignored

        check_ignored(value, info.data.get("columns", {}))
    return value


def _only_text(value: list[str], info: ValidationInfo) -> list[str]:
    if value:
        from importer.values.mapping import check_line_text

        check_line_text(value, info.data.get("columns", {}), info.data.get("ignore_columns", ()))
    return value


def _readable_constants(value: dict[str, Any]) -> dict[str, Any]:
    if value:
        from importer.values.mapping import check_constants

        check_constants(value)
    return value


def _readable_values(value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    if value:
        from importer.values.mapping import check_values

        check_values(value)
    return value


_ByColumn = BeforeValidator(_known_columns)
HeadersByColumn = Annotated[dict[str, list[str]], AfterValidator(_one_meaning), BeforeValidator(_known_or_checked)]
IgnoredHeaders = Annotated[list[str], AfterValidator(_no_meaning)]
"""Stands below the setting ``columns``, with which it must not quarrel."""
LineText = Annotated[list[str], AfterValidator(_only_text)]
"""Stands below the settings ``columns`` and ``ignore_columns``."""
Constants = Annotated[dict[str, Any], AfterValidator(_readable_constants), _ByColumn]
WordsByColumn = Annotated[dict[str, dict[str, Any]], AfterValidator(_readable_values), _ByColumn]


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        msg = "must be the number of a project, not yes or no"
        raise ValueError(msg)  # noqa: TRY004 - what pydantic explains
    return value


ProjectNumber = Annotated[int, Field(gt=0, le=2**63 - 1), BeforeValidator(_no_boolean)]

# --- texts and folders ---------------------------------------------------------------------


def _named(value: object) -> object:
    """Refuse an empty name, which would be the folder that the program happens to run in."""
    if isinstance(value, str) and not value.strip():
        msg = "it names no folder"
        raise ValueError(msg)
    return value


Folder = Annotated[Path, BeforeValidator(_named)]


def _known_encoding(value: str | None) -> str | None:
    """Refuse an encoding that Python does not know, or that is none of texts."""
    try:
        if value is not None:
            "".encode(value)
    except LookupError:
        msg = f"names no encoding: “{value}”; usual ones are utf-8, windows-1252, iso-8859-15, mac-roman"
        raise ValueError(msg) from None
    return value


Encoding = Annotated[str | None, AfterValidator(_known_encoding)]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The rest of a sentence that says which name is not known; empty when none is alike."""
    near = difflib.get_close_matches(name.lower(), list(known), n=1)
    return f"; did you mean “{near[0]}”?" if near else ""
