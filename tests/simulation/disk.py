"""A disk that fails at its n-th write: of the ledger, the results, the inbox or the log."""

from __future__ import annotations

import builtins
import errno
import io
import os
import sqlite3
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from sqlalchemy.engine.default import DefaultDialect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world import World

SAID_BY_SQLITE = {errno.ENOSPC: "database or disk is full", errno.EIO: "disk I/O error"}
REALLY_OPEN = open


class Disk:
    """Fails at one write (EIO), or from one write on (ENOSPC)."""

    def __init__(self, world: World, fails_at: int, error: int) -> None:
        """``fails_at``: the first write is 1."""
        self._world, self._fails_at, self._error = world, fails_at, error
        self.writes = 0

    @property
    def has_failed(self) -> bool:
        """Whether it came to the write that fails."""
        return self.writes >= self._fails_at

    def _fails_now(self) -> bool:
        if self._world.command == 0:  # a person writes, on her own machine
            return False
        self.writes += 1
        return self.writes == self._fails_at or (self._error == errno.ENOSPC and self.has_failed)

    def write(self) -> None:
        """Count a write. Raises OSError."""
        if self._fails_now():
            raise OSError(self._error, os.strerror(self._error))

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Whatever the program writes goes here."""
        with ExitStack() as stack:
            for owner, name in ((os, "replace"), (os, "rename"), (os, "fsync"), (os, "mkdir")):
                stack.enter_context(patch.object(owner, name, self._before(getattr(owner, name))))
            for owner in (builtins, io):
                stack.enter_context(patch.object(owner, "open", self._open))
            commit = DefaultDialect.do_commit
            stack.enter_context(patch.object(DefaultDialect, "do_commit", self._around_commit(commit)))
            yield

    def _before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*values: Any, **named: Any) -> Any:
            self.write()
            return function(*values, **named)

        return called

    def _around_commit(self, commit: Callable[..., Any]) -> Callable[..., Any]:
        """On a full disk nothing is committed; after an error of the disk it is, though the program hears otherwise."""

        def called(*values: Any) -> None:
            fails = not self._world.kantata.is_asked and self._fails_now()
            if not (fails and self._error == errno.ENOSPC):
                commit(*values)
            if fails:
                raise sqlite3.OperationalError(SAID_BY_SQLITE[self._error])

        return called

    def _open(self, file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **named: Any) -> Any:
        """As ``open``; what writes to the file counts."""
        if not set(mode) & set("wax+"):
            return REALLY_OPEN(file, mode, buffering, *rest, **named)
        opened = _File(self, file, mode.replace("t", "").replace("b", ""), opener=named.pop("opener", None))
        if buffering == 0:
            return opened
        buffered = io.BufferedRandom(opened) if "+" in mode else io.BufferedWriter(opened)
        if "b" in mode:
            return buffered
        return io.TextIOWrapper(buffered, *rest, **named, line_buffering=buffering == 1)


class _File(io.FileIO):
    def __init__(self, disk: Disk, file: Any, mode: str, opener: Any) -> None:
        self._disk = disk
        super().__init__(file, mode, opener=opener)

    def write(self, data: Any, /) -> int:
        self._disk.write()
        return super().write(data)
