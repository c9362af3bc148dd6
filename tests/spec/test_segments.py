"""Attempts by what tells them apart, each segment beside the rest: a table of attempts in, a table of numbers out."""

from __future__ import annotations

import polars as pl
import pytest

from tests.spec.measures import compute, entries, entry_steps, expect, segments, stalled, tables

PROVIDERS = """
    | attempts | age     | outcome   | after   | provider |
    |----------|---------|-----------|---------|----------|
    | 8        | 20 days | activated | 3 hours | Okta     |
    | 2        | 20 days | lost      |         | Okta     |
    | 5        | 20 days | activated | 3 hours | Entra    |
    | 5        | 20 days | lost      |         | Entra    |
    | 1        | 2 days  | activated | 1 hour  | Entra    |
    | 1        | 2 days  | open      |         | Entra    |
    | 1        | 20 days | ended     | 5 days  |          |
    | 4        | 20 days | lost      |         |          |
"""
ERRORS = """
    | attempts | age     | outcome   | after  | error_code          | weekday |
    |----------|---------|-----------|--------|---------------------|---------|
    | 2        | 20 days | lost      |        | dns_timeout         | monday  |
    | 1        | 20 days | lost      |        | dns_timeout expired | monday  |
    | 1        | 20 days | activated | 1 hour | dns_timeout         | sunday  |
    | 3        | 20 days | lost      |        |                     | monday  |
    | 9        | 20 days | activated | 1 hour |                     | sunday  |
    | 1        | 2 days  | open      |        | fresh               | sunday  |
"""


def of(text: str) -> dict[str, pl.DataFrame]:
    """Attempts and their segments from one table."""
    return tables(fct_entries=entries(text), fct_entry_segments=segments(text))


def test_segments_are_counted_like_funnels() -> None:
    """The same columns mean the same of a segment; those without a value are in none, so 20 of 25 are covered."""
    counts = """
        | segment | entrant_count | matured_count | maturing_count | open_count | lost_count | ended_count |
        |---------|---------------|---------------|----------------|------------|------------|-------------|
        | Entra   | 12            | 10            | 2              | 1          | 5          | 0           |
        | Okta    | 10            | 10            | 0              | 0          | 2          | 0           |
    """
    expect("rpt_segments", of(PROVIDERS), counts)
    rates = """
        | segment | activated_count | early_activated_count | conversion_rate | conversion_lower | conversion_upper |
        |---------|-----------------|-----------------------|-----------------|------------------|------------------|
        | Entra   | 5               | 1                     | 50.0 %          | 23.7 %           | 76.3 %           |
        | Okta    | 8               | 0                     | 80.0 %          | 49.0 %           | 94.3 %           |
    """
    expect("rpt_segments", of(PROVIDERS), rates)
    coverage = "| dimension | segment_coverage |\n| provider | 80.0 % |\n| provider | 80.0 % |"
    expect("rpt_segments", of(PROVIDERS), coverage)


def test_segments_have_provisional_rates_and_times() -> None:
    """Of 12 one activates after an hour, 5 of 11 after 3: 6 of 12. Half of Okta's take 3 hours; of Entra's just so."""
    numbers = """
        | segment | provisional_rate | provisional_lower | provisional_upper | median_activation_us | median_lower_us |
        |---------|------------------|-------------------|-------------------|----------------------|-----------------|
        | Entra   | 50.0 %           | 25.4 %            | 74.6 %            | 3 hours              | 3 hours         |
        | Okta    | 80.0 %           | 49.0 %            | 94.3 %            | 3 hours              | 3 hours         |
    """
    expect("rpt_segments", of(PROVIDERS), numbers)
    expect("rpt_segments", of(PROVIDERS), "| segment | median_upper_us |\n| Entra | |\n| Okta | 3 hours |")


