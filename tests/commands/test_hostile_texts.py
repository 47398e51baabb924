"""What others wrote moves no cursor, hides nothing, formats nothing and forges no line, wherever it is shown."""

from __future__ import annotations

import io
import json
import re
import unicodedata
import zipfile
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from inboxes import MailServer, aged
from scripted import Scripted, http
from sheets import workbook

from importer.model.visible import in_one_line, visible
from importer.reporting.screen import Screen, plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from programs import Cli, Finished
    from scripted import Request

    from importer.sandbox.running import Sandbox

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
FORGED = "Tie-out EUR: nothing to see"
"""A line of its own with this text would be a lie."""
EVIL = f"[/x][bold]\x1b[2J\x1b]0;t\x07\x9b31m\u202egpj\u2066\u200b\u061c\U000e0001\r\n{FORGED}\u2028{FORGED}[/bold]\\"
"""Markup, ESC, OSC, C1, bidi, no width, line ends, and a backslash that would escape what follows."""
NAME = f"evil[bold]\x1b[2J\u202e\r\n{FORGED}\u200b.xlsx"


def test_hidden_characters_become_escapes() -> None:
    """As JSON writes them; letters of all scripts, blanks, emoji and accents are as they were."""
    assert visible("a\x1b[2J\x9b\u202e\u200b\U000e0001\udc80\r") == (
        "a\\u001b[2J\\u009b\\u202e\\u200b\\udb40\\udc01\\udc80\\u000d"
    )
    fine = "Größe 日本 عربي हिन्दी 🙂 a\u00a0b e\u0301\n\tc"
    assert visible(fine) == fine
    assert in_one_line("a\nb") == "a\\nb"


@given(st.text())
def test_a_visible_text_hides_nothing(text: str) -> None:
    """Whatever it was; shown twice it is the same, and a JSON document stays the same document."""
    shown = visible(text)
    assert all(letter in "\n\t" or unicodedata.category(letter) not in HIDDEN for letter in shown)
    assert visible(shown) == shown
    assert json.loads(visible(json.dumps([text], ensure_ascii=False))) == [text]


@given(st.text(alphabet="[]/\\abold =@'\"#x1"))
def test_data_is_never_markup(text: str) -> None:
    """Whatever brackets and backslashes it has, between markup of ours."""
    stream = io.StringIO()
    Screen(file=stream, width=500).print(f"[bold]a{plain(text)}[/]b", soft_wrap=True)
    assert stream.getvalue() == f"a{text}b\n".replace("\\[", "\\u005b")


# --- every command ------------------------------------------------------------------------------


def relaying(sandbox: Sandbox) -> Scripted:
    """A server in front of the stand-in whose every title, name and message is hostile."""

    def relay(request: Request) -> bytes:
        headers = {"Authorization": request.headers["authorization"], "Content-Type": "application/json"}
        address = sandbox.base_url.removesuffix("/api/v1") + request.target
        came = requests.request(request.method, address, data=request.body, headers=headers, timeout=30)
        return http(came.status_code, json.dumps(_hostile(came.json())) if came.content else b"")

    return Scripted([relay])


def _hostile(answer: object) -> object:
    if isinstance(answer, list):
        return [_hostile(part) for part in answer]
    if not isinstance(answer, dict):
        return answer
    changed = {name: _hostile(value) for name, value in answer.items()}
    for name in ("title", "full_name", "client_lead_name", "message"):
        if isinstance(changed.get(name), str) and "user_invoice_title" not in changed:
            changed[name] = f"{changed[name]} {EVIL}"
    return changed


HEADERS = ("Project ID", f"Odd {EVIL}", "Invoice key", "Item type", "Amount", "Net days", "PO")


def sheet(path: Path, *rows: tuple[object, ...]) -> Path:
    """Write a workbook whose sheet, header, keys and cells are hostile; XML itself has no place for controls."""
    path.parent.mkdir(parents=True, exist_ok=True)
    words = re.sub(r"[\x00-\x08\x0b-\x1f]", "", EVIL)
    lines = [[words if cell is EVIL else cell for cell in row] for row in (HEADERS, *rows)]
    lines[0][1] = f"Odd {words}"
    workbook(path, {"In\u202evoices\u200b": lines})
    return path


def odd(text: str) -> list[str]:
    """What of a text ought not to be in it: hidden characters, and forged lines."""
    found = [f"{ord(letter):x}" for letter in text if letter not in "\n\t" and unicodedata.category(letter) in HIDDEN]
    return found + [line for line in text.split("\n") if line.strip().startswith(FORGED)]


def check(done: Finished) -> None:
    """Neither stream holds anything odd, and nothing was broken by it."""
    assert (odd(done.stdout), odd(done.stderr)) == ([], [])
    assert "Unexpected error" not in done.stderr
    assert "Traceback" not in done.stderr


