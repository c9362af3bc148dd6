"""What the README says works as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.flow.builds import ROOT, ask

README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_python_block_runs(demo: Path, tmp_path: Path) -> None:
    """The lines for DuckDB print the funnels and who is stuck, from the folder that they name."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "demo").symlink_to(demo)
    for block in blocks("python"):
        result = subprocess.run(
            [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
        assert "sso_setup" in result.stdout
        assert "next_action" in result.stdout


def test_json_block_is_understood(tmp_path: Path) -> None:
    """The two example lines, put where the README says, make one open attempt."""
    data = tmp_path / "data"
    (data / "inbox" / "portal").mkdir(parents=True)
    (data / "inbox" / "portal" / "example.jsonl").write_text("".join(blocks("json")))
    command = [sys.executable, "-m", "pipelines", "build", "--as-of", "2026-03-05T00:00:00Z"]
    environment = os.environ | {"PORTAL_FUNNELS_DATA_DIR": str(data)}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    assert ask(data, "select outcome, deepest_step from fct_entries").rows() == [("open", 2)]


COMMANDS = [shlex.split(line, comments=True) for block in blocks("sh") for line in block.splitlines() if line]


@pytest.mark.parametrize("target", [words[1] for words in COMMANDS if words[0] == "make"])
def test_make_knows_the_target(target: str) -> None:
    """Each make command of the README is one that make can carry out."""
    result = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("words", [words[1:] for words in COMMANDS if words[0] != "make"], ids=" ".join)
def test_export_writes_pages(demo: Path, tmp_path: Path, words: list[str]) -> None:
    """Each export of the README writes pages from the folder that it names."""
    project = tmp_path / "project"
    (project / "data").mkdir(parents=True)
    (project / "data" / "demo").symlink_to(demo)
    command = [sys.executable, "-m", "pipelines", *words, "--reports-dir", str(ROOT / "reports")]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    assert (project / words[words.index("--out") + 1] / "index.html").is_file()


def test_commands_are_there() -> None:
    """Every command that the README calls by name answers."""
    named = {shlex.split(found)[0] for found in re.findall(r"`\.venv/bin/portal-funnels ([a-z]+)`", README)}
    assert named
    for name in named:
        subprocess.run([sys.executable, "-m", "pipelines", name, "--help"], cwd=ROOT, check=True, capture_output=True)


def test_every_relation_and_column_of_the_file_has_a_comment(demo: Path) -> None:
    """Every table, view and column of the published file carries the comment that the README promises."""
    with duckdb.connect(demo / "published" / "portal.duckdb", read_only=True) as connection:
        silent = connection.execute(
            "select table_name, column_name from duckdb_columns() where not internal and coalesce(comment, '') = '' "
            "union all select table_name, null from duckdb_tables() where coalesce(comment, '') = '' "
            "union all select view_name, null from duckdb_views() where not internal and coalesce(comment, '') = ''"
        ).fetchall()
    assert silent == []
