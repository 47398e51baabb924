"""A project may be named instead of numbered: by its title in Kantata, or by a name of the settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import Request, Scripted, http
from sheets import checked, read, records

from importer.kantata.account import Project
from importer.model.errors import SettingsProblem
from importer.model.problems import Problems
from importer.planning.named_projects import Seen, matches, nearest, with_projects
from importer.sandbox.faults import Fault, FaultKind
from importer.settings.aliases import aliases
from importer.values.names import same

if TYPE_CHECKING:
    from pathlib import Path

    from programs import Cli, Finished

    from importer.sandbox.running import Sandbox

MUELLER = "Website-Relaunch Bäckerei Müller"


def sheet(cli: Cli, *rows: dict[str, object], ids: bool = False) -> Path:
    """Write a sheet of fixed fees that names its projects; with ``ids`` it has a column for ids too."""
    columns = ["Project", "Item type", "Amount", "Net days", "Invoice key", *(["Project ID"] if ids else [])]
    given_rows = [{"Item type": "fixed_fee", "Amount": 100, "Net days": 30, **row} for row in rows]
    lines = [columns, *([row.get(name, "") for name in columns] for row in given_rows)]
    path = cli.folder / "named.csv"
    path.write_text("".join(";".join(map(str, line)) + "\n" for line in lines), encoding="utf-8")
    return path


def preview(
    cli: Cli, *rows: dict[str, object], ids: bool = False, options: tuple[str, ...] = (), **env: str
) -> Finished:
    """Preview such a sheet."""
    return cli.run("preview", sheet(cli, *rows, ids=ids), "--json", *options, **env)


def found(done: Finished) -> list[tuple[str, str]]:
    """Code and cell of each problem."""
    return [(one["code"], one["cell"]) for one in done.document["problems"]]


def ids_of(done: Finished) -> list[list[int]]:
    """Projects of each invoice."""
    return [one["workspace_ids"] for one in done.document["invoices"]]


def table(**names: int) -> dict[str, str]:
    """Names in the settings, by the environment."""
    return {"IMPORTER_WORKSPACES": json.dumps({name.replace("_", " "): number for name, number in names.items()})}


# --- titles of Kantata ---


@pytest.mark.parametrize("name", [MUELLER, MUELLER.upper(), f"  {MUELLER.replace(' ', '   ')} "])
def test_a_title_means_its_project(cli: Cli, sandbox: Sandbox, name: str) -> None:
    """Apart from case and blanks; the id enters everything as if it had been typed."""
    cli = cli.at(sandbox)
    done = preview(cli, {"Project": name})
    typed = cli.run("preview", cli.sheet({"amount": 100}), "--json")
    assert (done.exit_code, found(done), ids_of(done)) == (0, [], [[101]])
    one, other = done.document["invoices"][0], typed.document["invoices"][0]
    assert (one["reference"], one["payload"]) == (other["reference"], other["payload"])
    assert one["workspace_titles"] == [MUELLER]


def test_a_named_project_is_billed_once(cli: Cli, sandbox: Sandbox) -> None:
    """Named today and numbered tomorrow, it is the same invoice."""
    cli = cli.at(sandbox)
    done = cli.run("submit", sheet(cli, {"Project": MUELLER}), "--yes", "--json")
    assert (done.exit_code, done.statuses) == (0, ["created"])
    again = cli.run("submit", cli.sheet({"amount": 100}), "--yes", "--json")
    assert (again.exit_code, again.statuses) == (0, ["already_created"])


def test_names_and_ids_may_be_mixed(cli: Cli, sandbox: Sandbox) -> None:
    """A row with either, and one with both that agree; rows of one project form one invoice."""
    rows = [
        {"Project": MUELLER},
        {"Project ID": 101, "Amount": 7},
        {"Project": MUELLER, "Project ID": 101, "Amount": 8},
    ]
    done = preview(cli.at(sandbox), *rows, ids=True)
    assert (done.exit_code, found(done), ids_of(done)) == (0, [], [[101]])


def test_name_and_id_that_differ_are_an_error(cli: Cli, sandbox: Sandbox) -> None:
    """At the name's cell, naming both; the invoice is kept back also with --partial."""
    cli = cli.at(sandbox)
    rows = [{"Project": MUELLER, "Project ID": 103}, {"Project ID": 104}]
    done = preview(cli, *rows, ids=True)
    assert found(done) == [("workspace.differs", "A2")]
    message = done.document["problems"][0]["message"]
    assert f"project 103 and “{MUELLER}”" in message
    assert "“Onlineshop Käserei Alpgrün”" in message
    partial = cli.run("submit", sheet(cli, *rows, ids=True), "--yes", "--json", "--partial")
    assert (partial.exit_code, partial.statuses) == (4, ["not_sent", "created"])


