"""What is said of the steps of a funnel: a table of attempts in, a table of numbers out."""

from __future__ import annotations

from tests.spec.measures import compute, entries, entry_steps, expect, step_waits, tables


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
    assert not compute("rpt_funnel_steps", tables(fct_entries=attempts))["is_largest_drop_off"].any()


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


def test_mean_wait_for_a_step_goes_as_far_as_anybody_was_seen() -> None:
    """Of 4 who wait to open the link, one does on day 2, one on day 6: 9 days. Excluded attempt 5 waits for nothing.

    The domain is waited for from day 2 and from day 6, so 12 days at most: 1 day of two, 11 of one: 156 hours each.
    No step after it is waited for.
    """
    attempts = entries("""
        | age     | outcome | step | excluded |
        |---------|---------|------|----------|
        | 20 days | lost    | 1    |          |
        | 20 days | lost    | 1    |          |
        | 20 days | lost    | 2    |          |
        | 20 days | lost    | 3    |          |
        | 20 days | lost    | 1    | yes      |
    """)
    waits = step_waits("""
        | entry | step | waited  | reached |
        |-------|------|---------|---------|
        | 1     | 2    | 14 days | no      |
        | 2     | 2    | 14 days | no      |
        | 3     | 2    | 2 days  | yes     |
        | 4     | 2    | 6 days  | yes     |
        | 5     | 2    | 14 days | no      |
        | 3     | 3    | 12 days | no      |
        | 4     | 3    | 1 day   | yes     |
    """)
    numbers = """
        | step_name       | waiting_count | restricted_mean_us | restricted_mean_lower_us | restricted_mean_upper_us |
        |-----------------|---------------|--------------------|--------------------------|--------------------------|
        | link_generated  | 0             |                    |                          |                          |
        | link_opened     | 4             | 9 days             | 3.91 days                | 14 days                  |
        | domain_verified | 2             | 156 hours          | 0 days                   | 12 days                  |
        | activated       | 0             |                    |                          |                          |
        | first_sign_in   | 0             |                    |                          |                          |
    """
    expect("rpt_funnel_steps", tables(fct_entries=attempts, fct_step_waits=waits), numbers)


def test_mean_wait_for_a_step_comes_with_the_first_matured_attempt() -> None:
    """As long as all are young, how far the mean would go depends on the day."""
    attempts = entries("| age | outcome | step |\n| 3 days | open | 2 |\n| 3 days | open | 1 |")
    waits = step_waits("""
        | entry | step | waited | reached |
        | 1     | 2    | 1 day  | yes     |
        | 2     | 2    | 3 days | no      |
    """)
    numbers = """
        | waiting_count | restricted_mean_us |
        | 2             |                    |
    """
    expect("rpt_funnel_steps", tables(fct_entries=attempts, fct_step_waits=waits), numbers, step_number=2)
