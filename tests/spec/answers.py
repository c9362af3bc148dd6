"""The rows of a query as text, so that a test states them as a table. How events are written is in `walks`."""

from __future__ import annotations

from datetime import datetime

from pipelines.warehouse import Warehouse
from tests.spec.tables import parse_table
from tests.spec.walks import written


def assert_answer(warehouse: Warehouse, query: str, expected: str) -> None:
    """The rows of `query`, in its order, are those of the table `expected`: the same columns, the same cells.

    Cells: `-` for NULL, yes and no, times as `walks` writes them, numbers to four digits.
    """
    rows = warehouse.query(query).rows(named=True)
    assert [{column: _text(value) for column, value in row.items()} for row in rows] == parse_table(expected)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or isinstance(value, datetime):
        return written(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
