"""The process that changes somebody else's workbook: a file that was made to take time or memory harms no other."""

from __future__ import annotations

import gc
import pickle
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.reading.formats.child import answer_and_end, limit_this_process
from importer.reporting.annotated.correction import Correction, corrected
from importer.reporting.annotated.package import CannotAnnotate
from importer.reporting.annotated.patching import check, patched

if TYPE_CHECKING:
    from importer.reporting.annotated.annotations import Annotations


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be annotated or corrected."""

    data: bytes
    """The workbook."""
    change: Annotations | Correction
    seconds: float
    memory_bytes: int


def main() -> None:
    """Read one request from stdin, write one answer to stdout, both pickled."""
    gc.disable()
    request: Request = pickle.load(sys.stdin.buffer)  # noqa: S301 - it comes from the parent
    limit_this_process(request.seconds, request.memory_bytes)
    answer_and_end(answer_to(request))


def answer_to(request: Request) -> tuple[bytes, str]:
    """The changed workbook; or nothing, and why it cannot be changed in place."""
    try:
        if isinstance(request.change, Correction):
            return corrected(request.data, request.change), ""
        made = patched(request.data, request.change)
        data = made.package.saved()
        check(request.data, data, made, request.change)
    except (CannotAnnotate, LookupError, ValueError) as error:  # a part that lacks what it should hold
        return b"", str(error) or type(error).__name__
    return data, ""
