"""A SQL file as a value: its name, grain, key, text and the tables it reads. Nothing here runs a model.

Dependencies are read from the text by DuckDB's own parser; nobody keeps a list of them.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb

from pipelines.catalog import QUESTIONS_FOLDER

SQL_DIRECTORY = Path(__file__).parents[1] / "sql"
LAYERS = ("staging", "core", "walk", "marts", "published")
CHECKS_FOLDER = "checks"
# Working tables of the walk and of staging stay in the warehouse.
PUBLISHED_LAYERS = ("core", "marts", "published")


@dataclass(frozen=True)
class Model:
    """One SELECT of `sql/<layer>/<name>.sql`, which becomes the table `name`."""

    name: str
    layer: str
    grain: str
    key: tuple[str, ...]
    sql: str
    reads: frozenset[str]

    @property
    def version(self) -> str:
        """Changes whenever the text does."""
        return hashlib.sha256(self.sql.encode()).hexdigest()[:12]

    @property
    def is_view(self) -> bool:
        """Whether it only renames what is published anyway."""
        return self.layer == "published"

    @property
    def is_published(self) -> bool:
        """Whether analysts get this table."""
        return self.layer in PUBLISHED_LAYERS


@dataclass(frozen=True)
class Check:
    """One SELECT of `sql/checks/<name>.sql`: rows that must not be there once `asset` stands."""

    name: str
    sentence: str
    asset: str
    sql: str
    reads: frozenset[str]


def load_checks(directory: Path = SQL_DIRECTORY) -> tuple[Check, ...]:
    """Every check below `directory`, by name."""
    return tuple(map(_load_check, sorted((directory / CHECKS_FOLDER).glob("*.sql"))))


def question(name: str) -> str:
    """The text of `sql/questions/<name>.sql`: one SELECT over the published tables, with named parameters."""
    return (SQL_DIRECTORY / QUESTIONS_FOLDER / f"{name}.sql").read_text("utf-8")


def load_models(directory: Path = SQL_DIRECTORY) -> tuple[Model, ...]:
    """Every model below `directory`, each after the models that it reads; of equals by name."""
    files = [file for layer in LAYERS for file in sorted((directory / layer).glob("*.sql"))]
    models = {model.name: model for model in map(_load, files)}
    order = TopologicalSorter({name: sorted(model.reads & models.keys()) for name, model in sorted(models.items())})
    return tuple(models[name] for name in order.static_order())


def _load(file: Path) -> Model:
    text = file.read_text("utf-8")
    key = tuple(column.strip() for column in _header(file, text, "key").split(","))
    return Model(file.stem, file.parent.name, _first_line(text), key, text, tables_read(text))


def _load_check(file: Path) -> Check:
    text = file.read_text("utf-8")
    return Check(file.stem, _first_line(text), _header(file, text, "asset"), text, tables_read(text))


def _first_line(text: str) -> str:
    return text.partition("\n")[0].removeprefix("-- ")


def _header(file: Path, text: str, word: str) -> str:
    found = re.search(rf"^-- {word}: (.+)$", text, re.MULTILINE)
    if not found:
        raise ValueError(f"{file.name}: a line `-- {word}: ...` is missing")
    return found[1]


@lru_cache
def tables_read(sql: str) -> frozenset[str]:
    """Names of the tables that a SELECT reads, its own CTEs apart.

    Raises:
        ValueError: the text is not one SELECT.
    """
    tree = json.loads(_parser().execute("select json_serialize_sql(?)", [sql]).fetchall()[0][0])
    if tree["error"]:
        raise ValueError(f"not one SELECT: {tree['error_message']}")
    nodes = list(_nodes(tree))
    named = {str(node["table_name"]) for node in nodes if node.get("type") == "BASE_TABLE"}
    return frozenset(named - {entry["key"] for node in nodes for entry in _cte_entries(node)})


@lru_cache
def _parser() -> duckdb.DuckDBPyConnection:
    """One connection for all texts: opening one costs more than parsing."""
    return duckdb.connect()


def _cte_entries(node: dict[str, object]) -> Iterable[dict[str, str]]:
    cte_map = node.get("cte_map")
    return cte_map["map"] if isinstance(cte_map, dict) else ()


def _nodes(tree: object) -> Iterator[dict[str, object]]:
    if isinstance(tree, dict):
        yield tree
        for child in tree.values():
            yield from _nodes(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _nodes(child)
