"""How long things take, from all who wait and from those who got there: a table in, a table of numbers out."""

from __future__ import annotations

from tests.spec.measures import entries, entry_links, expect, step_waits, tables


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
        | 1 minute | 0.0 %           | 0.0 %           | 49.0 %          | 4             |
        | 3 hours  | 25.0 %          | 3.9 %           | 87.2 %          | 4             |
        | 1 day    | 25.0 %          | 3.9 %           | 87.2 %          | 3             |
        | 2 days   | 62.5 %          | 19.2 %          | 98.9 %          | 2             |
        | 30 days  | 62.5 %          | 19.2 %          | 98.9 %          | 1             |
        | 45 days  |                 |                 |                 | 0             |
    """
    expect("rpt_activation_curve", tables(fct_entries=attempts), numbers)


def test_curves_of_two_periods_end_where_both_were_watched() -> None:
    """Of 20 in the last matured week 10 are activated, of 20 in the week before 5; 14 days are watched of each."""
    attempts = """
        | attempts | age     | outcome   | after  |
        |----------|---------|-----------|--------|
        | 10       | 15 days | activated | 1 hour |
        | 10       | 15 days | lost      |        |
        | 5        | 22 days | activated | 1 hour |
        | 15       | 22 days | lost      |        |
        | 1        | 30 days | lost      |        |
    """
    numbers = """
        | at_us      | activated_share | current_share | previous_share |
        |------------|-----------------|---------------|----------------|
        | 45 minutes | 0.0 %           | 0.0 %         | 0.0 %          |
        | 1 hour     | 36.6 %          | 50.0 %        | 25.0 %         |
        | 14 days    | 36.6 %          | 50.0 %        | 25.0 %         |
        | 21 days    | 36.6 %          |               |                |
    """
    expect("rpt_activation_curve", tables(fct_entries=entries(attempts)), numbers)
    fewer = entries(attempts.replace("| 5 ", "| 4 "))
    numbers = """
        | at_us  | activated_share | current_share | previous_share |
        |--------|-----------------|---------------|----------------|
        | 1 hour | 35.0 %          |               |                |
    """
    expect("rpt_activation_curve", tables(fct_entries=fewer), numbers)


def test_step_times_wait_for_those_still_on_the_way() -> None:
    """Of 4 who wait for the link to be opened 3 do it: half need 20 minutes, the completers alone look faster."""
    attempts = entries(
        "| attempts | age | outcome | excluded |\n| 4 | 20 days | lost | |\n| 1 | 20 days | lost | yes |"
    )
    waits = step_waits("""
        | entry | step | waited     | reached |
        |-------|------|------------|---------|
        | 1     | 2    | 10 minutes | yes     |
        | 2     | 2    | 20 minutes | yes     |
        | 3     | 2    | 12 hours   | yes     |
        | 4     | 2    | 14 days    | no      |
        | 5     | 2    | 1 minute   | yes     |
        | 1     | 3    | 5 days     | no      |
    """)
    numbers = """
        | quantile | waiting_count | completer_count | time_us    | time_lower_us | time_upper_us | completer_time_us |
        |----------|---------------|-----------------|------------|---------------|---------------|-------------------|
        | 25.0 %   | 4             | 3               | 10 minutes | 10 minutes    | 12 hours      | 15 minutes        |
        | 50.0 %   | 4             | 3               | 20 minutes | 10 minutes    |               | 20 minutes        |
        | 75.0 %   | 4             | 3               | 12 hours   | 10 minutes    |               | 370 minutes       |
        | 90.0 %   | 4             | 3               |            | 20 minutes    |               | 580 minutes       |
    """
    inputs = tables(fct_entries=attempts, fct_step_waits=waits)
    expect("rpt_times", inputs, numbers, dimension="all", span="step", step_number=2)
    nobody = """
        | step_number | waiting_count | completer_count | time_us | completer_time_us |
        |-------------|---------------|-----------------|---------|-------------------|
        | 2           | 4             | 3               |         | 580 minutes       |
        | 3           | 1             | 0               |         |                   |
    """
    expect("rpt_times", inputs, nobody, dimension="all", span="step", quantile=0.9)


def test_time_in_portal_is_that_of_the_link_used() -> None:
    """Of 5 activated, early ones too, 4 opened a link before; what the lost one did in the portal is not asked here."""
    attempts = entries("""
        | attempts | age     | outcome   | after   |
        |----------|---------|-----------|---------|
        | 4        | 20 days | activated | 3 hours |
        | 1        | 2 days  | activated | 1 day   |
        | 1        | 20 days | lost      |         |
    """)
    links = entry_links("""
        | entry | portal     |
        |-------|------------|
        | 1     |            |
        | 1     | 10 minutes |
        | 2     | 12 minutes |
        | 3     | 30 minutes |
        | 4     |            |
        | 5     | 14 minutes |
        | 6     |            |
    """)
    numbers = """
        | quantile | waiting_count | completer_count | time_us    | time_lower_us | time_upper_us | completer_time_us |
        |----------|---------------|-----------------|------------|---------------|---------------|-------------------|
        | 25.0 %   | 4             | 4               | 10 minutes | 10 minutes    | 14 minutes    | 690 seconds       |
        | 50.0 %   | 4             | 4               | 12 minutes | 10 minutes    |               | 13 minutes        |
        | 75.0 %   | 4             | 4               | 14 minutes | 10 minutes    |               | 18 minutes        |
        | 90.0 %   | 4             | 4               | 30 minutes | 12 minutes    |               | 1512 seconds      |
    """
    inputs = tables(fct_entries=attempts, fct_entry_links=links)
    expect("rpt_times", inputs, numbers, dimension="all", span="portal")
    expect("rpt_times", inputs, "| completer_count |\n| 5 |", dimension="all", span="activation", quantile=0.5)


def test_time_buckets_include_their_upper_end() -> None:
    """Exactly an hour is within the hour, a second more is not; late activations are times as well."""
    attempts = entries("""
        | age     | outcome   | after        |
        |---------|-----------|--------------|
        | 60 days | activated | 1 minute     |
        | 60 days | activated | 1 hour       |
        | 60 days | activated | 3601 seconds |
        | 60 days | late lost | 31 days      |
        | 60 days | lost      |              |
    """)
    numbers = """
        | bucket | bucket_label | up_to_us   | attempt_count | total_count | share  | cumulative_share |
        |--------|--------------|------------|---------------|-------------|--------|------------------|
        | 1      | 1 min        | 1 minute   | 1             | 4           | 25.0 % | 25.0 %           |
        | 2      | 5 min        | 5 minutes  | 0             | 4           | 0.0 %  | 25.0 %           |
        | 3      | 15 min       | 15 minutes | 0             | 4           | 0.0 %  | 25.0 %           |
        | 4      | 30 min       | 30 minutes | 0             | 4           | 0.0 %  | 25.0 %           |
        | 5      | 1 h          | 1 hour     | 1             | 4           | 25.0 % | 50.0 %           |
        | 6      | 4 h          | 4 hours    | 1             | 4           | 25.0 % | 75.0 %           |
        | 7      | 1 d          | 1 day      | 0             | 4           | 0.0 %  | 75.0 %           |
        | 8      | 3 d          | 3 days     | 0             | 4           | 0.0 %  | 75.0 %           |
        | 9      | 7 d          | 7 days     | 0             | 4           | 0.0 %  | 75.0 %           |
        | 10     | 14 d         | 14 days    | 0             | 4           | 0.0 %  | 75.0 %           |
        | 11     | 30 d         | 30 days    | 0             | 4           | 0.0 %  | 75.0 %           |
        | 12     | more         |            | 1             | 4           | 25.0 % | 100.0 %          |
    """
    expect("rpt_time_buckets", tables(fct_entries=attempts), numbers, dimension="all", span="activation")


def test_time_buckets_are_of_activations_portal_visits_and_steps() -> None:
    """A step reached is in its own span, a wait that goes on in none; a span without complete times has no row."""
    attempts = entries("| attempts | age | outcome | after |\n| 2 | 20 days | activated | 4 hours |")
    waits = step_waits("""
        | entry | step | waited    | reached |
        | 1     | 2    | 4 minutes | yes     |
        | 2     | 2    | 4 minutes | no      |
    """)
    links = entry_links("| entry | portal |\n| 1 | 12 minutes |\n| 2 | |")
    inputs = tables(fct_entries=attempts, fct_step_waits=waits, fct_entry_links=links)
    second = """
        | span       | step_number | attempt_count | total_count | share   | cumulative_share |
        |------------|-------------|---------------|-------------|---------|------------------|
        | activation | 0           | 0             | 2           | 0.0 %   | 0.0 %            |
        | portal     | 0           | 0             | 1           | 0.0 %   | 0.0 %            |
        | step       | 2           | 1             | 1           | 100.0 % | 100.0 %          |
    """
    expect("rpt_time_buckets", inputs, second, dimension="all", bucket=2)
    third = """
        | span       | attempt_count | cumulative_share |
        |------------|---------------|------------------|
        | activation | 0             | 0.0 %            |
        | portal     | 1             | 100.0 %          |
        | step       | 0             | 100.0 %          |
    """
    expect("rpt_time_buckets", inputs, third, dimension="all", bucket=3)
