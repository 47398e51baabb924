"""How a command ends: its exit code, its log, and a sentence instead of a traceback where it cannot go on."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from datetime import datetime
from decimal import Decimal
from functools import wraps
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from importer.commands.next_steps import advice, file_words, map_of, next_step
from importer.commands.options import Place, SheetOptions, expanded, grouped
from importer.commands.streams import lost_output
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.model.errors import ImporterError

LOG = logging.getLogger(__name__)
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say on stderr what is being done.")]


def command(function: Callable[..., ExitCode]) -> Callable[..., None]:
    """Make a function a command: option groups taken apart, its exit code, its log, and ``--verbose``.

    An expected failure ends with a sentence instead of a traceback.
    """

    @wraps(function)
    def run(**values: Any) -> None:  # noqa: ANN401 - what Typer hands over
        from importer.settings.log import logging_to_file

        verbose, began = bool(values.pop("verbose", False)), time.monotonic()
        with logging_to_file(function.__name__, verbose=verbose, quiet=bool(values.get("quiet"))):
            LOG.info("%s began", function.__name__, extra={"file": values.get("file")})
            code = _exit_code_of(function, values)
            spent = round((time.monotonic() - began) * 1000)
            LOG.info(
                "%s ended with exit code %d",
                function.__name__,
                code,
                extra={"exit_code": int(code), "duration_ms": spent},
            )
        raise typer.Exit(int(code))

    known = expanded(function)
    verbose = Parameter("verbose", Parameter.KEYWORD_ONLY, default=False, annotation=Verbose)
    vars(run)["__signature__"] = known.replace(parameters=[*known.parameters.values(), verbose])
    return run


def _exit_code_of(function: Callable[..., ExitCode], values: dict[str, Any]) -> ExitCode:
    from importer.model.errors import ImporterError

    name, as_json, path = function.__name__, bool(values.get("as_json")), values.get("file")
    arguments: dict[str, Any] = {}
    try:
        arguments = grouped(function, values)
        return _code_with_output(function(**arguments), arguments)
    except ImporterError as error:
        LOG.error("%s", error.message, extra={"shown": True, "exit_code": int(error.exit_code)})  # noqa: TRY400
        _complete(error, arguments)
        asks = _asks_about_headers(error, arguments)
        report_error(error, name, as_json=as_json, path=path)
        if asks and not as_json and not values.get("quiet"):
            next_step(f"{asks} asks what your headers mean; or correct the file.")
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):  # Ctrl-C; an Abort is an Exception
        not_done = _NOT_DONE.get(name)
        sys.stderr.write(f"\nStopped; {not_done}.\n" if not_done else "\nStopped.\n")
        return ExitCode.INTERRUPTED
    except Exception as error:
        LOG.exception("Unexpected error in the program.", extra={"shown": True})
        report_error(_crashed(error), name, as_json=as_json, path=path)
        return ExitCode.UNEXPECTED


def _code_with_output(code: ExitCode, arguments: dict[str, Any]) -> ExitCode:
    """The exit code of a command that has done its work: not 0 when what it says of that is lost."""
    from importer.model.errors import ImporterError
    from importer.model.messages import error

    why = lost_output()
    if not why:
        return code
    lost = error(ImporterError, "program.output_lost", why=why)
    LOG.error("%s", lost.message, extra={"shown": True})
    _complete(lost, arguments)
    report_error(lost, "", as_json=False, path=None)
    return ExitCode.UNEXPECTED if code is ExitCode.DONE else code


def _complete(error: ImporterError, arguments: dict[str, Any]) -> None:
    """Give the commands that an error advises the options that were given, and the file."""
    place, sheet, file = arguments.get("place"), arguments.get("sheet"), arguments.get("file")
    if isinstance(place, Place):
        words: tuple[str, ...] = () if file is None else (str(file),)
        if isinstance(sheet, SheetOptions):
            words = file_words(sheet)
        error.message = advice(error.message, place, words)
        error.hint = advice(error.hint or "", place, words)


def _asks_about_headers(error: ImporterError, arguments: dict[str, Any]) -> str | None:
    """The command that asks what the headers of the file mean, where no header row was found."""
    sheet = arguments.get("sheet")
    if error.code != "header.missing" or not isinstance(sheet, SheetOptions):
        return None
    return map_of(sheet, arguments["place"])


_NOT_DONE = {
    "submit": "nothing was sent",
    "run": "nothing was sent",
    "preview": "nothing was sent",
    "undo": "nothing was undone",
    "approve": "nothing was approved",
    "probe": "nothing was created",
}
"""What a command that was broken off has not done."""


def print_json(document: object) -> None:
    """Print the one JSON document of ``--json`` on stdout."""
    from importer.kantata.payload import to_json
    from importer.model.visible import visible

    sys.stdout.write(visible(to_json(document, indent=2)) + "\n")


def open_file(path: Path | None) -> None:
    """Open a workbook with the program that the system has for it; that there is none is no failure."""
    if path is not None and typer.launch(str(path)):
        sys.stderr.write(f"{path} could not be opened here.\n")


def errors_only(name: str, exit_code: ExitCode, reason: str) -> None:
    """Say under ``--quiet`` in one line on stderr what did not go well, since an exit code alone explains nothing."""
    from importer.model.visible import visible
    from importer.settings.redaction import redacted

    if exit_code is not ExitCode.DONE:
        sys.stderr.write(redacted(visible(" ".join(f"{name}: {reason}".split()))) + "\n")


def report_error(error: ImporterError, command: str, *, as_json: bool, path: object) -> None:
    """Say on stderr what stopped the command; with ``--json`` also as a document on stdout."""
    from importer.model.visible import in_one_line, visible
    from importer.settings.redaction import redacted

    sys.stderr.write(redacted(f"Error: {in_one_line(error.message)}\n"))
    if error.hint:
        sys.stderr.write(redacted(f"       {visible(error.hint)}\n"))
    if as_json:
        sys.stdout.write(redacted(visible(_error_document(error, command, path))) + "\n")


def _crashed(error: Exception) -> ImporterError:
    """Keep the traceback in a file of the owner, and say where."""
    import platformdirs

    from importer.model.errors import ImporterError
    from importer.model.visible import visible
    from importer.settings.private_files import create_private
    from importer.settings.redaction import redacted

    folder = Path(platformdirs.user_log_dir("invoice-importer", appauthor=False))
    hint = "Run invoice-importer history to see what was sent; it is safe to submit again: nothing is sent twice."
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = folder / f"crash-{datetime.now().astimezone():%Y%m%d-%H%M%S}.txt"
        create_private(file, redacted(visible("".join(traceback.format_exception(error)))).encode())
        hint = f"{hint} Please report this with {file}."
    except OSError:
        hint = f"{hint} Please report this."
    return ImporterError(f"Unexpected error in the program ({type(error).__name__}).", hint)


def _error_document(error: ImporterError, command: str, path: object) -> str:
    from importer.kantata.payload import to_json
    from importer.reporting.report import SCHEMA_VERSION

    return to_json(
        {
            "schema_version": SCHEMA_VERSION,
            "command": command,
            "run_id": None,
            "batch": None,
            "exit_code": int(error.exit_code),
            "source": {"path": None if path is None else str(path), "sheet": None, "sha256": None, "rows": 0},
            "totals": {"rows": 0, "invoices": 0, "amount": f"{Decimal(0):.2f}", "by_status": {}},
            "invoices": [],
            "problems": [
                {
                    "severity": "error",
                    "code": error.code,
                    "sheet": None,
                    "cell": None,
                    "row": None,
                    "column": None,
                    "value": None,
                    "message": error.message,
                    "hint": error.hint,
                },
            ],
            "notices": [],
            "files": {},
        },
        indent=2,
    )
