"""Files that come from the browser or the inbox: each in a new folder of its owner, under a harmless name."""

from __future__ import annotations

import re
import secrets
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from importer.model.errors import WrongUse
from importer.settings.private_files import create_private
from importer.unattended.inbox import READABLE, look, take

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage

    from importer.unattended.inbox import Candidate

FOLDER = "from-app"
"""In the folder of the results."""
LONGEST_NAME = 80


def received(upload: FileStorage, reports: Path) -> Path:
    """Write a file from the browser. Raises WrongUse when it is no workbook by its name, OSError."""
    path = new_folder(reports) / safe_name(upload.filename or "")
    create_private(path)
    upload.save(path)
    return path


def of_inbox(name: str, inbox: Path, reports: Path) -> Path:
    """Copy a file of the inbox, which stays there. Raises WrongUse when it is not listed, OSError."""
    for candidate in waiting(inbox):
        if candidate.path.name == name:
            return take(candidate, new_folder(reports) / "copy").copy
    msg = "This file does not lie in the inbox any more."
    raise WrongUse(msg, "Choose another one.", code="app.inbox")


def waiting(inbox: Path) -> tuple[Candidate, ...]:
    """The workbooks in the inbox; none where there is no inbox."""
    return look(inbox)[0] if inbox.is_dir() else ()


def safe_name(given: str) -> str:
    """The last part of a name, without what a file system or a shell takes for more than a letter."""
    name = PurePosixPath(given.replace("\\", "/")).name
    stem, ending = PurePosixPath(name).stem, PurePosixPath(name).suffix.lower()
    if ending not in READABLE:
        msg = "This is no workbook: its name ends otherwise."
        raise WrongUse(msg, f"Choose a file that ends with {', '.join(sorted(READABLE))}.", code="app.file")
    stem = re.sub(r"[^\w ()+,&.-]", "_", stem).strip(" .")[:LONGEST_NAME]
    return f"{stem or 'file'}{ending}"


def new_folder(reports: Path) -> Path:
    """Make a new folder of the owner among the results."""
    folder = reports / FOLDER / secrets.token_hex(4)
    folder.mkdir(parents=True, mode=0o700)
    return folder
