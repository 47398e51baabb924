"""The terminal: what others wrote is shown as text, never obeyed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.errors import MarkupError
from rich.segment import Segment

from importer.model.visible import in_one_line, visible


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
            yield segment if segment.control else Segment(visible(segment.text), segment.style)

    def print(self, *objects: Any, **how: Any) -> None:  # noqa: ANN401 - as inherited
        """Print; a text that is no markup, though it looks like it, is printed as it is."""
        try:
            super().print(*objects, **how)
        except MarkupError:
            super().print(*objects, **{**how, "markup": False})
