"""Ask a process of its own, with bounds of time, memory and the size of its answer.

What works on a file of somebody else can abort, hang or eat memory. It runs in a child that limits itself
(:func:`importer.reading.formats.child.limit_this_process`), and is ended from here when it takes too long, or too
much memory where the system knows no such limit.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Collection
    from io import BufferedReader

LIMITS_MEMORY = sys.platform == "linux"
"""Whether a process can limit its own memory; macOS takes that limit and does not keep it, Windows knows none."""
MOST_STDERR_BYTES = 10_000
"""What is kept of a crashed child's last words."""
SECONDS_BETWEEN_LOOKS = 0.05
SECONDS_TO_END = 10
"""How long a child may take to end after its answer; it gives back gigabytes."""
_PIPE = subprocess.PIPE


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one question may cost."""

    seconds: float
    memory_bytes: int
    answer_bytes: int


class ChildTooSlow(Exception):
    """It was ended, because its time was up."""


class ChildTooLarge(Exception):
    """It was ended, because it took too much memory, or answered with too many bytes."""


class ChildDied(Exception):
    """It ended without an answer."""

    def __init__(self, code: int, stderr: bytes) -> None:
        super().__init__(code)
        self.code, self.stderr = code, stderr


class Answers(pickle.Unpickler):
    """Takes an answer while it arrives, but nothing that is not allowed in it, nor more bytes than are."""

    def __init__(self, stream: IO[bytes], most_bytes: int, allowed: Collection[tuple[str, str]] = ()) -> None:
        """``allowed``: modules and names of all that an answer may be made of, besides plain values."""
        super().__init__(_Counted(stream, most_bytes))
        self._allowed, self._known = allowed, dict[tuple[str, str], object]()

    def find_class(self, module: str, name: str) -> object:
        """Return the class; every date of an answer asks."""
        found = self._known.get((module, name))
        if found is None:
            if (module, name) not in self._allowed:
                msg = f"an answer holds {module}.{name}"
                raise pickle.UnpicklingError(msg)
            found = super().find_class(module, name)
            self._known[module, name] = found
        return found


class _Counted:
    """A stream of which only so many bytes can be read."""

    def __init__(self, stream: IO[bytes], most_bytes: int) -> None:
        self._stream, self._left = stream, most_bytes

    def read(self, count: int) -> bytes:
        """Return so many bytes, fewer at the end; a count may be a lie."""
        return self._taken(self._stream.read(min(count, self._left + 1)))

    def readline(self) -> bytes:
        """Return one line."""
        return self._taken(self._stream.readline(self._left + 1))

    def _taken(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            raise ChildTooLarge
        return data


def ask(main: str, request: object, bounds: Bounds, allowed: Collection[tuple[str, str]] = ()) -> object:
    """Return what the function ``main`` (``package.module:function``) of a new process answers to a request.

    Raises ChildTooSlow, ChildTooLarge, ChildDied, and UnpicklingError for an answer that is none. Whatever breaks in
    here, a signal too, ends the process.
    """
    module, _, function = main.partition(":")
    command = [sys.executable, "-P", "-c", f"from {module} import {function}; {function}()"]
    data = pickle.dumps(request, protocol=pickle.HIGHEST_PROTOCOL)
    with subprocess.Popen(  # noqa: S603 - this very Python, and a function of ours
        command, stdin=_PIPE, stdout=_PIPE, stderr=_PIPE, env=_environment()
    ) as child:
        watch = _Watch(child, data, bounds)
        try:
            answer, broken = _answer(child, bounds, allowed)
            with suppress(subprocess.TimeoutExpired):
                child.wait(SECONDS_TO_END)
        finally:
            watch.end()
    if watch.verdict is not None:
        raise watch.verdict
    if broken is not None and child.returncode not in (0, watch.ended_with):
        raise ChildDied(child.returncode, watch.stderr) from broken
    if broken is not None:
        raise pickle.UnpicklingError(str(broken)) from broken
    return answer


def _answer(
    child: subprocess.Popen[bytes], bounds: Bounds, allowed: Collection[tuple[str, str]]
) -> tuple[object, Exception | None]:
    """What a child answers, or why that is no answer. Raises ChildTooLarge."""
    try:
        return Answers(_of(child.stdout), bounds.answer_bytes, allowed).load(), None
    except ChildTooLarge:
        raise
    except Exception as why:  # noqa: BLE001 - what a child gone astray prints may break in any way
        return None, why


class _Watch:
    """Hands a child its question, keeps its last words, and ends it when it takes more than it may."""

    def __init__(self, child: subprocess.Popen[bytes], question: bytes, bounds: Bounds) -> None:
        self.verdict: ChildTooSlow | ChildTooLarge | None = None
        self.stderr = b""
        self.ended_with: int | None = None
        """Return code of a child that was ended from here."""
        self._child, self._bounds = child, bounds
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._hand_over, args=(question,), daemon=True),
            threading.Thread(target=self._listen, daemon=True),
            threading.Thread(target=self._look_on, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """End the child, if it has not ended, and the watch."""
        self._over.set()
        if self._child.poll() is None:
            self._child.kill()
            self.ended_with = self._child.wait()
        for thread in self._threads:
            thread.join()

    def _hand_over(self, question: bytes) -> None:
        with suppress(OSError), _of(self._child.stdin) as stdin:  # it may have ended before it has read all
            stdin.write(question)

    def _listen(self) -> None:
        with suppress(OSError, ValueError):
            while said := _of(self._child.stderr).read1():
                self.stderr = (self.stderr + said)[-MOST_STDERR_BYTES:]

    def _look_on(self) -> None:
        end = time.monotonic() + self._bounds.seconds
        most = None if LIMITS_MEMORY else self._bounds.memory_bytes
        while not self._over.wait(SECONDS_BETWEEN_LOOKS):
            if time.monotonic() > end:
                self.verdict = ChildTooSlow()
            elif most is not None and _memory_of(self._child.pid) > most:
                self.verdict = ChildTooLarge()
            if self.verdict is not None:
                self._child.kill()
                return


def _memory_of(pid: int) -> int:
    """Bytes that a process has, and those below it: a virtual environment of Windows starts the real one."""
    import psutil  # only where the system does not limit memory itself

    total = 0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for member in (process, *process.children(recursive=True)):
            total += member.memory_info().rss
    return total


def _of(stream: IO[bytes] | None) -> BufferedReader:
    """The stream of a pipe, which is always there."""
    return cast("BufferedReader", stream)


def _environment() -> dict[str, str]:
    """What the child needs to find its modules, and nothing that is secret."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMP", "HOME") if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
