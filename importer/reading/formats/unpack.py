"""Take a file apart into grids of raw cells, in a process of its own; judge nothing.

:func:`unpack` is the way in. What the file is, its bytes decide, not its name.
The reading libraries can abort, hang or eat memory on a hostile file, so they
run in a child process with bounds; whatever becomes of it, the parent goes on
with a sentence.
"""

from __future__ import annotations

import logging
import pickle
import re
import signal
from typing import TYPE_CHECKING

from importer.model.errors import FileProblem, ReaderDefect, WrongUse
from importer.model.messages import error
from importer.reading import bounded_child
from importer.reading.formats.child import Refusal, Request
from importer.reading.formats.grid import Limits, Unpacked
from importer.reading.formats.identify import READ
from importer.settings.plain_files import MEGABYTE, read_plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


LOG = logging.getLogger(__name__)
NEAR = 80
"""Likeness of names (rapidfuzz ratio, 0 to 100) from which a file that is there is proposed."""
SHORTEST_WORD = 3
"""Letters and digits of a word by which a file that is there is proposed."""
ANSWER_OF_MEMORY = 8
"""The answer may have one of so many bytes that reading may take of memory."""
_OUT_OF_MEMORY = (b"MemoryError", b"memory allocation of")
"""Last words of a child that had no memory left: it could not even send that answer, or a library in Rust aborted."""
_ALLOWED = {
    ("importer.reading.formats.grid", "Grid"),
    ("importer.reading.formats.grid", "SideLook"),
    ("importer.reading.formats.grid", "MergedRange"),
    ("importer.reading.formats.grid", "Unpacked"),
    ("importer.reading.formats.child", "Refusal"),
    ("importer.model.sheet", "CellFault"),
    ("importer.model.problems", "Problem"),
    ("importer.model.problems", "Severity"),
    ("datetime", "date"),
    ("datetime", "datetime"),
    ("datetime", "time"),
    ("datetime", "timedelta"),
}
"""All that an answer of the child may be made of, besides plain values."""


def _is_unicode(text: str) -> bool:
    """Whether a path can be written into results and the ledger; a file of an old archive may be named in bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def bytes_of(path: Path, limits: Limits) -> bytes:
    """Read the whole file. Raises WrongUse when it is no file, FileProblem when it cannot be an import file."""
    if not _is_unicode(str(path)):
        name = path.name.encode(errors="backslashreplace").decode()
        raise error(FileProblem, "file.name", name=name)
    try:
        exists = path.exists()
    except OSError as why:  # a name too long, a folder that is closed to us
        raise error(WrongUse, "file.not_found:closed", path=path, why=why.strerror) from why
    if path.is_dir():
        raise error(WrongUse, "file.is_folder", path=path)
    if not exists:
        raise _not_found(path)
    if path.name.startswith("~$"):
        raise error(FileProblem, "file.lock_file", name=path.name, workbook=path.name[2:])
    if not path.is_file():
        raise error(WrongUse, "file.not_a_file", path=path)
    try:
        if path.stat().st_size > limits.unpacked_bytes:
            megabytes = limits.unpacked_bytes // 2**20
            raise error(FileProblem, "file.too_large", name=path.name, megabytes=megabytes)
        data = read_plain(path, limits.unpacked_bytes // MEGABYTE + 1)
    except OSError as why:
        raise error(FileProblem, "file.unreadable:closed", path=path, why=why.strerror) from why
    if not data.strip(b"\x00 \r\n\t"):
        raise error(FileProblem, "file.empty", name=path.name)
    return data


def _not_found(path: Path) -> WrongUse:
    beside: dict[str, str] = {}
    if path.parent.is_dir():
        beside = {each.name: each.stem.lower() for each in path.parent.glob("*") if each.suffix.lower() in READ}
    near = _near(path.stem.lower(), beside)
    if near is None:
        return error(WrongUse, "file.not_found", path=path)
    return error(WrongUse, "file.not_found:near", path=path, near=near)


def _near(stem: str, beside: Mapping[str, str]) -> str | None:
    """The file that is probably meant: its name is much alike, or it alone has the words that were typed."""
    from rapidfuzz import fuzz, process  # not for the child, which would wait for it each time

    alike = process.extractOne(stem, beside, scorer=fuzz.ratio, score_cutoff=NEAR)
    if alike is not None:
        return str(alike[2])
    wanted = _words(stem)
    with_words = [name for name, other in beside.items() if wanted and wanted <= _words(other)]
    return with_words[0] if len(with_words) == 1 else None


def _words(stem: str) -> set[str]:
    """The words of a name; what is shorter than a word, such as a day, names no file."""
    return {word for word in re.split(r"[\W_]+", stem) if len(word) >= SHORTEST_WORD}


def unpack(
    name: str, data: bytes, headers: Mapping[str, str], *, encoding: str | None = None, limits: Limits | None = None
) -> Unpacked:
    """Return every sheet of a file.

    ``headers`` are the known folded headers, by which the delimiter of a CSV is
    chosen; ``encoding`` is that of a CSV without a mark of its own. Raises
    FileProblem for content that cannot be read, in time and memory, with certainty.
    """
    limits = limits or Limits()
    request = Request(name, data, dict(headers), encoding, limits)
    bounds = bounded_child.Bounds(limits.seconds, limits.memory_bytes, limits.memory_bytes // ANSWER_OF_MEMORY)
    try:
        answer = bounded_child.ask("importer.reading.formats.child:main", request, bounds, _ALLOWED)
    except bounded_child.ChildTooSlow as why:
        raise error(FileProblem, "file.too_slow", name=name, seconds=limits.seconds) from why
    except bounded_child.ChildTooLarge as why:
        raise error(FileProblem, "file.too_large:memory", name=name) from why
    except bounded_child.ChildDied as why:
        raise _died(name, why.code, why.stderr, limits) from why
    except pickle.UnpicklingError as why:
        raise error(FileProblem, "file.unreadable", name=name) from why
    if isinstance(answer, Unpacked):
        return answer
    if isinstance(answer, Refusal):
        raise FileProblem(answer.message, answer.hint, code=answer.code)
    raise error(FileProblem, "file.unreadable", name=name)


def _died(name: str, code: int, stderr: bytes, limits: Limits) -> FileProblem:
    """Why the child ended without an answer: a limit it met, or a defect of this program."""
    if -code in {getattr(signal, "SIGXCPU", None), getattr(signal, "SIGKILL", None)}:
        return error(FileProblem, "file.too_slow", name=name, seconds=limits.seconds)
    if any(words in stderr for words in _OUT_OF_MEMORY):
        return error(FileProblem, "file.too_large:memory", name=name)
    if code == 1:
        LOG.error(
            "The process that reads files crashed on %s.",
            name,
            extra={"file": name, "exit_code": code, "traceback": stderr.decode(errors="replace"), "shown": True},
        )
        return error(ReaderDefect, "program.reader_crashed", name=name)
    return error(FileProblem, "file.unreadable", name=name)
