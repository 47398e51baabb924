"""Whatever comes in, what comes out is a result or a sentence: no other error, little time, little memory.

``make fuzz`` runs it for ten minutes, ``make check`` for twenty seconds. What went wrong lies in the folder that the
failure names, with the seed that makes it again.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import pickle
import random
import resource
import signal
import time
import zipfile
from contextlib import suppress
from datetime import date, datetime, timedelta
from datetime import time as day_time
from typing import TYPE_CHECKING, Any

import pytest
from odd_files import all_files, header, line
from raw_xlsx import parts, sheet_xml, text, zipped
from sheets import column_of

from importer.checking.row_checks import check_rows
from importer.kantata.answers import classify
from importer.model.columns import COLUMNS
from importer.model.errors import ImporterError
from importer.model.headers import known_headers
from importer.model.problems import Problems, Severity
from importer.reading import bounded_child
from importer.reading.bounded_child import Bounds, ChildDied, ChildTooLarge
from importer.reading.formats.child import limit_this_process
from importer.reading.read import read_sheet
from importer.reporting.annotated.annotations import Annotations, Mark
from importer.reporting.annotated.child import Request
from importer.values.number_format import UnreadableFormat, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

pytestmark = pytest.mark.slow
SECONDS = float(os.environ.get("FUZZ_SECONDS", "20"))
"""For all targets together."""
MOST_SECONDS = 1.0
"""Of the processor, for one input."""
HANGS_AFTER = 20
"""Seconds on the clock after which an input is given up."""
MOST_MEMORY = 2**30
"""Bytes that one input may add to what this process needs at most."""

PIECES = (
    *"0123456789.,;:/\\|-+()[]{}<>#%&?!'\"*=@_~^$€£¥ \t\n\r\0\x1b\u00a0\u202e\u200b\ufeff٣²½Ⅷ十ßıİ\ud800",
    *("1", "12", "1e9", "1E-5", "1e999999999", "0x1F", "1_000", "١٢٣", "99999999999999999999", "1'234.50", "1.234,50"),
    *("EUR", "CHF", "Rs.", "kr", "T&M", "Fixed fee", "yes", "nein", "NaN", "inf", "Infinity", "None", "null", "TRUE"),
    *(
        "2026-10-31",
        "31.10.2026",
        "10/31/26",
        "31 Oct",
        "Oktober",
        "2026年10月31日",
        "T00:00:00Z",
        "25:61",
        "-0001-01-01",
    ),
    *("=1+1", "'00042", '="42"', "#REF!", "#101", "101 - Website", "https://x.y/101", "Total", "{{name}}", "&nbsp;"),
    *(" " * 300, "(" * 300, "1," * 300, "a " * 300, "\\" * 300, '"' * 301, "é" * 300, "e\u0301" * 300, "9" * 300),
)
TIMES = (1, 1, 1, 1, 1, 1, 2, 3, 15, 30)
VALUES = (
    *(None, True, False, 0, -0.0, 1, 10**400, -(10**30), 0.1, 1e308, 5e-324, float("nan"), float("inf"), "", " "),
    *(date(1, 1, 1), date(9999, 12, 31), datetime(9999, 12, 31, 23, 59, 59, 999999)),  # noqa: DTZ001 - a cell has no zone
    *(day_time(0), day_time(23, 59, 59, 999999), timedelta(days=999999999), timedelta(days=-999999999), timedelta(0)),
)
CHECKED = ("Quantity", "Rate", "VAT %", "Due date", "Currency", "Total (EUR)", "Discount", "Amount", "Status", "Notes ")
CODES = (
    "0",
    "#",
    "?",
    ".",
    ",",
    "%",
    "/",
    "E+",
    "y",
    "m",
    "d",
    "h",
    "s",
    ";",
    "@",
    "General",
    "[>5]",
    "[Red]",
    "[$€-2]",
)


def a_text(chance: random.Random, most: int = 6) -> str:
    """Pieces of what people and programs write, one after the other, some of them again and again."""
    return "".join(chance.choice(PIECES) * chance.choice(TIMES) for _ in range(chance.randint(0, most)))


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Bytes flipped, cut out, repeated, put in or cut off."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(made) or 1)
        match chance.randrange(5):
            case 0 if made:
                made[at] = chance.randrange(256)
            case 1:
                del made[at : at + chance.randint(1, 60)]
            case 2:
                made[at:at] = made[at : at + chance.randint(1, 60)] * chance.choice((1, 2, 500))
            case 3:
                made[at:at] = a_text(chance).encode(errors="surrogatepass")
            case _ if chance.random() < 0.1:
                del made[at:]
    return bytes(made)


def forked(main: str, request: object, bounds: Bounds, allowed: Collection[tuple[str, str]] = ()) -> object:
    """Ask as the program does, but without the start of another Python: a library may abort its process."""
    room = importlib.import_module(main.partition(":")[0])
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException), os.fdopen(writing, "wb") as out:
            limit_this_process(bounds.seconds, bounds.memory_bytes)
            pickle.dump(room.answer_to(request), out)
            out.close()
            os._exit(0)
        os._exit(70)
    os.close(writing)
    answer, ended = None, False
    try:
        with suppress(EOFError, pickle.UnpicklingError), os.fdopen(reading, "rb") as stream:
            answer = bounded_child.Answers(stream, bounds.answer_bytes, allowed).load()
        ended = True
    finally:
        if not ended:
            os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status != 0:
        raise ChildDied(status, b"")
    return answer


def checked(path: Path) -> None:
    """Read a file as the program does, and check its rows."""
    sheet = read_sheet(path, None, known_headers())
    check_rows(sheet, Problems(sheet.problems), send_cents=False)


def annotated(data: bytes) -> None:
    """Annotate a workbook, as far as that goes."""
    bounds = Bounds(60, 2**32, 2**28)
    with suppress(ChildDied, ChildTooLarge):
        bounded_child.ask("importer.reporting.annotated.child:main", Request(data, ANNOTATIONS, 60, 2**32), bounds)


# --- the targets: each makes an input of a chance, and gives what handles it --------------------


def cells(chance: random.Random, _: Path) -> Callable[[], object]:
    """Cells of one column, of every kind."""
    column = chance.choice(COLUMNS)
    given = [chance.choice(VALUES) if chance.random() < 0.2 else a_text(chance) for _ in range(8)]
    return lambda: column_of(column.name, *given)


def formats(chance: random.Random, _: Path) -> Callable[[], object]:
    """A value under a number format."""
    code = "".join(chance.choice((*CODES, *PIECES)) for _ in range(chance.randint(0, 12)))
    value = chance.choice(VALUES)

    def show() -> None:
        with suppress(UnreadableFormat):
            shown(code, value)

    return show


def rows_of_csv(chance: random.Random, folder: Path) -> Callable[[], object]:
    """A sheet of known headers, some with more words behind them, and any cells, to its problems."""
    names = chance.sample([column.title for column in COLUMNS], 6)
    names += [chance.choice(CHECKED) + a_text(chance, 2).replace(",", "") for _ in range(2)]
    titles = ["Project ID", "Item type", "Amount", *names]
    rows = [",".join(a_text(chance, 3).replace(",", "") for _ in titles) for _ in range(5)]
    (path := folder / "a.csv").write_text("\n".join([",".join(titles), *rows]), "utf-8", errors="replace", newline="")
    return lambda: checked(path)


def bytes_of_files(chance: random.Random, folder: Path) -> Callable[[], object]:
    """A file of any kind, damaged."""
    name = chance.choice(sorted(name for name in SEEDS if not name.endswith(".xls")))  # xlrd may run for ever
    (path := folder / name).write_bytes(damaged(SEEDS[name], chance))
    return lambda: checked(path)


def parts_of_workbooks(chance: random.Random, folder: Path) -> Callable[[], object]:
    """A workbook with one damaged part, well packed; read, checked, and annotated."""
    name = chance.choice(sorted(name for name, data in SEEDS.items() if data.startswith(b"PK") and name != "cut.xlsx"))
    with suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(SEEDS[name])) as archive:
        made: dict[str, str | bytes] = {part: archive.read(part) for part in archive.namelist()}
        part = chance.choice(sorted(made))
        made[part] = damaged(bytes(made[part]), chance)  # type: ignore[arg-type]
        (folder / name).write_bytes(zipped(made))
    if not (folder / name).exists():
        (folder / name).write_bytes(SEEDS[name])
    path = folder / name

    def handle() -> None:
        annotated(path.read_bytes())
        checked(path)

    return handle


def numbers_in_parts(chance: random.Random, folder: Path) -> Callable[[], object]:
    """A workbook in which places, spans and sizes are any number."""
    place = f"{chance.choice('AZ')}{chance.choice(('', 'Z', 'ZZ'))}{chance.choice((0, 1, 3, 99, 10**6, 10**13))}"
    other = f"{chance.choice('AC')}{chance.choice((0, 2, 5, 10**6, 10**13))}"
    more = "".join(chance.choice(ODDITIES).format(place=place, other=other) for _ in range(chance.randint(1, 40)))
    row = f'<row r="{chance.choice((0, 2, 3, 10**6, 10**13))}">{text(other, a_text(chance, 2))}</row>'.translate(NO_XML)
    rows = header() + line(2) + chance.choice(("", row)) + line(3)
    (path := folder / "a.xlsx").write_bytes(zipped(parts({"Invoices": sheet_xml(rows, after=more)})))

    def handle() -> None:
        annotated(path.read_bytes())
        checked(path)

    return handle


def answers(chance: random.Random, _: Path) -> Callable[[], object]:
    """What Kantata answers to a request, damaged."""
    body = damaged(ANSWER, chance).decode(errors="replace")
    status = chance.choice((200, 400, 401, 403, 404, 422, 429, 500, 503, 999))
    return lambda: classify(status, body, {"Retry-After": a_text(chance, 2), "X-Request-Id": a_text(chance)})


SEEDS = all_files()
NO_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 55296, 65279, ord("&"), ord('"')))
ODDITIES = (
    '<mergeCells><mergeCell ref="{place}:{other}"/><mergeCell ref="{other}:{place}"/></mergeCells>',
    '<conditionalFormatting sqref="{place}:{other}"><cfRule type="expression" dxfId="0"/></conditionalFormatting>',
    '<autoFilter ref="{place}:{other}"/>',
    '<hyperlinks><hyperlink ref="{place}"/></hyperlinks>',
    '<dataValidations><dataValidation sqref="{place}:{other}"/></dataValidations>',
)
ANNOTATIONS = Annotations(
    "Invoices", 1, 4, frozenset(), {"C2": Mark(Severity.ERROR, ["x"])}, {}, (), (("File", "a"),), "how"
)
ANSWER = json.dumps(
    {
        "count": 1,
        "results": [{"key": "invoices", "id": "9001"}],
        "invoices": {"9001": {"id": "9001", "title": "x", "total_in_cents": 1200, "workspace_ids": ["101"]}},
        "fixed_fee_items": {"1": {"id": "1", "amount_in_cents": 5, "notes": "n"}},
        "errors": [{"type": "x", "message": "m", "field": "f"}],
    }
).encode()
TARGETS = (cells, formats, rows_of_csv, bytes_of_files, parts_of_workbooks, numbers_in_parts, answers)


def used() -> float:
    """Seconds of the processor, those of ended children too."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class TookTooLong(BaseException):
    """An input that hangs."""