def test_segments_are_compared_with_the_rest_of_their_dimension() -> None:
    """80 % against 50 %: by Newcombe -10.7 to 60.0 %; with ten attempts on a side nothing is tested."""
    numbers = """
        | segment | rest_matured_count | rest_activated_count | rest_rate |
        |---------|--------------------|----------------------|-----------|
        | Entra   | 10                 | 8                    | 80.0 %    |
        | Okta    | 10                 | 5                    | 50.0 %    |
    """
    expect("rpt_segments", of(PROVIDERS), numbers)
    tests = """
        | segment | difference | difference_lower | difference_upper | p_value | p_adjusted |
        |---------|------------|------------------|------------------|---------|------------|
        | Entra   | -30.0 %    | -60.0 %          | 10.7 %           |         |            |
        | Okta    | 30.0 %     | -10.7 %          | 60.0 %           |         |            |
    """
    expect("rpt_segments", of(PROVIDERS), tests)


def test_segments_are_tested_where_twenty_stand_on_either_side() -> None:
    """32 of 40 against 20 of 40: z = 0.3 / sqrt(0.65 x 0.35 / 20) = 2.81, p = 0.005; Holm's adjustment counts two."""
    text = """
        | attempts | age     | outcome   | after   | provider |
        | 32       | 20 days | activated | 3 hours | Okta     |
        | 8        | 20 days | lost      |         | Okta     |
        | 20       | 20 days | activated | 3 hours | Entra    |
        | 20       | 20 days | lost      |         | Entra    |
    """
    numbers = """
        | segment | p_value | p_adjusted |
        | Entra   | 0.005   | 0.010      |
        | Okta    | 0.005   | 0.010      |
    """
    expect("rpt_segments", of(text), numbers)
    one_less = text.replace("| 8  ", "| 7  ").replace("| 32 ", "| 12 ")
    expect("rpt_segments", of(one_less), "| segment | p_value |\n| Entra | |\n| Okta | |")


def test_error_codes_are_set_beside_those_who_came_as_far_and_not_tested() -> None:
    """An attempt may have several codes, so they do not exclude each other; the others that got there are the rest."""
    numbers = """
        | segment     | matured_count | rest_matured_count | rest_activated_count | segment_coverage | p_value |
        |-------------|---------------|--------------------|----------------------|------------------|---------|
        | dns_timeout | 4             | 12                 | 9                    | 25.0 %           |         |
        | expired     | 1             | 15                 | 10                   | 25.0 %           |         |
        | fresh       | 0             | 16                 | 10                   | 25.0 %           |         |
    """
    expect("rpt_segments", of(ERRORS), numbers, dimension="error_code")


def test_one_segment_alone_has_no_rest() -> None:
    """There is nothing to compare it with."""
    numbers = """
        | segment | rest_matured_count | rest_rate | difference | difference_upper | p_value | p_adjusted |
        | Okta    | 0                  |           |            |                  |         |            |
    """
    expect("rpt_segments", of("| age | outcome | provider |\n| 20 days | lost | Okta |"), numbers)


def test_excluded_attempts_are_in_no_segment() -> None:
    """Nor are those of a funnel that is no more."""
    text = """
        | funnel_id | age     | outcome | provider | excluded |
        | sso_setup | 20 days | lost    | Okta     | yes      |
        | gone      | 20 days | lost    | Okta     |          |
    """
    assert compute("rpt_segments", of(text)).is_empty()
    assert compute("rpt_segment_steps", of(text)).is_empty()


@pytest.mark.parametrize(
    ("table", "column", "dimension"),
    [("rpt_weeks", "entry_week", "entry_week"), ("rpt_providers", "provider", "provider")],
)
def test_weeks_and_providers_are_segments(table: str, column: str, dimension: str) -> None:
    """The tables that the pages began with say the same as the segments of that dimension."""
    attempts = entries(PROVIDERS)
    parts = attempts.drop_nulls(column).select(
        "funnel_id", "entry_id", dimension=pl.lit(dimension), segment=pl.col(column).cast(pl.String)
    )
    inputs = tables(fct_entries=attempts, fct_entry_segments=parts)
    found = compute(table, inputs).with_columns(pl.col(column).cast(pl.String).alias("segment"))
    own = {"is_matured", "largest_drop_off_label", "largest_drop_off_count", "stalled_count", "longest_idle_us"}
    same = compute("rpt_segments", inputs).select(set(found.columns) - {column} - own)
    assert found.height > 1
    assert same.rows() == found.select(same.columns).rows()


