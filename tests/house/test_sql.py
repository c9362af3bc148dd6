"""Every model has the same silhouette: grain, key, one SELECT, and a name that says its layer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.house.project import CHECKS, IS_COMPLETE, MODELS, PYTHON, QUESTIONS, ROOT, name_of

SQL = [*MODELS, *CHECKS, *QUESTIONS]
CEILING = 80
# Stems by folder. What analysts know under another name than its layer's is listed whole.
LAYERS = {
    "staging": ("stg_",),
    "core": ("fct_", "dim_"),
    "walk": ("fct_",),
    "marts": ("rpt_", "quality_findings"),
    "published": ("events",),
}


@pytest.fixture(scope="module")
def trees() -> dict[Path, dict[str, object]]:
    """The parse tree of each file, as DuckDB itself reads it."""
    with duckdb.connect() as connection:
        rows = [connection.execute("select json_serialize_sql($1)", [path.read_text()]).fetchone() for path in SQL]
    return {path: json.loads(row[0]) for path, row in zip(SQL, rows, strict=True) if row}


def _ctes(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (entry["key"] for entry in node.get("cte_map", {}).get("map", []))
        for child in node.values():
            yield from _ctes(child)
    elif isinstance(node, list):
        for child in node:
            yield from _ctes(child)


@pytest.mark.skipif(not IS_COMPLETE, reason="the models are not written yet")
@pytest.mark.parametrize("layer", LAYERS)
def test_layer_has_models(layer: str) -> None:
    """No layer is empty, so that the tests below look at something."""
    assert [path for path in MODELS if path.parent.name == layer]


@pytest.mark.parametrize("path", MODELS, ids=name_of)
def test_model_is_named_by_its_layer(path: Path) -> None:
    """The stem, which is the table's name, says what kind of table it is."""
    assert path.parent.parent == ROOT / "sql"
    assert path.stem.startswith(LAYERS[path.parent.name])


@pytest.mark.parametrize("path", MODELS, ids=name_of)
def test_model_begins_with_grain_and_key(path: Path) -> None:
    """The first line is the grain, which becomes the description; a key line becomes a check."""
    first, *others = path.read_text().splitlines()
    assert first.startswith(("-- One row per ", "-- One row: "))
    assert first.endswith(".")
    comments = [line for line in others if line.startswith("--")]
    assert len([line for line in comments if line.startswith("-- key: ")]) == 1


@pytest.mark.parametrize("path", CHECKS, ids=name_of)
def test_check_says_what_holds_and_where(path: Path) -> None:
    """A check begins with the sentence that holds, and names the asset that it blocks."""
    first, second, *_ = path.read_text().splitlines()
    assert first.startswith("-- ")
    assert first.endswith(".")
    assert second.startswith("-- asset: ")


@pytest.mark.parametrize("path", QUESTIONS, ids=name_of)
def test_question_says_what_it_asks(path: Path) -> None:
    """A question begins with the sentence that a person would ask."""
    first = path.read_text().partition("\n")[0]
    assert first.startswith("-- ")
    assert first.endswith("?")


def test_every_question_is_asked() -> None:
    """The program asks for each question by its name, and for no other."""
    asked = {name for path in PYTHON for name in re.findall(r'question\("(\w+)"\)', path.read_text())}
    assert asked == {path.stem for path in QUESTIONS}


@pytest.mark.parametrize("path", SQL, ids=name_of)
def test_file_stays_under_its_ceiling(path: Path) -> None:
    """A SQL file fits on a screen and a half."""
    lines = len(path.read_text().splitlines())
    assert lines <= CEILING


@pytest.mark.parametrize("path", SQL, ids=name_of)
def test_file_is_one_select(path: Path, trees: dict[Path, dict[str, object]]) -> None:
    """A SQL file is one SELECT that DuckDB parses; it makes and changes nothing."""
    tree = trees[path]
    assert not tree["error"], tree.get("error_message")
    assert isinstance(tree["statements"], list)
    assert len(tree["statements"]) == 1


@pytest.mark.parametrize("path", SQL, ids=name_of)
def test_cte_is_never_called_like_a_table(path: Path, trees: dict[Path, dict[str, object]]) -> None:
    """A CTE says what it does; a table's name in a model always means the table."""
    tables = {model.stem for model in MODELS}
    prefixes = ("raw_", "ref_", "stg_", "fct_", "dim_", "rpt_")
    assert not [name for name in _ctes(trees[path]) if name in tables or name.startswith(prefixes)]


def test_no_two_models_have_one_name() -> None:
    """A stem is a table, whatever folder it stands in."""
    stems = [path.stem for path in MODELS]
    assert len(stems) == len(set(stems))
