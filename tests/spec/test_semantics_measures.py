"""Published measures at their edges: cohorts, comparisons, the portal, what earlier reports said. SEMANTICS 3."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.assets.ledger import RUNS_SCHEMA
from pipelines.statistics.tables import STATISTICS
from tests.spec.measures import compute, entries, entry_links, expect, segments, tables
from tests.spec.walks import SET_UP, at, walked


@pytest.mark.parametrize("cohort", ["entry_day", "entry_week", "entry_month"])
def test_cohorts_of_any_length_are_no_rivals(cohort: str) -> None:
    """Days, weeks and months follow each other: each has its rate and its rest, and none is tested against another."""
    attempts = entries("| age | outcome | after |\n| 20 days | lost | |\n| 60 days | activated | 1 hour |")
    parts = attempts.select("funnel_id", "entry_id", dimension=pl.lit(cohort), segment=pl.col("entry_id"))
    numbers = """
        | segment | conversion_rate | rest_rate | difference | difference_lower | p_value | p_adjusted |
        | entry 1 | 0.0 %           | 100.0 %   |            |                  |         |            |
        | entry 2 | 100.0 %         | 0.0 %     |            |                  |         |            |
    """
    expect("rpt_segments", tables(fct_entries=attempts, fct_entry_segments=parts), numbers)


def test_tests_of_one_dimension_are_adjusted_for_its_own_segments_only() -> None:
    """Two providers make two tests, whatever else was asked: 2 x 0.005, with three plans beside them or without."""
    rows = """
        | attempts | age     | outcome   | after   | provider | plan |
        |----------|---------|-----------|---------|----------|------|
        | 32       | 20 days | activated | 3 hours | Okta     | a    |
        | 8        | 20 days | lost      |         | Okta     | b    |
        | 20       | 20 days | activated | 3 hours | Entra    | b    |
        | 20       | 20 days | lost      |         | Entra    | c    |
    """
    inputs = tables(fct_entries=entries(rows), fct_entry_segments=segments(rows))
    numbers = """
        | segment | p_value | p_adjusted |
        | Entra   | 0.005   | 0.010      |
        | Okta    | 0.005   | 0.010      |
    """
    expect("rpt_segments", inputs, numbers, dimension="provider")


def test_long_periods_are_compared_with_attempts_as_old_as_they_need() -> None:
    """91 days, watched for 14: the current period goes back 105 days, the previous one 196, each end to the day."""
    rows = """
        | attempts | age      | outcome   | after  |
        |----------|----------|-----------|--------|
        | 1        | 13 days  | activated | 1 hour |
        | 2        | 14 days  | activated | 1 hour |
        | 3        | 104 days | lost      |        |
        | 4        | 105 days | activated | 1 hour |
        | 5        | 195 days | lost      |        |
        | 6        | 196 days | activated | 1 hour |
    """
    numbers = """
        | current_count | current_activated_count | previous_count | previous_activated_count | verdict |
        | 5             | 2                       | 9              | 4                        | too few |
    """
    days = 86_400_000_000
    expect("rpt_comparisons", tables(fct_entries=entries(rows)), numbers, within_us=14 * days, period_us=91 * days)


def test_excluded_attempts_are_in_no_time_in_the_portal() -> None:
    """An attempt that support finished for the customer is neither an activation nor a visit there."""
    rows = """
        | age     | outcome   | after  | excluded |
        | 20 days | activated | 1 hour |          |
        | 20 days | activated | 1 hour | yes      |
    """
    links = entry_links("| entry | portal |\n| 1 | 20 minutes |\n| 2 | 1 minute |")
    numbers = "| waiting_count | completer_count | time_us |\n| 1 | 1 | 20 minutes |"
    inputs = tables(fct_entries=entries(rows), fct_entry_links=links)
    expect("rpt_times", inputs, numbers, dimension="all", span="portal", quantile=0.5)
    in_time = compute("rpt_time_buckets", inputs).filter(pl.col("attempt_count") > 0, dimension="all", span="portal")
    assert in_time.select("bucket_label", "attempt_count", "total_count", "share").rows() == [("30 min", 1, 1, 1.0)]


def test_times_end_in_their_bucket_to_the_microsecond() -> None:
    """Each bucket takes its upper end; a microsecond more is in the next one, after 30 days in `more`."""
    links = entry_links("| entry | portal |\n| 1 | 1 minute |\n| 2 | 1 minute |\n| 3 | 30 days |\n| 4 | 30 days |")
    longer = links.with_columns(pl.col("portal_us") + pl.Series([0, 1, 0, 1]))
    attempts = entries("| attempts | age | outcome | after |\n| 4 | 60 days | activated | 40 days |")
    found = compute("rpt_time_buckets", tables(fct_entries=attempts, fct_entry_links=longer))
    found = found.filter(dimension="all", span="portal")
    counts = dict(found.select("bucket_label", "attempt_count").rows())
    assert {label: count for label, count in counts.items() if count} == {"1 min": 1, "5 min": 1, "30 d": 1, "more": 1}


def test_activation_after_its_cohort_belongs_to_the_cohort() -> None:
    """A period restricts entries only: the link of one week activates weeks later, in the numbers of its own week."""
    rows = "| age | outcome | after |\n| 27 days | activated | 13 days |\n| 20 days | lost | |"
    numbers = """
        | entry_week | entrant_count | activated_count | conversion_rate |
        | 2025-05-05 | 1             | 1               | 100.0 %         |
        | 2025-05-12 | 1             | 0               | 0.0 %           |
    """
    expect("rpt_weeks", tables(fct_entries=entries(rows)), numbers)


def counts_of(lines: str, reported: str, funnel: str = SET_UP) -> tuple[int, int, int]:
    """Entrants, matured and activated as of an earlier report, by what is known on 03-31."""
    run = {"report_id": "then", "as_of": at(reported), "definitions_hash": "-", "recipe": "-", "funnel_id": "sso_setup"}
    runs = pl.DataFrame([run], schema=RUNS_SCHEMA)
    with walked("| at | event | org | connection |\n" + lines, funnel, runs=runs) as warehouse:
        for name in ("rpt_funnels", "rpt_report_runs"):
            statistic = STATISTICS[name]
            warehouse.store_frame(name, statistic.compute({table: warehouse.read(table) for table in statistic.inputs}))
        found = warehouse.read("rpt_report_runs").filter(report_id="then")
    columns = found.select("today_entrant_count", "today_matured_count", "today_activated_count")
    entrants, matured, activated = columns.row(0)
    return entrants, matured, activated


@pytest.mark.parametrize(
    ("reported", "counts"),
    [
        ("03-01 08:59:59.999999", (0, 0, 0)),
        ("03-01 09:00", (1, 0, 0)),
        ("03-02 00:00", (1, 0, 0)),  # activated, and its window open: in no rate yet
        ("03-15 08:59:59.999999", (1, 0, 0)),
        ("03-15 09:00", (1, 1, 1)),
    ],
)
def test_attempt_counts_in_an_earlier_report_as_it_stood_then(reported: str, counts: tuple[int, int, int]) -> None:
    """As entrant from its first link on, as matured and activated from the end of its window on, both included."""
    lines = """
        | 03-01 09:00 | admin_portal.link_generated | acme |   |
        | 03-01 10:00 | connection.activated        | acme | c |
        """
    assert counts_of(lines, reported) == counts


@pytest.mark.parametrize(
    ("reported", "counts"),
    [("03-02 08:00", (1, 0, 0)), ("03-02 09:00", (0, 0, 0)), ("03-10 00:00", (0, 0, 0)), ("03-20 00:00", (0, 0, 0))],
)
def test_attempt_removed_before_it_matures_never_counts_as_matured(reported: str, counts: tuple[int, int, int]) -> None:
    """It is an entrant until the event that removed it, and from then on in no count, neither more nor less than 0."""
    exclusion = '\n[[exclusions]]\nevents = ["helped"]\nfrom = "link"\nto = "activated"\neffect = "remove"\n'
    lines = """
        | 03-01 09:00 | admin_portal.link_generated | acme |   |
        | 03-02 09:00 | helped                      | acme |   |
        | 03-03 09:00 | connection.activated        | acme | c |
        """
    assert counts_of(lines, reported, SET_UP + exclusion) == counts
