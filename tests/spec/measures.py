"""Attempts in a text table through the project's own statistics, and the numbers that come out as people read them.

Attempts are told by their age at the as-of time, Sunday 2025-06-01 00:00 UTC, in funnels with a window of 14 days:
older ones are matured. `after` is when the attempt was activated or ended, counted from its entry (of a lost one: when
an exclusion stopped it); `step` the deepest step. Shares are shown in percent, odds and p-values as they are, durations
in words, nothing where there is no number.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import polars as pl

from pipelines.durations import UNITS_US, format_duration, parse_duration, time_us
from pipelines.statistics.tables import STATISTICS
from tests.spec.tables import parse_table

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
WINDOW_US = parse_duration("14 days")
UTC_TIME = pl.Datetime("us", "UTC")
ENTRIES: dict[str, pl.DataType | type[pl.DataType]] = {
    "funnel_id": pl.String,
    "entry_id": pl.String,
    "organization_id": pl.String,
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
ENTRY = {"funnel_id": pl.String, "entry_id": pl.String}
ENTRY_STEPS = pl.Schema(ENTRY | {"step_number": pl.Int64, "since_previous_us": pl.Int64})
STEP_WAITS = pl.Schema(
    ENTRY | {"step_number": pl.Int64, "from_step": pl.Int64, "waited_us": pl.Int64, "is_reached": pl.Boolean}
)
ENTRY_LINKS = pl.Schema(ENTRY | {"link_id": pl.String, "is_used": pl.Boolean, "portal_us": pl.Int64})
ENTRY_SEGMENTS = pl.Schema(ENTRY | {"dimension": pl.String, "segment": pl.String})
STALLED = pl.Schema(ENTRY | {"idle_us": pl.Int64, "provider": pl.String})
DIMENSIONS = ("provider", "error_code", "weekday", "link_source", "domain_count", "plan")
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
        "organization_id": row.get("organization", f"organization {number}"),
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


def _lines(text: str) -> list[dict[str, str]]:
    return [row for row in parse_table(text) for _ in range(int(row.get("attempts", 1)))]


def entries(text: str) -> pl.DataFrame:
    """`fct_entries` from a table; a line with a number of `attempts` stands for that many."""
    return pl.DataFrame([entry(row, number) for number, row in enumerate(_lines(text), start=1)], schema=ENTRIES)


def segments(text: str) -> pl.DataFrame:
    """`fct_entry_segments` from the same table: its columns of `DIMENSIONS`; blanks between several error codes."""
    rows = [
        (row.get("funnel_id", "sso_setup"), f"entry {number}", dimension, segment)
        for number, row in enumerate(_lines(text), start=1)
        for dimension in DIMENSIONS
        for segment in row.get(dimension, "").split()
    ]
    return pl.DataFrame(rows, schema=ENTRY_SEGMENTS, orient="row")


def _numbered(text: str) -> Iterator[tuple[dict[str, str], str, str]]:
    for row in parse_table(text):
        yield row, "sso_setup", f"entry {row['entry']}"


def entry_steps(text: str) -> pl.DataFrame:
    """`fct_entry_steps` from a table of entry, step and time since the step before."""
    rows = [
        (*key, int(row["step"]), parse_duration(row["since"]) if row["since"] else None)
        for row, *key in _numbered(text)
    ]
    return pl.DataFrame(rows, schema=ENTRY_STEPS, orient="row")


def step_waits(text: str) -> pl.DataFrame:
    """`fct_step_waits` from a table of entry, step, how long it waited, and whether it was reached."""
    rows = [
        (*key, int(row["step"]), int(row["step"]) - 1, parse_duration(row["waited"]), row["reached"] == "yes")
        for row, *key in _numbered(text)
    ]
    return pl.DataFrame(rows, schema=STEP_WAITS, orient="row")


def entry_links(text: str) -> pl.DataFrame:
    """`fct_entry_links` from a table of entry and time in the portal, which only the used link has."""
    rows = [
        (*key, f"link {number}", bool(row["portal"]), parse_duration(row["portal"]) if row["portal"] else None)
        for number, (row, *key) in enumerate(_numbered(text))
    ]
    return pl.DataFrame(rows, schema=ENTRY_LINKS, orient="row")


def stalled(text: str) -> pl.DataFrame:
    """`rpt_stalled` from a table of idle times, and of providers where they matter."""
    rows = [
        ("sso_setup", str(number), parse_duration(row["idle"]), row.get("provider") or None)
        for number, row in enumerate(parse_table(text))
    ]
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
            "event_types": f"admin_portal.{row['step_name']}",
            "is_optional": bool(row["is_optional"]),
            "is_conversion": bool(row["is_conversion"]),
            "is_recorded": row["step_name"] not in unrecorded.split(),
        }
        for funnel_id in names
        for row in parse_table(STEPS)
    ]
    found = {
        "dim_funnels": pl.DataFrame({"funnel_id": names, "window_us": WINDOW_US, "last_required_step": 4}),
        "dim_funnel_steps": pl.DataFrame(steps),
        "fct_entries": pl.DataFrame(schema=ENTRIES),
        "fct_entry_steps": pl.DataFrame(schema=ENTRY_STEPS),
        "fct_step_waits": pl.DataFrame(schema=STEP_WAITS),
        "fct_entry_links": pl.DataFrame(schema=ENTRY_LINKS),
        "rpt_stalled": pl.DataFrame(schema=STALLED),
        "ref_settings": pl.DataFrame({"as_of_us": [time_us(AS_OF)]}),
    } | given_tables
    found = {"fct_entry_segments": segments_of_all(found["fct_entries"])} | found
    return {"fct_exposures": exposures(found["fct_entries"], found["fct_entry_segments"])} | found


def segments_of_all(attempts: pl.DataFrame) -> pl.DataFrame:
    """`fct_entry_segments` as every attempt has them: all, the entry week, the provider where there is one."""
    said = {
        "all": pl.lit("all"),
        "entry_week": pl.col("entry_week").dt.to_string("iso"),
        "provider": pl.col("provider"),
    }
    parts = [
        attempts.select("funnel_id", "entry_id", dimension=pl.lit(name), segment=value) for name, value in said.items()
    ]
    return pl.concat(parts).drop_nulls()


def exposures(attempts: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """`fct_exposures`, where an error was met at the step that its attempt stopped at."""
    counted = attempts.filter(~pl.col("is_excluded"))
    met = parts.filter(dimension="error_code").join(counted, on=["funnel_id", "entry_id"])
    shallowest = met.group_by("funnel_id", error_code="segment").agg(least=pl.col("deepest_step").min())
    exposed = shallowest.join(counted, on="funnel_id").filter("is_matured", pl.col("deepest_step") >= pl.col("least"))
    return exposed.group_by("funnel_id", "error_code").agg(
        exposed_matured_count=pl.len().cast(pl.Int64),
        exposed_activated_count=(pl.col("outcome") == "activated").sum().cast(pl.Int64),
    )


def compute(table: str, inputs: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The table from `inputs`, after the statistics that it is made from."""
    statistic = STATISTICS[table]
    made = {name: compute(name, inputs) for name in statistic.inputs if name not in inputs}
    return statistic.compute(inputs | made)


def shown(name: str, value: object) -> str:
    """A number as a reader would write it."""
    if value is None or isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float):
        if name.startswith(("odds_", "p_", "q_")):
            return f"{value:.3f}"
        return f"{100 * value:.1f} %"
    if isinstance(value, int) and name.endswith("_us"):
        return f"{value / UNITS_US['day']:.2f} days" if value % UNITS_US["second"] else format_duration(value)
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)


def expect(table: str, inputs: dict[str, pl.DataFrame], text: str, **chosen: object) -> None:
    """The columns that the table of numbers names have these values, row by row; of a curve, at the times it names.

    `chosen` are values of columns, to look at some rows only.
    """
    expected = parse_table(text)
    frame = compute(table, inputs).filter(**chosen).select(expected[0].keys())
    rows = [{name: shown(name, value) for name, value in row.items()} for row in frame.rows(named=True)]
    times = {row.get("at_us") for row in expected}
    found = [row for row in rows if row.get("at_us") in times]
    assert found == expected, found
