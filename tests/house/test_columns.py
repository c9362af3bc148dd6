"""Columns: what SQL and statistics make, what pages read, and what the dictionary explains are the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import polars as pl
import pytest

from pipelines.assets.ledger import COLUMNS as BUILDS
from pipelines.dictionary import load_dictionary
from pipelines.events import EVENT_SCHEMA
from pipelines.models import load_models
from pipelines.pages.cells import KEYS
from pipelines.pages.site import render_site
from pipelines.statistics.tables import STATISTICS
from tests.house.project import ROOT
from tests.spec.walks import SET_UP, walked

REPORTS = ROOT / "reports"


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    """Every published table but `builds`, made from no event at all."""
    names = [model.name for model in load_models() if model.is_published]
    with walked(pl.DataFrame(schema=EVENT_SCHEMA), SET_UP) as warehouse:
        for name, statistic in STATISTICS.items():
            warehouse.store_frame(name, statistic.compute({table: warehouse.read(table) for table in statistic.inputs}))
        return {name: warehouse.read(name) for name in [*names, *STATISTICS]}


def test_every_published_column_has_a_sentence(tables: dict[str, pl.DataFrame]) -> None:
    """Each column of each published table is explained, by its name or by table and name."""
    dictionary = load_dictionary(REPORTS)
    columns = {f"{table}.{column}": column for table, frame in tables.items() for column in frame.columns}
    columns |= {f"builds.{column}": column for column in BUILDS}
    silent = sorted(place for place, column in columns.items() if not (dictionary.keys() & {place, column}))
    assert silent == []


def test_every_sentence_explains_a_column(tables: dict[str, pl.DataFrame]) -> None:
    """No sentence is left over from a column that is gone."""
    known = {column for frame in tables.values() for column in frame.columns} | set(BUILDS)
    known |= {f"{table}.{column}" for table, frame in tables.items() for column in frame.columns}
    assert sorted(load_dictionary(REPORTS).keys() - known) == []


def test_metrics_are_the_measures_of_reports(tables: dict[str, pl.DataFrame]) -> None:
    """A key of metrics.toml is a column of an rpt_ table, and every count, rate and share there is such a key."""
    metrics = set(tomllib.loads((REPORTS / "metrics.toml").read_text("utf-8")))
    columns = {column for table, frame in tables.items() if table.startswith("rpt_") for column in frame.columns}
    assert sorted(metrics - columns) == []
    endings = ("_count", "_rate", "_share", "_lower", "_upper", "_coverage")
    assert sorted(column for column in columns - metrics if column.endswith(endings)) == []


def test_every_column_of_a_report_is_in_a_test(tables: dict[str, pl.DataFrame]) -> None:
    """Each column of each rpt_ table is mentioned by name in a test that says what it holds."""
    proofs = [
        path for folder in ("spec", "stories", "flow", "unit") for path in (ROOT / "tests" / folder).glob("test_*.py")
    ]
    words = {word for path in proofs for word in re.findall(r"\w+", path.read_text("utf-8"))}
    reports = {name: frame for name, frame in tables.items() if name.startswith("rpt_")}
    silent = [f"{name}.{column}" for name, frame in reports.items() for column in frame.columns if column not in words]
    assert sorted(silent) == []


def test_pages_know_the_keys_of_their_tables(tables: dict[str, pl.DataFrame]) -> None:
    """A page addresses a row by the key that SQL or statistics promise."""
    promised = {model.name: model.key for model in load_models()} | {name: s.key for name, s in STATISTICS.items()}
    assert {name: promised[name] for name in KEYS} == dict(KEYS)
    assert KEYS.keys() <= tables.keys()


def test_pages_of_no_event_say_so(tables: dict[str, pl.DataFrame], tmp_path: Path) -> None:
    """With nothing received the site is whole and says what it waits for."""
    render_site(
        {name: tables[name] for name in KEYS},
        company="",
        stale_after_us=1,
        static=REPORTS / "static",
        templates=REPORTS / "templates",
        out=tmp_path,
    )
    assert "No events received yet" in (tmp_path / "index.html").read_text("utf-8")
