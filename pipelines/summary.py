"""What a build found, in a few lines for a terminal: read from the published file, like any analyst would."""

from collections.abc import Iterator
from typing import Any

from pipelines.pages.formats import FEW, duration, rate
from pipelines.paths import DataPaths
from pipelines.warehouse import Warehouse, open_published

FUNNELS = (
    "select d.title, f.*, t.time_us from rpt_funnels as f join dim_funnels as d using (funnel_id) "
    "join rpt_time_to_activation as t using (funnel_id) where t.quantile = 0.5 "
    "order by f.entrant_count = 0, d.position limit 3"
)
RESTATED = "from rpt_report_runs where is_restated order by as_of desc, matured_count desc, funnel_id, report_id"


def summary(paths: DataPaths) -> Iterator[str]:
    """The served report: its lines, three funnels (those with entries first), and where everything is."""
    with open_published(paths) as served:
        report = served.query("from rpt_report").row(0, named=True)
        yield (
            f"{report['line_count']:,} lines = {report['event_count']:,} events + {report['duplicate_count']:,} "
            f"duplicates + {report['quarantined_count']:,} quarantined, as of {report['as_of']:%Y-%m-%d %H:%M} UTC"
        )
        for funnel in served.query(FUNNELS).iter_rows(named=True):
            share = f" ({rate(funnel['conversion_rate'])})" if funnel["matured_count"] >= FEW else ""
            median = "not reached" if funnel["time_us"] is None else duration(funnel["time_us"])
            yield (
                f"{funnel['title']}: {funnel['activated_count']:,} of {funnel['matured_count']:,} matured attempts "
                f"activated{share}, median time {median}, {funnel['stalled_count']:,} stuck now"
            )
        yield from _not_the_newest(served, report)
        yield from _restated(served)
    yield f"Pages: {paths.published / 'site' / 'index.html'}  DuckDB: {paths.published / 'portal.duckdb'}"


def _not_the_newest(served: Warehouse, report: dict[str, Any]) -> Iterator[str]:
    """A warning where a past day took the place of a newer report."""
    newest = served.query("select max(as_of) from builds").item()
    if newest > report["as_of"]:
        yield (
            f"Pages and tables now show a past day: {newest:%Y-%m-%d %H:%M} UTC was published before. "
            "Build without --as-of to show today again."
        )


def _restated(served: Warehouse) -> Iterator[str]:
    """One more line where published numbers are others today: the newest of them, and why."""
    runs = served.query(RESTATED)
    for run in runs.head(1).iter_rows(named=True):
        yield (
            f"Restated: {runs.height:,} of the published headlines, such as {run['funnel_id']} as of "
            f"{run['as_of']:%Y-%m-%d %H:%M} UTC: {run['activated_count']:,} of {run['matured_count']:,} activated "
            f"then, {run['today_activated_count']:,} of {run['today_matured_count']:,} by what is known today "
            f"({run['reason']}); all in rpt_report_runs"
        )
