"""What the published measures mean: a table of attempts in, a table of numbers out.

Attempts are told by their age at the as-of time, Sunday 2025-06-01 00:00 UTC, in funnels with a window of 14 days:
older ones are matured. `after` is when the attempt was activated or ended, counted from its entry; `step` the deepest
step. Numbers are shown as people read them: shares in percent, durations in words, nothing where there is no number.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.durations import format_duration, parse_duration
from pipelines.statistics.tables import STATISTICS
from tests.spec.tables import parse_table

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
WINDOW_US = parse_duration("14 days")
UTC_TIME = pl.Datetime("us", "UTC")
ENTRIES: dict[str, pl.DataType | type[pl.DataType]] = {
    "funnel_id": pl.String,
    "entry_id": pl.String,
    "entered_at": UTC_TIME,
    "entry_week": pl.Date,
    "deepest_step": pl.Int64,
    "outcome": pl.String,
    "is_matured": pl.Boolean,
    "is_excluded": pl.Boolean,
    "provider": pl.String,
    "observed_us": pl.Int64,
    "observed_outcome": pl.String,
    "matures_at": UTC_TIME,
}
ENTRY_STEPS = pl.Schema(
    {"funnel_id": pl.String, "entry_id": pl.String, "step_number": pl.Int64, "since_previous_us": pl.Int64}
)
STALLED = pl.Schema({"funnel_id": pl.String, "entry_id": pl.String, "idle_us": pl.Int64})
STEPS = """
    | number | step_name       | is_optional | is_conversion |
    |--------|-----------------|-------------|---------------|
    | 1      | link_generated  |             |               |
    | 2      | link_opened     | yes         |               |
    | 3      | domain_verified | yes         |               |
    | 4      | activated       |             | yes           |
    | 5      | first_sign_in   | yes         |               |
