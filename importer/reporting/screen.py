"""The terminal: what others wrote is shown as text, never obeyed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.errors import MarkupError
from rich.segment import Segment

from importer.model.visible import in_one_line, visible

_UNBROKEN = "\ue000"
"""Stands for a blank at which no line is broken; texts of others never hold it here, they are shown with escapes."""
_WORTH = re.compile(r"\b[A-Z]{3} -?\d[\d,]*\.\d+(?: \(\d[\d,]*\))?")
"""“EUR 48,754.59”, “EUR 48,754.59 (8)”."""


def plain(text: object) -> str:
    """Data as it stands within a line of markup: it formats nothing, and is no line of its own."""
    shown = in_one_line(str(text)).replace("\\[", "\\u005b").replace("[", "\\[")
    ending = shown[len(shown.rstrip("\\")) :]  # or it would escape the markup that follows
    return shown + ending


class Screen(Console):
    """A console that shows hidden characters of a text, whoever prints it, as escapes."""

    def __init__(self, **how: Any) -> None:  # noqa: ANN401 - as inherited
        """As inherited, but “:smile:” is a text."""
        super().__init__(emoji=False, **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Make segments; those that control the terminal are rich's own."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(visible(segment.text.replace(_UNBROKEN, " ")), segment.style)

    def print(self, *objects: Any, **how: Any) -> None:  # noqa: ANN401 - as inherited
        """Print; a text that is no markup, though it looks like it, is printed as it is. No sum is broken in two."""
        kept = [_WORTH.sub(_in_one_piece, each) if isinstance(each, str) else each for each in objects]
        try:
            super().print(*kept, **how)
        except MarkupError:
            super().print(*kept, **{**how, "markup": False})


def _in_one_piece(worth: re.Match[str]) -> str:
    return worth[0].replace(" ", _UNBROKEN)
