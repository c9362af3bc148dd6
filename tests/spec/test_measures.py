"""What is said of whole funnels, weeks and providers: a table of attempts in, a table of numbers out."""

from __future__ import annotations

from tests.spec.measures import compute, entries, expect, stalled, tables


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
        | entrant_count | excluded_count | activated_count | open_count | latest_entered_at | next_maturity_at |
        | 1             | 2              | 1               | 0          | 2025-05-12 00:00  |                  |
    """
    expect("rpt_funnels", inputs, summary)
    expect("rpt_weeks", inputs, "| entry_week | entrant_count |\n| 2025-05-12 | 1 |")
    expect("rpt_providers", inputs, "| provider | entrant_count |\n| Okta | 1 |")
    assert set(compute("rpt_time_to_activation", inputs)["entrant_count"]) == {1}
    assert compute("rpt_funnel_steps", inputs)["open_count"].sum() == 0


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


def test_provisional_rate_counts_fresh_attempts_for_as_long_as_they_were_seen() -> None:
    """On day 1 three of 8 activate, on day 10 one of the three that are old enough: 3/8 + 5/8 x 1/3.

    Greenwood's variance, (5/8 x 2/3)^2 x (3/40 + 1/6) = 0.042, is that of 5.8 attempts; the interval is theirs.
    """
    attempts = entries("""
        | attempts | age     | outcome   | after   |
        |----------|---------|-----------|---------|
        | 1        | 20 days | activated | 1 day   |
        | 1        | 20 days | activated | 10 days |
        | 2        | 20 days | lost      |         |
        | 2        | 2 days  | activated | 1 day   |
        | 2        | 2 days  | open      |         |
    """)
    numbers = """
        | entrant_count | conversion_rate | provisional_rate | provisional_lower | provisional_upper |
        |---------------|-----------------|------------------|-------------------|-------------------|
        | 8             | 50.0 %          | 58.3 %           | 23.7 %            | 86.3 %            |
    """
    expect("rpt_funnels", tables(fct_entries=attempts), numbers)


def test_ended_and_stopped_attempts_can_convert_no_more() -> None:
    """Deleted on day 2, stopped by an exclusion on day 1: both stay in the denominator, so 1 of 4 is 1 of 4."""
    attempts = entries("""
        | age     | outcome   | after   |
        |---------|-----------|---------|
        | 20 days | ended     | 2 days  |
        | 20 days | lost      | 1 day   |
        | 20 days | activated | 3 days  |
        | 20 days | late lost | 16 days |
    """)
    numbers = """
        | conversion_rate | provisional_rate | provisional_lower | provisional_upper |
        |-----------------|------------------|-------------------|-------------------|
        | 25.0 %          | 25.0 %           | 4.6 %             | 69.9 %            |
    """
    expect("rpt_funnels", tables(fct_entries=attempts), numbers)


def test_mean_time_is_restricted_to_the_window_and_has_its_median_beside() -> None:
    """All 4 are out for 2 days, 3 for 4 more, 2 for the other 8: (8 + 12 + 16) / 4 = 9 days; half take 6 or less.

    The variance is 7^2 / (4 x 3) + 4^2 / (3 x 2) = 6.75, so the interval is 9 -+ 1.96 x 2.598, cut at the window.
    """
    attempts = entries("""
        | attempts | age     | outcome   | after  |
        |----------|---------|-----------|--------|
        | 1        | 20 days | activated | 2 days |
        | 1        | 20 days | activated | 6 days |
        | 2        | 20 days | lost      |        |
    """)
    numbers = """
        | median_activation_us | restricted_mean_us | restricted_mean_lower_us | restricted_mean_upper_us |
        |----------------------|--------------------|--------------------------|--------------------------|
        | 6 days               | 9 days             | 3.91 days                | 14 days                  |
    """
    expect("rpt_funnels", tables(fct_entries=attempts), numbers)


def test_mean_time_within_the_window_waits_for_the_first_window_to_close() -> None:
    """Nobody has been watched for 14 days yet."""
    attempts = entries("""
        | age    | outcome   | after  |
        |--------|-----------|--------|
        | 5 days | activated | 2 days |
        | 5 days | open      |        |
    """)
    numbers = """
        | median_activation_us | restricted_mean_us |
        |----------------------|--------------------|
        | 2 days               |                    |
    """
    expect("rpt_funnels", tables(fct_entries=attempts), numbers)
