"""``invoice-importer submit``: carry the plan out."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from importer.commands.options import (
    Annotate,
    Batch,
    Config,
    Encoding,
    File,
    Json,
    Offline,
    Partial,
    Profile,
    Quiet,
    Reports,
    SandboxFlag,
    SheetName,
    errors_only,
    reporting_errors,
    telling,
    typed,
)
from importer.model.exit_codes import ExitCode
from importer.model.plans import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal
    from types import FrameType

    from rich.console import Console

    from importer.model.plans import PlannedInvoice
    from importer.reporting.report import Report
    from importer.sending.throttle import Stop


@reporting_errors
def submit(  # noqa: PLR0913 - one argument per option or field
    *,
    file: File,
    sheet: SheetName = None,
    batch: Batch = None,
    profile: Profile = None,
    config: Config = None,
    reports: Reports = None,
    encoding: Encoding = None,
    as_json: Json = False,
    quiet: Quiet = False,
    offline: Offline = False,
    sandbox: SandboxFlag = False,
    partial: Partial = False,
    annotate: Annotate = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before sending.")] = False,
    expect_invoices: Annotated[
        int | None,
        typer.Option("--expect-invoices", help="Refuse unless the sheet makes so many invoices."),
    ] = None,
    expect_total: Annotated[
        str | None,
        typer.Option("--expect-total", help="Refuse unless the amounts in the sheet sum up to this."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help="How many invoices are under way at the same time.")
    ] = None,
    allow_repeats: Annotated[
        bool,
        typer.Option("--allow-repeats", help="Also send invoices whose content was billed before."),
    ] = False,
) -> ExitCode:
    """Send the invoices, each exactly once, and write what became of every row."""
    from rich.console import Console

    from importer.commands.session import opened
    from importer.flow.prepared import Wish
    from importer.flow.submit import Hooks
    from importer.flow.submit import submit as send
    from importer.reporting.report import json_text
    from importer.reporting.terminal import show
    from importer.sending.throttle import Stop
    from importer.settings.quantities import expected_amount
    from importer.unattended.handled import why_of

    expected = expected_amount(expect_total)
    wish = Wish(file, sheet, batch, partial, allow_repeats, expect_invoices, expected, annotate)
    talk, stop = Console(stderr=True), Stop()
    bar = _ProgressBar(talk, shown=not (quiet or as_json))
    with (
        opened(
            config=config,
            profile=profile,
            reports=reports,
            encoding=encoding,
            offline=offline,
            sandbox=sandbox,
            console=talk,
            workers=workers,
        ) as session,
        bar,
        _signals(stop) as listen,
    ):

        def confirm(plan: Report) -> None:
            _confirm(plan, yes=yes, talk=talk, production=session.settings.production and not sandbox)
            listen()
            bar.begin(plan)

        report = send(
            wish,
            session.tools,
            Hooks(session.connect, confirm, stop, bar.advance),
        )
    with telling():
        if as_json:
            sys.stdout.write(json_text(report) + "\n")
        elif quiet:
            errors_only(file.name, report.exit_code, why_of(report, by_hand=True))
        else:
            show(report, Console())
    return report.exit_code


def _confirm(plan: Report, *, yes: bool, talk: Console, production: bool) -> None:
    """Ask for a typed yes, in production for the total. Raises GateRefused when it does not come."""
    from importer.model.currency_sums import mixed
    from importer.model.errors import GateRefused
    from importer.model.words import count_of
    from importer.reporting.terminal import show

    if yes:
        return
    if not sys.stdin.isatty():
        msg = "Nothing was sent: without a terminal nobody can be asked."
        raise GateRefused(msg, "Add --yes.", code="gate.yes")
    show(plan, talk)
    ready = plan.totals.by_status[Status.READY]
    amount = plan.totals.amount_by_status[Status.READY]
    several = mixed([one for one in plan.planned if one.status is Status.READY], amount)
    drafts = sum(one.status is Status.READY and one.invoice.draft for one in plan.planned)  # type: ignore[union-attr]
    talk.print(
        f"[bold]{count_of(ready, 'invoice')}[/] ({drafts} as draft) with [bold]{amount:,.2f}[/]"
        f"{f' ({several})' if several else ''} in fixed fees and additional items will be created at {plan.account}.",
        highlight=False,
    )
    if production:
        _ask_for_total(ready, amount, several)
    elif typed("Type yes to send", "Nothing was sent").strip().lower() != "yes":
        msg = "Nothing was sent: you did not type yes."
        raise GateRefused(msg, "Submit again when you are sure.", code="gate.yes")


def _ask_for_total(ready: int, amount: Decimal, several: str | None) -> None:
    """A total must be looked at to be typed. Raises GateRefused when another one is typed."""
    from importer.model.errors import GateRefused

    # Time, expenses and milestones have no amount in the sheet; then the count is what can be compared.
    what, expected = ("total amount in the sheet", f"{amount:.2f}") if amount else ("number of invoices", str(ready))
    of_which = f" ({several})" if several and amount else ""
    answer = typed(f"Production: type the {what} to send{of_which}", "Nothing was sent")
    said = answer.replace(",", "").replace(" ", "")
    if said not in (expected, expected.removesuffix(".00")):
        msg = f"Nothing was sent: you typed {said}, but the {what} is {expected}{of_which}."
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
        self._amount = 0.0
        self._task = self._progress.add_task("Sending", total=0, money="", visible=False)

    def __enter__(self) -> _ProgressBar:  # noqa: PYI034 - returns this very class
        return self

    def __exit__(self, *_exception: object) -> None:
        self._progress.stop()

    def begin(self, plan: Report) -> None:
        """Show the bar, for the invoices that are ready."""
        self._progress.update(self._task, total=plan.totals.by_status.get(Status.READY, 0), visible=True)
        self._progress.start()

    def advance(self, planned: PlannedInvoice) -> None:
        """Count an invoice that now has its answer."""
        if planned.status is Status.CREATED:
            self._amount += float(planned.invoice.amount)  # shown only
        if planned.status in (Status.CREATED, Status.REJECTED, Status.IN_DOUBT, Status.NOT_SENT):
            self._progress.update(self._task, advance=1, money=f"{self._amount:,.2f}")


@contextmanager
def _signals(stop: Stop) -> Iterator[Callable[[], None]]:
    """Give a function that makes the first signal stop the run after the request under way.

    A second signal ends the process at once; the ledger then still says ``sending``.
    """
    names = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in names}

    def handle(number: int, _frame: FrameType | None) -> None:
        # Only what cannot fail: an exception here would break into the request under way.
        for other in names:
            signal.signal(other, signal.SIG_DFL)
        stop(ExitCode.INTERRUPTED if number == signal.SIGINT else ExitCode.TERMINATED)
        with suppress(OSError):  # the terminal may be gone
            os.write(2, b"\nStopping after the requests under way; a second signal ends the program at once.\n")

    def listen() -> None:
        for number in names:
            signal.signal(number, handle)

    try:
        yield listen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