def test_an_unknown_name_shows_the_nearest_titles(cli: Cli, sandbox: Sandbox) -> None:
    """With their ids; exit 3, nothing is sent."""
    cli = cli.at(sandbox)
    done = cli.run("submit", sheet(cli, {"Project": "Webseite-Relaunch Bäckerei Müler"}), "--yes", "--json")
    assert (done.exit_code, found(done), sandbox.received("POST")) == (3, [("workspace.unknown", "A2")], [])
    assert f"101 “{MUELLER}”" in done.document["problems"][0]["message"]
    assert done.document["problems"][0]["value"] == "Webseite-Relaunch Bäckerei Müler"
    assert found(preview(cli, {"Project": "Onlineshop"})) == [("workspace.unknown", "A2")]  # a part is no match


def test_several_projects_of_one_title_are_listed(cli: Cli) -> None:
    """An archived one counts too: nobody guesses which is meant."""

    def answer(request: Request) -> bytes:
        shown = {
            "7": {"title": "Retainer"},
            "8": {"title": "RETAINER ", "archived": True},
            "9": {"title": "Retainer B"},
        }
        records = shown if "/workspaces" in request.target else {}
        results = [{"key": "workspaces", "id": one} for one in records]
        return http(200, json.dumps({"count": len(records), "results": results, "workspaces": records}))

    with Scripted([answer]) as server:
        done = preview(cli, {"Project": "retainer"}, KANTATA_BASE_URL=server.base_url, KANTATA_TOKEN="t")  # noqa: S106
    assert found(done) == [("workspace.ambiguous", "A2")]
    assert done.document["problems"][0]["message"].endswith("7 “Retainer”, 8 “RETAINER” (archived).")


def test_a_row_without_name_and_id_says_so_once(cli: Cli, sandbox: Sandbox) -> None:
    """Empty, an error value: one problem each, at the cell of the name."""
    rows = [{"Project": MUELLER}, {"Project": ""}, {"Project": "#REF!"}]
    done = preview(cli.at(sandbox), *rows)
    assert sorted(cell for _, cell in found(done)) == ["A3", "A4"]
    assert {code.partition(".")[0] for code, _ in found(done)} == {"workspace", "workspace_id"}
    assert done.statuses == ["not_sent"]  # a row that may belong to it cannot be read


def test_a_number_that_is_no_title_is_the_id(cli: Cli, sandbox: Sandbox) -> None:
    """Ids stand under “Project” in many exports; a title behind them must be the project's."""
    cli = cli.at(sandbox)
    rows = [
        {"Project": 103},
        {"Project": "https://app.mavenlink.com/workspaces/103", "Amount": 5},
        {"Project": f"101 - {MUELLER}"},
    ]
    done = preview(cli, *rows)
    assert (done.exit_code, found(done), ids_of(done)) == (0, [], [[103], [101]])
    assert any("“103” in A2 is read as the number of a project" in notice for notice in done.document["notices"])
    wrong = preview(cli, {"Project": "103 - Website"}, {"Project": 999})
    assert found(wrong) == [("workspace.differs", "A2"), ("workspace_id.unknown", "A3")]


def test_offline_a_title_with_a_number_in_front_is_not_taken_apart(cli: Cli) -> None:
    """“2026 - Website” may be a whole title, as nobody can tell; a number alone is an id."""
    done = preview(cli, {"Project": "2026 - Website"}, {"Project": 103}, options=("--offline",))
    assert (found(done), ids_of(done)) == ([("workspace.not_asked", "A2")], [[103]])


def test_offline_a_year_with_a_title_is_no_sure_id(cli: Cli) -> None:
    """Nor is the number of a phase, also under Project ID; a name of the settings is one."""
    rows = [{"Project ID": "2026 - Website"}, {"Project ID": "101 - Shop"}, {"Project ID": "2 - Shop"}]
    done = preview(cli, *rows, ids=True, options=("--offline",))
    places = [("workspace_id.perhaps_title", "F2"), ("workspace_id.perhaps_title", "F4")]
    assert (found(done), ids_of(done)) == (places, [[101]])
    own = json.dumps({"2026 - website": 103})
    done = preview(cli, rows[0], ids=True, options=("--offline",), IMPORTER_WORKSPACES=own)
    assert (found(done), ids_of(done)) == ([], [[103]])


def test_a_title_of_kantata_comes_before_a_number(cli: Cli) -> None:
    """A project that is called “8 - Retainer” is that project, not the one with the number 8."""

    def answer(request: Request) -> bytes:
        shown = {"7": {"title": "8 - Retainer"}, "8": {"title": "Retainer"}, "9": {"title": "7"}}
        records = shown if "/workspaces" in request.target else {}
        results = [{"key": "workspaces", "id": one} for one in records]
        return http(200, json.dumps({"count": len(records), "results": results, "workspaces": records}))

    with Scripted([answer]) as server:
        rows = [{"Project": "8 - Retainer"}, {"Project": 7}]
        done = preview(cli, *rows, KANTATA_BASE_URL=server.base_url, KANTATA_TOKEN="t")  # noqa: S106
    assert ids_of(done) == [[7], [9]]


