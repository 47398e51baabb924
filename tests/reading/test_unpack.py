"""Unpacking: whatever a file holds, a sheet or a sentence comes out, in bounded time and memory."""

from __future__ import annotations

import csv
import io
import os
import pickle
import random
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import msoffcrypto.format.ooxml
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from raw_xlsx import parts, sheet_xml, text, zipped
from sheets import csv_file, read, table
from xlsb import Changing, Error, Formula, RichText
from xlsb import workbook as xlsb_workbook

from importer.model.errors import FileProblem, ReaderDefect, WrongUse
from importer.model.exit_codes import ExitCode
from importer.model.headers import known_headers
from importer.model.sheet import CellFault, is_blank
from importer.reading import bounded_child
from importer.reading.formats import unpack as room
from importer.reading.formats.archive import Archive
from importer.reading.formats.child import Request, take_apart
from importer.reading.formats.grid import Limits, Unpacked
from importer.reading.formats.unpack import unpack

FILES = Path(__file__).parents[1] / "files" / "reading"
KNOWN = known_headers()
pytestmark = pytest.mark.usefixtures("real_child")
SMALL = Limits(unpacked_bytes=20 * 2**20, seconds=10, memory_bytes=2**30)
HEADER = ["Project ID", "Item type", "Amount", "Description"]


def taken(name: str, data: bytes, encoding: str | None = None) -> Unpacked | None:
    """Take a file apart in this process, which is quick; None when it is refused with a sentence."""
    try:
        if name.endswith(".xls"):  # xlrd can run for ever on a broken file: only the child is bounded
            return unpack(name, data, KNOWN, limits=replace(SMALL, seconds=3))
        return take_apart(Request(name, data, KNOWN, encoding, SMALL))
    except FileProblem as error:
        assert error.hint  # noqa: PT017 - a sentence without a remedy is none
        return None


# --- what is written is read, in every format and by every writer -----------------

_PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"), max_size=8)
_UNGUARDED = _PLAIN.filter(lambda text: text[:1] not in ("=", "'"))
_CELL = st.none() | _PLAIN.map(str.strip) | st.integers(-(10**9), 10**9) | st.sampled_from([0.1, 1e-7, 1234.56])
_TABLE = st.lists(st.lists(_CELL, min_size=4, max_size=4), min_size=1, max_size=5)


def _same(read_as: list[Any], written: list[Any]) -> bool:
    read_as = [*read_as, *[None] * len(written)][: len(written)]
    return all((is_blank(a) and is_blank(b)) or a == b for a, b in zip(read_as, written, strict=True))


@settings(max_examples=60, deadline=None)
@given(rows=_TABLE)
def test_workbooks_are_read_as_written(tmp_path_factory: pytest.TempPathFactory, rows: list[list[Any]]) -> None:
    """The same values at the same addresses, from .xlsx and .xlsb."""
    path = table(tmp_path_factory.mktemp("a") / "a.xlsx", HEADER, *rows)
    for name, data in (("a.xlsx", path.read_bytes()), ("a.xlsb", xlsb_workbook([HEADER, *rows]))):
        got = taken(name, data)
        assert got is not None
        grid = got.grids[0].rows
        for number, cells in enumerate([HEADER, *rows]):
            assert _same(grid[number] if number < len(grid) else [], cells), (name, number)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.lists(_UNGUARDED | st.sampled_from(['a"b', ",", ";", "\t", "x\ny", '"']), min_size=4, max_size=4)),
    mark=st.sampled_from([",", ";", "\t", "|"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
@example(rows=[["", "", "", "Â\xa0"]], mark=",", quoting=csv.QUOTE_MINIMAL, encoding="cp1252", end="\n")
def test_csv_is_read_as_written_or_refused(
    rows: list[list[str]], mark: str, quoting: int, encoding: str, end: str
) -> None:
    """In every separator, style of quotes and encoding: the same fields in the same records, never others.

    Bytes that are UTF-8 are read as such, whatever the setting says: “Â” with a hard blank in cp1252 is a hard blank.
    """
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark, quoting=quoting, lineterminator=end)
    writer.writerows([HEADER, *rows])
    data = out.getvalue().encode(encoding, errors="replace")
    got = taken("a.csv", data, encoding if encoding == "cp1252" else None)
    if got is not None:
        held = "utf-8" if encoding == "cp1252" and _is_utf_8(data) else encoding
        written = [[one.encode(encoding, errors="replace").decode(held) for one in row] for row in [HEADER, *rows]]
        grid = got.grids[0].rows
        assert all(_same(grid[n] if n < len(grid) else [], cells) for n, cells in enumerate(written))


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_formulas_and_errors_of_xlsb_are_told_apart() -> None:
    """A formula is its stored value; an error is a fault, whether typed or computed."""
    row = [Formula(7), Formula("text"), Formula(value=True), Formula(Error("#REF!")), Error("#N/A"), ""]
    got = taken("a.xlsb", xlsb_workbook([HEADER, row], merged=[(1, 2, 0, 0)]))
    assert got is not None
    cells = got.grids[0].rows[1]
    assert cells[:3] == [7, "text", True]
    assert [cell.shown for cell in cells[3:5] if isinstance(cell, CellFault)] == ["#REF!", "#N/A"]
    assert [str(area) for area in got.grids[0].look.merged] == ["A2:A3"]


def test_a_formatted_text_within_a_cell_of_xlsb_is_read() -> None:
    """The reader takes it for empty; a PO number is not lost."""
    got = taken("a.xlsb", xlsb_workbook([HEADER, [101, "Fixed fee", 5, RichText("Retainer")]]))
    assert got is not None
    assert got.grids[0].rows[1][3] == "Retainer"


def test_formulas_of_xlsb_that_change_are_found() -> None:
    """They say so at their begin; other formulas do not."""
    got = taken("a.xlsb", xlsb_workbook([HEADER, [Changing(46326), Formula(7), Changing("x"), Formula("y")]]))
    assert got is not None
    assert got.grids[0].look.changing == [(0, 2, 2), (2, 2, 2)]


# --- protected, and not what it seems -----------------------------------------------


def _encrypted(data: bytes, password: str) -> bytes:
    out = io.BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(data)).encrypt(password, out)
    return out.getvalue()


