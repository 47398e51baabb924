"""Ready mappings of well-known exports: what a user would have to write into importer.toml for them.

The layouts are those of files that are public. A preset is applied only where the settings name it; a sheet that looks
like such an export is offered it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from importer.model.headers import PLUS, bare, fold, without_currency
from importer.values.toml_lines import ignore_line, quoted, text_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Signature = tuple[str, ...]
"""Headers by which a layout is known; ``|`` stands between those that mean the same."""


@dataclass(frozen=True, slots=True)
class Preset:
    """The lines of importer.toml for one kind of export."""

    name: str
    title: str
    """What a person calls the export."""
    signatures: tuple[Signature, ...]
    """The sheet must have all headers of one of them."""
    ignore_columns: tuple[str, ...]
    line_text: tuple[str, ...]
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    constants: Mapping[str, object] = field(default_factory=lambda: {"item_type": "Additional item"})

    @property
    def lines(self) -> str:
        """The lines of importer.toml that say the same."""
        texts = [ignore_line(self.ignore_columns, {}), text_line(self.line_text)]
        texts += ["", "[columns]"] * bool(self.columns)
        texts += [f"{name} = [{', '.join(map(quoted, headers))}]" for name, headers in self.columns.items()]
        texts += ["", "[constants]", *(f"{name} = {quoted(str(value))}" for name, value in self.constants.items())]
        return "\n".join(texts)


def _words(text: str) -> tuple[str, ...]:
    return tuple(" ".join(text.split()).split(", "))


_CLOCKIFY_HOURS = _words(
    """Dauer (h), Dauer (dezimal), Duración (h), Duración (decimal), Durée (h), Durée (décimal), Duração (h),
    Duração (decimal)"""
)
CLOCKIFY = Preset(
    "clockify",
    "a detailed or summary report of Clockify",
    signatures=(
        (
            "Start Date|Startdatum|Fecha de inicio|Date de début|Data de início",
            f"Duration (h)|Duration (decimal)|{'|'.join(_CLOCKIFY_HOURS)}",
            "User|Benutzer|Usuario|Utilisateur|Usuário|Do utilizador",
        ),
        ("Time (h)", "Time (decimal)"),
    ),
    ignore_columns=_words(
        """Client, Group, Email, Tags, Type, Kiosk, Start Time, End Date, End Time, Date of creation, Approval,
        Approved by, Kunde, Gruppe, Startzeit, Enddatum, Endzeit, Cliente, Grupo, Correo electrónico, Etiquetas, Hora
        de inicio, Fecha de finalización, Hora de finalización, Groupe, Heure de début, Date de fin, Heure de fin,
        Hora de início, Data de término, Data final, Hora de término"""
    ),
    line_text=_words(
        """Date, Start Date, Startdatum, Fecha de inicio, Date de début, Data de início, User, Benutzer, Usuario,
        Utilisateur, Usuário, Do utilizador, Task, Activity, Aufgabe, Tarea, Tarefa, Description, Beschreibung,
        Descripción, Descrição"""
    ),
    columns={
        "workspace": ("Projeto",),
        "amount": ("Billable Amount", "Rechnungsbetrag", "Valor Faturável"),
        "billable": ("Faturável",),
        "hours": _CLOCKIFY_HOURS,
        "rate": ("Abrechenbarer Tarif", "Taxa Faturável"),
        "invoiced_on": ("Invoice ID",),
    },
)
TOGGL = Preset(
    "toggl",
    "a detailed report of Toggl Track",
    signatures=(("Start date", "Start time", "Duration", "Description"),),
    ignore_columns=_words(
        "Email, Client, Start time, End date, End time, Stop date, Stop time, Duration, Tags",
    ),
    line_text=("Start date", "User", "Member", "Task", "Description"),
)
HARVEST = Preset(
    "harvest",
    "a detailed time report or an expense report of Harvest",
    signatures=(("Date", "Hours", "Task", "First Name", "Last Name"), ("Date", "Category", "Amount", "First name")),
    ignore_columns=_words(
        """Client, Project Code, Approved?, Roles, Teams, Employee?, Employee Id, Email, Cost Rate, Cost Amount,
        External Reference URL, Started At, Ended At, Units, Reimbursable"""
    ),
    line_text=("Date", "First Name + Last Name", "Task", "Category", "Notes"),
    columns={"amount": ("Billable Amount",), "hours": ("Hours Rounded", "Rounded Hours")},
)
PRESETS: dict[str, Preset] = {preset.name: preset for preset in (CLOCKIFY, TOGGL, HARVEST)}

OTHERS: tuple[tuple[Signature, str], ...] = (
    (
        ("Delivery Element", "Engagement Task|TimeEntry Id|Entry Units"),
        "an export of Kantata SX, which is another product: its ids are not those of Kantata OX",
    ),
    (
        ("Billability", "Tracked (h)", "Project members"),
        "the list of projects of Clockify, with sums that no invoice should hold; export the detailed report",
    ),
)
"""Layouts that look like rows to bill and are none, and what they are."""


def _key(header: str) -> str:
    return bare(without_currency(header)[0])


def lacking(headers: Iterable[str], signature: Signature) -> list[str]:
    """What the headers lack of a signature."""
    present = set(map(_key, headers))
    return [names for names in signature if present.isdisjoint(map(bare, names.split("|")))]


def alike(headers: Sequence[str]) -> list[Preset]:
    """The presets whose layout the headers have."""
    found = []
    for preset in PRESETS.values():
        if not all(lacking(headers, signature) for signature in preset.signatures):
            found.append(preset)
    return found


def other_layout(headers: Sequence[str]) -> str | None:
    """What the headers say of a sheet that is no list of rows to bill; None for any other sheet."""
    for signature, meaning in OTHERS:
        if not lacking(headers, signature):
            return meaning
    return None


# --- put below the settings -----------------------------------------------------------

PUT_TOGETHER = ("columns", "ignore_columns", "line_text", "constants")
"""Settings that a preset adds to."""


def with_preset(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with the lines of the preset that they name; what the user says of a header or column holds."""
    preset = PRESETS.get(str(given.get("preset")))
    columns, ignored = given.get("columns", {}), given.get("ignore_columns", [])
    if preset is None or not isinstance(columns, dict) or not isinstance(ignored, list):
        return dict(given)

    own = _headers_in(ignored, *columns.values())
    text = [part for part in preset.line_text if own.isdisjoint(_headers_in([part]))]
    own |= _headers_in(given.get("line_text"))
    of_preset = {name: _without(own, headers) for name, headers in preset.columns.items()}
    constants = given.get("constants", {})
    if isinstance(constants, dict):
        constants = {**preset.constants, **constants}
    return {
        **given,
        "columns": of_preset | columns,
        "ignore_columns": [*ignored, *_without(own, preset.ignore_columns)],
        "line_text": given.get("line_text", text),
        "constants": constants,
    }


def _headers_in(*lists: object) -> set[str]:
    """The folded headers of lists of settings, which may not be sound yet."""
    parts = itertools.chain.from_iterable(value for value in lists if isinstance(value, list))
    return set(map(fold, itertools.chain.from_iterable(str(part).split(PLUS) for part in parts)))


def _without(own: set[str], headers: Iterable[str]) -> list[str]:
    return [header for header in headers if fold(header) not in own]
