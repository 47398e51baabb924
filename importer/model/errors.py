"""What can stop a run, grouped by what happens next.

Wrong data in the sheet is a value (:class:`importer.model.problems.Problem`) and is
collected whole. The exceptions here mean that the program cannot go on.
"""

from __future__ import annotations

from importer.model.exit_codes import ExitCode


def ended(text: str) -> str:
    """The sentence with a point, where it has no mark at its end: what others say is joined with what follows."""
    text = text.rstrip()
    return text if not text or text.rstrip("”\"')").endswith((".", "?", "!", "…", ":")) else f"{text}."


class ImporterError(Exception):
    """The run cannot go on; the message says what, where, why and how to fix it."""

    exit_code = ExitCode.UNEXPECTED
    code = "unexpected"
    choices: tuple[str, ...] = ()
    """Names of sheets, where one of them must be chosen."""

    def __init__(self, message: str, hint: str = "", *, code: str | None = None) -> None:
        """Keep the sentence for the person, the remedy, and a stable code for programs."""
        super().__init__(message)
        self.message = ended(message)
        self.hint = hint
        if code is not None:
            self.code = code


class WrongUse(ImporterError):
    """The command line asks for something impossible; nothing was done."""

    exit_code = ExitCode.WRONG_USE
    code = "usage"


class SettingsProblem(ImporterError):
    """The user corrects the settings; nothing was done."""

    exit_code = ExitCode.WRONG_USE
    code = "settings"


class FileProblem(ImporterError):
    """The user corrects the file; nothing was sent."""

    exit_code = ExitCode.FILE_PROBLEMS
    code = "file"


class ReaderDefect(FileProblem):
    """The process that reads files crashed without meeting a limit: a defect of this program, not of the file."""

    exit_code = ExitCode.UNEXPECTED
    code = "program.reader_crashed"


class LedgerProblem(ImporterError):
    """The ledger of submissions cannot be used; without it nothing may be sent."""

    exit_code = ExitCode.WRONG_USE
    code = "ledger"


class LockedByAnother(ImporterError):
    """Another run of the same account is sending; nothing was done."""

    exit_code = ExitCode.LOCKED
    code = "ledger.locked"


class GateRefused(ImporterError):
    """A gate (expected totals, missing ``--yes``) refused the plan; nothing was sent."""

    exit_code = ExitCode.GATE
    code = "gate"


class StoppedAtQuestion(GateRefused):
    """The person broke the question off; nothing was done."""

    exit_code = ExitCode.INTERRUPTED
    code = "gate.stopped"


class AccessDenied(ImporterError):
    """Kantata refuses the token; stop the run."""

    exit_code = ExitCode.ACCESS
    code = "kantata.access"


class NotReached(ImporterError):
    """Kantata could not be asked; nothing was sent by this step, run again."""

    exit_code = ExitCode.UNREACHABLE
    code = "kantata.unreachable"
