"""A SQL file as a value: its name, grain, key, text and the tables it reads. Nothing here runs a model.

Dependencies are read from the text by DuckDB's own parser; nobody keeps a list of them.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb

from pipelines.catalog import QUESTIONS_FOLDER

SQL_DIRECTORY = Path(__file__).parents[1] / "sql"
LAYERS = ("staging", "core", "walk", "marts", "published")
PARSED = """
with parsed as (select json_serialize_sql($1) as tree)
select tree ->> '$.error_message', tree ->> '$..table_name', tree ->> '$..cte_map.map[*].key' from parsed
"""
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
    return tuple(Check(*_read(file, "asset")) for file in sorted((directory / "checks").glob("*.sql")))


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
    name, grain, key, text, reads = _read(file, "key")
    return Model(name, file.parent.name, grain, tuple(column.strip() for column in key.split(",")), text, reads)


def _read(file: Path, word: str) -> tuple[str, str, str, str, frozenset[str]]:
    """A file's name, its first line, the line that `word` begins, its text, and the tables that it reads."""
    text = file.read_text("utf-8")
    found = re.search(rf"^-- {word}: (.+)$", text, re.MULTILINE)
    if not found:
        raise ValueError(f"{file.name}: a line `-- {word}: ...` is missing")
    return file.stem, text.partition("\n")[0].removeprefix("-- "), found[1], text, tables_read(text)


@lru_cache
def tables_read(sql: str) -> frozenset[str]:
    """Names of the tables that a SELECT reads, its own CTEs apart.

    Raises:
        ValueError: the text is not one SELECT.
    """
    mistake, named, defined = duckdb.execute(PARSED, [sql]).fetchall()[0]
    if mistake:
        raise ValueError(f"not one SELECT: {mistake}")
    return frozenset(named).difference(defined)
