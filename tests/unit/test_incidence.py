from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter

from pipelines.statistics.incidence import CENSORED, COMPETING, EVENT, incidence_at
from pipelines.statistics.intervals import wilson_bounds, wilson_of_share

BY = ["funnel_id"]
DAY = 86_400_000_000
Observations = list[tuple[int, int]]
KINDS = st.sampled_from([CENSORED, EVENT, COMPETING])
SOME = st.lists(st.tuples(st.integers(0, 12), KINDS), min_size=1, max_size=40)
UNTIED = st.dictionaries(
    st.integers(1, 60), st.tuples(st.sampled_from([EVENT, COMPETING]), st.integers(0, 3), st.integers(0, 3)), min_size=1
)
"""At each time events of one kind only, and censored entries: lifelines breaks other ties at random."""


def frame_of(observations: Sequence[tuple[int, int]], horizon_us: int, funnel_id: str = "sso_setup") -> pl.DataFrame:
    rows = [(funnel_id, *observation, horizon_us) for observation in observations]
    schema = {"funnel_id": pl.String, "observed_us": pl.Int64, "kind": pl.Int8, "horizon_us": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def incidence_of(observations: Sequence[tuple[int, int]], horizon_us: int) -> tuple[float | None, ...]:
    """Incidence, lower and upper bound, and how many were at risk at the horizon."""
    return incidence_at(frame_of(observations, horizon_us), BY).row(0)[1:]


def wilson(rate: float, trials: float) -> tuple[float, float]:
    lower, upper = wilson_of_share(pl.lit(rate), pl.lit(trials))
    bounds: tuple[float, float] = pl.select(lower=lower, upper=upper).row(0)
    return bounds


def defined(observations: Observations, horizon: int) -> tuple[Fraction, Fraction]:
    """Incidence and variance as the textbook writes them, in fractions."""
    survival, incidence, steps = Fraction(1), Fraction(0), []
    for time in sorted({time for time, kind in observations if kind != CENSORED and time <= horizon}):
        at_risk = sum(observed >= time for observed, _ in observations)
        events, ends = observations.count((time, EVENT)), observations.count((time, COMPETING))
        incidence += survival * events / at_risk
        steps.append((at_risk, events, events + ends, survival, incidence))
        survival *= 1 - Fraction(events + ends, at_risk)
    variance = Fraction(0)
    for n, events, leaving, before, so_far in steps:
        later = incidence - so_far
        variance += later**2 * leaving / (n * (n - leaving)) if later else 0
        variance += (
            before**2 * events * (n - events) / Fraction(n) ** 3 - 2 * later * before * events / Fraction(n) ** 2
        )
    return incidence, variance


def test_incidence_with_ties_worked_by_hand() -> None:
    """Ten entries: at 2 two events, a competing end and a censored one; at 5 an event and a censored one; horizon 6.

    Incidence 2/10 + 7/10 * 1/6 = 19/60. Variance by the sum of squares: 0.0119167 at 2 and 0.0113426 at 5, so Wilson's
    interval of 9.3033 trials. The event at 9 is after the horizon.
    """
    observations = [(2, 1), (2, 1), (2, 2), (2, 0), (5, 1), (5, 0), (9, 1), (9, 0), (9, 0), (9, 2)]
    incidence, lower, upper, at_risk = incidence_of(observations, 6)
    assert incidence == pytest.approx(19 / 60)
    assert at_risk == 4
    assert (lower, upper) == pytest.approx(wilson(19 / 60, 9.3033), abs=1e-5)


def test_incidence_counts_the_horizon_itself() -> None:
    """An event at the horizon is in time, one a microsecond later is not."""
    assert incidence_of([(14, EVENT), (15, EVENT)], 14)[0] == 0.5
    assert incidence_of([(14, EVENT), (15, EVENT)], 13)[0] == 0


def test_incidence_is_not_misled_by_young_entries() -> None:
    """100 entrants aged 20 days with 60 done, 100 aged 1 day with 20 done: naively 40 %, matured 60 %, and here 60 %.

    In each hundred 20 are done within half a day; of the 80 old ones left 40 more on day 5: 1 - 160/200 * 40/80.
    """
    old = [(DAY // 2, EVENT)] * 20 + [(5 * DAY, EVENT)] * 40 + [(20 * DAY, CENSORED)] * 40
    young = [(DAY // 2, EVENT)] * 20 + [(DAY, CENSORED)] * 80
    done = [time for time, kind in old + young if kind == EVENT]
    assert len(done) / 200 == 0.4
    assert incidence_of(old, 14 * DAY)[0] == 0.6
    incidence, lower, upper, at_risk = incidence_of(old + young, 14 * DAY)
    assert incidence == pytest.approx(0.6, abs=1e-12)
    assert at_risk == 40
    plain_lower, plain_upper = wilson(0.6, 100)
    assert plain_lower < (lower or 0) < 0.6 < (upper or 0) < plain_upper


@given(SOME, st.integers(0, 13))
def test_incidence_without_censoring_is_events_of_entries(observations: Observations, horizon: int) -> None:
    """Where nobody is censored before the horizon, rate and bounds are Wilson's of events / entries, bit for bit."""
    watched = [(time, kind or (EVENT if time < horizon else CENSORED)) for time, kind in observations]
    events = sum(kind == EVENT and time <= horizon for time, kind in watched)
    lower, upper = wilson_bounds(pl.lit(events), pl.lit(len(watched)))
    bounds = pl.select(lower=lower, upper=upper).row(0)
    assert incidence_of(watched, horizon)[:3] == (events / len(watched), *bounds)


@given(SOME, st.integers(1, 13), st.integers(1, 9))
def test_entries_censored_before_all_events_change_nothing(
    observations: Observations, horizon: int, newcomers: int
) -> None:
    """The general formula gives the plain rate and its Wilson bounds back when the censored had nothing to tell."""
    watched = [(time + 1, kind or EVENT) for time, kind in observations]
    with_newcomers = incidence_of(watched + [(0, CENSORED)] * newcomers, horizon)
    assert with_newcomers == pytest.approx(incidence_of(watched, horizon), abs=1e-12)


@given(SOME, st.integers(0, 13))
def test_incidence_equals_the_definition(observations: Observations, horizon: int) -> None:
    """Ties of all kinds included, rate and bounds agree with the textbook's sums taken literally."""
    watched = [*observations, (14, CENSORED)]
    incidence, variance = defined(watched, horizon)
    ours = incidence_of(watched, horizon)
    assert ours[0] == pytest.approx(float(incidence), abs=1e-12)
    if 0 < incidence < 1:
        assert ours[1:3] == pytest.approx(
            wilson(float(incidence), float(incidence * (1 - incidence) / variance)), abs=1e-9
        )


@settings(max_examples=50)
@given(UNTIED, st.integers(1, 70))
def test_incidence_equals_lifelines(times: dict[int, tuple[int, int, int]], horizon: int) -> None:
    """Rate, and the interval made from their variance, agree with lifelines to 1e-9."""
    observations = [(70, CENSORED)]
    for time, (kind, ends, censored) in times.items():
        observations += [(time, kind)] * ends + [(time, CENSORED)] * censored
    with np.errstate(all="ignore"):  # their interval has no value where nothing has happened
        fitted = AalenJohansenFitter().fit(*zip(*observations, strict=True), event_of_interest=EVENT)
    at = fitted.cumulative_density_.index.asof(horizon)
    theirs, variance = fitted.cumulative_density_.loc[at].item(), fitted.variance_.loc[at]
    ours = incidence_of(observations, horizon)
    assert ours[0] == pytest.approx(theirs, abs=1e-9)
    if censored_before(observations, horizon) and 0 < theirs < 1:
        assert ours[1:3] == pytest.approx(wilson(theirs, theirs * (1 - theirs) / variance), abs=1e-9)


def censored_before(observations: Observations, horizon: int) -> bool:
    return any(kind == CENSORED and time < horizon for time, kind in observations)


def test_interval_of_nothing_and_of_all_has_the_size_of_those_watched() -> None:
    """At 0 and 1 the variance is 0: Wilson's interval then counts who was seen to the horizon or to an end."""
    assert incidence_of([(3, CENSORED), (9, CENSORED), (9, CENSORED), (2, COMPETING)], 9)[:3] == (0, *wilson(0, 3))
    assert incidence_of([(1, CENSORED), (2, EVENT), (3, EVENT)], 9)[:3] == (1, *wilson(1, 2))


def test_incidence_is_null_where_nobody_was_watched() -> None:
    """Entries younger than the horizon say nothing of it, unless all have ended; no entries, no row."""
    assert incidence_of([(3, EVENT), (4, CENSORED)], 9) == (None, None, None, 0)
    assert incidence_of([(3, EVENT), (4, COMPETING)], 9)[0] == 0.5
    assert incidence_at(frame_of([], 9), BY).rows() == []


@given(SOME, st.randoms(use_true_random=False))
def test_incidence_does_not_depend_on_order(observations: Observations, chance: Random) -> None:
    """Rows in another order, beside another group, with a horizon of another name: the same bits."""
    once = incidence_at(frame_of(observations, 9), BY)
    shuffled = [*observations]
    chance.shuffle(shuffled)
    both = pl.concat([frame_of([(1, EVENT)], 5, "dsync_setup"), frame_of(shuffled, 9)]).rename(
        {"horizon_us": "window_us"}
    )
    assert incidence_at(both, BY, "window_us").filter(funnel_id="sso_setup").equals(once)
