"""Files are worked on in the process that asks: the start of a Python for each file is most of what that costs.

Request and answer are pickled and checked as ever; only the bounds of the child are missing. What the child itself
promises is proven with the fixture ``real_child`` and with ``Cli.cold``.
"""

from __future__ import annotations

import importlib
import io
import pickle
import warnings
from typing import TYPE_CHECKING

from importer.reading import bounded_child

if TYPE_CHECKING:
    from collections.abc import Collection

REAL = bounded_child.ask
"""What asks a child."""


def _answered(
    main: str, request: object, bounds: bounded_child.Bounds, allowed: Collection[tuple[str, str]] = ()
) -> object:
    """Do what ``main`` of the child does, without its bounds."""
    room = importlib.import_module(main.partition(":")[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the child's stderr is thrown away
        answer = room.answer_to(pickle.loads(pickle.dumps(request)))  # noqa: S301 - it was pickled a moment ago
    data = pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)
    return bounded_child.Answers(io.BytesIO(data), bounds.answer_bytes, allowed).load()


def near() -> None:
    """From now on, this process works on its files itself."""
    bounded_child.ask = _answered


def far() -> None:
    """From now on, a child works on them again, as in earnest."""
    bounded_child.ask = REAL
