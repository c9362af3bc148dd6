"""What `make lint` says, as tests: the commands are read from the Makefile, so that there is one list of them."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.project import ROOT, recipe

COMMANDS = [command.replace("$(BIN)/", "") for command in recipe("lint")]


@pytest.mark.parametrize("command", COMMANDS)
def test_linter_finds_nothing(command: str) -> None:
    """Style, types and SQL are as the house wants them."""
    program, *arguments = shlex.split(command)
    path = str(Path(sys.executable).parent / program)
    result = subprocess.run([path, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"


def test_lint_looks_at_all_languages() -> None:
    """Python's style and types and the SQL are all linted."""
    assert {command.split()[0] for command in COMMANDS} == {"ruff", "mypy", "sqlfluff"}
