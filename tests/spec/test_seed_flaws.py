"""Where the founding document's figures mislead: one small log each, with its number and ours side by side.

Times are of 2026 and the as-of time is 31 March, so that the document's 30 days begin on 1 March, and attempts that
entered up to 17 March are matured (window of 14 days). The document's numbers are those of `rpt_seed_metrics`, which
every test compares with the two statements themselves; ours are of the shipped funnels. "1 of 2 (50.0 %)" is our
completion rate. Each test has its sentence on the definitions page, under the name that follows `test_seed_`.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from pipelines.durations import format_duration
from pipelines.statistics.tables import STATISTICS
from pipelines.warehouse import Warehouse
from tests.flow.test_seed import AVERAGE, FUNNEL
from tests.house.project import ROOT
from tests.spec.tables import parse_table
from tests.spec.walks import AS_OF, findings, walked, written

SET_UPS = [(ROOT / "reports" / "funnels" / f"{name}.toml").read_text("utf-8") for name in ("sso_setup", "dsync_setup")]
DSYNC = "funnel_2"  # what `walked` calls the second funnel


def table(warehouse: Warehouse, name: str) -> pl.DataFrame:
    """A published table, those of `STATISTICS` computed from the tables that they are made of."""
    if name not in STATISTICS:
        return warehouse.query(f"from {name}")
    return STATISTICS[name].compute({one: table(warehouse, one) for one in STATISTICS[name].inputs})


def statements(warehouse: Warehouse) -> tuple[object, ...]:
    """What the document's two statements answer, `NOW()` read as the as-of time; the average in microseconds."""
    asked = f"select f.*, epoch_us(a.avg_completion_time) from ({FUNNEL}) as f cross join ({AVERAGE}) as a"
    return warehouse.query(asked.replace("NOW()", "(select as_of from ref_settings)")).row(0)


def percent(value: float | None, decimals: int = 2) -> str:
    """A number that is a percentage already."""
    return "none" if value is None else f"{value:.{decimals}f} %"


def span(us: int | None) -> str:
    """A duration in words, `none` where there is none."""
    return "none" if us is None else "-" * (us < 0) + format_duration(abs(us))


def seed_numbers(warehouse: Warehouse) -> dict[str, str]:
    """The document's five figures, as text."""
    row = warehouse.query("select * exclude (avg_completion_time) from rpt_seed_metrics").row(0, named=True)
    assert tuple(row.values()) == statements(warehouse)
    average, rate = span(row.pop("avg_completion_us")), percent(row.pop("completion_rate"))
    counts = {name: str(value) for name, value in row.items()}
    return {**counts, "completion_rate": rate, "avg_completion_time": average}


def our_numbers(warehouse: Warehouse) -> dict[str, str]:
    """Ours of single sign-on, and all that was found, as text."""
    entered, dsync = (_completed(warehouse, funnel) for funnel in ("sso_setup", DSYNC))
    times = table(warehouse, "rpt_time_to_activation").filter(funnel_id="sso_setup", quantile=0.5).row(0, named=True)
    steps = table(warehouse, "rpt_funnel_steps").filter(funnel_id="sso_setup", step_name="link_opened")
    row = _funnel(warehouse, "sso_setup")
    return {
        "completed": entered,
        "directories": dsync,
        "95 % range": " to ".join(percent(100 * row[f"conversion_{end}"], 1) for end in ("lower", "upper"))
        if row["matured_count"]
        else "none",
        "still open": str(row["open_count"]),
        "median time": "not reached" if times["time_us"] is None else span(times["time_us"]),
        "opened": str(steps["reached_count"].item()),
        "as of": written(warehouse.query("select as_of from rpt_report").item()),
        **{name: str(number) for name, number in findings(warehouse).items()},
    }


def _funnel(warehouse: Warehouse, funnel_id: str) -> dict[str, Any]:
    return table(warehouse, "rpt_funnels").filter(funnel_id=funnel_id).row(0, named=True)


def _completed(warehouse: Warehouse, funnel_id: str) -> str:
    row = _funnel(warehouse, funnel_id)
    rate = "" if row["conversion_rate"] is None else f" ({percent(100 * row['conversion_rate'], 1)})"
    return f"{row['activated_count']} of {row['matured_count']}{rate}"


