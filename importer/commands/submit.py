"""``invoice-importer submit``: carry the plan out."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from importer.commands.asking import answer_to, need_terminal, need_yes
from importer.commands.ending import command, errors_only, open_file, print_json
from importer.commands.next_steps import after_submit
from importer.commands.options import FileOutput, Output, RepeatOptions, RunPlace, SheetOptions
from importer.model.exit_codes import ExitCode
from importer.model.plans import Status

if TYPE_CHECKING:
    from rich.console import Console

    from importer.model.plans import ReportedInvoice
    from importer.reporting.report import Report


@command
def submit(  # noqa: PLR0913 - one argument per option
    *,
    sheet: SheetOptions,
    place: RunPlace,
    repeats: RepeatOptions,
    output: FileOutput,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before sending.")] = False,
    expect_invoices: Annotated[
        int | None,
        typer.Option("--expect-invoices", help="Refuse unless there are exactly this many invoices."),
    ] = None,
    expect_total: Annotated[
        str | None,
        typer.Option("--expect-total", help="Refuse unless the amounts in the sheet add up to this."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help="How many invoices are under way at the same time.")
    ] = None,
) -> ExitCode:
    """Send the invoices, each exactly once, and write what became of every row."""
    from importer.commands.session import opened, stopped_by_signals
    from importer.flow.submit import Hooks
    from importer.flow.submit import submit as send
    from importer.reporting.screen import Screen
    from importer.sending.throttle import Stop
    from importer.settings.quantities import expected_amount

    wish = sheet.wish(
        **repeats.wish,
        expect_invoices=expect_invoices,
        expect_total=expected_amount(expect_total),
    )
    talk, stop = Screen(stderr=True), Stop()
    shown: list[Report] = []
    bar = _ProgressBar(talk, shown=not (output.quiet or output.as_json))
    with (
        opened(place, talk, offline=sheet.offline, workers=workers, **sheet.settings) as session,
        bar,
        stopped_by_signals(stop) as listen,
    ):

        def confirm(plan: Report) -> None:
            if not yes:
                shown.append(plan)
                _confirm(plan, talk, production=session.settings.production and not place.sandbox)
            listen()
            bar.begin(plan)

        report = send(wish, session.tools, Hooks(session.connect, confirm, stop, bar.advance))

    next_step = after_submit(report, sheet, place, repeats.words)
    print_report(report, sheet.file.name, output, next_step, seen=shown[-1] if shown else None)
    if output.open_results:
        open_file(report.files.get("page"))
    return report.exit_code


def print_report(report: Report, name: str, output: Output, next_step: str, *, seen: Report | None = None) -> None:
    """Print what was planned or done with the file of that name, and what a person does next.

    ``seen``: the plan that was shown before the question; only what became of it is printed.
    """
    from importer.model.visible import in_one_line
    from importer.reporting.report import to_document
    from importer.reporting.screen import Screen
    from importer.reporting.terminal import show
    from importer.unattended.outcomes import reason_of

    if output.as_json:
        print_json(to_document(report))
    elif output.quiet:
        errors_only(name, report.exit_code, reason_of(report, by_hand=True))
    else:
        console = Screen()
        show(report, console, seen=seen)
        console.print(f"Next: {in_one_line(next_step)}", soft_wrap=True, highlight=False, markup=False)


def _confirm(plan: Report, talk: Console, *, production: bool) -> None:
    """Ask for a typed yes, in production for the total. Raises GateRefused when it does not come."""
    from importer.model.currency_sums import mixed
    from importer.reporting.headline import will_happen
    from importer.reporting.screen import plain
    from importer.reporting.terminal import show

    need_terminal("Nothing was sent")
    show(plan, talk)
    ready = [planned for planned in plan.planned if planned.status is Status.READY]
    amount = plan.totals.amount_by_status[Status.READY]
    talk.print(f"\n[bold]{plain(will_happen(ready))}[/]\nAccount: {plain(plan.account)}", highlight=False)
    if production:
        _ask_for_total(len(ready), amount, mixed(ready, amount))
    else:
        need_yes("Type yes to send", "Nothing was sent", "Submit again when you are sure.")


def _ask_for_total(ready: int, amount: Decimal, several: str | None) -> None:
    """A total must be looked at to be typed. Raises GateRefused when another one is typed."""
    from importer.model.errors import GateRefused

    what, expected, of_which = "total amount in the sheet", f"{amount:.2f}", ""
    if not amount:  # time, expenses and milestones have no amount in the sheet; their count can be compared
        what, expected = "number of invoices", str(ready)
    elif several:
        of_which = f" ({several})"

    typed = answer_to(f"Production: type the {what} to send{of_which}", "Nothing was sent")
    typed = typed.replace(",", "").replace(" ", "")
    if typed not in (expected, expected.removesuffix(".00")):
        msg = f"Nothing was sent: you typed {typed}, but the {what} is {expected}{of_which}."
        raise GateRefused(msg, "Compare the totals with your books, then submit again.", code="gate.yes")


class _ProgressBar:
    """Counts and money while invoices are sent."""

    def __init__(self, console: Console, *, shown: bool) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("Sending"),
            BarColumn(),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} invoices"),
            TextColumn("{task.fields[money]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not (shown and console.is_terminal),
        )
        self._sums: dict[str, Decimal] = {}
        self._task = self._progress.add_task("Sending", total=0, money="", visible=False)

    def __enter__(self) -> _ProgressBar:  # noqa: PYI034 - returns this very class
        return self

    def __exit__(self, *_exception: object) -> None:
        self._progress.stop()

    def begin(self, plan: Report) -> None:
        """Show the bar, for the invoices that are ready."""
        self._progress.update(self._task, total=plan.totals.by_status.get(Status.READY, 0), visible=True)
        self._progress.start()

    def advance(self, planned: ReportedInvoice) -> None:
        """Count an invoice that now has its answer; one that was not sent has none."""
        from importer.model.currency_sums import currency_of
        from importer.model.words import money
        from importer.reporting.headline import worth_of

        if planned.status is Status.CREATED:
            currency = currency_of(planned) or ""
            self._sums[currency] = self._sums.get(currency, Decimal(0)) + (worth_of(planned) or planned.invoice.amount)
        if planned.status in (Status.CREATED, Status.REJECTED, Status.IN_DOUBT):
            created = " · ".join(f"{currency} {money(amount)}".strip() for currency, amount in self._sums.items())
            self._progress.update(self._task, advance=1, money=created)
