"""This period and the one before, each attempt watched equally long: a table of attempts in, numbers out."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from pipelines.durations import parse_duration
from tests.spec.measures import AS_OF, compute, entries, expect, tables

DAY, WEEK = parse_duration("1 day"), parse_duration("7 days")


def test_comparisons_watch_both_periods_equally_long() -> None:
    """Activated within a day, of those who entered 1 to 8 days ago and 8 to 15 days ago; the slow one is in no rate."""
    attempts = entries("""
        | attempts | age     | outcome   | after    | excluded |
        |----------|---------|-----------|----------|----------|
        | 24       | 3 days  | activated | 3 hours  |          |
        | 6        | 3 days  | open      |          |          |
        | 12       | 10 days | activated | 24 hours |          |
        | 1        | 10 days | activated | 2 days   |          |
        | 17       | 10 days | open      |          |          |
        | 50       | 1 hour  | open      |          |          |
        | 50       | 20 days | activated | 1 hour   |          |
        | 9        | 3 days  | activated | 1 hour   | yes      |
    """)
    current = """
        | current_count | current_activated_count | current_rate | current_lower | current_upper |
        |---------------|-------------------------|--------------|---------------|---------------|
        | 30            | 24                      | 80.0 %       | 62.7 %        | 90.5 %        |
    """
    expect("rpt_comparisons", tables(fct_entries=attempts), current, within_us=DAY, period_us=WEEK)
    previous = """
        | previous_count | previous_activated_count | previous_rate | previous_lower | previous_upper |
        |----------------|--------------------------|---------------|----------------|----------------|
        | 30             | 12                       | 40.0 %        | 24.6 %         | 57.7 %         |
    """
    expect("rpt_comparisons", tables(fct_entries=attempts), previous, within_us=DAY, period_us=WEEK)
    difference = """
        | difference | difference_lower | difference_upper | verdict |
        |------------|------------------|------------------|---------|
        | 40.0 %     | 15.3 %           | 58.6 %           | higher  |
    """
    expect("rpt_comparisons", tables(fct_entries=attempts), difference, within_us=DAY, period_us=WEEK)


@pytest.mark.parametrize(
    ("current", "previous", "verdict"),
    [
        ((24, 30), (12, 30), "higher"),
        ((12, 30), (24, 30), "lower"),
        ((15, 30), (16, 30), "no clear change"),
        ((20, 20), (20, 20), "no clear change"),
        ((19, 19), (0, 30), "too few"),
        ((30, 30), (0, 19), "too few"),
        ((0, 0), (0, 0), "too few"),
    ],
)
def test_verdict_is_what_the_interval_leaves(current: tuple[int, int], previous: tuple[int, int], verdict: str) -> None:
    """Only an interval without 0 is a change; under 20 attempts on either side nothing is said."""
    lines = [
        f"| {number} | {age} | {outcome} | 1 hour |"
        for age, (activated, entered) in (("3 days", current), ("10 days", previous))
        for outcome, number in (("activated", activated), ("lost", entered - activated))
    ]
    lines.append("| 1 | 15 days | lost | |")  # the log reaches back to where the earlier period begins
    attempts = entries("\n".join(["| attempts | age | outcome | after |", *lines]))
    found = compute("rpt_comparisons", tables(fct_entries=attempts)).filter(within_us=DAY, period_us=WEEK)
    assert found["verdict"].to_list() == [verdict]


def test_period_before_the_log_began_is_not_compared() -> None:
    """Where no attempt is older than the earlier period, that period may not be whole."""
    lines = "| 30 | 3 days | activated | 1 hour |\n| 30 | 14 days | lost | |"
    found = compute("rpt_comparisons", tables(fct_entries=entries("| attempts | age | outcome | after |\n" + lines)))
    assert found.filter(within_us=DAY, period_us=WEEK)["verdict"].to_list() == ["no full period before"]


def test_periods_meet_to_the_microsecond() -> None:
    """Who entered just `within` ago is in; who entered a period earlier is in the previous one, and so on."""
    ages = [DAY - 1, DAY, DAY + WEEK - 1, DAY + WEEK, DAY + 2 * WEEK - 1, DAY + 2 * WEEK]
    entered = [AS_OF - timedelta(microseconds=age) for age in ages]
    attempts = entries("| attempts | age | outcome |\n| 6 | 3 days | open |").with_columns(
        entered_at=pl.Series(entered, dtype=pl.Datetime("us", "UTC"))
    )
    found = compute("rpt_comparisons", tables(fct_entries=attempts)).filter(within_us=DAY, period_us=WEEK)
    assert found.select("current_count", "previous_count").rows() == [(2, 2)]


def test_comparisons_end_with_the_window() -> None:
    """Three periods of each time up to the window, which is one of the times; also of a funnel without attempts."""
    funnels = pl.DataFrame(
        {"funnel_id": ["slow", "weekly"], "window_us": [parse_duration("30 days"), WEEK], "last_required_step": 4}
    )
    found = compute("rpt_comparisons", tables(dim_funnels=funnels))
    numbers = """
        | funnel_id | within_us | current_count | current_rate | previous_count | difference | verdict |
        |-----------|-----------|---------------|--------------|----------------|------------|---------|
        | slow      | 1 hour    | 0             |              | 0              |            | too few |
        | slow      | 1 day     | 0             |              | 0              |            | too few |
        | slow      | 7 days    | 0             |              | 0              |            | too few |
        | slow      | 30 days   | 0             |              | 0              |            | too few |
        | weekly    | 1 hour    | 0             |              | 0              |            | too few |
        | weekly    | 1 day     | 0             |              | 0              |            | too few |
        | weekly    | 7 days    | 0             |              | 0              |            | too few |
    """
    expect("rpt_comparisons", tables(dim_funnels=funnels), numbers, period_us=WEEK)
    assert found.height == 21
    assert {period // DAY for period in found["period_us"]} == {7, 28, 91}


@pytest.mark.parametrize(
    ("early", "leading", "verdict", "is_worse"),
    [
        ("| 30 | 50 days | lost | |", 28, "higher", False),
        ("| 60 | 50 days | activated | 1 hour |", 28, "lower", True),
        ("| 3 | 50 days | lost | |", 91, "too few", False),
        ("| 60 | 150 days | activated | 1 hour |", 91, "lower", True),
    ],
)
def test_one_comparison_speaks_for_its_funnel(early: str, leading: int, verdict: str, is_worse: bool) -> None:
    """Of those over the whole window it is the longest period with a verdict, else one with too few; never another."""
    attempts = f"| attempts | age | outcome | after |\n{early}\n| 20 | 20 days | activated | 3 hours |"
    attempts += "\n| 10 | 20 days | lost | |\n| 3 | 300 days | lost | |"
    found = compute("rpt_comparisons", tables(fct_entries=entries(attempts)))
    (row,) = found.filter("is_leading").rows(named=True)
    assert (row["within_us"], row["period_us"], row["verdict"]) == (14 * DAY, leading * DAY, verdict)
    assert found.filter("is_worse").height == row["is_worse"] == is_worse
