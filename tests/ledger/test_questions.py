"""Every question that a run asks of the ledger is answered by an index, in both kinds of database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from inboxes import filled
from plans import ACCOUNT

from importer.flow import preview as flow_preview
from importer.flow import submit as flow_submit
from importer.flow.prepared import Tools, Wish
from importer.flow.submit import Hooks
from importer.ledger.opening import open_ledger
from importer.model.plans import Released
from importer.sending.throttle import Stop
from importer.settings.model import Settings
from importer.unattended import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importer.kantata.client import KantataApi
    from importer.sandbox.running import Sandbox

WHOLE = re.compile(r"^SCAN (?!\d|ledger_meta)(\w+)")
"""A step of SQLite's that reads a whole table, or a whole index; the one that names the version has one row."""
ACCOUNT_ALONE = re.compile(r"^SEARCH (?!run_locks)(\w+) USING (?:COVERING )?INDEX (\w+) \(account=\?\)$")
"""A step that reads everything of an account: as good as a whole table."""
OF_RUNS = "runs_by_start"
"""The list of all runs is what ``history`` shows."""


@pytest.fixture
def tools(
    ledger_place: sa.URL, tmp_path: Path, sandbox: Sandbox, connect: Callable[..., KantataApi]
) -> Iterator[Tools]:
    """Return the tools of a run whose ledger lies in each kind of database."""
    ledger = open_ledger(ledger_place, ACCOUNT)
    settings = Settings(reports=tmp_path / "reports", inbox=tmp_path / "inbox", pace_per_second=1000, retry_seconds=0)
    settings = settings.model_copy(update={"inbox_settle_seconds": 0})
    yield Tools(settings, ACCOUNT, ledger, connect(sandbox.base_url))
    ledger.close()


def asked(tools: Tools, act: Callable[[], object]) -> dict[str, Any]:
    """Each question, with its values, that an act asks of the ledger."""
    engine, found = tools.ledger._engine, dict[str, Any]()  # noqa: SLF001 - what it asks is meant

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            found[statement] = values

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    return found


def everything(tools: Tools, tmp_path: Path) -> None:
    """Preview, submit, submit again, ``run`` of an inbox with two files, and the pages of ``history``."""
    assert tools.api is not None
    api = tools.api
    hooks = Hooks(lambda: api, lambda _plan: None, Stop(), lambda _one: None)
    for amount, wish in ((500, {}), (500, {"batch": "Phase 2"}), (700, {})):
        sheet = filled(tmp_path / f"{amount}{len(wish)}.xlsx", amount, 120)
        flow_preview.preview(Wish(sheet, **wish), tools)
        report = flow_submit.submit(Wish(sheet, **wish, released=Released(all=True)), tools, hooks)
        flow_submit.submit(Wish(sheet, **wish), tools, hooks)
    inbox = tmp_path / "inbox"
    for number in (1, 2):
        filled(inbox / f"{number}.xlsx", 900 + number, age=600, key=f"i{number}")
    for _ in range(2):
        running.run(tools, lambda: api, Stop(), lambda _result: None, rehearsal=True)

    ledger = tools.ledger
    ledger.attempts_of_run(report.run_id)
    ledger.plan_of_run(report.run_id)
    ledger.runs()
    ledger.runs_elsewhere()


def test_no_question_reads_a_whole_table(tools: Tools, tmp_path: Path) -> None:
    """Of a preview, a submit, a run and the pages of history: what they cost does not grow with the ledger."""
    questions = asked(tools, lambda: everything(tools, tmp_path))
    assert len(questions) > 30
    engine = tools.ledger._engine  # noqa: SLF001 - the plan of its database is meant
    with engine.connect() as connection:
        slow = _whole_in_postgresql(connection, questions)
        if engine.dialect.name == "sqlite":
            slow = _whole_in_sqlite(connection, questions)
    assert not slow, "\n".join(map(str, slow))


def _whole_in_sqlite(connection: sa.Connection, questions: dict[str, Any]) -> list[tuple[str, str]]:
    """Steps that read a whole table or everything of the account, each with its question."""
    found = []
    for statement, values in questions.items():
        for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values):
            alone = ACCOUNT_ALONE.match(row.detail)
            first_only = "LIMIT" in statement
            if WHOLE.match(row.detail) or (alone and alone[2] != OF_RUNS and not first_only):
                found.append((row.detail, statement))
    return found


def _whole_in_postgresql(connection: sa.Connection, questions: dict[str, Any]) -> list[tuple[str, str]]:
    """Steps that read a whole table although that is forbidden where there is any other way."""
    if connection.dialect.name != "postgresql":
        return []
    connection.exec_driver_sql("SET enable_seqscan = off")
    found = []
    for statement, values in questions.items():
        for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values):
            if "Seq Scan on" in row[0] and "ledger_meta" not in row[0]:
                found.append((row[0], statement))
    return found