"""


def entry(row: dict[str, str], number: int) -> dict[str, object]:
    """A row of `fct_entries` from a line such as `| 20 days | activated | 3 hours | 4 |`."""
    age_us, after = parse_duration(row["age"]), row.get("after")
    entered_at, outcome = AS_OF - timedelta(microseconds=age_us), row["outcome"]
    return {
        "funnel_id": row.get("funnel_id", "sso_setup"),
        "entry_id": f"entry {number}",
        "entered_at": entered_at,
        "entry_week": (entered_at - timedelta(days=entered_at.weekday())).date(),
        "deepest_step": int(row.get("step", 1)),
        "outcome": outcome.removeprefix("late "),
        "is_matured": age_us >= WINDOW_US,
        "is_excluded": bool(row.get("excluded")),
        "provider": row.get("provider") or None,
        "observed_us": parse_duration(after) if after else age_us,
        "observed_outcome": {"late lost": "activated", "lost": "censored", "open": "censored"}.get(outcome, outcome),
        "matures_at": entered_at + timedelta(microseconds=WINDOW_US),
    }


def entries(text: str) -> pl.DataFrame:
    """`fct_entries` from a table; a line with a number of `attempts` stands for that many."""
    lines = [row for row in parse_table(text) for _ in range(int(row.get("attempts", 1)))]
    return pl.DataFrame([entry(row, number) for number, row in enumerate(lines, start=1)], schema=ENTRIES)


def entry_steps(text: str) -> pl.DataFrame:
    """`fct_entry_steps` from a table of entry, step and time since the step before."""
    rows = [
        ("sso_setup", f"entry {row['entry']}", int(row["step"]), parse_duration(row["since"]) if row["since"] else None)
        for row in parse_table(text)
    ]
    return pl.DataFrame(rows, schema=ENTRY_STEPS, orient="row")


def stalled(text: str) -> pl.DataFrame:
    """`rpt_stalled` from a table of idle times."""
    rows = [("sso_setup", str(n), parse_duration(row["idle"])) for n, row in enumerate(parse_table(text))]
    return pl.DataFrame(rows, schema=STALLED, orient="row")


def tables(*funnels: str, unrecorded: str = "", **given_tables: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """All inputs, empty where not given, for funnels that share their steps."""
    names = funnels or ("sso_setup",)
    steps = [
        {
            "funnel_id": funnel_id,
            "step_number": int(row["number"]),
            "step_name": row["step_name"],
            "label": row["step_name"].replace("_", " ").capitalize(),
            "is_optional": bool(row["is_optional"]),
            "is_conversion": bool(row["is_conversion"]),
            "is_recorded": row["step_name"] not in unrecorded.split(),
        }
        for funnel_id in names
        for row in parse_table(STEPS)
    ]
    return {
        "dim_funnels": pl.DataFrame({"funnel_id": names, "window_us": WINDOW_US, "last_required_step": 4}),
        "dim_funnel_steps": pl.DataFrame(steps),
        "fct_entries": pl.DataFrame(schema=ENTRIES),
        "fct_entry_steps": pl.DataFrame(schema=ENTRY_STEPS),
        "rpt_stalled": pl.DataFrame(schema=STALLED),
    } | given_tables


def shown(name: str, value: object) -> str:
    """A number as a reader would write it."""
    if value is None or isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float):
        return f"{100 * value:.1f} %"
    if isinstance(value, int) and name.endswith("_us"):
        return format_duration(value)
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)


def expect(table: str, inputs: dict[str, pl.DataFrame], text: str) -> None:
    """The columns that the table of numbers names have these values, row by row; of a curve, at the times it names."""
    expected = parse_table(text)
    frame = STATISTICS[table].compute(inputs).select(expected[0].keys())
    rows = [{name: shown(name, value) for name, value in row.items()} for row in frame.rows(named=True)]
    times = {row.get("at_us") for row in expected}
    assert [row for row in rows if row.get("at_us") in times] == expected


def test_conversion_rate_counts_matured_attempts_only() -> None:
    """Fresh attempts are no failures: 80 of 200 would be 40 %, of those whose window has closed 60 % activated."""
    attempts = entries("""
        | attempts | age     | outcome   | after   |
        |----------|---------|-----------|---------|
        | 60       | 20 days | activated | 3 hours |
        | 40       | 20 days | lost      |         |
        | 20       | 1 day   | activated | 3 hours |
        | 80       | 1 day   | open      |         |
    """)
    assert attempts["outcome"].eq("activated").sum() / attempts.height == 0.4
    numbers = """
        | entrant_count | matured_count | maturing_count | open_count | activated_count | early_activated_count |
        |---------------|---------------|----------------|------------|-----------------|-----------------------|
        | 200           | 100           | 100            | 80         | 60              | 20                    |
    """
    expect("rpt_funnels", tables(fct_entries=attempts), numbers)
    rates = """
        | conversion_rate | conversion_lower | conversion_upper |
        |-----------------|------------------|------------------|
        | 60.0 %          | 50.2 %           | 69.1 %           |
    """
    expect("rpt_funnels", tables(fct_entries=attempts), rates)


def test_excluded_attempts_are_in_no_other_count() -> None:
    """An attempt that support finished by hand is said to exist, and is neither entrant nor success."""
    attempts = entries("""
        | age     | outcome   | after  | step | provider | excluded |
        |---------|-----------|--------|------|----------|----------|
        | 20 days | activated | 1 hour | 4    | Okta     |          |
        | 20 days | activated | 1 hour | 4    | Okta     | yes      |
        | 1 day   | open      |        | 1    | Okta     | yes      |
    """)
    inputs = tables(fct_entries=attempts)
    summary = """
        | entrant_count | excluded_count | activated_count | open_count | next_maturity_at |
        | 1             | 2              | 1               | 0          |                  |
    """
    expect("rpt_funnels", inputs, summary)
    expect("rpt_weeks", inputs, "| entry_week | entrant_count |\n| 2025-05-12 | 1 |")
    expect("rpt_providers", inputs, "| provider | entrant_count |\n| Okta | 1 |")
    assert set(STATISTICS["rpt_time_to_activation"].compute(inputs)["entrant_count"]) == {1}
    assert STATISTICS["rpt_funnel_steps"].compute(inputs)["open_count"].sum() == 0


def test_maturing_attempts_say_when_the_next_window_closes() -> None:
    """Exactly 14 days old is matured; an ended attempt counts as ended, whether its window has closed or not."""
    attempts = entries("""
        | age     | outcome | after  |
        |---------|---------|--------|
        | 14 days | lost    |        |
        | 13 days | open    |        |
        | 2 days  | open    |        |
        | 15 days | ended   | 3 days |
        | 4 days  | ended   | 3 days |
    """)
    numbers = """
        | matured_count | maturing_count | open_count | lost_count | ended_count | next_maturity_at |
        |---------------|----------------|------------|------------|-------------|------------------|
        | 2             | 3              | 2          | 1          | 2           | 2025-06-02 00:00 |
    """
    expect("rpt_funnels", tables(fct_entries=attempts), numbers)


def test_stalled_attempts_are_counted_with_the_longest_wait() -> None:
    """The summary counts the rows of the stalled list."""
    idle = stalled("""
        | idle    |
        | 3 hours |
        | 2 days  |
    """)
    numbers = """
        | stalled_count | longest_idle_us |
        | 2             | 2 days          |
    """
    expect("rpt_funnels", tables(rpt_stalled=idle), numbers)


def test_steps_are_cumulative_and_matured_only() -> None:
    """Reached a step means it or one beyond it; open attempts stand beside, at the step where they are."""
    attempts = entries("""
        | attempts | age     | outcome   | after   | step |
        |----------|---------|-----------|---------|------|
        | 2        | 20 days | lost      |         | 1    |
        | 3        | 20 days | lost      |         | 2    |
        | 1        | 20 days | lost      |         | 3    |
        | 1        | 20 days | activated | 2 hours | 4    |
        | 3        | 20 days | activated | 2 hours | 5    |
        | 7        | 1 day   | open      |         | 2    |
        | 5        | 1 day   | activated | 2 hours | 4    |
    """)
    numbers = """
        | step_name       | reached_count | step_conversion_rate | overall_conversion_rate | drop_off_count |
        |-----------------|---------------|----------------------|-------------------------|----------------|
        | link_generated  | 10            |                      | 100.0 %                 |                |
        | link_opened     | 8             | 80.0 %               | 80.0 %                  | 2              |
        | domain_verified | 5             | 62.5 %               | 50.0 %                  | 3              |
        | activated       | 4             | 80.0 %               | 40.0 %                  | 1              |
        | first_sign_in   | 3             | 75.0 %               | 30.0 %                  | 1              |
    """
    expect("rpt_funnel_steps", tables(fct_entries=attempts), numbers)
    beside = """
        | step_name       | drop_off_rate | open_count | is_largest_drop_off |
        |-----------------|---------------|------------|---------------------|
        | link_generated  |               | 0          |                     |
        | link_opened     | 20.0 %        | 7          |                     |
        | domain_verified | 37.5 %        | 0          | yes                 |
        | activated       | 20.0 %        | 0          |                     |
        | first_sign_in   | 25.0 %        | 0          |                     |
    """
    expect("rpt_funnel_steps", tables(fct_entries=attempts), beside)


def test_loss_at_a_step_never_recorded_joins_the_next_recorded_one() -> None:
    """Where nobody logs opened links, the attempts lost before the domain are lost there, not 100 % at the opening."""
    attempts = entries("""
        | attempts | age     | outcome   | after   | step |
        |----------|---------|-----------|---------|------|
        | 6        | 20 days | lost      |         | 1    |
        | 1        | 20 days | lost      |         | 3    |
        | 3        | 20 days | activated | 2 hours | 4    |
    """)
    numbers = """
        | step_name       | is_recorded | reached_count | drop_off_count | drop_off_rate | is_largest_drop_off |
        |-----------------|-------------|---------------|----------------|---------------|---------------------|
        | link_generated  | yes         | 10            |                |               |                     |
        | link_opened     |             |               |                |               |                     |
        | domain_verified | yes         | 4             | 6              | 60.0 %        | yes                 |
        | activated       | yes         | 3             | 1              | 25.0 %        |                     |
        | first_sign_in   |             |               |                |               |                     |
    """
    expect("rpt_funnel_steps", tables(fct_entries=attempts, unrecorded="link_opened first_sign_in"), numbers)


def test_largest_drop_off_is_the_first_of_equals_and_never_after_the_conversion() -> None:
    """Two steps lose two each; the four that never signed in were customers already."""
    attempts = entries("""
        | attempts | age     | outcome   | after   | step |
        |----------|---------|-----------|---------|------|
        | 2        | 20 days | lost      |         | 1    |
        | 2        | 20 days | lost      |         | 3    |
        | 4        | 20 days | activated | 2 hours | 4    |
    """)
    numbers = """
        | step_name       | drop_off_count | is_largest_drop_off |
        |-----------------|----------------|---------------------|
        | link_generated  |                |                     |
        | link_opened     | 2              | yes                 |
        | domain_verified | 0              |                     |
        | activated       | 2              |                     |
        | first_sign_in   | 4              |                     |
    """
    expect("rpt_funnel_steps", tables(fct_entries=attempts), numbers)


def test_funnels_do_not_touch() -> None:
    """Each funnel's steps are counted from its own entrants."""
    attempts = entries("""
        | attempts | funnel_id   | age     | outcome   | after  | step |
        |----------|-------------|---------|-----------|--------|------|
        | 4        | dsync_setup | 20 days | lost      |        | 1    |
        | 1        | sso_setup   | 20 days | lost      |        | 1    |
        | 1        | sso_setup   | 20 days | activated | 1 hour | 4    |
    """)
    numbers = """
        | funnel_id   | step_name       | overall_conversion_rate | drop_off_count | is_largest_drop_off |
        |-------------|-----------------|-------------------------|----------------|---------------------|
        | dsync_setup | link_generated  | 100.0 %                 |                |                     |
        | dsync_setup | link_opened     | 0.0 %                   | 4              | yes                 |
        | dsync_setup | domain_verified | 0.0 %                   | 0              |                     |
        | dsync_setup | activated       | 0.0 %                   | 0              |                     |
        | dsync_setup | first_sign_in   | 0.0 %                   | 0              |                     |
        | sso_setup   | link_generated  | 100.0 %                 |                |                     |
        | sso_setup   | link_opened     | 50.0 %                  | 1              | yes                 |
        | sso_setup   | domain_verified | 50.0 %                  | 0              |                     |
        | sso_setup   | activated       | 50.0 %                  | 0              |                     |
        | sso_setup   | first_sign_in   | 0.0 %                   | 1              |                     |
    """
    expect("rpt_funnel_steps", tables("sso_setup", "dsync_setup", fct_entries=attempts), numbers)


