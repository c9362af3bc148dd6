"""Whole builds for tests: real files in, the published folder out, through the same function as the command line."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from pipelines.building import build
from pipelines.settings import Places

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "reports"
STORIES = ROOT / "tests" / "stories"
STORIES_AS_OF = "2026-03-31T00:00:00Z"
SOURCES = ("portal", "webhooks")


def lay_inbox(data: Path, files: Mapping[str, bytes]) -> Path:
    """A data directory with `files` in its inbox, by their path below it."""
    for source in SOURCES:
        (data / "inbox" / source).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (data / "inbox" / name).write_bytes(content)
    return data


def lay_stories(data: Path) -> Path:
    """A data directory with the story logs in its inbox."""
    return lay_inbox(data, {f"{name}/{name}.jsonl": (STORIES / f"{name}.jsonl").read_bytes() for name in SOURCES})


def run_build(
    data: Path, as_of: str | None = STORIES_AS_OF, reports: Path = REPORTS, *, full: bool = False
) -> Path | None:
    """Build in this process; the published folder, or None where nothing was new."""
    moment = datetime.fromisoformat(as_of) if as_of else None
    return build(Places.find(data, reports), moment, full=full, history=False)


def ask(data: Path, sql: str) -> pl.DataFrame:
    """The rows of a SELECT over the published file, as an analyst gets them."""
    with duckdb.connect(data / "published" / "portal.duckdb", read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        frame: pl.DataFrame = connection.sql(sql).pl()
        return frame


def contents(data: Path) -> dict[str, tuple[int, int]]:
    """Rows and an order-free content sum of every published relation; `builds` knows the clock and is left out."""
    with duckdb.connect(data / "published" / "portal.duckdb", read_only=True) as connection:
        names = connection.execute(
            "select table_name from duckdb_tables() union all select view_name from duckdb_views() where not internal"
        ).fetchall()
        query = 'select count(*), coalesce(sum(hash(t)::hugeint), 0) from "{}" as t'
        sums = {name: connection.execute(query.format(name)).fetchall()[0] for (name,) in sorted(names)}
    return sums | {"builds": (0, 0)}


def site_bytes(data: Path) -> dict[str, bytes]:
    """Every file of the published site, by its path."""
    site = data / "published" / "site"
    return {str(file.relative_to(site)): file.read_bytes() for file in sorted(site.rglob("*")) if file.is_file()}


def forget_all_but_the_store(data: Path) -> None:
    """Delete everything that a build makes, the event store apart."""
    for name in ("published", "dagster", "spill", "quarantine"):
        shutil.rmtree(data / name, ignore_errors=True)
    for file in data.glob("warehouse.duckdb*"):
        file.unlink()
