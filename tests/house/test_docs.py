"""The documents are true: what they name exists, and they stay as short as they promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.project import DOCUMENTS, IS_COMPLETE, ROOT, make_targets, name_of

README_CEILING = 120
ENTRY_CEILING = 10
CHANGES = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Meaning"}
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"^(pipelines|sql|reports|tests|benchmarks|docs|data/sample)/[\w./-]*$")


def _code(path: Path) -> list[str]:
    """What stands in a document as code: each fenced block, and each piece between backticks."""
    text = path.read_text()
    return [*FENCE.findall(text), *re.findall(r"`([^`\n]+)`", FENCE.sub("", text))]


def _entries(path: Path) -> dict[str, list[str]]:
    """The lines below each second-level heading, blank ones and tables left out."""
    parts = re.split(r"^## (.*)$", path.read_text(), flags=re.MULTILINE)[1:]
    lines = ([line for line in body.splitlines() if line and not line.startswith("|")] for body in parts[1::2])
    return dict(zip(parts[::2], lines, strict=True))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_make_target_exists(path: Path) -> None:
    """Every make target that a document names is there."""
    named = {target for code in _code(path) for target in re.findall(r"\bmake ([a-z-]+)", code)}
    assert named <= make_targets()


@pytest.mark.skipif(not IS_COMPLETE, reason="the command line is not written yet")
@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_command_exists(path: Path) -> None:
    """Every command that a document names is one of `portal-funnels`."""
    from pipelines.cli import main  # noqa: PLC0415 - the other tests here need none of it

    named = {command for code in _code(path) for command in re.findall(r"portal-funnels ([a-z][a-z-]*)", code)}
    assert named <= set(main.commands)


@pytest.mark.skipif(not IS_COMPLETE, reason="the project is not whole yet")
@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_path_exists(path: Path) -> None:
    """Every file and folder of the project that a document names is there."""
    named = {code for code in _code(path) if PATH.match(code)}
    assert not {name for name in named if not (ROOT / name).exists()}


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_link_leads_somewhere(path: Path) -> None:
    """Every link within the project leads to a file."""
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text())
    local = {target for target in targets if not target.startswith("https://")}
    missing = {target for target in local if not (ROOT / target).exists()}
    assert missing <= (set() if IS_COMPLETE else {"docs/dashboard.png"})


def test_readme_is_short() -> None:
    """README opens with a picture and is read in five minutes."""
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) < README_CEILING
    assert lines[2].startswith("![")


def test_make_help_lists_every_target() -> None:
    """Each target has its one line of help; `debian` is a part of `test`."""
    explained = set(re.findall(r"^([a-z-]+):.*## \w", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert make_targets() - explained == {"debian"}


def test_decision_has_context_decision_and_consequence() -> None:
    """Decisions are numbered without a gap, and each has its three parts in ten lines."""
    entries = _entries(ROOT / "DECISIONS.md")
    assert [title.split(".")[0] for title in entries] == [str(number) for number in range(1, len(entries) + 1)]
    for title, lines in entries.items():
        parts = re.findall(r"^\*\*(\w+)\.\*\*", "\n".join(lines), re.MULTILINE)
        assert parts == ["Context", "Decision", "Consequence"], title
        assert len(lines) <= ENTRY_CEILING, title


def test_changelog_uses_the_known_types() -> None:
    """Entries of the changelog are of the usual types, or `Meaning`."""
    types = re.findall(r"^### (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert types
    assert set(types) <= CHANGES
