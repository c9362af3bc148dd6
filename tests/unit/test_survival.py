from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time

from pipelines.statistics.intervals import Z
from pipelines.statistics.quantiles import PERCENTS
from pipelines.statistics.survival import curve_at, quantile_times, restricted_means, survival_curve

BY = ["funnel_id"]
Observations = list[tuple[int, bool]]

# Weeks in remission of 21 leukaemia patients on 6-mercaptopurine (Freireich et al. 1963), the textbook example.
REMISSION = [(week, True) for week in (6, 6, 6, 7, 10, 13, 16, 22, 23)] + [
    (week, False) for week in (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
]
SOME = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=40)


def frame_of(observations: Sequence[tuple[int, bool]], funnel_id: str = "sso_setup") -> pl.DataFrame:
    rows = [(funnel_id, *observation) for observation in observations]
    schema = {"funnel_id": pl.String, "observed_us": pl.Int64, "is_event": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def curve_of(observations: Sequence[tuple[int, bool]]) -> pl.DataFrame:
    return survival_curve(frame_of(observations), BY)


def value_at(observations: Sequence[tuple[int, bool]], at_us: int) -> tuple[object, ...]:
    points = pl.DataFrame({"funnel_id": ["sso_setup"], "at_us": [at_us]})
    return curve_at(curve_of(observations), points, BY).row(0)[2:]


def mean_within(observations: Sequence[tuple[int, bool]], horizon_us: int) -> tuple[int | None, int | None, int | None]:
    """The restricted mean with its lower and upper bound."""
    horizons = pl.DataFrame({"funnel_id": ["sso_setup"], "horizon_us": [horizon_us]})
    means = restricted_means(curve_of(observations), BY, horizons)
    columns = ("restricted_mean_us", "restricted_mean_lower_us", "restricted_mean_upper_us")
    row: tuple[int | None, int | None, int | None] = means.select(columns).row(0)
    return row


def exact_survival(observations: Observations) -> dict[int, Fraction]:
    """The product-limit estimate by its definition, in fractions."""
    survival, curve = Fraction(1), {}
    for time in sorted({time for time, _ in observations}):
        at_risk = sum(observed >= time for observed, _ in observations)
        survival *= 1 - Fraction(sum(row == (time, True) for row in observations), at_risk)
        curve[time] = survival
    return curve


def test_survival_curve_of_the_textbook_example() -> None:
    """At risk, events and the estimate are those printed in the textbooks."""
    events = curve_of(REMISSION).filter(pl.col("event_count") > 0)
    rows = events.select("observed_us", "at_risk_count", "event_count", pl.col("survival").round(4)).rows()
    assert rows == [
        (6, 21, 3, 0.8571),
        (7, 17, 1, 0.8067),
        (10, 15, 1, 0.7529),
        (13, 12, 1, 0.6902),
        (16, 11, 1, 0.6275),
        (22, 7, 1, 0.5378),
        (23, 6, 1, 0.4482),
    ]


def test_quantile_times_of_the_textbook_example() -> None:
    """The median is 23 weeks, at least 13; its upper bound and the third quartile are not reached."""
    rows = quantile_times(curve_of(REMISSION), BY, [50, 75]).rows()
    assert rows == [("sso_setup", 0.5, 23, 13, None), ("sso_setup", 0.75, None, 23, None)]


def test_quantile_at_an_exact_level_is_reached() -> None:
    """The ninth of ten is the ninth decile, though the product of floats stays a hair above 1/10."""
    curve = curve_of([(time, True) for time in range(1, 11)])
    assert curve["survival"][8] > 0.1
    assert quantile_times(curve, BY, [90])["time_us"].item() == 9


def test_interval_is_null_once_the_curve_is_zero() -> None:
    """With nobody left the formula has no value, so a quantile's upper bound is not reached."""
    curve = curve_of([(1, True), (2, True)])
    assert curve.select("survival", "survival_upper").rows()[-1] == (0.0, None)
    assert quantile_times(curve, BY, [50]).row(0)[2:] == (1, 1, None)


@pytest.mark.parametrize(
    ("at_us", "survival", "at_risk"),
    [(0, 1.0, 4), (1, 0.75, 4), (2, 0.75, 3), (3, 0.375, 2), (4, 0.375, 1), (5, None, 0)],
)
def test_curve_at_counts_the_time_itself_and_ends_with_the_observations(
    at_us: int, survival: float | None, at_risk: int
) -> None:
    """An event counts from its own time on; after the longest observation nothing is known."""
    point = value_at([(1, True), (2, False), (3, True), (4, False)], at_us)
    assert (point[0], point[3]) == (survival, at_risk)


def test_curve_at_stays_at_zero() -> None:
    """Where all had the event the curve is known for ever, its interval is not."""
    observations = [(1, True), (2, True)]
    assert value_at(observations, 2) == (0.0, None, None, 1)
    assert value_at(observations, 9) == (0.0, None, None, 0)


def test_survival_of_no_observations_has_no_rows() -> None:
    """An empty frame goes through; a point asked for comes back with NULL and nobody at risk."""
    assert curve_of([]).height == 0
    assert quantile_times(curve_of([]), BY, PERCENTS).height == 0
    assert value_at([], 5) == (None, None, None, 0)


def test_groups_do_not_touch() -> None:
    """A group's rows are the same with and without another group beside it."""
    other = frame_of([(3, True), (8, False)], "dsync_setup")
    both = survival_curve(pl.concat([frame_of(REMISSION), other]), BY)
    assert both.filter(pl.col("funnel_id") == "sso_setup").equals(curve_of(REMISSION))


@given(SOME)
def test_survival_equals_the_definition(observations: Observations) -> None:
    """Curve and quantiles agree with a product of fractions taken literally."""
    curve, exact = curve_of(observations), exact_survival(observations)
    assert curve["survival"].to_list() == pytest.approx([float(level) for level in exact.values()], abs=1e-12)
    expected = [
        next((time for time, level in exact.items() if level <= Fraction(100 - percent, 100)), None)
        for percent in PERCENTS
    ]
    assert quantile_times(curve, BY, PERCENTS)["time_us"].to_list() == expected


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=200))
def test_survival_equals_lifelines(observations: Observations) -> None:
    """Curve and interval agree with lifelines to 1e-9 wherever the interval exists."""
    times, events = zip(*observations, strict=True)
    fitted = KaplanMeierFitter(alpha=0.05).fit(times, events)
    curve = curve_of(observations)
    theirs = fitted.survival_function_at_times(curve["observed_us"].to_list()).to_list()
    assert curve["survival"].to_list() == pytest.approx(theirs, abs=1e-9)
    defined = curve.filter(pl.col("survival") > 0)
    bounds = fitted.confidence_interval_.loc[defined["observed_us"].to_list()]
    assert defined["survival_lower"].to_list() == pytest.approx(bounds.iloc[:, 0].to_list(), abs=1e-9)
    assert defined["survival_upper"].to_list() == pytest.approx(bounds.iloc[:, 1].to_list(), abs=1e-9)


