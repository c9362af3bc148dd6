from __future__ import annotations

import polars as pl
import pytest

from pipelines.statistics.bootstrap import cluster_bootstrap
from pipelines.statistics.intervals import wilson_bounds

BY = ["funnel_id"]
BOUNDS = ["organization_lower", "organization_upper", "clustered_lower", "clustered_upper"]
Organizations = list[tuple[int, int]]


def frame_of(organizations: Organizations, funnel_id: str = "sso_setup") -> pl.DataFrame:
    rows = [(funnel_id, *organization) for organization in organizations]
    schema = {"funnel_id": pl.String, "matured_count": pl.Int64, "activated_count": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def bounds_of(organizations: Organizations) -> tuple[float, ...]:
    return cluster_bootstrap(frame_of(organizations), BY).select(BOUNDS).row(0)


def wilson(successes: int, trials: int) -> tuple[float, float]:
    lower, upper = wilson_bounds(pl.lit(successes), pl.lit(trials))
    bounds: tuple[float, float] = pl.select(lower=lower, upper=upper).row(0)
    return bounds


MIXED = [(1, 0), (1, 1), (2, 1), (5, 5), (7, 0), (3, 2)] * 9
FROZEN = (0.5370370370370371, 0.7782407407407382, 0.3314446433531899, 0.6242237261146495)


def test_bootstrap_repeats_itself() -> None:
    """Same organizations, same bounds, at each call and in any order of rows."""
    once = bounds_of(MIXED)
    assert bounds_of(MIXED) == once
    assert bounds_of(MIXED[::-1]) == once
    assert bounds_of(sorted(MIXED)) == once


def test_bootstrap_has_the_bounds_it_had() -> None:
    """A seed's draws are the same on every machine and with every later version of numpy."""
    assert bounds_of(MIXED) == pytest.approx(FROZEN, abs=1e-12)


@pytest.mark.parametrize("activated", [40, 120, 200, 300, 380])
def test_bootstrap_of_single_attempts_is_near_wilson(activated: int) -> None:
    """With one attempt for each of 400 organizations both intervals lie within 0.02 of Wilson's."""
    bounds = bounds_of([(1, 1)] * activated + [(1, 0)] * (400 - activated))
    assert bounds == pytest.approx(wilson(activated, 400) * 2, abs=0.02)


def test_bootstrap_of_attempts_that_hang_together_is_wider() -> None:
    """Five attempts that all end alike are worth one: the interval is wider than Wilson's over 200 attempts."""
    *_, lower, upper = bounds_of([(5, 5)] * 24 + [(5, 0)] * 16)
    plain_lower, plain_upper = wilson(120, 200)
    assert upper - lower > 2 * (plain_upper - plain_lower)


def test_bootstrap_without_spread_is_wilson_over_organizations() -> None:
    """Redrawing equal organizations tells nothing: three that all activated stand for 43.8 to 100 %, not for 100 %."""
    assert bounds_of([(2, 2)] * 3) == wilson(3, 3) * 2
    assert bounds_of([(2, 1)] * 4) == wilson(4, 4) + wilson(2, 4)


def test_bootstrap_leaves_out_what_has_not_matured() -> None:
    """Organizations with nothing matured change no bound; a group of nothing else has no row."""
    assert bounds_of(MIXED + [(0, 0)] * 50) == bounds_of(MIXED)
    assert cluster_bootstrap(frame_of([(0, 0)]), BY).rows() == []


def test_bootstrap_groups_do_not_touch() -> None:
    """A funnel's bounds are the same with and without another funnel beside it."""
    both = cluster_bootstrap(pl.concat([frame_of([(4, 1), (1, 1)], "dsync_setup"), frame_of(MIXED)]), BY)
    assert both["funnel_id"].to_list() == ["dsync_setup", "sso_setup"]
    assert both.select(BOUNDS).row(1) == bounds_of(MIXED)
