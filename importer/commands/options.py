"""Options that several commands share, and how a command ends when it cannot go on."""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer

from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from importer.model.errors import ImporterError

P = ParamSpec("P")
LOG = logging.getLogger(__name__)

File = Annotated[Path, typer.Argument(help="Workbook (Excel, OpenDocument) or CSV with one row per line item.")]
SheetName = Annotated[str | None, typer.Option("--sheet", help="Sheet to read, when several could be meant.")]
Batch = Annotated[
    str | None,
    typer.Option("--batch", help="Name of the billing period; default: the month of the invoice dates."),
]
Profile = Annotated[str | None, typer.Option("--profile", help=r"Section \[profile.NAME] of importer.toml to use.")]
Config = Annotated[Path | None, typer.Option("--config", help="Settings file; default: importer.toml.")]
Encoding = Annotated[
    str | None,
    typer.Option("--encoding", help="Encoding of a CSV without a mark, such as windows-1252; default: UTF-8."),
]
Reports = Annotated[Path | None, typer.Option("--reports", help="Folder for the results; default: reports.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Tell on stderr what is being done.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
Offline = Annotated[
    bool,
    typer.Option(
        "--offline",
        help="Do not ask Kantata before sending: neither for earlier invoices nor to check projects and items.",
    ),
]
SandboxFlag = Annotated[
    bool,
    typer.Option("--sandbox", help="Use a stand-in Kantata on this machine; nothing reaches the real one."),
]
Annotate = Annotated[
    bool | None,
    typer.Option(
        "--annotate/--no-annotate", help="Write a copy of the file with each wrong cell marked; default: when needed."
    ),
]
Partial = Annotated[bool, typer.Option("--partial", help="Send the sound invoices although others have problems.")]


@contextmanager
def telling() -> Iterator[None]:
    """Print the outcome. When nobody reads any more (``| head``), it is in the workbook all the same."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python fails again at its end


def errors_only(name: str, exit_code: ExitCode, why: str) -> None:
    """Say under ``--quiet`` what did not go well, in one line on stderr: an exit code alone tells nobody anything."""
    from importer.settings.redaction import redacted

    if exit_code is not ExitCode.DONE:
        sys.stderr.write(redacted(" ".join(f"{name}: {why}".split())) + "\n")


def reporting_errors(command: Callable[P, ExitCode]) -> Callable[P, None]:
    """Make a command end with its exit code, and an expected failure with a sentence instead of a traceback.

    It also gets the option ``--verbose``, and its log.
    """

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from importer.settings.log import logging_to_file

        verbose, began = bool(kwargs.pop("verbose", False)), time.monotonic()
        with logging_to_file(command.__name__, verbose=verbose, quiet=bool(kwargs.get("quiet"))):
            LOG.info("%s began", command.__name__, extra={"file": kwargs.get("file")})
            code = _ended(command, *args, **kwargs)
            spent = round((time.monotonic() - began) * 1000)
            LOG.info(
                "%s ended with exit code %d",
                command.__name__,
                code,
                extra={"exit_code": int(code), "duration_ms": spent},
            )
        raise typer.Exit(int(code))

    verbose = Parameter("verbose", Parameter.KEYWORD_ONLY, default=False, annotation=Verbose)
    known = signature(command, eval_str=True)  # the annotations hold the options; Typer cannot evaluate them here
    vars(run)["__signature__"] = known.replace(parameters=[*known.parameters.values(), verbose])
    return run


def _ended(command: Callable[P, ExitCode], *args: P.args, **kwargs: P.kwargs) -> ExitCode:
    from importer.model.errors import ImporterError

    as_json, path = bool(kwargs.get("as_json")), kwargs.get("file")
    try:
        return command(*args, **kwargs)
    except ImporterError as error:
        LOG.error("%s", error.message, extra={"told": True, "exit_code": int(error.exit_code)})  # noqa: TRY400
        report_error(error, command.__name__, as_json=as_json, path=path)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):  # Ctrl-C; an Abort is an Exception
        undone = _NOT_DONE.get(command.__name__)
        sys.stderr.write(f"\nStopped; {undone}.\n" if undone else "\nStopped.\n")
        return ExitCode.INTERRUPTED
    except Exception as error:
        LOG.exception("Unexpected error in the program.", extra={"told": True})
        report_error(_crashed(error), command.__name__, as_json=as_json, path=path)
        return ExitCode.UNEXPECTED


_NOT_DONE = {
    "submit": "nothing was sent",
    "run": "nothing was sent",
    "preview": "nothing was sent",
    "undo": "nothing was undone",
    "approve": "nothing was approved",
}
"""What a command that was broken off has not done."""


def typed(question: str, not_done: str) -> str:
    """Return what a person types. Raises StoppedAtQuestion for Ctrl-C or Ctrl-D.

    ``not_done``: what then was not done, as the beginning of a sentence.
    """
    from importer.model.errors import StoppedAtQuestion

    try:
        answer: str = typer.prompt(question, err=True)
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("\n")
        msg = f"{not_done}: you stopped it at the question."
        raise StoppedAtQuestion(msg, "Run it again when you are sure.") from None
    return answer


def report_error(error: ImporterError, command: str, *, as_json: bool, path: object) -> None:
    """Say on stderr what stopped the command; with ``--json`` also as a document on stdout."""
    from importer.settings.redaction import redacted

    sys.stderr.write(redacted(f"Error: {error.message}\n"))
    if error.hint:
        sys.stderr.write(redacted(f"       {error.hint}\n"))
    if as_json:
        sys.stdout.write(redacted(_error_document(error, command, path)) + "\n")


def _crashed(error: Exception) -> ImporterError:
    """Keep the traceback in a file of the owner, and say where."""
    import platformdirs

    from importer.model.errors import ImporterError
    from importer.settings.redaction import redacted

    folder = Path(platformdirs.user_log_dir("invoice-importer", appauthor=False))
    hint = "Run invoice-importer history to see what was sent; submitting again repeats nothing."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"crash-{datetime.now().astimezone():%Y%m%d-%H%M%S}.txt"
        file.write_text(redacted("".join(traceback.format_exception(error))), encoding="utf-8")
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
