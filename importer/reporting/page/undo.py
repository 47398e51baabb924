"""The page of an undo: what was undone, what was kept and why, what is not known."""

from __future__ import annotations

from pathlib import Path, PurePath

from importer.model.words import count_of, invoice_named, left_out, worth_in_words
from importer.reporting.page.cards import MOST_CARDS
from importer.reporting.page.content import BAD, LOOK, OK, Check
from importer.reporting.page.naming import month
from importer.reporting.page.writing import written
from importer.reporting.workbook.undo import sums, sums_by_group
from importer.sending.undo import Group, Step, Undone

_LOOKS = {Group.UNDONE: OK, Group.KEPT: LOOK, Group.UNKNOWN: BAD}


def write_undo_page(done: Undone, workbook: Path) -> Path | None:
    """Write the page beside the workbook of an undo; return its path, None where that failed."""
    return written(workbook, "undo.html", lambda: content_of(done, workbook))


def content_of(done: Undone, workbook: Path) -> dict[str, object]:
    """What the template of an undo lays out; what is not known comes first."""
    steps = [*done.of(Group.UNKNOWN), *done.of(Group.KEPT), *done.of(Group.UNDONE)]
    checks = []
    for group, look in _LOOKS.items():
        if found := done.of(group):
            checks.append(Check(f"{count_of(len(found), 'invoice')} {group.value}", look))
    return {
        "month": month(done.batch),
        "run_id": done.run_id,
        "undo_id": done.undo_id,
        "workbook": workbook.name,
        "lead": _lead(done),
        "facts": (
            PurePath(done.source).name,
            f"run {done.run_id}",
            f"batch {done.batch}",
            f"{done.started_at:%Y-%m-%d %H:%M}, by {done.who}",
            done.account,
        ),
        "checks": checks,
        "results": sums_by_group(done),
        "steps": [_described(step) for step in steps[:MOST_CARDS]],
        "more": left_out(len(steps), MOST_CARDS, "the workbook lists them all."),
    }


def _lead(done: Undone) -> str:
    undone = done.of(Group.UNDONE)
    if not undone:
        return "Nothing was undone."
    return f"{count_of(len(undone), 'invoice')} undone: {sums(undone)}."


def _described(step: Step) -> tuple[str, str, str, str, str, str]:
    """Name, projects, worth, reason, what to do and group."""
    sent = step.sent
    number = f"invoice {sent.invoice_id}" if sent.invoice_id else "no invoice ID"
    return (
        f"{invoice_named(sent.key, sent.workspace_ids)}, {number}",
        ", ".join(filter(None, sent.titles)),
        worth_in_words(step.total, step.currency, sent.amount) or "amount not known",
        step.reason,
        step.what_to_do or "",
        (step.group or Group.UNKNOWN).value,
    )
