"""Open what Excel has encrypted under its built-in password; anything else stays closed."""

from __future__ import annotations

import io

from importer.model.errors import FileProblem
from importer.model.messages import error
from importer.reading.formats.identify import incomplete, protected

BUILT_IN_PASSWORD = "VelvetSweatshop"  # noqa: S105 - Excel's own, known to all
"""Excel protects with it without ever asking for it, so the owners do not know that there is one."""
_ENCRYPTED_PACKAGE, _WORKBOOK, _OLD_WORKBOOK, _DOCUMENT = (
    stream.encode("utf-16-le") for stream in ("EncryptedPackage", "Workbook", "Book", "WordDocument")
)


def is_encrypted_package(name: str, data: bytes) -> bool:
    """Tell whether an OLE container holds an encrypted .xlsx. Raises FileProblem when it holds no workbook at all."""
    if _ENCRYPTED_PACKAGE in data:
        return True
    if _WORKBOOK not in data and _OLD_WORKBOOK not in data:
        what = "a Word document" if _DOCUMENT in data else "a Microsoft Office file, but no workbook"
        raise error(FileProblem, "file.type:office", name=name, what=what)
    return False


def decrypted(name: str, data: bytes) -> bytes:
    """Return the workbook that is encrypted under the built-in password.

    Raises FileProblem when the password is the owner's own, or the container is damaged.
    """
    import msoffcrypto  # heavy, and few files need it
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, ParseError

    plain = io.BytesIO()
    try:
        office = msoffcrypto.OfficeFile(io.BytesIO(data))
        office.load_key(password=BUILT_IN_PASSWORD)
        office.decrypt(plain)
    except DecryptionError as why:
        raise protected(name) from why
    except (FileFormatError, ParseError) as why:
        raise incomplete(name) from why
    return plain.getvalue()
