"""Renew templates/: what the code writes, so that people find it without running anything."""

from __future__ import annotations

import textwrap
from decimal import Decimal
from pathlib import Path

from importer.settings.model import Settings
from importer.settings.secrecy import SECRET
from importer.template.write import template_csv, template_workbook

FOLDER = Path(__file__).parent.parent / "templates"
HEAD = """\
# Settings of invoice-importer. Put this file into the folder where you run it, or into your config folder, or name
# it with --config. Every line shows the default; take the # away from a line to change it.
# A flag or an environment variable IMPORTER_<NAME> overrules it. The access token does not belong here: put it into
# the environment variable KANTATA_TOKEN, or the path of a file that only you can read into KANTATA_TOKEN_FILE.
# Times may be said as "180 s" or "3 min", a pace as "5/s". invoice-importer settings shows what holds, and why.
"""
EXAMPLES = {
    "ledger": '"/home/anna/invoices/ledger.sqlite"',
    "payment_schedule": "30",
    "encoding": '"windows-1252"',
    "not_sent_cells": '"compare"',
    "preset": '"clockify"',
    "workspace_aliases": '"projects.csv"',
    "expect_invoices": "10",
    "expect_total": "12345.50",
    "largest_invoice": "25000",
    "largest_total": "200000",
    "largest_left_out": "500",
    "notify_file": '"/home/anna/.invoice-importer-notices"',
    "heartbeat_url": '"https://hc-ping.example/your-check"',
}
"""Values shown for settings whose default is empty."""
IN_TAIL = frozenset({"columns", "ignore_columns", "line_text", "constants", "values", "workspaces"})
TAIL = """
# Headers of your own that mean nothing to Kantata; copied to the results, without a warning.
#ignore_columns = ["Internal note"]

# Headers whose cells make the text of a line, in this order.
#line_text = ["Date", "First name + Last name", "Task"]

# More headers that mean a column, for sheets that use names of their own.
#[columns]
#workspace_id = ["Client no"]
#notes = ["Leistung"]

# Values for columns that the sheet lacks; a column that it has is never filled.
#[constants]
#item_type = "Fixed fee"
#taxable = true

# Your own words in the cells of a column; an empty text stands for an empty cell.
#[values.item_type]
#"T&M" = "time_entry"
#"Retainer" = "fixed_fee"

# Names that your sheets give to projects in the column Project, and the numbers of the projects that they mean.
#[workspaces]
#"ACME retainer" = 101

# A profile overrules the settings above when you choose it with --profile test (or IMPORTER_PROFILE=test).
#[profile.test]
#base_url = "http://127.0.0.1:8765/api/v1"
#reports = "reports-test"
#[profile.production]
#production = true
"""


def settings_file() -> str:
    """Return importer.toml with every setting, its meaning and its default."""
    parts = [HEAD]
    for name, field in Settings.model_fields.items():
        if name in SECRET or name in IN_TAIL:
            continue
        meaning = textwrap.wrap(str(field.description), initial_indent="# ", subsequent_indent="# ", width=118)
        value = EXAMPLES.get(name) or _toml(field.get_default(call_default_factory=True))
        parts.append("\n".join([*meaning, f"#{name} = {value}\n"]))
    return "\n".join(parts) + TAIL


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float, Decimal)):
        return f"{value:.12g}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"'


def contents() -> dict[str, bytes]:
    """Every generated file of templates/ with its content."""
    return {
        "invoices.xlsx": template_workbook(),
        "invoices.csv": template_csv(),
        "importer.toml": settings_file().encode(),
    }


if __name__ == "__main__":
    for name, content in contents().items():
        (FOLDER / name).write_bytes(content)