def test_the_title_behind_an_id_must_be_the_projects(cli: Cli, sandbox: Sandbox) -> None:
    """In a column of ids too; at its cell."""
    rows = [{"Project ID": f"101 - {MUELLER}"}, {"Project ID": "103 - Website"}]
    done = preview(cli.at(sandbox), *rows, ids=True)
    assert found(done) == [("workspace_id.differs", "F3")]


def test_live_findings_stand_at_the_cell_of_the_name(cli: Cli, sandbox: Sandbox) -> None:
    """Where no id is typed, the name is what has to be mended."""
    done = preview(cli.at(sandbox), {"Project": "Jubiläumsbuch Brauerei Löwenstein"})
    assert found(done) == [("workspace_id.archived", "A2")]


def test_all_problems_show_at_once(cli: Cli, sandbox: Sandbox) -> None:
    """Also what the account tells of rows whose invoices have other errors."""
    rows = [{"Project": "nobody"}, {"Project": MUELLER, "Project ID": 103}, {"Project ID": 999, "Amount": 0}]
    done = preview(cli.at(sandbox), *rows, ids=True)
    assert sorted(found(done)) == [
        ("amount.zero", "C4"),
        ("workspace.differs", "A3"),
        ("workspace.unknown", "A2"),
        ("workspace_id.unknown", "F4"),
    ]


# --- how often Kantata is asked ---


def test_what_was_seen_of_a_named_project_is_not_asked_again(cli: Cli, sandbox: Sandbox) -> None:
    """One search for the name, one look-up of its recent lines, one of references; no further one for the project."""
    preview(cli.at(sandbox), {"Project": MUELLER}, {"Project": MUELLER, "Amount": 5})
    asked = [(one.path, one.query.get("matching")) for one in sandbox.received("GET")]
    assert asked == [("/workspaces", MUELLER), ("/invoices", None), ("/invoices", None)]


def test_many_names_are_looked_for_in_one_list(cli: Cli, sandbox: Sandbox) -> None:
    """Not one call for each."""
    titles = [
        MUELLER,
        "Onlineshop Käserei Alpgrün",
        "App FährePlus",
        "Annual report Wexford Trust",
        "Messestand Böhm Maschinenbau",
        "Investor site Northlake Robotics",
        "Rollout Nordic Fjällräv",
    ]
    done = preview(cli.at(sandbox), *({"Project": title} for title in titles))
    assert ids_of(done) == [[101], [103], [105], [108], [109], [107], [4100000002]]
    assert len(sandbox.received("GET", "/workspaces")) == 1


# --- without an answer of Kantata ---


def test_offline_only_the_settings_can_tell(cli: Cli) -> None:
    """A name that they do not know is an error that says so."""
    rows = [{"Project": "ACME retainer"}, {"Project": MUELLER}]
    done = preview(cli, *rows, options=("--offline",), **table(acme_Retainer=109))
    assert (found(done), ids_of(done)) == ([("workspace.not_asked", "A3")], [[109]])
    assert "Kantata was not asked" in done.document["problems"][0]["message"]
    done = preview(cli, rows[0], options=("--offline",), **table(acme_Retainer=109))
    assert (done.exit_code, done.statuses) == (0, ["ready"])
    one = done.document["invoices"][0]
    assert (one["workspace_ids"], one["workspace_titles"], one["expected_total"]) == ([109], ["ACME retainer"], None)
    shown = cli.run("preview", sheet(cli, rows[0]), "--offline", COLUMNS="150", **table(acme_Retainer=109)).stdout
    assert "109 ACME retainer" in shown
    assert "not known" not in shown


@pytest.mark.parametrize(("status", "code"), [(503, 6), (401, 5)])
def test_an_unreachable_kantata_stops_a_submit(cli: Cli, sandbox: Sandbox, status: int, code: int) -> None:
    """It is not the file's fault: 6, or 5 when access is refused; a preview names the rows."""
    cli = cli.at(sandbox)
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, method="GET", path="/workspaces", status=status, times=99))
    rows = [{"Project": MUELLER}, {"Project": "ACME"}]
    done = cli.run("submit", sheet(cli, *rows), "--yes", "--json", **table(ACME=109))
    assert (done.exit_code, sandbox.received("POST")) == (code, [])
    assert done.document["files"]["results"]
    done = preview(cli, *rows, **table(ACME=109))
    assert (done.exit_code, found(done)) == (3, [("workspace.not_asked", "A2")])
    assert str(status) in done.document["problems"][0]["message"]


# --- names of the settings ---