def test_providers_say_where_most_stop_and_how_many_are_stuck() -> None:
    """The largest loss up to the conversion, the first of two alike; a loss after it is none, nor is one that is 0."""
    text = """
        | attempts | age     | outcome   | after  | step | provider |
        | 3        | 20 days | lost      |        | 2    | Okta     |
        | 3        | 20 days | lost      |        | 3    | Okta     |
        | 1        | 20 days | activated | 1 hour | 5    | Okta     |
        | 4        | 20 days | activated | 1 hour | 4    | Entra    |
        | 1        | 1 day   | open      |        | 2    | Entra    |
    """
    waiting = "| idle | provider |\n| 2 days | Entra |\n| 5 days | Entra |\n| 9 days | |"
    inputs = of(text) | {"rpt_stalled": stalled(waiting)}
    selected = pl.when(pl.col("step_number") == 2).then(pl.lit("admin_portal.provider_selected"))
    steps = inputs["dim_funnel_steps"].with_columns(event_types=selected.otherwise("event_types"))
    numbers = """
        | provider | largest_drop_off_label | largest_drop_off_count | stalled_count | longest_idle_us |
        | Entra    |                        |                        | 2             | 5 days          |
        | Okta     | Domain verified        | 3                      | 0             |                 |
    """
    expect("rpt_providers", inputs | {"dim_funnel_steps": steps}, numbers)


def test_providers_are_compared_with_the_rest_as_their_segments_are() -> None:
    """80 % against 50 % of ten each: the difference, its interval and the rest stand with the provider too."""
    numbers = """
        | provider | rest_matured_count | difference | difference_lower | difference_upper |
        | Entra    | 10                 | -30.0 %    | -60.0 %          | 10.7 %           |
        | Okta     | 10                 | 30.0 %     | -10.7 %          | 60.0 %           |
    """
    expect("rpt_providers", of(PROVIDERS), numbers)


def test_cohorts_are_not_tested_against_each_other() -> None:
    """A week follows another; the comparisons say whether now differs from before."""
    attempts = entries("| age | outcome |\n| 20 days | lost |\n| 40 days | lost |")
    parts = attempts.select("funnel_id", "entry_id", dimension=pl.lit("entry_week"), segment=pl.col("entry_id"))
    numbers = """
        | segment | rest_matured_count | rest_rate | difference | p_value |
        | entry 1 | 1                  | 0.0 %     |            |         |
        | entry 2 | 1                  | 0.0 %     |            |         |
    """
    expect("rpt_segments", tables(fct_entries=attempts, fct_entry_segments=parts), numbers)