def ring(*_: object) -> None:
    """Give an input up."""
    raise TookTooLong


@pytest.fixture
def _alarm() -> Any:
    """Let no input hang for ever."""
    before = signal.signal(signal.SIGALRM, ring)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def play(target: Callable[..., Callable[[], object]], tmp_path: Path, seconds: float) -> None:
    """Make one input after the other for so long, and handle it. Raises AssertionError for what went wrong."""
    end = time.monotonic() + seconds
    seed = first = int(os.environ.get("FUZZ_SEED", str(random.randrange(10**9))))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    while seed == first or (time.monotonic() < end and "FUZZ_SEED" not in os.environ):
        (folder := tmp_path / str(seed)).mkdir()
        handle = target(random.Random(seed), folder)
        signal.setitimer(signal.ITIMER_REAL, HANGS_AFTER)
        began, where = used(), f"FUZZ_SEED={seed} make fuzz; the input lies in {folder}"
        try:
            with suppress(ImporterError):
                handle()
        except (Exception, TookTooLong) as error:
            raise AssertionError(where) from error
        signal.setitimer(signal.ITIMER_REAL, 0)
        took = used() - began
        assert took < MOST_SECONDS or seed == first, f"{where}: it took {took:.1f} s"  # the first one imports
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - memory < MOST_MEMORY, where
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        seed += 1


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("_alarm")
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.__name__)
def test_nothing_but_a_result_or_a_sentence(
    target: Callable[..., Callable[[], object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In little time and memory, for as many inputs as there is time for."""
    monkeypatch.setattr(bounded_child, "ask", forked)
    play(target, tmp_path, SECONDS / len(TARGETS))


PLANTED = [
    (cells, "importer.values.amounts._no_amount"),
    (cells, "importer.values.dates._in_one_form"),
    (formats, "importer.values.number_format._sections"),
    (rows_of_csv, "importer.checking.row_checks._check_types"),
    (bytes_of_files, "importer.checking.row_checks._check_types"),
    (parts_of_workbooks, "importer.checking.row_checks._check_types"),
    (numbers_in_parts, "importer.checking.row_checks._check_types"),
    (answers, "importer.kantata.answers.error_text"),
]
"""A target, and a function that it reaches: in amounts, dates, CSV, workbooks and answers."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("_alarm")
@pytest.mark.parametrize(("target", "function"), PLANTED)
def test_a_planted_defect_is_found(
    target: Callable[..., Callable[[], object]], function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its kind of inputs, within seconds."""

    def planted(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(bounded_child, "ask", forked)
    monkeypatch.setattr(function, planted)
    with pytest.raises(AssertionError, match="make fuzz; the input lies in") as found:
        play(target, tmp_path, HANGS_AFTER)
    assert isinstance(found.value.__cause__, ZeroDivisionError)