def assert_numbers(events: str, expected: str, as_of: str = AS_OF) -> None:
    """Of `events` the document says what the columns `seed: ...` hold, and we say what the columns `ours: ...` hold."""
    wanted = parse_table(expected)[0]
    with walked(events, SET_UPS, as_of) as warehouse:
        said = {f"seed: {name}": text for name, text in seed_numbers(warehouse).items()}
        said |= {f"ours: {name}": text for name, text in our_numbers(warehouse).items()}
    assert {name: said.get(name, "0") for name in wanted} == wanted


def test_seed_counts_completions_without_a_link() -> None:
    """Two completions over one link are 200 %; for us the one that nobody was sent a link for is out of band."""
    assert_numbers(
        """
        | at          | event                       | org     |
        | 03-02 09:00 | admin_portal.link_generated | acme    |
        | 03-02 10:00 | admin_portal.sso_configured | acme    |
        | 03-05 09:00 | admin_portal.sso_configured | nolink  |
        """,
        """
        | seed: completion_rate | ours: completed  | ours: out_of_band |
        | 200.00 %              | 1 of 1 (100.0 %) | 1                 |
        """,
    )


def test_seed_forgets_links_but_not_their_completions() -> None:
    """The completion of a link made 34 days ago stands over somebody else's link of this month."""
    assert_numbers(
        """
        | at          | event                       | org    |
        | 02-25 09:00 | admin_portal.link_generated | early  |
        | 03-04 09:00 | admin_portal.sso_configured | early  |
        | 03-02 09:00 | admin_portal.link_generated | silent |
        """,
        """
        | seed: portals_opened | seed: completion_rate | ours: completed |
        | 1                    | 100.00 %              | 1 of 2 (50.0 %) |
        """,
    )


def test_seed_leaves_long_journeys_out_of_the_average() -> None:
    """Two journeys of a week whose links are older than 30 days have no start, so that only the hour is left."""
    assert_numbers(
        """
        | at          | event                       | org   |
        | 02-25 09:00 | admin_portal.link_generated | slow  |
        | 03-04 09:00 | admin_portal.sso_configured | slow  |
        | 02-26 09:00 | admin_portal.link_generated | slow2 |
        | 03-05 09:00 | admin_portal.sso_configured | slow2 |
        | 03-10 09:00 | admin_portal.link_generated | quick |
        | 03-10 10:00 | admin_portal.sso_configured | quick |
        """,
        """
        | seed: sso_completed | seed: avg_completion_time | ours: median time |
        | 3                   | 1 hour                    | 7 days            |
        """,
    )


def test_seed_mixes_intents() -> None:
    """A link for directory sync counts as a single sign-on that failed; we ask each funnel for its own."""
    assert_numbers(
        """
        | at          | event                         | org  | intent |
        | 03-02 09:00 | admin_portal.link_generated   | acme | sso    |
        | 03-02 10:00 | admin_portal.sso_configured   | acme | sso    |
        | 03-02 09:00 | admin_portal.link_generated   | dir  | dsync  |
        | 03-02 10:00 | admin_portal.dsync_configured | dir  | dsync  |
        """,
        """
        | seed: completion_rate | ours: completed  | ours: directories |
        | 50.00 %               | 1 of 1 (100.0 %) | 1 of 1 (100.0 %)  |
        """,
    )


def test_seed_ignores_order() -> None:
    """A completion two days before the link is a success that took minus two days; for us that link led nowhere."""
    assert_numbers(
        """
        | at          | event                       |
        | 03-10 09:00 | admin_portal.sso_configured |
        | 03-12 09:00 | admin_portal.link_generated |
        """,
        """
        | seed: completion_rate | seed: avg_completion_time | ours: completed | ours: median time | ours: out_of_band |
        | 100.00 %              | -2 days                   | 0 of 1 (0.0 %)  | not reached       | 1                 |
        """,
    )