def test_no_loss_has_no_largest_drop_off() -> None:
    """Where every attempt got through, no step is marked."""
    attempts = entries("| age | outcome | after | step |\n| 20 days | activated | 1 hour | 5 |")
    assert not STATISTICS["rpt_funnel_steps"].compute(tables(fct_entries=attempts))["is_largest_drop_off"].any()


def test_step_times_are_exact_medians_of_matured_attempts() -> None:
    """The middle of two is their mean; a step without an event of its own has no time; the fresh attempt 4 is out."""
    attempts = entries("""
        | age     | outcome   | after   | step |
        |---------|-----------|---------|------|
        | 20 days | activated | 2 hours | 4    |
        | 20 days | activated | 2 hours | 4    |
        | 20 days | lost      |         | 3    |
        | 1 day   | open      |         | 2    |
    """)
    steps = entry_steps("""
        | entry | step | since      |
        |-------|------|------------|
        | 1     | 1    |            |
        | 2     | 1    |            |
        | 3     | 1    |            |
        | 4     | 1    |            |
        | 1     | 2    | 10 minutes |
        | 2     | 2    | 20 minutes |
        | 4     | 2    | 9 hours    |
        | 3     | 3    | 1 day      |
        | 1     | 4    | 1 hour     |
        | 2     | 4    | 3 hours    |
    """)
    numbers = """
        | step_name       | reached_count | recorded_count | median_step_us |
        |-----------------|---------------|----------------|----------------|
        | link_generated  | 3             | 3              |                |
        | link_opened     | 3             | 2              | 15 minutes     |
        | domain_verified | 3             | 1              | 1 day          |
        | activated       | 2             | 2              | 2 hours        |
        | first_sign_in   | 0             | 0              |                |
    """
    expect("rpt_funnel_steps", tables(fct_entries=attempts, fct_entry_steps=steps), numbers)


