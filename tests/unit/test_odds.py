from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import Table2x2

from pipelines.statistics.odds import odds_ratio

CELLS = st.integers(0, 20) | st.integers(0, 10_000)


def ratio_of(*cells: int) -> dict[str, float | None]:
    frame = pl.DataFrame([cells], schema=dict.fromkeys("abcd", pl.Int64), orient="row")
    return frame.select(**odds_ratio(*map(pl.col, "abcd"))).row(0, named=True)


def test_odds_ratio_worked_by_hand() -> None:
    """30 of 40 lost here, 20 of 60 there: odds of 3 against odds of 1/2."""
    row = ratio_of(30, 10, 20, 40)
    assert row["odds_ratio"] == 6
    assert [round(row[name] or 0, 2) for name in ("odds_lower", "odds_upper")] == [2.45, 14.68]
    assert 0 < (row["p_value"] or 0) < 0.0001


def test_odds_ratio_with_an_empty_cell_is_finite() -> None:
    """Where a cell is 0, each of the four gets half a count: 3.5 * 6.5 / (0.5 * 2.5)."""
    assert ratio_of(3, 0, 2, 6)["odds_ratio"] == pytest.approx(18.2)


@pytest.mark.parametrize("cells", [(0, 0, 4, 5), (4, 5, 0, 0), (0, 5, 0, 4), (5, 0, 4, 0), (0, 0, 0, 0)])
def test_odds_ratio_without_a_margin_is_null(cells: tuple[int, ...]) -> None:
    """A group without rows, or an outcome that nobody or everybody had, leaves nothing to compare."""
    assert set(ratio_of(*cells).values()) == {None}


@given(CELLS, CELLS, CELLS, CELLS)
def test_odds_ratio_equals_statsmodels(a: int, b: int, c: int, d: int) -> None:
    """Ratio, bounds and p agree with statsmodels to 1e-9, empty cells among them."""
    row = ratio_of(a, b, c, d)
    if 0 in (a + b, c + d, a + c, b + d):
        return
    half = 0.5 if 0 in (a, b, c, d) else 0  # statsmodels would add it to the empty cells only
    theirs = Table2x2([[a + half, b + half], [c + half, d + half]], shift_zeros=False)
    expected = [theirs.oddsratio, *theirs.oddsratio_confint(0.05)]
    assert [row[name] for name in ("odds_ratio", "odds_lower", "odds_upper")] == pytest.approx(expected, rel=1e-9)
    assert row["p_value"] == pytest.approx(theirs.oddsratio_pvalue(), abs=1e-9)