def test_segments_have_funnels_of_their_own() -> None:
    """Each segment's steps are counted from its own entrants; the attempt with two codes walks in both."""
    text = """
        | age     | outcome   | after   | step | error_code  |
        |---------|-----------|---------|------|-------------|
        | 20 days | lost      |         | 1    | dns         |
        | 20 days | activated | 2 hours | 4    | dns expired |
        | 20 days | lost      |         | 3    | expired     |
        | 1 day   | open      |         | 2    | expired     |
        | 20 days | activated | 2 hours | 4    |             |
    """
    steps = entry_steps("""
        | entry | step | since      |
        |-------|------|------------|
        | 2     | 2    | 20 minutes |
        | 3     | 2    | 40 minutes |
        | 4     | 2    | 9 hours    |
        | 5     | 2    | 9 hours    |
        | 2     | 4    | 1 hour     |
    """)
    inputs = of(text) | {"fct_entry_steps": steps}
    numbers = """
        | segment | step_number | reached_count | recorded_count | step_conversion_rate | overall_conversion_rate |
        |---------|-------------|---------------|----------------|----------------------|-------------------------|
        | dns     | 1           | 2             | 0              |                      | 100.0 %                 |
        | dns     | 2           | 1             | 1              | 50.0 %               | 50.0 %                  |
        | dns     | 3           | 1             | 0              | 100.0 %              | 50.0 %                  |
        | dns     | 4           | 1             | 1              | 100.0 %              | 50.0 %                  |
        | dns     | 5           | 0             | 0              | 0.0 %                | 0.0 %                   |
        | expired | 1           | 2             | 0              |                      | 100.0 %                 |
        | expired | 2           | 2             | 2              | 100.0 %              | 100.0 %                 |
        | expired | 3           | 2             | 0              | 100.0 %              | 100.0 %                 |
        | expired | 4           | 1             | 1              | 50.0 %               | 50.0 %                  |
        | expired | 5           | 0             | 0              | 0.0 %                | 0.0 %                   |
    """
    expect("rpt_segment_steps", inputs, numbers)
    second = """
        | segment | drop_off_count | drop_off_rate | open_count | median_step_us |
        |---------|----------------|---------------|------------|----------------|
        | dns     | 1              | 50.0 %        | 0          | 20 minutes     |
        | expired | 0              | 0.0 %         | 1          | 30 minutes     |
    """
    expect("rpt_segment_steps", inputs, second, step_number=2)


def test_segment_steps_of_a_segment_that_all_have_are_the_funnel_steps() -> None:
    """A dimension with one value changes nothing."""
    attempts = entries(PROVIDERS)
    parts = attempts.select("funnel_id", "entry_id", dimension=pl.lit("plan"), segment=pl.lit("any"))
    inputs = tables(fct_entries=attempts, fct_entry_segments=parts)
    found = compute("rpt_segment_steps", inputs).drop("dimension", "segment")
    assert found.rows() == compute("rpt_funnel_steps", inputs).select(found.columns).rows()


def test_drivers_are_odds_of_drop_off() -> None:
    """3 of 4 with a DNS timeout drop off, 3 of 12 without: odds 3 against 1/3, ratio 9; 1/3 + 1 + 1/3 + 1/9 = (4/3)^2.

    On Mondays all 6 drop off and on Sundays none of 10: each cell gets a half, 13 x 21. Fresh attempts say nothing yet.
    """
    numbers = """
        | segment     | matured_count | drop_off_count | rest_matured_count | rest_drop_off_count | odds_ratio |
        |-------------|---------------|----------------|--------------------|---------------------|------------|
        | dns_timeout | 4             | 3              | 12                 | 3                   | 9.000      |
        | expired     | 1             | 1              | 15                 | 5                   | 5.727      |
        | monday      | 6             | 6              | 10                 | 0                   | 273.000    |
        | sunday      | 10            | 0              | 6                  | 6                   | 0.004      |
    """
    expect("rpt_drivers", of(ERRORS), numbers)
    tests = """
        | dimension  | segment     | odds_lower | odds_upper | p_value | q_value |
        |------------|-------------|------------|------------|---------|---------|
        | error_code | dns_timeout | 0.660      | 122.794    |         |         |
        | error_code | expired     | 0.198      | 165.340    |         |         |
        | weekday    | monday      | 4.803      | 15515.669  |         |         |
        | weekday    | sunday      | 0.000      | 0.208      |         |         |
    """
    expect("rpt_drivers", of(ERRORS), tests)


