"""Helpers of the tests about the inbox: workbooks with a cover, and a mail server that keeps what it receives."""

from __future__ import annotations

import email
import email.policy
import os
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd.controller import Controller
from sheets import workbook

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

STRICT = {"IMPORTER_REQUIRE_APPROVAL": "true"}
"""Nothing is sent that no person approved."""
HEADERS = ("Project ID", "Invoice key", "Item type", "Amount", "Net days", "Invoice date")


def filled(
    path: Path, *amounts: object, total: object = "sum", age: int = 0, key: str = "k", project: int = 101
) -> Path:
    """Write a workbook of one invoice per amount; its cover expects their sum, another total, or (None) nothing.

    ``age`` makes it so many seconds old.
    """
    rows = [(project, f"{key}{n}", "Fixed fee", amount, 30, "2026-10-31") for n, amount in enumerate(amounts)]
    expected = sum(amounts) if total == "sum" else total  # type: ignore[arg-type]
    cover: dict[str, Any] = {} if expected is None else {"Cover": [["Expected total", expected]]}
    path.parent.mkdir(parents=True, exist_ok=True)
    workbook(path, {"Invoices": [HEADERS, *rows], **cover})
    return aged(path, age)


def aged(path: Path, seconds: int) -> Path:
    """Make a file older."""
    now = path.stat().st_mtime
    os.utime(path, (now - seconds, now - seconds))
    return path


def lying(inbox: Path) -> list[str]:
    """Names of what lies in the inbox itself."""
    return sorted(one.name for one in inbox.iterdir() if one.is_file() and not one.name.startswith("."))


def put_away(inbox: Path, outcome: str) -> list[str]:
    """Names of all files below one of its folders, without run ids."""
    return sorted(one.name for one in (inbox / outcome).rglob("*") if one.is_file())


@dataclass
class MailServer:
    """A real SMTP server on the loopback."""

    received: list[EmailMessage] = field(default_factory=list)
    refuse: bool = False

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a mail, or refuse it."""
        if self.refuse:
            return "554 Mailbox is full"
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.received.append(parsed)  # type: ignore[arg-type]
        return "250 OK"

    def __enter__(self) -> Self:
        """Listen."""
        with socket.socket() as free:  # its controller cannot find out which port the system gave it
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._controller.stop()

    @property
    def address(self) -> str:
        """What Apprise takes."""
        return f"mailto://127.0.0.1:{self.port}/?from=importer@firm.test&to=anna@firm.test&mode=insecure&smtp=127.0.0.1"


def text_of(mail: EmailMessage) -> str:
    """The text of a mail."""
    body = mail.get_body(("plain", "html"))
    assert body is not None
    return body.get_content()
