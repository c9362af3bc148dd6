"""Every number on every page is a query over the published tables."""

from __future__ import annotations

import re
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from pipelines.pages.cells import EVERY, KEYS
from pipelines.pages.formats import formatters
from tests.flow.builds import ask

VOID = {"meta", "link", "br", "img", "input", "hr", "rect", "path", "circle", "line", "use", "wbr"}
# Numbers that the words of a page hold: none of them is data.
CONSTANTS = re.compile(
    r"95 ?%|over 100%|(last|within|of) 30 days|stays at 0|fewer than 20|such as 14 days|first 50|within 24 h(ours)?|"
    r"under 20|shows the 12 with|[a-z_]+/[a-z_0-9/]+\.(sql|py|toml)",
    re.IGNORECASE,
)


class Page(HTMLParser):
    """The numbers of a page with their addresses, and the text that has none."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[tuple[dict[str, str], str]] = []
        self.loose: list[str] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember where we are."""
        if tag not in VOID:
            self._open.append((tag, {name: value or "" for name, value in attrs}))
            if "data-table" in self._open[-1][1]:
                self.cells.append((self._open[-1][1], ""))

    def handle_endtag(self, tag: str) -> None:
        """Leave the innermost element of that name."""
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Text belongs to the cell around it, or to nobody."""
        inside = [tag for tag, _ in self._open]
        if any("data-table" in attributes for _, attributes in self._open):
            self.cells[-1] = (self.cells[-1][0], self.cells[-1][1] + data)
        elif not {"script", "style", "title"} & set(inside):
            self.loose.append(data)


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
        for address, text in Page(page.read_text("utf-8")).cells:
            columns = address["data-column"].split()
            values = tables.values(address["data-table"], address["data-key"], columns)
            assert text == tables.formats[address["data-format"]](*values), f"{page.name}: {address}"
            checked += 1
    assert checked > 300


@pytest.mark.parametrize("built", ["stories", "demo"])
def test_no_number_stands_without_its_address(built: str, request: pytest.FixtureRequest) -> None:
    """Outside the addressed numbers a page's words hold constants of their explanations only."""
    for page in pages(request.getfixturevalue(built)):
        for text in Page(page.read_text("utf-8")).loose:
            assert not re.search(r"\d", CONSTANTS.sub("", text)), f"{page.name}: {text.strip()!r}"