def test_the_built_in_password_is_no_obstacle_and_another_one_is(tmp_path: Path) -> None:
    """Excel's own password keeps nobody out, and it is said; a person's own keeps us out."""
    data = table(tmp_path / "a.xlsx", HEADER, [101, "Fixed fee", 5]).read_bytes()
    sheet = read(csv_file(tmp_path / "b.xlsx", _encrypted(data, "VelvetSweatshop")))
    assert sheet.frame.loc[2].tolist() == [101, "Fixed fee", 5, None]
    assert "built-in password" in sheet.notes[0]
    with pytest.raises(FileProblem) as caught:
        read(csv_file(tmp_path / "c.xlsx", _encrypted(data, "secret")))
    assert caught.value.code == "file.protected"


def test_paths_that_are_no_files_are_wrong_use(tmp_path: Path) -> None:
    """A pipe, a device, a name too long: said at once, nothing hangs."""
    paths = [Path("/dev/zero"), tmp_path / ("x" * 300)]
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.xlsx")
        paths.append(tmp_path / "pipe.xlsx")
    for path in paths:
        with pytest.raises(WrongUse):
            read(path)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    """300 MB of nothing are not read to find that out."""
    with (tmp_path / "a.xlsx").open("wb") as file:
        file.truncate(300 * 2**20)
    with pytest.raises(FileProblem) as caught:
        read(tmp_path / "a.xlsx")
    assert caught.value.code == "file.too_large"


def test_thousands_of_parts_are_refused() -> None:
    """No workbook has 6,000 parts."""
    made = parts({"S": sheet_xml("")}) | {f"xl/media/{n}": "" for n in range(6000)}
    with pytest.raises(FileProblem) as caught:
        unpack("a.xlsx", zipped(made), KNOWN)
    assert caught.value.code == "file.too_large"


def test_the_reader_gets_what_was_checked() -> None:
    """Bytes before and after the archive, and a part that the directory does not list, change nothing."""
    sheet = sheet_xml(f'<row r="1">{text("A1", "listed")}</row>')
    data = zipped(parts({"S": sheet}))
    got = taken("a.xlsx", data + b"\x00" * 30)
    assert got is None or got.grids[0].rows == [["listed"]]


def test_a_file_that_readers_could_take_differently_is_written_anew_for_them() -> None:
    """Two directories, bytes around the archive, backslashes: the next reader gets only the parts that were checked."""
    made, other = (zipped(parts({"S": sheet_xml(f'<row r="1">{text("A1", word)}</row>')})) for word in ("one", "two"))
    backslash = io.BytesIO()
    with zipfile.ZipFile(backslash, "w") as archive:
        archive.writestr("xl\\workbook.xml", "<workbook/>")
    assert Archive("a.xlsx", made, SMALL).for_reader().getvalue() == made
    odd = (made + other, made[:-2] + len(other).to_bytes(2, "little") + other, b"junk" + made, backslash.getvalue())
    for data in odd:
        checked = Archive("a.xlsx", data, SMALL)
        with zipfile.ZipFile(checked.for_reader()) as again:
            assert again.fp is not None
            assert {name.lower(): again.read(name) for name in again.namelist()} == {
                name: checked.part(name) for name in checked.names()
            }
        assert checked.for_reader().getvalue() != data


