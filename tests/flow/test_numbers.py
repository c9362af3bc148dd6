"""Every number on every page is a query over the published tables."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from pipelines.pages.cells import EVERY, KEYS
from pipelines.pages.formats import formatters
from tests.flow.builds import ask
from tests.unit.page_cells import Page

# Numbers that the words of a page hold: none of them is data.
CONSTANTS = re.compile(
    r"95 ?%|over 100%|(last|within|of) 30 days|stays at 0|fewer than 20|such as 14 days|first 50|within 24 h(ours)?|"
    r"under 20|shows the 12 with|[a-z_]+/[a-z_0-9/]+\.(sql|py|toml)",
    re.IGNORECASE,
)


class Tables:
    """The published tables as the pages address them."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._frames: dict[str, pl.DataFrame] = {}
        self.formats = formatters(ZoneInfo(ask(data, "select time_zone from rpt_report").item()))

    def values(self, table: str, key: str, columns: list[str]) -> list[Any]:
        """The values of one row, or the sums of all rows that a key with `*` names."""
        parts = dict(zip(KEYS[table], key.split("|", len(KEYS[table]) - 1), strict=True))
        wanted = [
            pl.col(column).map_elements(_text, pl.String) == part for column, part in parts.items() if part != EVERY
        ]
        rows = self._frame(table).filter(*wanted) if wanted else self._frame(table)
        if EVERY in parts.values():
            return [rows[column].sum() for column in columns]
        assert rows.height == 1, f"{table} {key}: {rows.height} rows"
        return [rows[column][0] for column in columns]

    def _frame(self, table: str) -> pl.DataFrame:
        if table not in self._frames:
            interval = "exclude (avg_completion_time)" if table == "rpt_seed_metrics" else ""
            self._frames[table] = ask(self._data, f"select * {interval} from {table}")
        return self._frames[table]


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def pages(data: Path) -> list[Path]:
    """Every page of the site."""
    found = sorted((data / "published" / "site").rglob("*.html"))
    assert len(found) >= 6
    return found


@pytest.mark.parametrize("built", ["stories", "demo"])
def test_every_number_equals_its_query(built: str, request: pytest.FixtureRequest) -> None:
    """Each number names table, row and columns, and DuckDB gives the same, formatted the same way."""
    data = request.getfixturevalue(built)
    tables, checked = Tables(data), 0
    for page in pages(data):
        for cell in Page(page.read_text("utf-8")).cells:
            values = tables.values(cell.table, cell.key, cell.columns.split())
            assert cell.text == tables.formats[cell.format](*values), f"{page.name}: {cell}"
            checked += 1
    assert checked > 300


@pytest.mark.parametrize("built", ["stories", "demo"])
def test_no_number_stands_without_its_address(built: str, request: pytest.FixtureRequest) -> None:
    """Outside the addressed numbers a page's words hold constants of their explanations only."""
    for page in pages(request.getfixturevalue(built)):
        for text in Page(page.read_text("utf-8")).loose:
            assert not re.search(r"\d", CONSTANTS.sub("", text)), f"{page.name}: {text.strip()!r}"
