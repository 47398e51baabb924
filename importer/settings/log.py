"""The log: JSON lines in a rotating file of the user's log folder, and human lines on stderr.

Everybody logs through ``logging.getLogger(__name__)``; facts go into ``extra``
under the names of :data:`FACTS`. What the person sees anyway is marked with
``shown`` and not said on stderr again. No secret gets through: :mod:`importer.settings.redaction`.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from importer.model.visible import in_one_line, visible
from importer.settings.redaction import redacted

FACTS = (
    "run_id",
    "reference",
    "rows",
    "workspace_ids",
    "invoice_id",
    "status",
    "http_status",
    "request_id",
    "duration_ms",
    "file",
    "sha256",
    "exit_code",
    "counts",
    "amount",
    "outcome",
    "why",
    "traceback",
)
"""Names under which a record may carry more than its message."""
LARGEST_FILE_BYTES = 5_000_000
OLDER_FILES = 5
LOCK_SECONDS = 2
"""How long a line waits for another process that is writing one."""


def log_file() -> Path:
    """Where the log lies."""
    import platformdirs

    return Path(platformdirs.user_log_dir("invoice-importer", appauthor=False)) / "log.jsonl"


@contextmanager
def logging_to_file(command: str, *, verbose: bool, quiet: bool) -> Iterator[None]:
    """Write the log while a command runs. A log that cannot be written stops nothing."""
    logger = logging.getLogger("importer")
    before = (logger.level, logger.propagate)
    handlers = [handler for handler in (_file_handler(command), _talk(verbose=verbose, quiet=quiet)) if handler]
    for handler in handlers:
        logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
        logger.level, logger.propagate = before


def _file_handler(command: str) -> logging.Handler | None:
    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        sys.stderr.write(f"Warning: the log {path} cannot be written ({error.strerror}); nothing else is affected.\n")
        return None
    handler = _SharedFile(path)
    handler.setFormatter(_Json(command))
    return handler


def _talk(*, verbose: bool, quiet: bool) -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.INFO if verbose else logging.ERROR if quiet else logging.WARNING)
    handler.addFilter(lambda record: verbose or not getattr(record, "shown", False))
    handler.setFormatter(_Human())
    return handler


class _SharedFile(RotatingFileHandler):
    """A rotating file that several processes may write: each line is written, and the file closed, under a lock."""

    def __init__(self, path: Path) -> None:
        from filelock import FileLock

        super().__init__(path, maxBytes=LARGEST_FILE_BYTES, backupCount=OLDER_FILES, encoding="utf-8", delay=True)
        self._turn = FileLock(f"{path}.lock", timeout=LOCK_SECONDS, mode=0o600)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        with suppress(Exception), self._turn:  # whatever fails: an answer of Kantata may be waiting to be noted
            super().emit(record)
            stream, self.stream = self.stream, None  # first: what cannot be written fails once more when it is closed
            if stream is not None:
                stream.close()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - as inherited
        """Say nothing: a full disk or a vanished folder must not fill the terminal, nor stop a run."""


class _Json(logging.Formatter):
    """One JSON object per line; times in UTC."""

    def __init__(self, command: str) -> None:
        super().__init__()
        self._command = command

    def format(self, record: logging.LogRecord) -> str:
        """Write a record with its facts."""
        said: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "command": self._command,
            "pid": os.getpid(),
            "where": record.name,
            "message": record.getMessage(),
        }
        said |= {name: vars(record)[name] for name in FACTS if vars(record).get(name) is not None}
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return visible(redacted(json.dumps(said, ensure_ascii=False, default=str)))


class _Human(logging.Formatter):
    """A line for a person, without traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the time of day and the message."""
        level = "" if record.levelno == logging.INFO else f"{record.levelname.capitalize()}: "
        message = redacted(in_one_line(record.getMessage()))
        return f"{datetime.fromtimestamp(record.created).astimezone():%H:%M:%S} {level}{message}"
