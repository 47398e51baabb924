"""How long one file may take before anything of it is sent: it does not keep the others waiting for ever."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from importer.model.errors import FileProblem
from importer.model.messages import error

MOST_SECONDS = 3600
"""For reading, checking and comparing one file with the account."""
_SECONDS_TO_NEXT = 5
"""After which the alarm rings again, should something have taken the first one for an error of its own."""


class _TimeUp(BaseException):
    """As KeyboardInterrupt, no error that is taken care of."""


@contextmanager
def deadline(name: str, seconds: float = MOST_SECONDS) -> Iterator[None]:
    """End what is done with a file when its time is up. Raises FileProblem then.

    POSIX only, and only in the main thread; what reads the file has a bound of its own anywhere.
    """
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_number: int, _frame: object) -> None:
        raise _TimeUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, _SECONDS_TO_NEXT)
    try:
        yield
    except _TimeUp:
        raise error(FileProblem, "file.too_slow:planning", name=name, minutes=seconds / 60) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