def test_a_name_of_the_settings_comes_first(cli: Cli, sandbox: Sandbox) -> None:
    """Beside an id it must mean the same project; Kantata's title then does not matter."""
    cli = cli.at(sandbox)
    rows = [{"Project": "acme", "Project ID": 109}, {"Project": "ACME"}, {"Project": "Acme", "Project ID": 103}]
    done = preview(cli, *rows, ids=True, **table(ACME=109))
    assert found(done) == [("workspace.differs", "A4")]
    assert "the settings give that name to project 109" in done.document["problems"][0]["message"]
    assert found(preview(cli, *rows[:2], ids=True, **table(ACME=109))) == []
    done = preview(cli, *rows, ids=True, options=("--offline",), **table(ACME=109))
    assert found(done) == [("workspace.differs", "A4")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("names.csv", "Name,Id\nACME retainer,109\n\nOther,7\n"),
        ("names.csv", "ACME  retainer;109"),
        ("names.csv", '\ufeff"Acme Retainer",109'),
        ("names.toml", '[workspaces]\n"acme retainer" = 109\n'),
    ],
)
def test_names_may_stand_in_a_file(cli: Cli, name: str, content: str) -> None:
    """A CSV with or without header, or a TOML."""
    (cli.folder / name).write_text(content, encoding="utf-8")
    done = preview(cli, {"Project": "ACME retainer"}, options=("--offline",), IMPORTER_WORKSPACE_ALIASES=name)
    assert (done.exit_code, ids_of(done)) == (0, [[109]])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("names.csv", "ACME,109\nOther\n", "line 2"),
        ("names.csv", "ACME,109\nOther,x", "line 2"),
        ("names.csv", "ACME,1\nacme,2", "two projects"),
        ("names.csv", b"\xff\xfe\x00", "cannot be read"),
        ("names.csv", "A,1\nB,99999999999999999999", "line 2"),
        ("names.toml", "x = 1", "no table [workspaces]"),
        ("names.toml", "[workspaces]\nA = true", "whole number"),
        ("names.toml", "[workspaces", "cannot be read"),
    ],
)
def test_a_wrong_file_of_names_is_said(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    """What is wrong, and where."""
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SettingsProblem) as problem:
        aliases({}, file)
    assert said in problem.value.message


def test_a_missing_file_of_names_is_a_wrong_setting(cli: Cli) -> None:
    """Exit 2; also when the setting itself is no number."""
    options = ("--offline",)
    assert preview(cli, {"Project": "A"}, options=options, IMPORTER_WORKSPACE_ALIASES="missing.csv").exit_code == 2
    done = preview(cli, {"Project": "A"}, options=options, IMPORTER_WORKSPACES='{"A": 0}')
    assert (done.exit_code, "workspaces" in done.stderr) == (2, True)
    done = preview(cli, {"Project": "A"}, options=options, IMPORTER_WORKSPACES="A=5")
    assert (done.exit_code, "IMPORTER_WORKSPACES is not JSON" in done.stderr) == (2, True)


# --- how names are compared ---


@given(st.text(min_size=1).filter(str.strip), st.sampled_from(["upper", "title", "casefold"]))
def test_case_and_blanks_do_not_matter(name: str, change: str) -> None:
    """The reduced form is the same for all ways of writing it, and stays itself."""
    blanks = f" {'  '.join(name.split(' '))}\t"
    assert same(blanks) == same(name)
    assert same(same(name)) == same(name)
    if name.isascii():
        assert same(getattr(name, change)()) == same(name)


def test_nearest_titles_are_like_the_name() -> None:
    """Parts of titles and misspellings; three at most; titles that are null never."""
    projects = [Project(n, title) for n, title in enumerate(["ACME retainer", "Acme website", None, "Böhm"], 1)]
    assert [one.project_id for one in nearest("acme", projects)] == [1, 2]
    assert [one.project_id for one in nearest("ACNE retainer", projects)][0] == 1  # noqa: RUF015 - the order matters
    assert nearest("zzz", projects) == []
    assert matches("acme  RETAINER", [*projects, *projects]) == [projects[0]]


def test_a_name_that_is_unknown_in_every_row_is_judged_once(tmp_path: Path) -> None:
    """Against 3,000 titles; row by row, this took more than an hour."""
    table_of_one = records(tmp_path / "a.xlsx", {"workspace": "Retainer Nord", "item_type": "fixed_fee", "amount": 5})
    (line,), _ = checked(table_of_one)
    projects = [Project(number, f"Retainer {number:05}") for number in range(3_000)]
    lines = [line] * 20_000
    problems = Problems()
    named, _ = with_projects(lines, read(table_of_one), {}, Seen(every=tuple(projects)), problems)
    assert len(problems.errors()) == len(named) == 20_000
    assert "The nearest titles: " in problems.errors()[0].message
