"""The project as the house tests see it: which files it has, and what a Python file of it contains."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sorted((ROOT / "pipelines").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
CHECKS = sorted((ROOT / "sql" / "checks").glob("*.sql"))
QUESTIONS = sorted((ROOT / "sql" / "questions").glob("*.sql"))
MODELS = sorted({*(ROOT / "sql").rglob("*.sql")} - {*CHECKS, *QUESTIONS})
DOCUMENTS = sorted(ROOT.glob("*.md"))
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
IS_COMPLETE = (ROOT / "pipelines" / "cli.py").exists()

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    """How a test and its message call a file: its path from the root."""
    return path.relative_to(ROOT).as_posix()


def tracked_files() -> list[Path]:
    """What git holds or would hold; every file outside `.venv` and `data` where there is no git."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]
    caches = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".screenshots"}
    generated = {".venv", ".git", "data", *caches}
    return [path for path in ROOT.rglob("*") if path.is_file() and not generated & set(path.relative_to(ROOT).parts)]


def functions(path: Path) -> Iterator[Function]:
    """Every function and method of a file, those inside others too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield node


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """(module, line) of every import of a file, those inside functions and `if TYPE_CHECKING` too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)


def recipe(target: str) -> list[str]:
    """The commands of a make target, without make's own marks."""
    lines = (ROOT / "Makefile").read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"{target}:"))
    body: list[str] = []
    for line in lines[start + 1 :]:
        if not line.startswith("\t"):
            break
        body.append(line.strip().lstrip("@"))
    return body


def make_targets() -> set[str]:
    """Every target that a person may call."""
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