def test_deep_nesting_is_answered() -> None:
    """100,000 elements in one another end in a sentence or a sheet."""
    deep = "<a>" * 100_000 + "</a>" * 100_000
    try:
        unpack(
            "a.xlsx",
            zipped(parts({"S": sheet_xml(f'<row r="1"><!-- x -->{text("A1", "x")}</row>', after=deep)})),
            KNOWN,
        )
    except FileProblem as error:
        assert error.code in {  # noqa: PT017 - a sheet is an answer too
            "file.damaged",
            "file.unreadable",
            "file.too_large",
        }


# --- the child ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("print('garbage')", "file.unreadable"),
        ("", "file.unreadable"),
        ("import os; os.abort()", "file.unreadable"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "file.too_slow"),
        ("raise MemoryError", "file.too_large"),
        ("import os; os.write(2, b'memory allocation of 9 bytes failed'); os.abort()", "file.too_large"),
        ("raise KeyError(1)", "program.reader_crashed"),
        ("import sys; sys.exit(1)", "program.reader_crashed"),
        ("import sys; sys.exit(7)", "file.unreadable"),
        ("import time; time.sleep(60)", "file.too_slow"),
        ("import pickle, sys, os; sys.stdout.buffer.write(pickle.dumps(os.system))", "file.unreadable"),
        ("import pickle, sys; sys.stdout.buffer.write(pickle.dumps(['no', 'answer']))", "file.unreadable"),
        ("import sys; sys.stdout.buffer.write(bytes([0x80, 5, 0x95]) + b'x' * 40)", "file.unreadable"),
    ],
)
def test_whatever_becomes_of_the_child_is_a_sentence(tmp_path: Path, program: str, code: str) -> None:
    """Garbage, silence, abort, kill, time-out or a foreign class: a FileProblem each."""
    script = csv_file(tmp_path / "child.py", program)
    command = csv_file(tmp_path / "python", f"#!/bin/sh\nexec {sys.executable} {script}\n")
    command.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", str(command))
        with pytest.raises(FileProblem) as caught:
            unpack("a.xlsx", b"PK", KNOWN, limits=replace(SMALL, seconds=2))
    assert caught.value.code == code


def test_a_crash_without_a_limit_is_a_defect_of_the_program(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It ends with exit code 1, and the log holds the traceback."""
    script = csv_file(tmp_path / "child.py", "raise KeyError('grid 12')")
    command = csv_file(tmp_path / "python", f"#!/bin/sh\nexec {sys.executable} {script}\n")
    command.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", str(command))
        with pytest.raises(ReaderDefect) as caught:
            unpack("a.xlsx", b"PK", KNOWN, limits=SMALL)
    assert caught.value.exit_code is ExitCode.UNEXPECTED
    assert "KeyError: 'grid 12'" in vars(caplog.records[-1])["traceback"]


@pytest.mark.parametrize("count", [12, 60])
def test_a_workbook_may_have_many_sheets(count: int) -> None:
    """One sheet a month is the commonest workbook there is."""
    sheets = {f"Month {n}": sheet_xml(f"<row><c><v>{n}</v></c></row>") for n in range(count)}
    unpacked = unpack("a.xlsx", zipped(parts(sheets)), KNOWN, limits=SMALL)
    assert [grid.rows for grid in unpacked.grids] == [[[n]] for n in range(count)]


def test_no_answer_can_run_anything() -> None:
    """A class that answers are not made of is refused before it is looked up."""
    for made in (os.system, subprocess.Popen, eval):
        with pytest.raises(pickle.UnpicklingError):
            bounded_child.Answers(io.BytesIO(pickle.dumps(made)), 1000, room._ALLOWED).load()  # noqa: SLF001 - the guard itself


@pytest.mark.parametrize("answer", [pickle.dumps("x" * 2000), b"S'" + b"x" * 2000])
def test_an_answer_that_is_too_long_is_not_read(answer: bytes) -> None:
    """It is counted while it is read."""
    with pytest.raises(bounded_child.ChildTooLarge):
        bounded_child.Answers(io.BytesIO(answer), 1000).load()


LOUD = "import sys\nwhile True: sys.stdout.buffer.write(b'S' + b'x' * 10**6)"
GREEDY = "import time; kept = bytearray(300 * 2**20); time.sleep(60)"


@pytest.mark.parametrize("program", [LOUD, GREEDY])
def test_a_child_without_limits_of_its_own_is_ended(
    tmp_path: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system limits no memory, as on Windows, this process looks on; endless answers end anywhere."""
    script = csv_file(tmp_path / "child.py", program)
    command = csv_file(tmp_path / "python", f"#!/bin/sh\nexec {sys.executable} {script}\n")
    command.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(command))
    monkeypatch.setattr(bounded_child, "LIMITS_MEMORY", False)
    with pytest.raises(FileProblem) as caught:
        unpack("a.xlsx", b"PK", KNOWN, limits=replace(SMALL, seconds=30, memory_bytes=200 * 2**20))
    assert caught.value.code == "file.too_large"


