"""Files beside the pages: the whole stuck list as CSV, the headline numbers as JSON."""

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from io import StringIO

from pipelines.pages import formats
from pipelines.pages.cells import Published, Row
from pipelines.pages.views.common import funnels_in_order
from pipelines.pages.views.sections import comparisons, stuck

LATEST_SCHEMA = 1
"""Raised when a key of `latest.json` changes its meaning or goes; new keys do not count."""

_HEADLINE = (
    "funnel_id entrant_count matured_count activated_count open_count stalled_count longest_idle_us conversion_rate "
    "conversion_lower conversion_upper provisional_rate provisional_lower provisional_upper"
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def stuck_csv(published: Published, funnel_id: str) -> str:
    """All stuck attempts of a funnel, longest wait first; with the mark by which Excel knows UTF-8.

    The columns are those of `rpt_stalled`, times in the reporting time zone, after `waiting` as the page has it.
    """
    columns = published.frame("rpt_stalled", funnel_id).columns
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(["waiting", *columns])
    for row in (waiting.row for waiting in stuck(published, funnel_id)):
        moments = {name: row.cell(name, "moment").text for name in columns if name.endswith("_at") and row[name]}
        values = [moments.get(name, row[name]) for name in columns]
        writer.writerow(guarded(value) for value in [formats.duration(row["idle_us"]), *values])
    return "\ufeff" + out.getvalue()


def guarded(value: object) -> str:
    """The cell's text; an apostrophe before what a spreadsheet would take for a formula."""
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(_FORMULA) else text


def latest(published: Published) -> dict[str, object]:
    """Headline numbers for machines: rates 0 to 1, durations in microseconds, times in UTC.

    Returns:
        `as_of` holds for every number. `funnels` are in the order of the pages, each with counts; `conversion_rate` of
        `matured_count`, `provisional_rate` and `median_time_to_activation_us` of `entrant_count` attempts, the ends of
        their 95 % intervals (`_lower`, `_upper`) beside them; and `change`: the rate of the last `period_us` against
        the period before, a row of `rpt_comparisons`. None: there is no such number.
    """
    report = published.only("rpt_report")
    return {
        "schema_version": LATEST_SCHEMA,
        "report_id": report["report_id"],
        "as_of": _utc(report["as_of"]),
        "data_to": _utc(report["watermark"]),
        "time_zone": report["time_zone"],
        "is_sample": report["is_sample"],
        "funnels": [_headline(published, about) for about in funnels_in_order(published)],
    }


def _headline(published: Published, about: Row) -> dict[str, object]:
    funnel = published.row("rpt_funnels", about["funnel_id"])
    median = published.row("rpt_time_to_activation", about["funnel_id"], 0.5)
    times = {f"median_time_to_activation_{end}": median[f"time_{end}"] for end in ("us", "lower_us", "upper_us")}
    change = _rounded(comparisons(published, about)[0].values)
    return _rounded({name: funnel[name] for name in _HEADLINE.split()}) | times | {"change": change}


def _rounded(values: Mapping[str, object]) -> dict[str, object]:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in values.items()}


def _utc(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")