def written(folder: Path) -> Iterator[tuple[str, str]]:
    """Name and text of notes, logs and cells of our workbooks; not those that repeat the cells of the sheet."""
    for path in folder.rglob("*"):
        if path.suffix in (".txt", ".jsonl"):
            yield path.name, path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            yield path.name, _lines_of(path.read_text(encoding="utf-8"))
        if path.suffix == ".xlsx" and path.stem.endswith(("-preview", "-results", "-undo")):
            with zipfile.ZipFile(path) as book:
                for number, name in enumerate(_sheets(book), start=1):
                    if name != "Lines":
                        yield f"{path.name}:{name}", _texts(book.read(f"xl/worksheets/sheet{number}.xml"))


def _lines_of(page: str) -> str:
    """A page as its texts: line ends stay within their element, as a browser shows them."""
    assert "<bold>" not in page
    return "\n".join(text.strip().replace("\n", " ") for text in re.split("<[^>]*>", page))


def _sheets(file: zipfile.ZipFile) -> list[str]:
    book = ET.fromstring(file.read("xl/workbook.xml"))  # noqa: S314 - our own file
    return [part.get("name", "") for part in book.iter() if "sheetId" in part.attrib]


def _texts(xml: bytes) -> str:
    parts = ET.fromstring(xml).iter()  # noqa: S314 - our own file
    cells = [part.text or "" for part in parts if part.tag.endswith("}t")]
    return "\n".join(cell.replace("\n", " ") for cell in cells)  # line ends stay within their cell


@pytest.fixture
def desk(cli: Cli, sandbox: Sandbox) -> Iterator[Cli]:
    """Return the program, at an account whose every text is hostile."""
    with relaying(sandbox) as server:
        yield type(cli)(
            cli.server, cli.folder, cli.env | {"KANTATA_BASE_URL": server.base_url, "KANTATA_TOKEN": sandbox.token}
        )


MISTAKES = (101, EVIL, "k", EVIL, EVIL, EVIL, EVIL), (EVIL, EVIL, EVIL, EVIL, 1, 1, 1)


def test_a_hostile_sheet_with_mistakes_is_shown_as_it_is(desk: Cli) -> None:
    """Its name, its header, and the cells that its problems repeat."""
    file = sheet(desk.folder / NAME, (101, EVIL, EVIL, "Fixed fee", 100, 30, EVIL), *MISTAKES)
    for options in (["preview"], ["preview", "--json"], ["submit", "--quiet"], ["approve", "--yes"]):
        done = desk.run(*options, file)
        check(done)
        assert done.exit_code == 3
    assert [(name, odd(text)) for name, text in written(desk.folder) if odd(text)] == []


def test_what_was_sent_is_shown_as_it_is(desk: Cli) -> None:
    """From the plan to the undo: titles of Kantata, a batch, a key."""
    file = sheet(
        desk.folder / NAME, (101, "", "[/x]", "Fixed fee", 100, 30, ""), (105, "", "[bold]", "Fixed fee", 7, 30, "")
    )
    batch = ("--batch", "[/x][bold]y")
    steps = [
        ("preview", file, *batch),
        ("approve", file, "--yes", *batch),
        ("submit", file, "--yes", *batch),
        ("submit", file, "--yes", *batch),
        ("history",),
        ("history", "last"),
        ("history", "--json"),
        ("doctor",),
        ("doctor", "--json"),
        ("settings",),
        ("reconcile",),
        ("undo", "last", "--yes"),
        ("undo", "last", "--yes", "--json"),
        ("history", "[/x]"),
        ("undo", "[/x][bold]y"),
        ("preview", desk.folder / "none[/x]\x1b[2J\n.xlsx"),
    ]
    for step in steps:
        done = desk.run(*step, COLUMNS="200")
        check(done)
        assert done.exit_code != 1, (step, done.stderr)
    shown = desk.run("history", COLUMNS="200").stdout
    assert "[/x][bold]y" in shown
    assert [(name, odd(text)) for name, text in written(desk.folder) if odd(text)] == []


def test_a_run_over_a_hostile_inbox_tells_it_as_it_is(desk: Cli, tmp_path: Path) -> None:
    """The output that cron mails, the notice, the note beside the file and the log."""
    inbox = desk.folder / "inbox"
    aged(sheet(inbox / NAME, (101, EVIL, "k", EVIL, EVIL, 30, EVIL)), 60)
    aged(sheet(inbox / f"b{NAME}", (101, "", "[/x]", "Fixed fee", 100, 30, "")), 50)
    with MailServer() as mail:
        addresses = tmp_path / "addresses"
        addresses.write_text(f"{mail.address}\n")
        addresses.chmod(0o600)
        env = {
            "IMPORTER_UNATTENDED": "true",
            "IMPORTER_LARGEST_TOTAL": "1000",
            "IMPORTER_INBOX_SETTLE_SECONDS": "0",
            "IMPORTER_NOTIFY_FILE": str(addresses),
        }
        check(desk.run("run", "--sandbox", **env))
        check(desk.run("run", "--quiet", **env))
        for message in mail.received:
            assert odd(str(message["subject"])) == []
            body = message.get_body(("plain", "html"))
            assert body is not None
            assert odd(body.get_content().replace("\r\n", "\n")) == []
        assert mail.received
    texts = [*written(desk.folder), *written(tmp_path.parent)]
    assert any(name == "what-happened.txt" for name, _ in texts)
    assert [(name, odd(text)) for name, text in texts if odd(text)] == []