def test_the_child_writes_no_file_and_starts_no_process(tmp_path: Path) -> None:
    """What takes it over could do neither; root may still start processes."""
    written = tmp_path / "written"
    script = (
        "from importer.reading.formats.child import limit_this_process\n"
        f"limit_this_process(5, 2**30)\nwith open({str(written)!r}, 'w') as file:\n    file.write('x')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ("File too large" in done.stderr, written.read_text()) == (True, "")


def test_memory_is_bounded() -> None:
    """A sheet that needs more memory than allowed is a sentence, in time."""
    row = "".join(f"<c><v>{n}</v></c>" for n in range(100))
    data = zipped(parts({"S": sheet_xml("".join(f"<row>{row}</row>" for _ in range(6000)))}))
    with pytest.raises(FileProblem) as caught:
        unpack("a.xlsx", data, KNOWN, limits=replace(SMALL, memory_bytes=80 * 2**20))
    assert (caught.value.code, "setting read_memory_mb" in caught.value.message) == ("file.too_large", True)


# --- fuzz -----------------------------------------------------------------------------

SEEDS = sorted(p.name for p in FILES.iterdir() if p.stem in {"lines", "comma", "prefixed", "shared_strings", "merged"})
ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "12"))
"""Changes tried per file; a longer run by hand: FUZZ_ROUNDS=2000 pytest tests/test_unpack.py -k fuzz."""


def _changed(data: bytes, chance: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(made) or 1)
        match chance.randrange(4):
            case 0 if made:
                made[at] = chance.randrange(256)
            case 1:
                del made[at : at + chance.randint(1, 40)]
            case 2:
                made[at:at] = made[: chance.randint(1, 40)]
            case _ if chance.random() < 0.2:
                del made[at:]
    return bytes(made)


def _changed_inside(data: bytes, chance: random.Random) -> bytes:
    """Change one part of a zipped workbook and pack it well again, so that the readers get to see it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        made: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice([one for one in made if made[one]])
    content = made[name]
    made[name] = _changed(content.encode() if isinstance(content, str) else content, chance)
    return zipped(made)


@pytest.mark.slow
@pytest.mark.parametrize("name", SEEDS)
def test_fuzz_ends_in_a_sheet_or_a_sentence(name: str) -> None:
    """Flipped, cut and spliced files, and well-packed ones with broken parts: no traceback and no hang."""
    data, chance = (FILES / name).read_bytes(), random.Random(name)
    for number in range(ROUNDS):
        inside = data.startswith(b"PK") and number % 4
        changed = _changed_inside(data, chance) if inside else _changed(data, chance)
        try:
            got = taken(name, changed)
        except BaseException as error:  # noqa: BLE001 - what the child turns into a sentence; here it must be just this
            assert not isinstance(error, (KeyboardInterrupt, SystemExit)), error  # noqa: PT017
            with pytest.raises(FileProblem):
                unpack(name, changed, KNOWN, limits=SMALL)
        else:
            assert got is None or isinstance(got, Unpacked)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    """Before anything is sent: no results, and no ledger, could name it."""
    path = tmp_path / os.fsdecode(b"M\xe4rz.csv")
    path.write_bytes(b"Project ID,Item type,Amount\n101,Fixed fee,5\n")
    with pytest.raises(FileProblem) as refused:
        read(path)
    assert (refused.value.code, "M\\udce4rz.csv" in refused.value.message) == ("file.name", True)


def test_the_process_that_reads_loads_only_what_it_needs() -> None:
    """Its start is paid for every file: nothing of the network, of pandas or of the ledger."""
    code = "import sys, importer.reading.formats.child, importer.reading.formats.calamine; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "python_calamine" in done.stdout.split()
    assert set(done.stdout.split()).isdisjoint(
        {"urllib.request", "http.client", "email", "ssl", "pandas", "sqlalchemy"}
    )
