from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from pipelines.statistics.intervals import Z, newcombe_bounds, score_test, share, wilson_bounds, wilson_of_share


@st.composite
def samples(draw: st.DrawFn) -> tuple[int, int]:
    """Successes and trials."""
    trials = draw(st.integers(1, 10_000))
    return draw(st.integers(0, trials)), trials


def wilson(successes: int, trials: int) -> tuple[float, float]:
    lower, upper = wilson_bounds(pl.lit(successes), pl.lit(trials))
    bounds: tuple[float, float] = pl.select(lower=lower, upper=upper).row(0)
    return bounds


def compared(*counts: int) -> tuple[float | None, float | None, float | None]:
    """Newcombe's lower and upper bound, and p, of one pair of samples."""
    one, other = map(pl.lit, counts[:2]), map(pl.lit, counts[2:])
    pair = (*one, *other)
    lower, upper = newcombe_bounds(*pair)
    row: tuple[float | None, float | None, float | None] = pl.select(a=lower, b=upper, p=score_test(*pair)).row(0)
    return row


@pytest.mark.parametrize(
    ("successes", "trials", "lower", "upper"),
    [
        (0, 3, "0.0", "56.1"),
        (1, 4, "4.6", "69.9"),
        (10, 18, "33.7", "75.4"),
        (55, 100, "45.2", "64.4"),
    ],
)
def test_wilson_bounds_have_the_published_values(successes: int, trials: int, lower: str, upper: str) -> None:
    """The four examples of the specification come out to a tenth of a percent."""
    assert [f"{100 * bound:.1f}" for bound in wilson(successes, trials)] == [lower, upper]


@given(st.integers(1, 10**7), st.floats(0, 1))
def test_wilson_bounds_solve_the_score_equation(trials: int, part: float) -> None:
    """Each bound b satisfies (p - b)^2 = z^2 b (1 - b) / n, and they enclose p; 0 and 1 are met exactly."""
    successes = round(trials * part)
    lower, upper = wilson(successes, trials)
    observed = successes / trials
    for bound in (lower, upper):
        assert (observed - bound) ** 2 == pytest.approx(Z**2 * bound * (1 - bound) / trials, abs=1e-12)
    assert 0 <= lower <= observed <= upper <= 1
    assert (lower == 0) is (successes == 0)
    assert (upper == 1) is (successes == trials)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_wilson_bounds_mirror(successes: int, failures: int) -> None:
    """Calling failures successes turns the interval round."""
    one, other = wilson(successes, successes + failures), wilson(failures, successes + failures)
    assert one == pytest.approx((1 - other[1], 1 - other[0]), abs=1e-15)


def test_wilson_bounds_of_no_trials_are_null() -> None:
    """In a column of pairs each has its own bounds, and nothing observed has none."""
    frame = pl.DataFrame({"hits": [0, 1, 10, 55, 0], "tries": [3, 4, 18, 100, 0]})
    lower, upper = wilson_bounds(pl.col("hits"), pl.col("tries"))
    columns = frame.select(lower=lower, upper=upper).rows()
    assert columns == [*(wilson(*pair) for pair in frame.rows()[:-1]), (None, None)]


def test_wilson_of_share_takes_half_a_trial() -> None:
    """The size of a sample need not be whole: the bounds of 0.4 in 12.5 trials solve the same equation."""
    lower, upper = wilson_of_share(pl.lit(0.4), pl.lit(12.5))
    for bound in pl.select(lower=lower, upper=upper).row(0):
        assert (0.4 - bound) ** 2 == pytest.approx(Z**2 * bound * (1 - bound) / 12.5, abs=1e-12)


def test_share_of_nothing_is_null() -> None:
    """A rate without a denominator is not 0."""
    frame = pl.DataFrame({"part": [0, 1, None], "whole": [0, 4, 4]})
    assert frame.select(share(pl.col("part"), pl.col("whole"))).to_series().to_list() == [None, 0.25, None]


def test_newcombe_bounds_have_the_published_values() -> None:
    """56 of 70 against 48 of 80, the first example of the paper: 0.2 more, from 0.0524 to 0.3339."""
    lower, upper, _ = compared(56, 70, 48, 80)
    assert (round(lower or 0, 4), round(upper or 0, 4)) == (0.0524, 0.3339)


@given(samples(), samples())
def test_newcombe_bounds_equal_statsmodels(one: tuple[int, int], other: tuple[int, int]) -> None:
    """Any two samples have the bounds that statsmodels gives, to 1e-9."""
    theirs = confint_proportions_2indep(*one, *other, method="newcomb", compare="diff")
    assert compared(*one, *other)[:2] == pytest.approx(theirs, abs=1e-9)


@given(samples(), samples())
def test_score_test_equals_statsmodels(one: tuple[int, int], other: tuple[int, int]) -> None:
    """Any two samples have the p of statsmodels' test with pooled variance, to 1e-9; 1 where there is no variance."""
    successes, trials = one[0] + other[0], one[1] + other[1]
    theirs = proportions_ztest([one[0], other[0]], [one[1], other[1]])[1] if 0 < successes < trials else 1.0
    assert compared(*one, *other)[2] == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("counts", [(0, 0, 1, 2), (1, 2, 0, 0), (0, 0, 0, 0)])
def test_comparison_with_nothing_is_null(counts: tuple[int, int, int, int]) -> None:
    """Without trials on either side there is neither a difference nor a test."""
    assert compared(*counts) == (None, None, None)
