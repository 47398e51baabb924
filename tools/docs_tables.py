"""Write the tables of the documentation that are made from the code: ``make docs``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.main import get_command

from importer.cli import app
from importer.model.check_only import CHECK_ONLY
from importer.model.columns import COLUMNS, Level
from importer.model.invoices import ItemType
from importer.model.messages import SECTIONS
from importer.model.problems import Severity
from importer.settings.model import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

FIELD = re.compile(r"\{(\w+)[^}]*\}")
"""A field of a message's template; the rest of it is how the value is written."""
REFERENCE = Path(__file__).parent.parent / "docs" / "reference"


def column_table() -> str:
    """Every column with its title, other names, rule and place in the request."""
    lines = ["| column | other headers | needed | meaning | example | goes to |", "|---|---|---|---|---|---|"]
    for column in COLUMNS:
        needed = _needed(column.required_for)
        level = "" if column.level is Level.LINE else "*(whole invoice)* "
        names = ", ".join((f"`{column.name}`", *column.aliases))
        lines.append(
            f"| **{column.title}** | {names} | {needed} | {level}{column.meaning} | `{column.example}` "
            f"| {column.api_field} |"
        )
    return "\n".join(lines)


def check_only_table() -> str:
    """Every column that is compared and never sent, with its headers and its rule."""
    lines = ["| column | headers | what a filled cell must say |", "|---|---|---|"]
    for column in CHECK_ONLY:
        lines.append(f"| **{column.title}** | {', '.join(column.headers)} | {column.rule.value} |")
    return "\n".join(lines)


def settings_table() -> str:
    """Every setting with its default and meaning."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        shown = "none" if default is None or default in ("", {}, []) else f"`{_toml(default)}`"
        lines.append(f"| `{name}` | {shown} | {field.description} |")
    return "\n".join(lines)


def command_sections() -> str:
    """Every command with its usage, and its options as ``--help`` explains them."""
    commands = get_command(app).commands  # type: ignore[attr-defined]
    return "\n\n".join(_section(name, command) for name, command in commands.items())


def message_tables() -> str:
    """Every message of the catalogue; words in braces stand for what differs."""
    parts = []
    for title, messages in SECTIONS.items():
        lines = [f"## {title}", "", "| code | it says | how to fix it |", "|---|---|---|"]
        for key, message in messages.items():
            code = key.partition(":")[0].replace("*", "COLUMN")
            kind = " (a warning)" if message.severity is Severity.WARNING else ""
            lines.append(f"| `{code}`{kind} | {_filled(message.what)} | {_filled(message.hint)} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _filled(template: str) -> str:
    """A template of a message on one line, with the names of its fields."""
    return _plain(FIELD.sub(r"{\1}", template).replace("\n", " "))


TABLES: dict[str, tuple[str, Callable[[], str]]] = {
    "columns.md": ("columns", column_table),
    "check-only.md": ("check-only", check_only_table),
    "settings.md": ("settings", settings_table),
    "commands.md": ("commands", command_sections),
    "messages.md": ("messages", message_tables),
}
"""Page in docs/reference/ → name of its generated part, and what makes it."""


def renewed(page: str, text: str) -> str:
    """Return a page with its generated part as the code has it now. Raises ValueError when its marks are gone."""
    name, table = TABLES[page]
    begin, end = f"<!-- {name}: begin (make docs) -->", f"<!-- {name}: end -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        msg = f"{page} has not exactly one {begin} and one {end}"
        raise ValueError(msg)
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n{table()}\n{end}{rest.partition(end)[2]}"


def _section(name: str, command: Any) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    usage = " ".join(("invoice-importer", name, "[OPTIONS]", *map(_argument, arguments)))

    lines = [f"## {name}", "", command.help.strip(), "", f"`{usage}`", "", "| word | meaning |", "|---|---|"]
    lines += [f"| `{_argument(one)}` | {_plain(one.help)} |" for one in arguments]
    lines += [f"| {_option(one)} | {_plain(one.help)} |" for one in options if one.name != "help"]
    return "\n".join(lines)


def _argument(argument: Any) -> str:
    word: str = argument.name.upper()
    return word if argument.required else f"[{word}]"


def _option(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    if option.is_flag:
        return names
    value = option.metavar or option.opts[0].rpartition("-")[2].upper()
    return f"{names} {value}"


def _plain(text: str) -> str:
    return text.replace("\\[", "[").replace("|", "\\|")


def _needed(types: frozenset[ItemType]) -> str:
    if not types:
        return ""
    return "yes" if types == frozenset(ItemType) else ", ".join(t.value for t in ItemType if t in types)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def main() -> None:
    """Renew each page in place."""
    for page in TABLES:
        path = REFERENCE / page
        path.write_text(renewed(page, path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