def test_seed_takes_fresh_links_for_failures() -> None:
    """A link made an hour ago halves the document's rate; for us its window has not passed."""
    assert_numbers(
        """
        | at          | event                       | org   |
        | 03-02 09:00 | admin_portal.link_generated | acme  |
        | 03-02 10:00 | admin_portal.sso_configured | acme  |
        | 03-30 23:00 | admin_portal.link_generated | fresh |
        """,
        """
        | seed: completion_rate | ours: completed  | ours: still open |
        | 50.00 %               | 1 of 1 (100.0 %) | 1                |
        """,
    )


def test_seed_times_completers_only() -> None:
    """Three of four never finish, and the average is the hour of the one; half of all is never reached."""
    assert_numbers(
        """
        | at          | event                       | org   |
        | 03-02 09:00 | admin_portal.link_generated | acme  |
        | 03-02 10:00 | admin_portal.sso_configured | acme  |
        | 03-03 09:00 | admin_portal.link_generated | lost  |
        | 03-03 09:00 | admin_portal.link_generated | lost2 |
        | 03-03 09:00 | admin_portal.link_generated | lost3 |
        """,
        """
        | seed: avg_completion_time | ours: completed | ours: median time |
        | 1 hour                    | 1 of 4 (25.0 %) | not reached       |
        """,
    )


def test_seed_averages_a_skewed_time() -> None:
    """One of 313 hours beside three of one hour: (3 * 1 + 313) / 4 = 79 hours, which nobody took."""
    assert_numbers(
        """
        | at          | event                       | org    |
        | 03-02 09:00 | admin_portal.link_generated | acme   |
        | 03-02 10:00 | admin_portal.sso_configured | acme   |
        | 03-03 09:00 | admin_portal.link_generated | quick  |
        | 03-03 10:00 | admin_portal.sso_configured | quick  |
        | 03-04 09:00 | admin_portal.link_generated | quick2 |
        | 03-04 10:00 | admin_portal.sso_configured | quick2 |
        | 03-05 09:00 | admin_portal.link_generated | slow   |
        | 03-18 10:00 | admin_portal.sso_configured | slow   |
        """,
        """
        | seed: avg_completion_time | ours: median time |
        | 79 hours                  | 1 hour            |
        """,
    )


def test_seed_starts_the_clock_at_an_earlier_try() -> None:
    """A try that came to nothing three weeks ago makes an hour 19 days; we time the try that succeeded."""
    assert_numbers(
        """
        | at          | event                       |
        | 03-01 09:00 | admin_portal.link_generated |
        | 03-20 09:00 | admin_portal.link_generated |
        | 03-20 10:00 | admin_portal.sso_configured |
        """,
        """
        | seed: avg_completion_time | ours: median time |
        | 457 hours                 | 1 hour            |
        """,
    )


def test_seed_starts_the_clock_at_a_repeated_link() -> None:
    """Once the first link is older than 30 days the one sent again starts the clock: twelve days become an hour."""
    assert_numbers(
        """
        | at          | event                       |
        | 02-22 09:00 | admin_portal.link_generated |
        | 03-06 09:00 | admin_portal.link_generated |
        | 03-06 10:00 | admin_portal.sso_configured |
        """,
        """
        | seed: avg_completion_time | ours: median time |
        | 1 hour                    | 289 hours         |
        """,
    )


def test_seed_counts_re_activations() -> None:
    """A connection of January that is switched off and on again passes for this month's success."""
    assert_numbers(
        """
        | at          | event                       | org    | connection |
        | 01-05 09:00 | admin_portal.link_generated | acme   |            |
        | 01-05 10:00 | admin_portal.sso_configured | acme   | conn_1     |
        | 03-18 09:00 | connection.deactivated      | acme   | conn_1     |
        | 03-20 09:00 | admin_portal.sso_configured | acme   | conn_1     |
        | 03-02 09:00 | admin_portal.link_generated | silent |            |
        """,
        """
        | seed: completion_rate | ours: completed | ours: re_activation |
        | 100.00 %              | 1 of 2 (50.0 %) | 1                   |
        """,
    )


