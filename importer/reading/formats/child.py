"""The process that reads a file, so that a reader which aborts, hangs or eats memory harms no other.

It imports as little as it can: its start is paid for every file.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.model.errors import FileProblem
from importer.model.messages import error
from importer.reading.formats.grid import Grid, Limits, TooManyStyles, Unpacked
from importer.reading.formats.identify import (
    OLE_MAGIC,
    Encrypted,
    Format,
    decrypted,
    identify,
    is_encrypted_package,
    misnamed,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_NAME = 255
"""Characters of the name of a sheet; Excel allows 31, LibreOffice more."""
MOST_FILES = 64
"""Files that this process may have open: its modules, and the pipes."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be read."""

    name: str
    """File name, for messages."""
    data: bytes
    headers: Mapping[str, str]
    """Known folded headers, by which the delimiter of a CSV is chosen."""
    encoding: str | None
    limits: Limits


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the file is not read: what a FileProblem says."""

    message: str
    hint: str
    code: str

    @classmethod
    def of(cls, problem: FileProblem) -> Refusal:
        """The refusal that the parent turns into this problem again."""
        return cls(problem.message, problem.hint, problem.code)


def main() -> None:
    """Read one request from stdin, write one answer to stdout, both pickled."""
    gc.disable()  # millions of cells are no garbage, and this process ends before any matters
    request: Request = pickle.load(sys.stdin.buffer)  # noqa: S301 - it comes from the parent
    limit_this_process(request.limits.seconds, request.limits.memory_bytes)
    answer_and_end(answer_to(request))


def answer_to(request: Request) -> Unpacked | Refusal:
    """The sheets of the file, or why it is not read, whatever happens on the way."""
    try:
        return take_apart(request)
    except FileProblem as problem:
        return Refusal.of(problem)
    except TooManyStyles:
        return Refusal.of(error(FileProblem, "file.too_large:styles", name=request.name))
    except ImportError as why:
        return Refusal.of(error(FileProblem, "program.incomplete", name=request.name, part=why.name))
    except MemoryError:
        return Refusal.of(error(FileProblem, "file.too_large:memory", name=request.name))
    except BaseException as why:  # noqa: BLE001 - whatever a reader stumbles over; a panic of Rust is no Exception
        kind = type(why).__name__
        return Refusal.of(error(FileProblem, "file.damaged:reader", name=request.name, error=kind))


def take_apart(request: Request) -> Unpacked:
    """Return the sheets of the file. Raises FileProblem for what is not read."""
    kind, data = _inner(request.name, request.data)
    problems = misnamed(request.name, kind)
    notes: tuple[str, ...] = ()
    if kind is Format.CSV:
        from importer.reading.formats import csv_text

        grid, how = csv_text.read(request.name, data, request.headers, request.encoding, request.limits)
        return Unpacked(kind.value, (grid,), problems, (how,))
    try:
        grids = _grids(request.name, data, kind, request.limits)
    except Encrypted:
        if kind is not Format.XLS:
            raise
        data = decrypted(request.name, data)
        grids = _grids(request.name, data, kind, request.limits)
    if any(len(grid.name) > LONGEST_NAME for grid in grids):  # each message about the sheet repeats it
        raise error(FileProblem, "file.damaged:unusual", name=request.name)
    if data is not request.data:
        notes = ("The file is encrypted with Excel's built-in password, which protects nothing; it was opened.",)
    return Unpacked(kind.value, tuple(grids), problems, notes)


def _inner(name: str, data: bytes) -> tuple[Format, bytes]:
    """What the file is, out of the container that encrypts it."""
    kind = identify(name, data)
    if kind is Format.XLS and data.startswith(OLE_MAGIC) and is_encrypted_package(name, data):
        data = decrypted(name, data)
        kind = identify(name, data)
    return kind, data


def _grids(name: str, data: bytes, kind: Format, limits: Limits) -> list[Grid]:
    if kind is Format.XLS:
        from importer.reading.formats import xls as old_excel

        return old_excel.read(name, data, limits)
    if kind is Format.ODS:
        from importer.reading.formats import ods

        return ods.read(name, data, limits)
    from importer.reading.formats import calamine as by_calamine

    return by_calamine.read(name, data, kind, limits)


# --- bounds -------------------------------------------------------------------


def limit_this_process(seconds: float, memory_bytes: int) -> None:
    """Bound memory and processor time where the system can; let it write no file and start no process.

    On Windows there are no such limits: who asks this process looks on, and ends it.
    """
    if sys.platform == "win32":
        return
    import resource

    processor_seconds = int(seconds) + 1
    limits = {
        resource.RLIMIT_CPU: (processor_seconds, processor_seconds + 1),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_AS: (memory_bytes, memory_bytes),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_NOFILE: (MOST_FILES, MOST_FILES),
        resource.RLIMIT_NPROC: (0, 0),
    }
    for what, limit in limits.items():
        with suppress(ValueError, OSError):
            resource.setrlimit(what, limit)


def answer_and_end(answer: object) -> None:
    """Send the answer and end at once: to give back millions of cells one by one takes a while."""
    # Not with Pickler.fast: it raises KeyError from the twelfth sheet on.
    pickle.dump(answer, sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)
    sys.stdout.flush()
    os._exit(0)
