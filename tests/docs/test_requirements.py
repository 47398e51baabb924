"""What is installed is what was pinned: each package with its version and the hashes of its files."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.txt", "requirements-runtime.txt")
WITHOUT_ADVISORY = {"filelock": "3.20.3", "flask": "3.1.1", "requests": "2.32.4", "urllib3": "2.7"}
"""The first version without a weakness that was known when it was raised; older ones may not be installed."""


def pins(name: str) -> dict[str, tuple[str, int]]:
    """Package → version and number of hashes."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found = {}
    for line in lines:
        requirement = Requirement(re.sub(r"\s--hash=\S+", "", line))
        [pin] = requirement.specifier
        assert pin.operator == "==", line
        found[requirement.name.lower()] = (pin.version, len(re.findall(r"--hash=sha256:[0-9a-f]{64}(?= |$)", line)))
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_with_hashes(name: str) -> None:
    """And no line names an index or a folder: where packages come from is the choice of the machine that installs."""
    assert min(hashes for _, hashes in pins(name).values()) >= 1
    options = re.findall(r"^\s*(-\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert {option.partition("=")[0] for option in options} == {"--hash"}


def test_what_runs_is_pinned_without_what_only_tests_need() -> None:
    """Both have the same version of it."""
    everything, runtime = pins("requirements.txt"), pins("requirements-runtime.txt")
    assert runtime.items() <= everything.items()
    assert not {"pytest", "hypothesis", "ruff", "mypy"} & runtime.keys()


def test_the_pins_are_versions_that_the_package_allows() -> None:
    """Of the program and its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    runtime = pins("requirements-runtime.txt")
    for requirement in map(Requirement, named):
        version, _ = runtime[requirement.name.lower()]
        assert requirement.specifier.contains(version), requirement.name


def test_no_version_with_a_known_weakness_is_allowed() -> None:
    """Who installs without the lock gets none either."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["sandbox"]]
    least = {Requirement(line).name: str(Requirement(line).specifier).removeprefix(">=") for line in named}
    assert {name: least[name] for name in WITHOUT_ADVISORY} == WITHOUT_ADVISORY


def test_the_workflow_audits_what_is_pinned() -> None:
    """With each change: the packages of the lock, by their hashes; and installing checks these too."""
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert re.search(r"^\s+- run: pip-audit .*--require-hashes -r requirements\.txt$", workflow, re.MULTILINE)
    assert "continue-on-error" not in workflow
    installing = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt" in installing
    assert "pip-audit" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")