def test_time_to_activation_waits_for_the_unfinished() -> None:
    """Half of the finished took a day; of all, with the late one and the still open ones, half need four."""
    attempts = entries("""
        | attempts | age     | outcome   | after   |
        |----------|---------|-----------|---------|
        | 3        | 30 days | activated | 1 day   |
        | 1        | 30 days | activated | 4 days  |
        | 1        | 30 days | late lost | 24 days |
        | 1        | 30 days | lost      |         |
        | 1        | 2 days  | open      |         |
        | 1        | 6 days  | ended     | 5 days  |
    """)
    numbers = """
        | quantile | entrant_count | time_us | completer_count | completer_time_us |
        |----------|---------------|---------|-----------------|-------------------|
        | 25.0 %   | 8             | 1 day   | 5               | 1 day             |
        | 50.0 %   | 8             | 4 days  | 5               | 1 day             |
        | 75.0 %   | 8             | 24 days | 5               | 4 days            |
        | 90.0 %   | 8             |         | 5               | 16 days           |
    """
    expect("rpt_time_to_activation", tables(fct_entries=attempts), numbers)


def test_activation_curve_ends_where_observation_ends() -> None:
    """The share within a time counts that time; beyond the oldest attempt there is none."""
    attempts = entries("""
        | age     | outcome   | after   |
        |---------|-----------|---------|
        | 30 days | activated | 3 hours |
        | 30 days | activated | 2 days  |
        | 1 day   | open      |         |
        | 30 days | lost      |         |
    """)
    numbers = """
        | at_us    | activated_share | activated_lower | activated_upper | at_risk_count |
        |----------|-----------------|-----------------|-----------------|---------------|
        | 1 minute | 0.0 %           | 0.0 %           | 0.0 %           | 4             |
        | 3 hours  | 25.0 %          | 3.9 %           | 87.2 %          | 4             |
        | 1 day    | 25.0 %          | 3.9 %           | 87.2 %          | 3             |
        | 2 days   | 62.5 %          | 19.2 %          | 98.9 %          | 2             |
        | 30 days  | 62.5 %          | 19.2 %          | 98.9 %          | 1             |
        | 45 days  |                 |                 |                 | 0             |
    """
    expect("rpt_activation_curve", tables(fct_entries=attempts), numbers)


