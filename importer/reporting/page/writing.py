"""Write a page beside its workbook: one file that opens without a network, and runs and loads nothing.

Text of a sheet cannot become more than text: everything is escaped, hidden characters are shown as escapes, and the
policy of the page allows no script and no request, and no style but its own.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.model.visible import visible
from importer.reporting.document import Document, document_of
from importer.reporting.page.content import page_of
from importer.reporting.table import text_of
from importer.settings.private_files import unfinished

if TYPE_CHECKING:
    from jinja2 import Environment

    from importer.reporting.report import Report

LOG = logging.getLogger(__name__)


def write_page(report: Report, document: Document, workbook: Path) -> Path | None:
    """Write the page of a preview or of results; return its path, None where that failed."""
    return written(workbook, "report.html", lambda: content_of(report, workbook, document))


def content_of(report: Report, workbook: Path, document: Document | None = None) -> dict[str, object]:
    """What the template of a report lays out."""
    return {"page": page_of(report, document or document_of(report), workbook.name), "run_id": report.run_id}


def written(workbook: Path, template: str, content: Callable[[], dict[str, object]]) -> Path | None:
    """Write a page, for its owner only, under the name of its workbook; return its path, None where that failed."""
    path = workbook.with_suffix(".html")
    try:
        text = rendered(template, **content())
        with unfinished(path) as writing:
            writing.write_text(text, encoding="utf-8")
    except Exception as error:  # noqa: BLE001 - the workbook holds all of it, and what was done must be reported
        LOG.error("The page could not be written: %s", error, extra={"file": str(path)})  # noqa: TRY400
        return None
    return path


def rendered(template: str, **content: object) -> str:
    """The page as text, in which others' texts are shown and never obeyed."""
    templates = _templates()
    style = _style(templates)
    text = templates.get_template(template).render(style=style, style_hash=_hash_of(style), **content)
    return "\n".join(map(visible, text.split("\n")))


@cache
def _templates() -> Environment:
    """The templates, compiled once per process."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("importer.reporting.page")
    found = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    found.filters |= {"cell": text_of, "web": web_address}
    return found


def _style(templates: Environment) -> Any:  # noqa: ANN401 - text that is not escaped
    from markupsafe import Markup

    source = templates.loader.get_source(templates, "style.css")[0]  # type: ignore[union-attr]  # there is one
    return Markup(source)  # noqa: S704 - the package's own


def _hash_of(style: str) -> str:
    """The style as the policy allows it: by its contents, so that no other one counts."""
    digest = hashlib.sha256(style.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def web_address(text: str) -> str:
    """An address to follow; none for what is no web address."""
    return text if text.startswith(("https://", "http://")) else ""
