"""Names, sizes and docstrings: what keeps the whole small enough for one person's mind."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.project import (
    CHECKS,
    MODELS,
    PYTHON,
    QUESTIONS,
    ROOT,
    TESTS,
    Function,
    functions,
    name_of,
    tracked_files,
)

FILE_CEILING = 250
FUNCTION_CEILING = 30
PYTHON_CEILING = 6_000
SQL_CEILING = 2_500
BANNED = {"util", "utils", "helper", "helpers", "misc", "src"}
EXEMPT: dict[str, str] = {}  # "path" or "path:function" -> why it is past its ceiling


def _length(function: Function) -> int:
    first = function.body[0]
    has_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if has_docstring else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


def _line_count(path: Path) -> int:
    return len(path.read_text().splitlines())


def _written_lines(path: Path) -> int:
    """Lines that hold code: what explains it, docstrings and comments, is no burden on the mind."""
    text, explained = path.read_text(), set[int]()
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if (
                isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                explained.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = [line.strip() for number, line in enumerate(text.splitlines(), 1) if number not in explained]
    return sum(1 for line in lines if line and not line.startswith(("#", "--")))


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_file_stays_under_its_ceiling(path: Path) -> None:
    """A file that outgrows its ceiling is split, or named above with the reason."""
    lines = _line_count(path)
    is_exempt = name_of(path) in EXEMPT
    assert is_exempt or lines <= FILE_CEILING


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_function_stays_under_its_ceiling(path: Path) -> None:
    """A function, its docstring apart, is short enough to be seen at once."""
    long = {
        f"{name_of(path)}:{function.name}": lines
        for function in functions(path)
        if (lines := _length(function)) > FUNCTION_CEILING
    }
    unexcused = long.keys() - EXEMPT.keys()
    assert not unexcused, f"longer than {FUNCTION_CEILING} lines: {long}"


def test_whole_stays_under_its_ceiling() -> None:
    """All Python and all SQL together stay what one person can hold in mind."""
    python_lines, sql_lines = (sum(map(_written_lines, files)) for files in (PYTHON, [*MODELS, *CHECKS, *QUESTIONS]))
    assert python_lines <= PYTHON_CEILING
    assert sql_lines <= SQL_CEILING


def test_exemption_names_what_exists() -> None:
    """An exemption goes when what it excuses is gone."""
    files = {name_of(path) for path in PYTHON}
    known = files | {f"{name_of(path)}:{function.name}" for path in PYTHON for function in functions(path)}
    assert EXEMPT.keys() <= known


def test_no_name_says_nothing() -> None:
    """No file or folder is called by a word that would fit any code."""
    names = (path.relative_to(ROOT) for path in tracked_files())
    assert not [name.as_posix() for name in names if BANNED & {part.split(".")[0] for part in name.parts}]


@pytest.mark.parametrize("path", TESTS, ids=name_of)
def test_every_test_says_what_happens(path: Path) -> None:
    """A test has a docstring, and its first paragraph is a whole sentence."""
    tests = [function for function in functions(path) if function.name.startswith("test_")]
    said = {test.name: (ast.get_docstring(test) or "").split("\n\n")[0] for test in tests}
    assert not [name for name, sentence in said.items() if not sentence.rstrip().endswith(".")]