def test_weeks_are_those_that_have_entries() -> None:
    """A week is matured when all of it is; its rate is of its matured attempts; quiet weeks have no row."""
    attempts = entries("""
        | age     | outcome   | after  |
        |---------|-----------|--------|
        | 34 days | activated | 1 day  |
        | 34 days | lost      |        |
        | 15 days | activated | 1 day  |
        | 14 days | lost      |        |
        | 13 days | activated | 1 day  |
        | 2 days  | open      |        |
    """)
    numbers = """
        | entry_week | entrant_count | matured_count | activated_count | open_count | conversion_rate | is_matured |
        |------------|---------------|---------------|-----------------|------------|-----------------|------------|
        | 2025-04-28 | 2             | 2             | 1               | 0          | 50.0 %          | yes        |
        | 2025-05-12 | 2             | 2             | 1               | 0          | 50.0 %          | yes        |
        | 2025-05-19 | 1             | 0             | 0               | 0          |                 |            |
        | 2025-05-26 | 1             | 0             | 0               | 1          |                 |            |
    """
    expect("rpt_weeks", tables(fct_entries=attempts), numbers)


def test_providers_are_those_that_attempts_name() -> None:
    """An attempt that stopped before naming a provider is in no row; the summary says how many do name one."""
    attempts = entries("""
        | attempts | age     | outcome   | after   | provider |
        |----------|---------|-----------|---------|----------|
        | 2        | 20 days | activated | 3 hours | OktaSAML |
        | 1        | 20 days | lost      |         | OktaSAML |
        | 1        | 20 days | lost      |         | ADFSSAML |
        | 1        | 1 day   | open      |         | ADFSSAML |
        | 4        | 20 days | lost      |         |          |
    """)
    inputs = tables(fct_entries=attempts)
    numbers = """
        | provider | entrant_count | matured_count | activated_count | conversion_rate | median_activation_us |
        |----------|---------------|---------------|-----------------|-----------------|----------------------|
        | ADFSSAML | 2             | 1             | 0               | 0.0 %           |                      |
        | OktaSAML | 3             | 3             | 2               | 66.7 %          | 3 hours              |
    """
    expect("rpt_providers", inputs, numbers)
    ranges = """
        | provider | open_count | conversion_lower | conversion_upper |
        |----------|------------|------------------|------------------|
        | ADFSSAML | 1          | 0.0 %            | 79.3 %           |
        | OktaSAML | 0          | 20.8 %           | 93.9 %           |
    """
    expect("rpt_providers", inputs, ranges)
    expect("rpt_funnels", inputs, "| provider_coverage |\n| 50.0 % |")


