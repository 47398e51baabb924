"""``invoice-importer template``: write an empty import workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from importer.commands.ending import command
from importer.commands.next_steps import command_line, next_step
from importer.model.exit_codes import ExitCode

DEFAULT_PATH = Path("invoices.xlsx")


@command
def template(
    *,
    path: Annotated[
        Path | None,
        typer.Argument(
            help=f"File to write: .xlsx or .csv. Default: {DEFAULT_PATH} in this folder.",
            show_default=False,
        ),
    ] = None,
) -> ExitCode:
    """Write an empty import workbook, or a CSV file, to be filled with invoice rows."""
    from importer.model.visible import visible
    from importer.template.write import write

    written = write(path or DEFAULT_PATH)
    typer.echo(f"Written: {visible(str(written))}")
    next_step(f"fill it in, then {command_line('preview', written)}")
    return ExitCode.DONE
