"""``invoice-importer template``: write an empty import workbook, or one that is prefilled with a month's open work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from importer.commands.ending import command
from importer.commands.next_steps import command_line, next_step
from importer.commands.options import AccountPlace
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importer.flow.month import Month, MonthWish

DEFAULT_PATH = Path("invoices.xlsx")
_MONTH = re.compile(r"[12]\d{3}-(?:0[1-9]|1[0-2])")


@command
def template(  # noqa: PLR0913 - one argument per option
    *,
    path: Annotated[
        Path | None,
        typer.Argument(
            help=f"File to write: .xlsx or .csv. Default: {DEFAULT_PATH} in this folder.",
            show_default=False,
        ),
    ] = None,
    from_kantata: Annotated[
        bool, typer.Option("--from-kantata", help="Prefill it with what is open in Kantata in the month.")
    ] = False,
    month: Annotated[str | None, typer.Option("--month", help="Month of the work, such as 2026-10.")] = None,
    projects: Annotated[
        str | None, typer.Option("--projects", help="Only these projects: ids with commas between them.")
    ] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="Only projects that bill in it: EUR.")] = None,
    place: AccountPlace,
) -> ExitCode:
    """Write an empty import workbook, or a CSV file, to be filled with invoice rows; or a month's open work."""
    from importer.model.visible import visible
    from importer.template.write import write

    target = path or DEFAULT_PATH
    lines: Iterable[str] = ()
    if from_kantata:
        wish = _wish(month, projects, currency)
        lines = _prefill(target, wish, place)
    else:
        _refuse_without(month=month, projects=projects, currency=currency)
        write(target)
    typer.echo(f"Written: {visible(str(target))}")
    for line in lines:
        typer.echo(visible(line), err=True)
    next_step(f"{_ADVICE[from_kantata]}, then {command_line('preview', target, place=place)}")
    return ExitCode.DONE


_ADVICE = {False: "fill it in", True: "look it through"}


def _refuse_without(**values: str | None) -> None:
    from importer.model.errors import WrongUse

    for name, value in values.items():
        if value is not None:
            msg = f"--{name} says which work of Kantata is wanted, but --from-kantata is missing."
            raise WrongUse(msg, "Add --from-kantata, or leave it out.", code="template.month")


def _wish(month: str | None, projects: str | None, currency: str | None) -> MonthWish:
    """What was typed. Raises WrongUse."""
    from importer.flow.month import MonthWish
    from importer.model.errors import WrongUse

    if month is None or not _MONTH.fullmatch(month):
        msg = "--from-kantata needs a month, such as --month 2026-10."
        raise WrongUse(msg, "Type the year, a hyphen, and the month in two digits.", code="template.month")
    code = currency.strip().upper() if currency else None
    return MonthWish(month, _ids(projects), code)


def _ids(projects: str | None) -> tuple[int, ...]:
    """The ids of projects that were typed; none: all projects. Raises WrongUse."""
    from importer.model.errors import WrongUse

    if projects is None:
        return ()
    words = [word.strip() for word in projects.split(",")]
    if not all(word.isascii() and word.isdecimal() for word in words):
        msg = f"--projects takes ids of projects with commas between them, not “{projects}”."
        raise WrongUse(msg, "Type them as in --projects 101,102.", code="template.month")
    return tuple(map(int, words))


def _prefill(target: Path, wish: MonthWish, place: AccountPlace) -> Iterator[str]:
    """Write the workbook of a month; what is in it, line by line."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from importer.commands.options import RunPlace
    from importer.commands.session import opened
    from importer.flow.month import month_of_work
    from importer.reporting.screen import Screen
    from importer.template.month import month_workbook
    from importer.template.write import create, refuse_existing

    refuse_existing(target)
    talk = Screen(stderr=True)
    run_place = RunPlace(profile=place.profile, config=place.config, sandbox=place.sandbox)
    shown = (SpinnerColumn(), TextColumn("Reading Kantata: {task.completed:,.0f} records"), TimeElapsedColumn())
    with (
        opened(run_place, talk, offline=False) as session,
        Progress(*shown, console=talk, disable=not talk.is_terminal, transient=True) as bar,
    ):
        task = bar.add_task("", total=None)
        month = month_of_work(wish, session.tools, session.connect(), lambda count: bar.advance(task, count))
    create(target, month_workbook(month, session.settings.columns))
    return _lines(month)


def _lines(month: Month) -> Iterator[str]:
    from importer.model.open_items import in_words
    from importer.model.words import count_of

    projects = len({item.workspace_id for item in month.items})
    if month.items:
        yield f"In the list: {in_words(month.items)}, of {count_of(projects, 'project')}."
    else:
        yield f"Nothing of {month.month} can be billed: the list is empty."
    if month.waiting:
        yield f"Open, but not in the list: {in_words(month.waiting)}; the sheet “Not in the list” says why."
    if month.fees:
        fees = count_of(len(month.fees), "fixed fee")
        yield f"The sheet “Fixed fees” has {fees} of batch {month.fees_of}, to be copied."
    if month.items or month.fees:
        yield "Invoice date is empty: fill it in, or Kantata dates each invoice with the day on which it is created."
    yield from month.remarks
    unknown = {item.workspace_id for item in month.items} - month.days.keys()
    if unknown:
        names = ", ".join(map(str, sorted(unknown)[:8]))
        yield f"Net days are blank for {count_of(len(unknown), 'project')} ({names}): fill them in."
