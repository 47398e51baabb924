"""What is wrong between invoices: a number or a reference twice, keys that look alike, a key that was forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from importer.columns import BY_NAME
from importer.group.rows import REFERENCE, TRIPLE, Rows, merged, named, problem_at, shown
from importer.problems import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from importer.problems import Problem
    from importer.sheet import Sheet


def clashes(groups: list[Rows], sheet: Sheet) -> Iterable[tuple[Problem, tuple[int, int]]]:
    """One invoice number, or one external reference, on two invoices."""
    yield from _clash(groups, sheet, "user_invoice_number", lambda values: values.get("user_invoice_number"))
    yield from _clash(
        groups,
        sheet,
        REFERENCE + "service_model_ref",
        lambda values: (
            tuple(values[REFERENCE + name] for name in TRIPLE)
            if all(REFERENCE + name in values for name in TRIPLE)
            else None
        ),
    )


def _clash(
    groups: list[Rows],
    sheet: Sheet,
    name: str,
    identity: Callable[[dict[str, Any]], object],
) -> Iterable[tuple[Problem, tuple[int, int]]]:
    seen: dict[object, int] = {}
    for number, rows in enumerate(groups):
        values = merged(rows)
        mark = identity(values)
        if mark is None:
            continue
        first = seen.setdefault(mark, number)
        if first != number:
            here, there = (next(ln.row for ln in g.lines if name in ln.invoice_values) for g in (rows, groups[first]))
            title = BY_NAME[name].title
            message = (
                f"{title} {shown(values[name])} stands on two invoices: here on {named(rows)}, and in "
                f"{sheet.address(name, there)} on {named(groups[first])}."
            )
            hint = f"Give each invoice its own {title.lower()}, or leave it empty."
            yield problem_at(sheet, name, here, "duplicate", message, hint, values[name]), (first, number)


def alike_keys(groups: list[Rows], sheet: Sheet) -> Iterable[Problem]:
    """Two keys that differ only in case or blanks: perhaps one invoice was meant."""
    seen: dict[str, Rows] = {}
    for rows in groups:
        if rows.key is None:
            continue
        first = seen.setdefault("".join(rows.key.casefold().split()), rows)
        if first.key != rows.key:
            yield problem_at(
                sheet,
                "invoice_key",
                rows.first,
                "looks_alike",
                f"The invoice keys “{rows.key}” and “{first.key}” (row {first.first}) differ only in case or blanks; "
                "they form two invoices.",
                "Write them alike if they are meant to be one invoice.",
                rows.key,
                Severity.WARNING,
            )


def forgotten_keys(groups: list[Rows], sheet: Sheet) -> Iterable[Problem]:
    """Rows without a key beside keyed rows of the same project: one more invoice, perhaps not meant."""
    keyed: dict[int, Rows] = {}
    for rows in groups:
        if rows.key is not None:
            for line in rows.lines:
                if line.workspace_id is not None:
                    keyed.setdefault(line.workspace_id, rows)
    for rows in groups:
        other = keyed.get(rows.lines[0].workspace_id or 0) if rows.key is None else None
        if other is not None:
            yield problem_at(
                sheet,
                "invoice_key",
                rows.first,
                "missing_here",
                f"Project {rows.lines[0].workspace_id} has rows with the key “{other.key}” and rows without one; those "
                "without form an invoice of their own.",
                "Give these rows a key too, unless that is meant.",
                None,
                Severity.WARNING,
            )
