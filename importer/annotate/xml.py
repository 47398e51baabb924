"""Read and change the XML of workbook parts as text, so that every byte that is not ours stays as it is.

Libraries that load a workbook and save it again lose what they do not know: pictures, stored results of formulas,
number formats. Here only the places that change are touched; a part that looks unusual is refused instead.
"""

from __future__ import annotations

import html
import re

from importer.errors import ImporterError

LONGEST_CELL = 32_767
"""Characters that Excel allows in one cell."""
_ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile(r"_(x[0-9A-Fa-f]{4}_)")


class CannotAnnotate(ImporterError):
    """The workbook is built in a way that cannot be changed in place with certainty."""


def attributes(tag: str) -> dict[str, str]:
    """The attributes of a tag, unescaped."""
    return {match[1]: html.unescape(match[2] or match[3] or "") for match in _ATTRIBUTE.finditer(tag)}


def with_attribute(tag: str, name: str, value: object) -> str:
    """The opening tag with one attribute set, or removed when ``value`` is None."""
    cleaned = re.sub(rf"\s+{re.escape(name)}\s*=\s*(?:\"[^\"]*\"|'[^']*')", "", tag)
    if value is None:
        return cleaned
    head = re.match(r"<[\w:.-]+", cleaned)
    if head is None:
        raise CannotAnnotate("a part holds something that is no element")
    return f'{head[0]} {name}="{quoted(str(value))}"{cleaned[head.end() :]}'


def quoted(text: str) -> str:
    """Text as it may stand in an element or attribute."""
    return html.escape(_FORBIDDEN.sub("", text))


def in_cell(text: str) -> str:
    """Text as it may stand in a cell or comment: what looks like Excel's own escapes is kept from being one."""
    return quoted(_LOOKS_ESCAPED.sub(r"_x005F_\1", text[:LONGEST_CELL]))


def prefix_of(xml: str, root: str) -> str:
    """The namespace prefix of a part's elements with its colon, mostly none. Raises CannotAnnotate."""
    match = re.search(rf"<((?:[A-Za-z_][\w.-]*:)?){root}\b([^>]*)>", xml[:20_000])
    if match is None or "purl.oclc.org" in match[2]:
        raise CannotAnnotate(f"its part “{root}” is unusual")
    if "<!" in xml:
        raise CannotAnnotate("its parts hold comments")
    return match[1]


def section(xml: str, tag: str) -> re.Match[str] | None:
    """Find an element that does not nest; group 1 is its opening tag, group 2 its content, None when empty."""
    return re.search(rf"(<{tag}\b[^>]*?)(?:/>|>(.*?)</{tag}\s*>)", xml, re.DOTALL)


def elements(xml: str, tag: str) -> list[str]:
    """Every element of this name, whole; for elements that do not nest."""
    return [match[0] for match in re.finditer(rf"<{tag}\b(?:[^>]*/>|[^>]*>.*?</{tag}\s*>)", xml, re.DOTALL)]
