"""``invoice-importer preview``: the dry run."""

from __future__ import annotations

import sys

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
)
from importer.model.exit_codes import ExitCode


@reporting_errors
def preview(  # noqa: PLR0913 - one argument per option or field
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
) -> ExitCode:
    """Show what would be billed, with totals and all problems. Sends nothing."""
    from rich.console import Console

    from importer.commands.session import opened
    from importer.flow.prepared import Wish
    from importer.flow.preview import preview as make_preview
    from importer.reporting.report import json_text
    from importer.reporting.terminal import show
    from importer.unattended.handled import why_of

    with opened(
        config=config,
        profile=profile,
        reports=reports,
        encoding=encoding,
        offline=offline,
        sandbox=sandbox,
        console=Console(stderr=True),
    ) as session:
        report = make_preview(Wish(file, sheet, batch, partial, annotate=annotate), session.tools)
    with telling():
        if as_json:
            sys.stdout.write(json_text(report) + "\n")
        elif quiet:
            errors_only(file.name, report.exit_code, why_of(report, by_hand=True))
        else:
            show(report, Console())
    return report.exit_code