def test_seed_has_no_interval() -> None:
    """One of four is 25 % in both; ours says that it may as well be 5 % or 70 % (Wilson)."""
    events = """
        | at          | event                       | org   |
        | 03-02 09:00 | admin_portal.link_generated | acme  |
        | 03-02 10:00 | admin_portal.sso_configured | acme  |
        | 03-03 09:00 | admin_portal.link_generated | lost  |
        | 03-03 09:00 | admin_portal.link_generated | lost2 |
        | 03-03 09:00 | admin_portal.link_generated | lost3 |
        """
    assert_numbers(
        events,
        """
        | seed: completion_rate | ours: completed | ours: 95 % range |
        | 25.00 %               | 1 of 4 (25.0 %) | 4.6 % to 69.9 %  |
        """,
    )
    with walked(events, SET_UPS) as warehouse:
        said = seed_numbers(warehouse)
    counts = ["portals_opened", "sso_completed", "dsync_completed"]
    assert list(said) == [*counts, "completion_rate", "avg_completion_time"]


def test_seed_loses_events_without_an_organization() -> None:
    """They are in no count, yet in the average they pass for one organization: (1 + 3) / 2 hours. We name them."""
    assert_numbers(
        """
        | at          | event                       | org  |
        | 03-02 09:00 | admin_portal.link_generated | acme |
        | 03-02 10:00 | admin_portal.sso_configured | acme |
        | 03-03 09:00 | admin_portal.link_generated |      |
        | 03-03 12:00 | admin_portal.sso_configured |      |
        """,
        """
        | seed: portals_opened | seed: avg_completion_time | ours: median time | ours: unattributed |
        | 1                    | 2 hours                   | 1 hour            | 2                  |
        """,
    )


def test_seed_calls_generated_links_opened() -> None:
    """Of two links one is opened; the document's `portals_opened` is two."""
    assert_numbers(
        """
        | at          | event                       | org    |
        | 03-02 09:00 | admin_portal.link_generated | acme   |
        | 03-02 09:30 | admin_portal.link_opened    | acme   |
        | 03-02 09:00 | admin_portal.link_generated | unread |
        """,
        """
        | seed: portals_opened | ours: opened |
        | 2                    | 1            |
        """,
    )


def test_seed_waits_for_an_event_that_nobody_writes() -> None:
    """A directory goes live and the vendor says so; `admin_portal.dsync_configured` never comes."""
    assert_numbers(
        """
        | at          | event                       | intent |
        | 03-02 09:00 | admin_portal.link_generated | dsync  |
        | 03-02 10:00 | dsync.activated             |        |
        """,
        """
        | seed: dsync_completed | ours: directories |
        | 0                     | 1 of 1 (100.0 %)  |
        """,
    )


def test_seed_believes_that_every_connection_came_from_the_portal() -> None:
    """The document's handler writes `configuredViaPortal` of every connection, one made by staff as well."""
    assert_numbers(
        """
        | at             | event                       | org    | connection | properties                    |
        | 03-02 09:00    | admin_portal.link_generated | silent |            |                               |
        | 03-05 09:00    | connection.activated        | staff  | conn_1     |                               |
        | 03-05 09:00:01 | admin_portal.sso_configured | staff  | conn_1     | {"configuredViaPortal": true} |
        """,
        """
        | seed: sso_completed | seed: completion_rate | ours: completed | ours: out_of_band |
        | 1                   | 100.00 %              | 0 of 1 (0.0 %)  | 1                 |
        """,
    )


def test_seed_changes_with_the_clock() -> None:
    """Asked ten days later the same log gives the document another answer; ours names its time and stays."""
    events = """
        | at          | event                       | org  |
        | 03-02 09:00 | admin_portal.link_generated | acme |
        | 03-02 10:00 | admin_portal.sso_configured | acme |
        | 03-05 09:00 | admin_portal.link_generated | lost |
        """
    for as_of, rate in ((AS_OF, "50.00 %"), ("04-03 00:00", "0.00 %"), ("04-10 00:00", "none"), (AS_OF, "50.00 %")):
        assert_numbers(
            events,
            f"""
            | seed: completion_rate | ours: completed | ours: as of |
            | {rate}                | 1 of 2 (50.0 %) | {as_of}     |
            """,
            as_of,
        )
