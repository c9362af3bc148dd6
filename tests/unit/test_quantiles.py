from __future__ import annotations

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.statistics.quantiles import PERCENTS, exact_quantile


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([7], 90, 7),
        ([1, 3], 50, 2),
        ([1, 2], 50, 2),  # 1.5, halves up
        ([1, 2, 4], 25, 2),
        ([0, 10, 20, 30], 75, 23),  # 22.5
        ([None, 4, None], 50, 4),
        ([None], 50, None),
        ([], 50, None),
    ],
)
def test_exact_quantile_is_linear_and_rounded(values: list[int | None], percent: int, expected: int | None) -> None:
    """Between two neighbours the quantile is linear, halves go up, NULLs are left out."""
    frame = pl.DataFrame({"value": values}, schema={"value": pl.Int64})
    assert frame.select(exact_quantile(pl.col("value"), percent)).item() == expected


@given(st.lists(st.integers(0, 10**13), min_size=1, max_size=60), st.sampled_from(PERCENTS))
def test_exact_quantile_can_be_checked_in_sql(values: list[int], percent: int) -> None:
    """DuckDB's rounded quantile_cont says the same; where floats of DuckDB lie on a half, to one microsecond."""
    ours = pl.DataFrame({"value": values}).select(exact_quantile(pl.col("value"), percent)).item()
    query = f"select round(quantile_cont(value, {percent / 100}))::bigint from (select unnest(?::bigint[]) as value)"
    row = duckdb.execute(query, [values]).fetchone()
    assert row is not None
    assert abs(ours - row[0]) <= (percent == 90)
