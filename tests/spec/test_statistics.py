"""What holds of every statistic: its columns, the bounds of its numbers, and that the order of rows is nothing."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.statistics.tables import STATISTICS
from tests.spec.measures import DIMENSIONS, ENTRIES, ENTRY_LINKS, compute, entries, entry, expect, segments, tables
from tests.spec.tables import parse_table

COLUMNS = {
    "rpt_funnels": """
        funnel_id entrant_count matured_count maturing_count open_count activated_count early_activated_count
        lost_count ended_count conversion_rate conversion_lower conversion_upper provisional_rate provisional_lower
        provisional_upper median_activation_us restricted_mean_us restricted_mean_lower_us restricted_mean_upper_us
        latest_entered_at next_maturity_at provider_coverage excluded_count stalled_count longest_idle_us
    """,
    "rpt_funnel_steps": """
        funnel_id step_number step_name label is_optional is_conversion is_recorded recorded_count reached_count
        matured_count step_conversion_rate overall_conversion_rate drop_off_count drop_off_rate open_count
        median_step_us waiting_count restricted_mean_us restricted_mean_lower_us restricted_mean_upper_us
        is_largest_drop_off
    """,
    "rpt_time_to_activation": """
        funnel_id quantile entrant_count completer_count time_us time_lower_us time_upper_us completer_time_us
    """,
    "rpt_activation_curve": "funnel_id at_us activated_share activated_lower activated_upper at_risk_count "
    "current_share previous_share",
    "rpt_times": """
        funnel_id dimension segment span step_number quantile waiting_count completer_count time_us time_lower_us
        time_upper_us completer_time_us
    """,
    "rpt_time_buckets": """
        funnel_id dimension segment span step_number bucket bucket_label up_to_us attempt_count total_count share
        cumulative_share
    """,
    "rpt_weeks": """
        funnel_id entry_week entrant_count matured_count activated_count open_count conversion_rate conversion_lower
        conversion_upper early_activated_count is_matured
    """,
    "rpt_providers": """
        funnel_id provider entrant_count matured_count activated_count open_count conversion_rate conversion_lower
        conversion_upper median_activation_us rest_matured_count difference difference_lower difference_upper
        largest_drop_off_label largest_drop_off_count stalled_count longest_idle_us
    """,
    "rpt_segments": """
        funnel_id dimension segment entrant_count matured_count maturing_count open_count activated_count
        early_activated_count lost_count ended_count conversion_rate conversion_lower conversion_upper
        provisional_rate provisional_lower provisional_upper median_activation_us median_lower_us median_upper_us
        restricted_mean_us restricted_mean_lower_us restricted_mean_upper_us segment_coverage rest_matured_count
        rest_activated_count rest_rate difference difference_lower difference_upper p_value p_adjusted
    """,
    "rpt_segment_steps": """
        funnel_id dimension segment step_number recorded_count reached_count matured_count step_conversion_rate
        overall_conversion_rate drop_off_count drop_off_rate open_count median_step_us
    """,
    "rpt_drivers": """
        funnel_id dimension segment matured_count rest_matured_count drop_off_count rest_drop_off_count odds_ratio
        odds_lower odds_upper p_value q_value
    """,
    "rpt_comparisons": """
        funnel_id within_us period_us current_count current_activated_count current_rate current_lower current_upper
        previous_count previous_activated_count previous_rate previous_lower previous_upper difference
        difference_lower difference_upper verdict is_leading is_worse
    """,
    "rpt_organizations": """
        funnel_id organization_count matured_organization_count activated_organization_count organization_rate
        organization_lower organization_upper clustered_lower clustered_upper
    """,
}

Line = Mapping[str, str]
KEY = ["funnel_id", "entry_id"]
LINE = st.fixed_dictionaries(
    {
        "funnel_id": st.sampled_from(["sso_setup", "dsync_setup", "gone"]),
        "organization": st.sampled_from(["acme", "globex", "initech", "umbrella"]),
        "age": st.sampled_from(["1 hour", "3 days", "13 days", "14 days", "20 days", "40 days"]),
        "outcome": st.sampled_from(["activated", "lost", "late lost", "open", "ended"]),
        "after": st.sampled_from(["", "1 minute", "7 minutes", "7 hours", "3 days"]),
        "step": st.sampled_from("12345"),
        "provider": st.sampled_from(["", "OktaSAML", "ADFSSAML"]),
        "error_code": st.sampled_from(["", "", "dns", "expired", "dns expired"]),
        "excluded": st.sampled_from(["", "", "", "yes"]),
    }
)
LINES = st.lists(LINE, max_size=60)


def made_of(lines: list[dict[str, str]]) -> dict[str, pl.DataFrame]:
    """All inputs from lines of attempts: their second step, links, segments and idle times follow from each."""
    attempts = pl.DataFrame([entry(line, number) for number, line in enumerate(lines, 1)], schema=ENTRIES)
    rows = [list(LINE_COLUMNS), *([line[column] for column in LINE_COLUMNS] for line in lines)]
    text = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    since = pl.col("observed_us") // 7
    step = attempts.select(*KEY, "deepest_step", step_number=pl.lit(2, pl.Int64), since_previous_us=since)
    converted = attempts.filter(pl.col("outcome") == "activated")
    links = converted.select(
        *KEY, link_id=pl.col("entry_id"), is_used=pl.lit(True), portal_us=pl.col("observed_us") // 2
    )
    return tables(
        "sso_setup",
        "dsync_setup",
        fct_entries=attempts,
        fct_entry_steps=step.drop("deepest_step"),
        fct_step_waits=step.select(
            *KEY, "step_number", from_step=1, waited_us="since_previous_us", is_reached=pl.col("deepest_step") > 1
        ),
        fct_entry_links=links.match_to_schema(ENTRY_LINKS),
        fct_entry_segments=segments(text),
        rpt_stalled=attempts.filter(pl.col("outcome") == "open").select(*KEY, "provider", idle_us="observed_us"),
    )


LINE_COLUMNS = ("funnel_id", *DIMENSIONS[:2])


@pytest.mark.parametrize("table", COLUMNS)
def test_tables_have_their_columns(table: str) -> None:
    """Names and types stay the same, whether there is anything to count or not."""
    text = "| age | outcome | after | provider |\n| 20 days | activated | 1 hour | Okta |"
    given_tables = tables(fct_entries=entries(text), fct_entry_segments=segments(text))
    frame, nothing = compute(table, given_tables), compute(table, tables())
    assert frame.columns == COLUMNS[table].split()
    assert frame.schema == nothing.schema
    types = {"_count": pl.Int64, "_us": pl.Int64, "_rate": pl.Float64, "_share": pl.Float64, "_coverage": pl.Float64}
    assert all(type_ == types.get(name[name.rfind("_") :], type_) for name, type_ in frame.schema.items())


def test_every_statistic_is_tested_here() -> None:
    """The table of earlier reports is made from other tables, and has its own tests."""
    assert STATISTICS.keys() - COLUMNS.keys() <= {"rpt_report_runs"}


def test_funnels_without_entries_have_their_rows() -> None:
    """Nothing has happened yet: counts are 0, and there is no number where a number would be made up."""
    inputs = tables("sso_setup", "dsync_setup", unrecorded="link_generated link_opened domain_verified activated")
    computed = {name: compute(name, inputs) for name in COLUMNS}
    assert {name: frame.height for name, frame in computed.items()} == {
        "rpt_funnels": 2,
        "rpt_funnel_steps": 10,
        "rpt_time_to_activation": 8,
        "rpt_activation_curve": 60,
        "rpt_times": 0,
        "rpt_time_buckets": 0,
        "rpt_weeks": 0,
        "rpt_providers": 0,
        "rpt_segments": 0,
        "rpt_segment_steps": 0,
        "rpt_drivers": 0,
        "rpt_comparisons": 24,
        "rpt_organizations": 2,
    }
    numbers = """
        | funnel_id   | entrant_count | excluded_count | stalled_count | conversion_rate | conversion_upper |
        |-------------|---------------|----------------|---------------|-----------------|------------------|
        | dsync_setup | 0             | 0              | 0             |                 |                  |
        | sso_setup   | 0             | 0              | 0             |                 |                  |
    """
    expect("rpt_funnels", inputs, numbers)
    assert set(computed["rpt_time_to_activation"].select("time_us", "completer_count").rows()) == {(None, 0)}
    assert set(computed["rpt_activation_curve"].select("activated_share", "at_risk_count").rows()) == {(None, 0)}
    assert set(computed["rpt_funnel_steps"].select("reached_count", "is_largest_drop_off").rows()) == {
        (None, False),
        (0, False),
    }


@settings(max_examples=30, deadline=None)
@given(LINES, st.randoms(use_true_random=False))
def test_order_of_rows_changes_no_bit(lines: list[dict[str, str]], shuffler: random.Random) -> None:
    """Every table comes out the same from shuffled inputs, unique and sorted by its key."""
    inputs = made_of(lines)
    shuffled = {name: frame[shuffler.sample(range(frame.height), frame.height)] for name, frame in inputs.items()}
    for name in COLUMNS:
        frame, key = compute(name, inputs), list(STATISTICS[name].key)
        assert repr(frame.rows()) == repr(compute(name, shuffled).rows()), name
        keys = frame.select(key).rows()
        assert keys == sorted(set(keys)), name


@settings(max_examples=30, deadline=None)
@given(LINES)
def test_numbers_stay_in_their_bounds(lines: list[dict[str, str]]) -> None:
    """Shares are 0 to 1 and in their intervals, differences -1 to 1, times and counts never negative, nothing NaN."""
    shares = ("_rate", "share", "_coverage", "_lower", "_upper", "p_value", "p_adjusted", "q_value")
    inputs = made_of(lines)
    for table in COLUMNS:
        frame = compute(table, inputs)
        for name, column in frame.select(pl.selectors.numeric()).to_dict(as_series=False).items():
            values = [value for value in column if value is not None]
            assert not any(math.isnan(value) for value in values), (table, name)
            low = -1 if name.startswith("difference") else 0
            high = 1 if name.endswith(shares) and not name.startswith("odds_") else math.inf
            assert all(low <= value <= high for value in values), (table, name)
        for lower in (name for name in frame.columns if name.endswith(("_lower", "_lower_us"))):
            stem, upper = lower.partition("_lower")[0], lower.replace("_lower", "_upper")
            inside = {lower.replace("_lower", ""), f"{stem}_rate", f"{stem}_share", lower} & {*frame.columns}
            for name in inside - {"organization_rate"}:
                assert frame[name].is_between(frame[lower], frame[upper]).all(), (table, name)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([*range(1, 15), None, "ended", "stopped"]), min_size=1, max_size=40))
def test_provisional_rate_of_matured_attempts_is_their_conversion_rate(fates: list[int | str | None]) -> None:
    """Once every window has closed nothing is provisional any more, bounds and all, however some ended before."""
    words: dict[object, str] = {None: "lost |", "ended": "ended | 2 days", "stopped": "lost | 3 days"}
    lines = [f"| 20 days | {words.get(fate, f'activated | {fate} days')} |" for fate in fates]
    row = compute("rpt_funnels", tables(fct_entries=entries("\n".join(["| age | outcome | after |", *lines])))).row(
        0, named=True
    )
    for name in ("rate", "lower", "upper"):
        assert row[f"provisional_{name}"] == row[f"conversion_{name}"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("| a | b |\n| 1 |", "has not the 2 cells"),
        ("| a | a |", "stands twice"),
        ("a | b", "starts and ends with a bar"),
    ],
)
def test_parse_table_refuses_crooked_tables(text: str, message: str) -> None:
    """A slip in a specification fails loudly instead of testing less."""
    with pytest.raises(ValueError, match=message):
        parse_table(text)
