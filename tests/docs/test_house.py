"""The house rules that no linter knows: see CONTRIBUTING.md."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

from radon.complexity import cc_visit

PACKAGE = Path(__file__).parents[2] / "importer"
FILES = sorted(PACKAGE.rglob("*.py"))
COMPLEX = 10
MOST_COMPLEX = 12
MOST_COMPLEX_FUNCTIONS = 16
"""Functions between the two bounds. Lower it when you simplify one; do not raise it."""
LONGEST_BODY, MOST_LONG_FUNCTIONS = 45, 1
"""Lines, and how many functions have more. Lower the second when you split one; do not raise it."""
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def name_of(file: Path) -> str:
    """Name a file as an import does."""
    return str(file.relative_to(PACKAGE))


def test_the_root_holds_rooms_only() -> None:
    """Fourteen rooms, two beside them, and three files: whatever is new belongs into a room."""
    entries = {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    assert {name for name in entries if name.endswith(".py")} == {"__init__.py", "__main__.py", "cli.py"}
    assert len(entries) == 19


def test_each_room_says_what_comes_in_and_goes_out() -> None:
    """Its ``__init__`` explains it, and holds no code (but for the faces of the stand-in and the messages)."""
    for room in sorted(PACKAGE.iterdir()):
        if room.is_dir() and room.name != "__pycache__":
            tree = ast.parse((room / "__init__.py").read_text(encoding="utf-8"))
            assert len((ast.get_docstring(tree) or "").split()) > 15, room.name
            assert len(tree.body) == 1 or room.name == "sandbox", room.name


def test_functions_are_understood_at_once() -> None:
    """Cyclomatic complexity with ternaries, comprehensions and boolean operators, as radon counts it."""
    found = {}
    for file in FILES:
        for block in cc_visit(file.read_text(encoding="utf-8")):
            if type(block).__name__ == "Function" and block.complexity > COMPLEX:
                found[f"{name_of(file)}:{block.name}"] = block.complexity
    assert {name: value for name, value in found.items() if value > MOST_COMPLEX} == {}
    assert len(found) <= MOST_COMPLEX_FUNCTIONS


def test_functions_are_seen_at_once() -> None:
    """Their bodies, without the options of a command; the few that are longer are counted."""
    long = []
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.body[0].lineno >= LONGEST_BODY:
                long.append(f"{name_of(file)}:{node.name}")
    assert len(long) <= MOST_LONG_FUNCTIONS, long


def is_compressed(node: ast.AST) -> bool:
    """Whether it is a ternary inside an f-string, or a variable called ``one``."""
    if isinstance(node, ast.FormattedValue):
        return any(isinstance(inner, ast.IfExp) for inner in ast.walk(node.value))
    if isinstance(node, ast.Name):
        return isinstance(node.ctx, ast.Store) and node.id == "one"
    return isinstance(node, ast.arg) and node.arg == "one"


def test_code_is_not_compressed() -> None:
    """No layout against the formatter, no ternary inside an f-string, no variable called ``one``."""
    found = []
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        assert "fmt: skip" not in text, name_of(file)
        for node in ast.walk(ast.parse(text)):
            if is_compressed(node):
                found.append(f"{name_of(file)}:{getattr(node, 'lineno', '')}")
    assert found == []


def test_comprehensions_are_not_nested() -> None:
    """A loop in a loop is written as one; the few that remain are counted."""
    nested = 0
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, COMPREHENSIONS):
                inner = [other for other in ast.walk(node) if isinstance(other, COMPREHENSIONS)]
                nested += len(node.generators) > 1 or len(inner) > 1
    assert nested <= 6


def test_the_words_are_plain() -> None:
    """Words that a reader who is not a native speaker has to translate."""
    hard = re.compile(r"\b(nobody|anew|unasked|told|mend(?:s|ed|ing)?)\b", re.IGNORECASE)
    found = {name_of(file): hard.findall(file.read_text(encoding="utf-8")) for file in FILES}
    assert {name: words for name, words in found.items() if words} == {}


def test_each_file_of_tests_has_a_name_of_its_own() -> None:
    """Or the whole suite does not begin: pytest imports them by their bare names."""
    names = Counter(path.name for path in Path(__file__).parents[1].rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
