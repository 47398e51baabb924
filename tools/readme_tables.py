"""Write the tables of README.md that are made from the code."""

from __future__ import annotations

from pathlib import Path

from importer.model.columns import COLUMNS, Level
from importer.model.invoices import ItemType
from importer.settings.model import Settings

README = Path(__file__).parent.parent / "README.md"


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


def settings_table() -> str:
    """Every setting with its default and meaning."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        shown = "none" if default is None or default in ("", {}, []) else f"`{_toml(default)}`"
        lines.append(f"| `{name}` | {shown} | {field.description} |")
    return "\n".join(lines)


def renewed(text: str) -> str:
    """The README with its generated tables as the code has them now."""
    for name, table in (("columns", column_table()), ("settings", settings_table())):
        begin, end = f"<!-- {name}: begin (make readme) -->", f"<!-- {name}: end -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
    return text


def _needed(types: frozenset[ItemType]) -> str:
    if not types:
        return ""
    return "yes" if types == frozenset(ItemType) else ", ".join(t.value for t in ItemType if t in types)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