def test_drivers_are_tested_where_twenty_stand_on_either_side() -> None:
    """36 of 72 against 24 of 72 drop off: odds ratio 2, z = ln 2 / sqrt(1/36 + 1/36 + 1/24 + 1/48) = 2.02, p = 0.044.

    Both providers and both weekdays ask the same: of four tests with one p, Benjamini and Hochberg leave it as it is.
    """
    text = """
        | attempts | age     | outcome   | after  | provider | weekday |
        | 36       | 20 days | lost      |        | ADFS     | monday  |
        | 36       | 20 days | activated | 1 hour | ADFS     | monday  |
        | 24       | 20 days | lost      |        | Okta     | sunday  |
        | 48       | 20 days | activated | 1 hour | Okta     | sunday  |
    """
    numbers = """
        | segment | odds_ratio | p_value | q_value |
        | ADFS    | 2.000      | 0.044   | 0.044   |
        | Okta    | 0.500      | 0.044   | 0.044   |
        | monday  | 2.000      | 0.044   | 0.044   |
        | sunday  | 0.500      | 0.044   | 0.044   |
    """
    expect("rpt_drivers", of(text), numbers)


def test_drivers_are_sought_among_five_dimensions() -> None:
    """What a funnel breaks down by is shown as segments, and not tested for."""
    text = """
        | age     | outcome   | after  | provider | plan | link_source | domain_count |
        | 20 days | activated | 1 hour | Okta     | pro  | email       | 1            |
        | 20 days | lost      |        | Entra    | free | in_app      | 3+           |
    """
    assert set(compute("rpt_segments", of(text))["dimension"]) == {"provider", "plan", "link_source", "domain_count"}
    assert set(compute("rpt_drivers", of(text))["dimension"]) == {"provider", "link_source", "domain_count"}


def test_steps_of_a_provider_begin_where_one_is_selected() -> None:
    """Before the step of selection no provider is known; without such a step they begin at the conversion."""
    text = """
        | age     | outcome   | after  | step | provider | weekday |
        | 20 days | activated | 1 hour | 4    | Okta     | monday  |
        | 20 days | lost      |        | 2    | Okta     | monday  |
    """
    inputs = of(text)
    found = compute("rpt_segment_steps", inputs).select("dimension", "step_number").rows()
    assert found == [("provider", 4), ("provider", 5), *(("weekday", number) for number in range(1, 6))]
    selected = pl.when(pl.col("step_number") == 2).then(pl.lit("admin_portal.provider_selected"))
    steps = inputs["dim_funnel_steps"].with_columns(event_types=selected.otherwise("event_types"))
    provided = compute("rpt_segment_steps", inputs | {"dim_funnel_steps": steps}).filter(dimension="provider")
    assert provided.select("step_number", "reached_count").rows() == [(2, 2), (3, 1), (4, 1), (5, 0)]


def test_segments_have_the_times_that_funnels_have() -> None:
    """Half of Okta's ten take 3 hours and a tenth never ends: the quantiles and the mean within the window of each.

    Okta: 8 of 10 done after 3 hours, so in 14 days (336 h) on average 0.8 x 3 + 0.2 x 336 = 69.6 h = 2.9 days.
    """
    numbers = """
        | segment | quantile | waiting_count | completer_count | time_us | completer_time_us |
        | Okta    | 25.0 %   | 10            | 8               | 3 hours | 3 hours           |
        | Okta    | 50.0 %   | 10            | 8               | 3 hours | 3 hours           |
        | Okta    | 75.0 %   | 10            | 8               | 3 hours | 3 hours           |
        | Okta    | 90.0 %   | 10            | 8               |         | 3 hours           |
    """
    expect("rpt_times", of(PROVIDERS), numbers, segment="Okta")
    found = compute("rpt_segments", of(PROVIDERS)).filter(segment="Okta")
    assert found["restricted_mean_us"].item() == round((0.8 * 3 + 0.2 * 336) * 3_600_000_000)
    whole = tables(fct_entries=entries(PROVIDERS))
    parts = whole["fct_entries"].select("funnel_id", "entry_id", dimension=pl.lit("plan"), segment=pl.lit("any"))
    times = compute("rpt_times", whole | {"fct_entry_segments": parts}).rename({"waiting_count": "entrant_count"})
    funnel = compute("rpt_time_to_activation", whole)
    assert times.select(funnel.columns).rows() == funnel.rows()
