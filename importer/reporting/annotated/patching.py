"""Annotate a workbook in place: its own parts, with our marks, comments, answers and first sheet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.model.columns import RESULT_COLUMNS
from importer.model.problems import Severity, cell_address
from importer.reporting.annotated.book import BOOK, earlier_listing, free_name, keeps_macros, put_first, sheets_of
from importer.reporting.annotated.comments import Comments
from importer.reporting.annotated.listing import HEADER_FILL, TITLE, listing
from importer.reporting.annotated.marks import split
from importer.reporting.annotated.package import OFFICE, CannotAnnotate, Package, attributes
from importer.reporting.annotated.styles import Styles
from importer.reporting.annotated.worksheet import LAST_POSITION, Edit, Worksheet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importer.reporting.annotated.marks import Mark, Matter

ANSWER_WIDTHS = (15, 12, 42, 60, 50)
"""Characters."""
MOST_LINKS = 65_530
"""Hyperlinks that Excel allows in one sheet; later ones are plain text."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a row is told, in the five columns at the right of the table."""

    texts: tuple[str, str, str, str, str]
    severity: Severity | None
    """Colour of the status; None for invoices that are done."""


@dataclass(frozen=True)
class Job:
    """All that the copy is to say."""

    sheet: str
    """Name of the sheet with the rows."""
    header_row: int
    width: int
    """Columns of the table."""
    added: frozenset[int]
    """Positions of the answers of an earlier copy."""
    marks: Mapping[str, Mark]
    answers: Mapping[int, Answer]
    """Row → its answer; empty after a preview."""
    matters: Sequence[Matter]
    facts: Sequence[tuple[str, str]]
    how: str
    """A line how to go on."""


@dataclass(frozen=True, slots=True)
class Patched:
    """A workbook with our marks."""

    package: Package
    suffix: str
    """``.xlsm`` when it holds macros."""
    answers: range
    """Positions of the columns with the answers."""


def patched(data: bytes, job: Job) -> Patched:
    """The workbook with everything that the job says. Raises CannotAnnotate."""
    package = Package(data)
    sheets = sheets_of(package)
    if job.sheet not in sheets:
        raise CannotAnnotate("its sheet was not found")
    part, look = sheets[job.sheet], package.related(BOOK, "styles")
    if look is None:
        raise CannotAnnotate("it has no formats")
    styles = Styles(package.read(look))
    sheet = Worksheet(package.read(part), styles)
    marks = _anchored(job.marks, sheet.anchors())
    answers = _place(package, part, sheet, job)
    sheet.edit(_edits(job, marks, answers, styles))
    if answers:
        _link(package, part, sheet, job, answers)
        sheet.widen(dict(zip(answers, ANSWER_WIDTHS, strict=True)))
    Comments(package, part, sheet).replace({address: mark.comment for address, mark in marks.items()})
    package.put(part, sheet.xml)
    name = earlier_listing(package) or free_name(list(sheets), TITLE)
    put_first(package, listing(job.facts, job.matters, styles, sheets.keys() - {name}, job.how), name)
    package.put(look, styles.xml())
    return Patched(package, ".xlsm" if keeps_macros(package) else ".xlsx", answers)


def _anchored(marks: Mapping[str, Mark], anchors: Mapping[str, str]) -> dict[str, Mark]:
    """A cell inside a merged range cannot show anything: its first cell does."""
    found: dict[str, Mark] = {}
    for address, mark in marks.items():
        first = found.setdefault(anchors.get(address, address), mark)
        if first is not mark:
            first.texts += mark.texts
    return found


def _place(package: Package, part: str, sheet: Worksheet, job: Job) -> range:
    """Where the answers go: where they were, else right of the table, where nothing stands and no Excel table is."""
    if not job.answers:
        return range(0)
    count = len(RESULT_COLUMNS)
    start = min(job.added) if len(job.added) == count else min(job.added, default=job.width)
    if len(job.added) == count:
        return range(start, start + count)
    tables = _tables(package, part, job.header_row)
    while True:
        place = range(start, start + count)
        if place.stop > LAST_POSITION:
            return range(0)
        others = [at for at in place if at not in job.added]
        if not any(at in table for at in place for table in tables) and not sheet.filled(others, job.header_row):
            return place
        start += 1


def _tables(package: Package, part: str, header_row: int) -> list[range]:
    """Columns of the Excel tables that reach below the header."""
    found = []
    for word, target in package.relations(part).values():
        if word == "table":
            xml = package.read(target)
            table = re.search(r"<(?:[\w.-]+:)?table\b[^>]*>", xml)
            first, _, last = attributes(table[0] if table else "").get("ref", "").partition(":")
            (_, left), (bottom, right) = split(first), split(last or first)
            if bottom >= header_row:
                found.append(range(left, right + 1))
    return found


def _edits(job: Job, marks: Mapping[str, Mark], answers: range, styles: Styles) -> dict[int, dict[int, Edit]]:
    edits: dict[int, dict[int, Edit]] = {}
    if answers:
        head, plain = styles.look(bold=True, fill=HEADER_FILL), styles.look()
        colours = {one: styles.marked(plain, one) for one in Severity} | {None: plain}
        cleared = {at: Edit(text="") for at in job.added if at not in answers}
        titles = {at: Edit(text=name, style=head) for at, name in zip(answers, RESULT_COLUMNS, strict=True)}
        edits[job.header_row] = cleared | ({} if len(job.added) == len(titles) else titles)
        for row, answer in job.answers.items():
            looks = (colours[answer.severity], plain, plain, plain, plain)
            new = (Edit(text=text, style=style) for text, style in zip(answer.texts, looks, strict=True))
            edits[row] = cleared | dict(zip(answers, new, strict=True))
    for address, mark in marks.items():
        row, at = split(address)
        if row and at not in answers:
            edits.setdefault(row, {})[at] = Edit(mark=mark.severity)
    return edits


def _link(package: Package, part: str, sheet: Worksheet, job: Job, answers: range) -> None:
    """Make the links to invoices clickable; many rows share one."""
    column = answers[RESULT_COLUMNS.index("invoice_link")]
    linked = {row: link for row, answer in job.answers.items() if (link := answer.texts[2])}
    addresses = list(dict.fromkeys(linked.values()))
    base = package.free_id(part)
    names = {address: f"{base}_{number}" for number, address in enumerate(addresses)}
    if names:
        package.relate(part, {names[address]: address for address in addresses}, "hyperlink", external=True)
    links = {cell_address(column, row): names[address] for row, address in list(linked.items())[:MOST_LINKS]}
    sheet.link(links, answers, OFFICE)
