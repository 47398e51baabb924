"""``invoice-importer preview``: the dry run."""

from __future__ import annotations

from importer.commands.ending import command, open_file
from importer.commands.next_steps import after_preview
from importer.commands.options import FileOutput, RunPlace, SheetOptions
from importer.commands.submit import print_report
from importer.model.exit_codes import ExitCode


@command
def preview(*, sheet: SheetOptions, place: RunPlace, output: FileOutput) -> ExitCode:
    """Show what would be billed, with totals and all problems. Sends nothing."""
    from importer.commands.session import opened
    from importer.flow.preview import preview as plan
    from importer.reporting.screen import Screen

    wish = sheet.wish()
    with opened(place, Screen(stderr=True), offline=sheet.offline, **sheet.settings) as session:
        report = plan(wish, session.tools)

    print_report(report, sheet.file.name, output, after_preview(report, sheet, place))
    if output.open_results:
        open_file(report.files.get("page"))
    return report.exit_code
