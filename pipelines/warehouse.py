"""The working DuckDB file: tables from frames, tables from models, frames from tables, and the analysts' copy.

Which tables there are is written in `sql/`; what files they start from is told by the event store.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.errors import FixableError
from pipelines.models import Model
from pipelines.paths import DataPaths

FORBIDDEN = ("autoinstall_known_extensions", "autoload_known_extensions", "python_enable_replacements")
OPTIONS: dict[str, Any] = dict.fromkeys(FORBIDDEN, False)


class Warehouse:
    """An open working file; use it through `open_warehouse`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def store_frame(self, name: str, frame: pl.DataFrame) -> None:
        """Make `frame` the table `name`."""
        self._connection.register("incoming", frame)
        self._connection.execute(f'create or replace table "{name}" as from incoming')
        self._connection.unregister("incoming")

    def store_parquet(self, name: str, files: Sequence[Path], empty: pl.DataFrame) -> None:
        """Make `name` a view of Parquet `files`, read by column name; where there are none, of the table `empty`.

        Columns of `empty` that older files lack are NULL.
        """
        self.store_frame(f"{name}_shape", empty)
        listed = ", ".join(quoted(str(file)) for file in files)
        rows = f"select * from read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
        added = f"union all by name {rows}" if files else ""
        self._connection.execute(f'create or replace view "{name}" as select * from "{name}_shape" {added}')

    def build(self, model: Model) -> int:
        """Run a model; its number of rows. Published ones only rename, so they are views."""
        kind = "view" if model.is_view else "table"
        self._connection.execute(f'create or replace {kind} "{model.name}" as {model.sql}')
        return self.count(model.name)

    def count(self, name: str) -> int:
        """Rows of a table."""
        return int(self._connection.execute(f'select count(*) from "{name}"').fetchall()[0][0])

    def key_faults(self, model: Model) -> int:
        """Rows of a model's table whose key is not alone, or not whole."""
        columns = ", ".join(f'"{column}"' for column in model.key)
        missing = " or ".join(f'"{column}" is null' for column in model.key)
        repeated = f'select count(*) as n from "{model.name}" group by {columns} having count(*) > 1'
        lacking = f'select count(*) from "{model.name}" where {missing}'
        query = f"select (select coalesce(sum(n), 0) from ({repeated})) + ({lacking})"
        return int(self._connection.execute(query).fetchall()[0][0])

    def read(self, name: str) -> pl.DataFrame:
        """A table as a frame; JSON as text, intervals as microseconds."""
        return self.query(f'select * {self._plain_types(name)} from "{name}"')

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """The rows of a SELECT as a frame."""
        frame: pl.DataFrame = self._connection.sql(sql, params=dict(parameters or {})).pl()
        return frame

    def matching(self, table: str, column: str, values: Iterable[object]) -> pl.DataFrame:
        """The rows of a table that have one of the values in a column."""
        return self.query(f'from "{table}" where "{column}" in $values', {"values": list(values)})

    def similar(self, table: str, column: str, word: str) -> list[str]:
        """Up to five values of a column that are spelt almost like `word`, the nearest first."""
        nearness = f'jaro_winkler_similarity("{column}", $word) as nearness'
        near = f'select distinct "{column}" as known, {nearness} from "{table}" where nearness > 0.8'
        ranked = self.query(f"from ({near}) order by nearness desc, known limit 5", {"word": word})
        return ranked["known"].to_list()

    def columns(self, name: str) -> list[str]:
        """Column names of a table, in order."""
        return self._connection.table(f'"{name}"').columns

    def export(
        self, folder: Path, tables: Mapping[str, Sequence[str]], comments: Mapping[str, str], views: Mapping[str, str]
    ) -> None:
        """Write the analysts' files into `folder`: `portal.duckdb` and `parquet/<table>.parquet`.

        `tables` maps each table to the columns that order its rows; those that `views` maps to a SELECT become views of
        the new file. `comments` maps `table` and `table.column` to sentences. The file has storage version 1.2.0, so
        that older shells open it.
        """
        (folder / "parquet").mkdir()
        run = self._connection.execute
        run(f"attach {quoted(str(folder / 'portal.duckdb'))} as published (storage_version 'v1.2.0')")
        try:
            for name, order in tables.items():
                by = ", ".join(f'"{column}"' for column in order)
                if name not in views:
                    run(f'create table published."{name}" as from "{name}" order by {by}')
                select = f'select * {self._plain_types(name)} from "{name}" order by {by}'
                file = quoted(str(folder / "parquet" / f"{name}.parquet"))
                run(f"copy ({select}) to {file} (format parquet, compression zstd)")
            run("use published")  # a view binds its tables where it is made
            for name, sql in views.items():
                run(f'create view "{name}" as {sql}')
            for target, sentence in comments.items():
                kind = "column" if "." in target else "view" if target in views else "table"
                path = target.replace(".", '"."')
                run(f'comment on {kind} "{path}" is {quoted(sentence)}')
            run("checkpoint published")
        finally:
            run("use warehouse")
            run("detach published")

    def _plain_types(self, name: str) -> str:
        """A REPLACE clause: JSON as text and intervals as microseconds, which every reader knows."""
        table = self._connection.table(f'"{name}"')
        casts = {"JSON": '"{0}"::varchar as "{0}"', "INTERVAL": 'epoch_us("{0}") as "{0}"'}
        types = zip(table.columns, map(str, table.types), strict=True)
        changed = ", ".join(casts[kind].format(column) for column, kind in types if kind in casts)
        return f"replace ({changed})" if changed else ""


def forget_warehouse(paths: DataPaths) -> None:
    """Remove the working file, so that the next one is built from the store alone. Who has it open keeps its copy."""
    for file in (paths.warehouse, paths.warehouse.with_name(paths.warehouse.name + ".wal")):
        file.unlink(missing_ok=True)


@contextmanager
def open_warehouse(paths: DataPaths, memory_limit: str) -> Iterator[Warehouse]:
    """The working file, made where it is missing.

    Raises:
        FixableError: the file is held by another program, or damaged.
    """
    limits = {"memory_limit": memory_limit, "temp_directory": str(paths.spill), "preserve_insertion_order": False}
    try:
        connection = duckdb.connect(paths.warehouse, config=OPTIONS | limits)
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        raise FixableError(
            f"{paths.warehouse.name}: cannot be opened ({str(error).splitlines()[0]}); "
            "close the program that holds it, or run `portal-funnels build`, which makes it anew"
        ) from error
    with connection:
        connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
        yield Warehouse(connection)


@contextmanager
def open_published(paths: DataPaths) -> Iterator[Warehouse]:
    """The served analysts' file, read-only. All that is asked of it comes from one build, whatever is published since.

    Raises:
        FixableError: nothing has been published.
    """
    file = paths.published / "portal.duckdb"
    if not file.is_file():
        raise FixableError(f"{file} is missing: nothing has been published yet; run `portal-funnels build`")
    with duckdb.connect(file, read_only=True, config=OPTIONS) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield Warehouse(connection)


def quoted(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
