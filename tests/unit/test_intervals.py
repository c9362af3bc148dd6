from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.statistics.intervals import Z, share, wilson_bounds, wilson_interval


@pytest.mark.parametrize(
    ("successes", "trials", "lower", "upper"),
    [
        (0, 3, "0.0", "56.1"),
        (1, 4, "4.6", "69.9"),
        (10, 18, "33.7", "75.4"),
        (55, 100, "45.2", "64.4"),
    ],
)
def test_wilson_interval_has_the_published_values(successes: int, trials: int, lower: str, upper: str) -> None:
    """The four examples of the specification come out to a tenth of a percent."""
    interval = wilson_interval(successes, trials)
    assert interval is not None
    assert [f"{100 * bound:.1f}" for bound in interval] == [lower, upper]


def test_wilson_interval_of_no_trials_is_none() -> None:
    """Nothing observed, nothing said."""
    assert wilson_interval(0, 0) is None


@pytest.mark.parametrize(("successes", "trials"), [(-1, 3), (4, 3), (0, -1)])
def test_wilson_interval_refuses_impossible_counts(successes: int, trials: int) -> None:
    """More successes than trials, or fewer than none, is a mistake of the caller."""
    with pytest.raises(ValueError, match=f"{successes} successes in {trials} trials"):
        wilson_interval(successes, trials)


@given(st.integers(1, 10**7), st.floats(0, 1))
def test_wilson_bounds_solve_the_score_equation(trials: int, part: float) -> None:
    """Each bound b satisfies (p - b)^2 = z^2 b (1 - b) / n, and they enclose p; 0 and 1 are met exactly."""
    successes = round(trials * part)
    lower, upper = wilson_interval(successes, trials) or (2.0, -1.0)
    observed = successes / trials
    for bound in (lower, upper):
        assert (observed - bound) ** 2 == pytest.approx(Z**2 * bound * (1 - bound) / trials, abs=1e-12)
    assert 0 <= lower <= observed <= upper <= 1
    assert (lower == 0) is (successes == 0)
    assert (upper == 1) is (successes == trials)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_wilson_bounds_mirror(successes: int, failures: int) -> None:
    """Calling failures successes turns the interval round."""
    one, other = wilson_interval(successes, successes + failures), wilson_interval(failures, successes + failures)
    assert one is not None
    assert other is not None
    assert one == pytest.approx((1 - other[1], 1 - other[0]), abs=1e-15)


def test_wilson_columns_equal_the_scalar_form() -> None:
    """A column of pairs gives what the pairs give one by one, NULL for no trials."""
    frame = pl.DataFrame({"hits": [0, 1, 10, 55, 0], "tries": [3, 4, 18, 100, 0]})
    lower, upper = wilson_bounds(pl.col("hits"), pl.col("tries"))
    columns = frame.select(lower=lower, upper=upper).rows()
    assert columns == [wilson_interval(*pair) or (None, None) for pair in frame.rows()]


def test_share_of_nothing_is_null() -> None:
    """A rate without a denominator is not 0."""
    frame = pl.DataFrame({"part": [0, 1, None], "whole": [0, 4, 4]})
    assert frame.select(share(pl.col("part"), pl.col("whole"))).to_series().to_list() == [None, 0.25, None]