def test_restricted_mean_worked_by_hand() -> None:
    """1 until 1000, 3/4 until 3000, 3/8 until 4000: 2875; variance 1875^2 / 12 + 375^2 / 2, so 1181 less or more."""
    observations = [(1000, True), (2000, False), (3000, True), (4000, False)]
    assert mean_within(observations, 4000) == (2875, 1694, 4000)  # 4056 lies beyond the horizon
    assert mean_within(observations, 2000) == (1750, 1326, 2000)  # 750^2 / 12


def test_restricted_mean_needs_a_curve_up_to_the_horizon() -> None:
    """A microsecond past the longest observation nothing is known, unless the curve had come down to 0."""
    assert mean_within([(1000, True), (2000, False)], 2001) == (None, None, None)
    assert mean_within([(1000, True), (2000, True)], 9000)[0] == 1500


def test_restricted_mean_without_spread_has_no_interval() -> None:
    """Nothing has happened, or all at once: the mean stands, and an interval of no width would be a lie."""
    assert mean_within([(8, False), (9, False)], 5) == (5, None, None)
    assert mean_within([(3, True), (3, True)], 5) == (3, None, None)


@given(st.lists(st.integers(0, 10**13), min_size=2, max_size=60, unique=True), st.integers(1, 10**13))
def test_restricted_mean_without_censoring_is_the_plain_one(times: list[int], horizon_us: int) -> None:
    """With all events seen it is the mean of times cut at the horizon, its variance theirs divided by their number."""
    cut = [min(time, horizon_us) for time in times]
    mean = Fraction(sum(cut), len(cut))
    margin = Z * float(sum((time - mean) ** 2 for time in cut)) ** 0.5 / len(cut)
    ours, lower, upper = mean_within([(time, True) for time in times], horizon_us)
    assert ours == pytest.approx(float(mean), rel=1e-12, abs=0.5001)
    if margin:
        assert lower == pytest.approx(max(float(mean) - margin, 0), rel=1e-9, abs=0.5001)
        assert upper == pytest.approx(min(float(mean) + margin, horizon_us), rel=1e-9, abs=0.5001)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=200), st.integers(1, 30))
def test_restricted_mean_equals_lifelines(observations: Observations, horizon: int) -> None:
    """The mean agrees with lifelines to 1e-9 of it wherever the curve is known."""
    scaled = [(time * 10**12, is_event) for time, is_event in observations]
    ours = mean_within(scaled, horizon * 10**12)[0]
    longest = max(time for time, _ in observations)
    assert (ours is None) is (longest < horizon and curve_of(observations)["survival"][-1] > 0)
    if ours is not None:
        fitted = KaplanMeierFitter().fit(*zip(*observations, strict=True))
        assert ours == pytest.approx(restricted_mean_survival_time(fitted, t=horizon) * 10**12, rel=1e-9)


def test_survival_does_not_depend_on_threads() -> None:
    """One thread and four give the same bits for 20,000 observations in many groups."""
    program = (
        "import hashlib, polars as pl; n = pl.int_range(20_000);"
        "from pipelines.statistics.incidence import *; from pipelines.statistics.survival import *;"
        "f = pl.select(funnel_id=n * 7919 % 13, observed_us=n * n % 4001, kind=n * 31 % 3, horizon_us=pl.lit(3000));"
        "c = survival_curve(f.with_columns(is_event=pl.col('kind') == 1), ['funnel_id']);"
        "t = quantile_times(c, ['funnel_id'], [25, 50, 90]); i = incidence_at(f, ['funnel_id']);"
        "m = restricted_means(c, ['funnel_id'], f.select('funnel_id', 'horizon_us').unique());"
        "print(hashlib.sha256(repr([frame.rows() for frame in (c, t, i, m)]).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"POLARS_MAX_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for threads in ("1", "4")
    }
    assert len(digests) == 1
