"""Imports go down the floors, never up and never from room to room; each large library has one door."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.project import IS_COMPLETE, PYTHON, ROOT, imports, name_of

# Rooms of one line may not import each other, unless the second table says so.
FLOORS = {
    4: {
        "__main__",
        "cli",
        "building",
        "definitions",
        "explain",
        "exporting",
        "progress",
        "summary",
        "terminal",
        "trace",
    },
    3: {"assets"},
    2: {"sources", "statistics", "pages", "sample"},
    1: {"durable", "lock", "event_store", "commits", "books", "copies", "warehouse", "models", "publishing"},
    0: {
        "catalog",
        "dictionary",
        "durations",
        "errors",
        "events",
        "funnel",
        "mistakes",
        "paths",
        "redaction",
        "references",
        "schema",
        "settings",
    },
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
SHARED = {
    "cli": "`python -m pipelines` is the command",
    "building": "the command line runs one build, says how far it is, and sums it up",
    "progress": "the same",
    "summary": "the same",
    "explain": "the command line tells what became of an organization",
    "trace": "the same of an event",
    "terminal": "both say rows in one form",
    "exporting": "the command line writes the pages once more",
    "definitions": "a build runs what the definitions hold",
    "durable": "every durable step goes through it",
    "lock": "every writer holds it",
    "commits": "the part of the event store that reads and writes the log",
    "books": "the part of the event store that counts",
    "copies": "the part of the event store that tells an event from its copies",
    "models": "the warehouse runs SQL files as values",
}
WORDS = 0  # the words of floor 0 are one room: settings are made of durations and paths

DOORS = {
    "plotly": {"pages.charts"},
    "jinja2": {"pages.render"},
    "msgspec": {"sources.door"},
    "duckdb": FLOORS[1],
    "dagster": FLOORS[3] | FLOORS[4],
}
ROOF = {"dagster", "duckdb", "jinja2", "plotly", "polars", "pyarrow"}


def _parts(path: Path) -> tuple[str, ...]:
    return path.relative_to(ROOT / "pipelines").with_suffix("").parts


def _may_import(importer: str, imported: str) -> bool:
    above, below = FLOOR_OF[importer], FLOOR_OF[imported]
    sideways = importer == imported or above == WORDS or imported in SHARED
    return above > below or (above == below and sideways)


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_module_stands_on_a_floor(path: Path) -> None:
    """A new module is put on a floor before anything imports it."""
    room = _parts(path)[0]
    assert room == "__init__" or room in FLOOR_OF, f"{name_of(path)}: add {room!r} to a floor, here and in CONTRIBUTING"


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_imports_go_down(path: Path) -> None:
    """A module imports from the floors below it and from its own room only."""
    importer = _parts(path)[0]
    wrong = []
    for module, line in imports(path):
        top, *rest = module.split(".")
        if top == "pipelines" and rest and rest[0] in FLOOR_OF and not _may_import(importer, rest[0]):
            wrong.append(f"{name_of(path)}:{line} imports {rest[0]}, which is not below {importer}")
        elif top == "tests":
            wrong.append(f"{name_of(path)}:{line} imports a test")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_library_is_imported_through_its_door(path: Path) -> None:
    """A library that could spread stays where it can be exchanged."""
    parts = _parts(path)
    wrong = [
        f"{name_of(path)}:{line} imports {module.split('.')[0]}"
        for module, line in imports(path)
        if (doors := DOORS.get(module.split(".")[0])) is not None and not doors & {parts[0], ".".join(parts)}
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.skipif(not IS_COMPLETE, reason="the command line is not written yet")
def test_help_loads_no_large_library() -> None:
    """A person who asks for help does not wait for Dagster, DuckDB or Polars."""
    code = "import sys, pipelines.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not ROOF & set(loaded.stdout.split())
