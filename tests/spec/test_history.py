"""What earlier reports said, beside what is known today of the same moments: which numbers were restated, and why."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from pipelines.assets.ledger import RUNS_SCHEMA
from pipelines.statistics.tables import STATISTICS
from tests.spec.walks import SET_UP, at, walked

LOG = """
    | at          | event                       | org   | connection |
    | 03-01 09:00 | admin_portal.link_generated | acme  |            |
    | 03-01 10:00 | connection.activated        | acme  | one        |
    | 03-02 09:00 | admin_portal.link_generated | birch |            |
    | 03-12 09:00 | admin_portal.link_generated | cedar |            |
"""
LATE = "    | 03-03 09:00 | connection.activated        | birch | two        |\n"
THEN, NOW = "03-20 00:00", "03-31 00:00"
UNKNOWN = dict.fromkeys(("known_events", "known_sum", "definition_hash", "program"))
BEFORE = {"entrant_count": 3, "matured_count": 2, "activated_count": 1, "conversion_rate": 0.5}


def told(lines: str, earlier: dict[str, object], funnel: str = SET_UP) -> list[dict[str, object]]:
    """`rpt_report_runs` as of NOW, after one report as of THEN that knew `earlier`."""
    with walked(lines, funnel, THEN) as warehouse:
        known = warehouse.query(
            "select event_count as known_events, content_sum as known_sum, today_definition_hash as definition_hash "
            "from fct_run_events"
        )
    run = {"report_id": "then", "as_of": at(THEN), "definitions_hash": "-", "program": "-", "funnel_id": "sso_setup"}
    runs = pl.DataFrame([run | BEFORE | known.row(0, named=True) | earlier], schema=RUNS_SCHEMA)
    with walked(lines, funnel, NOW, runs) as warehouse:
        for name in ("rpt_funnels", "rpt_report_runs"):
            statistic = STATISTICS[name]
            warehouse.store_frame(name, statistic.compute({t: warehouse.read(t) for t in statistic.inputs}))
        return warehouse.read("rpt_report_runs").to_dicts()


def test_report_that_stands_is_not_restated() -> None:
    """Where nothing came late, each report of the past is what today's events say of that day, this one included."""
    then, now = told(LOG, {})
    assert (then["report_id"], then["as_of"]) == ("then", at(THEN))
    assert (then["today_entrant_count"], then["today_matured_count"], then["today_activated_count"]) == (3, 2, 1)
    assert (then["today_rate"], then["is_restated"], then["reason"]) == (0.5, False, None)
    assert (now["as_of"], now["entrant_count"], now["matured_count"], now["activated_count"]) == (at(NOW), 3, 3, 1)
    assert now["is_restated"] is False


def test_late_event_restates_and_is_the_reason() -> None:
    """An activation that was received after the report had counted its attempt as lost restates that report's rate."""
    then, _ = told(LOG + LATE, {"known_events": 4, "known_sum": "1"})
    assert (then["activated_count"], then["conversion_rate"]) == (1, 0.5)
    assert (then["today_activated_count"], then["today_rate"]) == (2, 1.0)
    assert (then["is_restated"], then["reason"]) == (True, "late events")


@pytest.mark.parametrize(
    ("earlier", "reason"),
    [
        ({"definition_hash": "old", "entrant_count": 9}, "changed definitions"),
        ({"program": "old", "entrant_count": 9}, "changed program"),
        ({"known_events": 3, "definition_hash": "old", "entrant_count": 9}, "late events, changed definitions"),
        ({"entrant_count": 9}, "what followed it"),
        (UNKNOWN | {"entrant_count": 9}, "published by an older version"),
        ({"definition_hash": "old"}, None),
        (UNKNOWN, None),
    ],
)
def test_reason_is_what_differs(earlier: dict[str, object], reason: str | None) -> None:
    """Other definitions, another program, later events: each is named where a count is another, and only there."""
    then, _ = told(LOG, earlier)
    assert (then["is_restated"], then["reason"]) == (reason is not None, reason)


def test_event_that_no_rule_of_the_funnel_lists_is_no_reason() -> None:
    """What became known late of other things does not blame late events for another number."""
    with walked(LOG, SET_UP, THEN) as before:
        known = before.query("from fct_run_events")
    other = "    | 03-03 09:00 | billing.plan_changed        | acme  |            |\n"
    with walked(LOG + other, SET_UP, THEN) as after:
        assert after.query("from fct_run_events").equals(known)


def test_removal_counts_from_when_it_happened() -> None:
    """An attempt removed after a report is still in that report's numbers."""
    exclusion = 'events = ["support.setup_assisted"]\nfrom = "link"\nto = "activated"\neffect = "remove"\n'
    lines = LOG + "    | 03-21 09:00 | support.setup_assisted      | cedar |            |\n"
    then, now = told(lines, {}, SET_UP + f"\n[[exclusions]]\n{exclusion}")
    assert (then["is_restated"], then["today_entrant_count"], now["entrant_count"]) == (False, 3, 2)


def test_funnel_that_is_gone_has_no_numbers_of_today() -> None:
    """What a funnel said that is not declared any more is kept, with nothing beside it."""
    then = next(row for row in told(LOG, {"funnel_id": "gone"}) if row["funnel_id"] == "gone")
    assert (then["entrant_count"], then["today_entrant_count"], then["today_rate"]) == (3, None, None)
    assert (then["is_restated"], then["reason"]) == (None, "the funnel is gone")
    assert isinstance(then["as_of"], datetime)
