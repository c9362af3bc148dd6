"""Nothing is dropped silently: every count of a build is the sum of its parts, and no number is one that cannot be."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.funnel import DIMENSIONS
from tests.flow.builds import ask

PARTS = {
    "lines": "select line_count, event_count + duplicate_count + quarantined_count from rpt_report",
    "sources": "select unnest([any_value(r.line_count), any_value(r.event_count), any_value(r.duplicate_count), "
    "any_value(r.quarantined_count), any_value(r.file_count)]), unnest([sum(s.line_count), sum(s.event_count), "
    "sum(s.duplicate_count), sum(s.quarantined_count), sum(s.file_count)]) from rpt_report as r, rpt_sources as s",
    "quarantine": "select (select count from quality_findings where finding = 'quarantined'), sum(quarantined_count) "
    "from rpt_quarantine",
    "event types": "select (select count(*) from events), sum(event_count) from rpt_event_types",
    "entries": "select any_value(e.n), sum(entrant_count + excluded_count) from rpt_funnels, "
    "(select count(*) as n from fct_entries) as e",
    "maturity": "select entrant_count, matured_count + maturing_count from rpt_funnels",
    "outcomes": "select entrant_count, activated_count + early_activated_count + lost_count + open_count + ended_count "
    "from rpt_funnels",
    "matured outcomes": "select any_value(f.matured_count), any_value(f.activated_count) + count(e.entry_id) "
    "from rpt_funnels as f left join fct_entries as e on e.funnel_id = f.funnel_id and e.is_matured "
    "and not e.is_excluded and e.outcome in ('lost', 'ended') group by f.funnel_id",
    "weeks": "select any_value(f.entrant_count), coalesce(sum(w.entrant_count), 0) from rpt_funnels as f "
    "left join rpt_weeks as w using (funnel_id) group by f.funnel_id",
    "stops": "select any_value(f.matured_count), first(s.reached_count order by s.step_number) from rpt_funnels as f "
    "join rpt_funnel_steps as s using (funnel_id) where f.matured_count > 0 group by f.funnel_id",
    "drop-offs": "select matured_count - activated_count, (select count(*) from rpt_drop_offs as d "
    "where d.funnel_id = f.funnel_id) from rpt_funnels as f",
    "links": "select link_count, opening_link_count + re_issue_count + other_link_count from rpt_reconciliation",
    "attempts": "select attempt_count, entrant_count + excluded_attempt_count from rpt_reconciliation",
    "conversions": "select count(*), count(distinct a.entry_id) from fct_activations as a "
    "where a.fate = 'conversion' group by funnel_id",
    "converted entries": "select count(*), count(a.event_id) from fct_entries as e left join fct_activations as a "
    "on a.entry_id = e.entry_id and a.fate = 'conversion' where e.converted_at is not null group by e.funnel_id",
    "buckets": "select any_value(total_count), sum(attempt_count) from rpt_time_buckets "
    "group by funnel_id, dimension, segment, span, step_number",
    "buckets and times": "select t.completer_count, any_value(b.total_count) from rpt_times as t "
    "join rpt_time_buckets as b using (funnel_id, dimension, segment, span, step_number) "
    "where t.quantile = 0.5 group by all",
    "times of segments": "select any_value(w.waiting_count), sum(t.waiting_count) from rpt_times as w "
    "join rpt_times as t using (funnel_id, span, step_number, quantile) where w.dimension = 'all' and t.dimension "
    "in ('entry_day', 'entry_week', 'entry_month', 'intent', 'weekday') "
    "group by funnel_id, span, step_number, quantile, t.dimension",
    "links of segments": "select any_value(w.link_count), sum(h.link_count) from rpt_link_hygiene as w "
    "join rpt_link_hygiene as h using (funnel_id) where w.dimension = 'all' and h.dimension in "
    "('entry_day', 'entry_week', 'entry_month', 'intent', 'weekday') group by funnel_id, h.dimension",
    "whole segments": "select f.entrant_count, s.entrant_count from rpt_funnels as f join rpt_segments as s "
    "using (funnel_id) where s.dimension = 'all'",
    "cumulative": "select 1.0, last(cumulative_share order by bucket) from rpt_time_buckets "
    "group by funnel_id, dimension, segment, span, step_number",
    "organizations": "select (select count(distinct organization_id) from fct_entries where not is_excluded), "
    "organization_count from rpt_totals",
    "segments": "select f.entrant_count, sum(s.entrant_count) from rpt_funnels as f join rpt_segments as s "
    "using (funnel_id) where s.dimension in ('entry_day', 'entry_week', 'entry_month', 'intent', 'weekday') "
    "group by f.funnel_id, f.entrant_count, s.dimension",
    "segments and the rest": "select s.matured_count + s.rest_matured_count, sum(s.matured_count) over "
    "(partition by s.funnel_id, s.dimension) from rpt_segments as s where s.dimension <> 'error_code'",
    "steps of segments": "select any_value(s.reached_count), sum(g.reached_count) from rpt_funnel_steps as s "
    "join rpt_segment_steps as g using (funnel_id, step_number) where g.dimension = 'weekday' "
    "group by s.funnel_id, s.step_number having any_value(s.reached_count) is not null",
    "still active": "select activated_count, still_active_count + lost_activation_count from rpt_still_active",
    "connections": "select (select count(*) from fct_connections), (select count(*) from rpt_connections "
    "where state is not null)",
}
"""By what is split: a SELECT of a whole and the sum of its parts; in every row the two are equal."""

# The founding document's own five may hold anything, and have no n: that is what is wrong with them.
BUILDS = pytest.mark.parametrize("build", ["stories", "demo"])
TABLES = "select table_name as name from duckdb_tables() where table_name like 'rpt_%' and name <> 'rpt_seed_metrics'"


@BUILDS
@pytest.mark.parametrize("split", PARTS)
def test_whole_is_the_sum_of_its_parts(split: str, build: str, request: pytest.FixtureRequest) -> None:
    """However a count is split, its parts add up to it."""
    data: Path = request.getfixturevalue(build)
    rows = ask(data, PARTS[split]).rows()
    assert rows
    assert [row for row in rows if abs(float(row[0]) - float(row[1])) > 1e-12] == []


@BUILDS
def test_no_number_is_impossible(build: str, request: pytest.FixtureRequest) -> None:
    """No rate over 100 %, no difference over 100 points, no negative count or duration, no NaN."""
    data: Path = request.getfixturevalue(build)
    for name in ask(data, TABLES)["name"]:
        frame = ask(data, f'from "{name}"')
        for column in frame.select(pl.selectors.numeric()).columns:
            low, high = _limits(column)
            values = frame[column].drop_nulls()
            wrong = values.filter(~values.is_between(low, high))
            assert wrong.is_empty(), f"{name}.{column}: {wrong[0]}"


def _limits(column: str) -> tuple[float, float]:
    """What a column of that name can hold."""
    if column.startswith("difference"):
        return -1, 1
    is_share = column.endswith(("_rate", "_share", "_coverage", "share", "p_value", "p_adjusted", "q_value"))
    is_bound = column.endswith(("_lower", "_upper")) and not column.startswith("odds")
    return 0, 1 if is_share or is_bound else float("inf")


def test_every_mean_has_a_median_beside_it(stories: Path) -> None:
    """Times are skewed: a table that shows a mean shows the median too."""
    columns = ask(stories, "select table_name, column_name from duckdb_columns() where table_name like 'rpt_%'")
    tables: dict[str, list[str]] = {}
    for table, column in columns.rows():
        tables.setdefault(table, []).append(column)
    means = {name for name, found in tables.items() if any("mean" in c or c == "links_per_activation" for c in found)}
    assert means
    assert [name for name in means if not any("median" in column for column in tables[name])] == []


def test_every_rate_has_its_n_beside_it(stories: Path) -> None:
    """A table with a rate, a share or an interval has the counts that it was made from in the same row."""
    columns = ask(stories, f"select table_name, column_name from duckdb_columns() where table_name in ({TABLES})")
    rates = {t for t, c in columns.rows() if c.endswith(("_rate", "_share", "_lower", "_upper", "_lower_us"))}
    counts = {t for t, c in columns.rows() if c.endswith("_count")}
    assert rates - counts == set()


def test_dimensions_are_those_that_were_named(demo: Path) -> None:
    """Every dimension of the sample's segments is one that the catalogue knows, and none is missing."""
    found = ask(demo, "select distinct dimension from fct_entry_segments")["dimension"]
    assert set(found) == set(DIMENSIONS)