def test_funnels_without_entries_have_their_rows() -> None:
    """Nothing has happened yet: counts are 0, and there is no number where a number would be made up."""
    inputs = tables("sso_setup", "dsync_setup", unrecorded="link_generated link_opened domain_verified activated")
    computed = {name: statistic.compute(inputs) for name, statistic in STATISTICS.items()}
    assert {name: frame.height for name, frame in computed.items()} == {
        "rpt_funnels": 2,
        "rpt_funnel_steps": 10,
        "rpt_time_to_activation": 8,
        "rpt_activation_curve": 60,
        "rpt_weeks": 0,
        "rpt_providers": 0,
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


COLUMNS = {
    "rpt_funnels": """
        funnel_id entrant_count matured_count maturing_count open_count excluded_count activated_count
        early_activated_count lost_count ended_count conversion_rate conversion_lower conversion_upper stalled_count
        longest_idle_us next_maturity_at provider_coverage
    """,
    "rpt_funnel_steps": """
        funnel_id step_number step_name label is_optional is_conversion is_recorded reached_count recorded_count
        step_conversion_rate overall_conversion_rate drop_off_count drop_off_rate open_count median_step_us
        is_largest_drop_off
    """,
    "rpt_time_to_activation": """
        funnel_id quantile entrant_count time_us time_lower_us time_upper_us completer_count completer_time_us
    """,
    "rpt_activation_curve": "funnel_id at_us activated_share activated_lower activated_upper at_risk_count",
    "rpt_weeks": """
        funnel_id entry_week entrant_count matured_count activated_count early_activated_count open_count
        conversion_rate conversion_lower conversion_upper is_matured
    """,
    "rpt_providers": """
        funnel_id provider entrant_count matured_count activated_count conversion_rate conversion_lower
        conversion_upper median_activation_us open_count
    """,
}


@pytest.mark.parametrize("table", STATISTICS)
def test_tables_have_their_columns(table: str) -> None:
    """Names and types stay the same, whether there is anything to count or not."""
    statistic = STATISTICS[table]
    attempts = entries("| age | outcome | after | provider |\n| 20 days | activated | 1 hour | Okta |")
    frame, nothing = statistic.compute(tables(fct_entries=attempts)), statistic.compute(tables())
    assert frame.columns == COLUMNS[table].split()
    assert frame.schema == nothing.schema
    types = {"_count": pl.Int64, "_us": pl.Int64, "_rate": pl.Float64, "_share": pl.Float64}
    assert all(type_ == types.get(name[name.rfind("_") :], type_) for name, type_ in frame.schema.items())


LINE = st.fixed_dictionaries(
    {
        "funnel_id": st.sampled_from(["sso_setup", "dsync_setup"]),
        "age": st.sampled_from(["1 hour", "3 days", "13 days", "14 days", "20 days", "40 days"]),
        "outcome": st.sampled_from(["activated", "lost", "late lost", "open", "ended"]),
        "after": st.sampled_from(["", "1 minute", "7 minutes", "7 hours", "3 days"]),
        "step": st.sampled_from("12345"),
        "provider": st.sampled_from(["", "OktaSAML", "ADFSSAML"]),
        "excluded": st.sampled_from(["", "", "", "yes"]),
    }
)


@settings(max_examples=30, deadline=None)
@given(st.lists(LINE, max_size=60), st.randoms(use_true_random=False))
def test_order_of_rows_changes_no_bit(lines: list[dict[str, str]], shuffler: random.Random) -> None:
    """Every table comes out the same from shuffled inputs, unique and sorted by its key."""
    rows = [entry(line, number) for number, line in enumerate(lines)]
    attempts = pl.DataFrame(rows, schema=ENTRIES)
    steps = attempts.select(
        "funnel_id", "entry_id", step_number=pl.lit(2, pl.Int64), since_previous_us=pl.col("observed_us") // 7
    )
    idle = attempts.filter(pl.col("outcome") == "open").select("funnel_id", "entry_id", idle_us="observed_us")
    inputs = tables("sso_setup", "dsync_setup", fct_entries=attempts, fct_entry_steps=steps, rpt_stalled=idle)
    shuffled = {name: frame[shuffler.sample(range(frame.height), frame.height)] for name, frame in inputs.items()}
    for name, statistic in STATISTICS.items():
        frame, key = statistic.compute(inputs), list(statistic.key)
        assert repr(frame.rows()) == repr(statistic.compute(shuffled).rows()), name
        keys = frame.select(key).rows()
        assert keys == sorted(set(keys)), name


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
