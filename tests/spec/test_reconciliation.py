"""Links add up to attempts and attempts to organizations, and nothing is counted twice over several funnels."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest

from pipelines.models import load_checks
from pipelines.warehouse import Warehouse
from tests.spec.answers import assert_answer
from tests.spec.tables import parse_table
from tests.spec.walks import SET_UP, events_frame, walked

CHECKS = {check.name: check for check in load_checks()}
NAMES = ("links_belong_to_one_entry", "links_add_up", "organizations_add_up")
EXCLUDING = (
    SET_UP
    + """
[[exclusions]]
events = ["support.setup_assisted"]
from = "link"
to = "activated"
effect = "remove"
"""
)
RECOMMENDED = """
title = "Recommended"
question = "?"
intents = ["sso"]
window = "14 days"
steps = [
    { name = "shown", label = "Shown", events = ["sso_recommendation.shown"] },
    { name = "activated", label = "Activated", events = ["connection.activated"] },
]
"""


def faults(warehouse: Warehouse, names: Sequence[str] = NAMES) -> list[str]:
    """Checks that find a row."""
    return [name for name in names if warehouse.query(CHECKS[name].sql).height]


EVENTS = """
    | at          | event                       | link | org  |
    | 03-01 09:00 | admin_portal.link_generated | a1   | a    |
    | 03-02 09:00 | admin_portal.link_generated | a2   | a    |
    | 03-03 09:00 | connection.activated        |      | a    |
    | 03-25 09:00 | admin_portal.link_generated | a3   | a    |
    | 03-01 09:00 | admin_portal.link_generated | b1   | b    |
    | 03-02 09:00 | support.setup_assisted      |      | b    |
    | 02-20 09:00 | admin_portal.link_generated | c1   | c    |
    | 03-20 09:00 | sso_recommendation.shown    |      | c    |
    | 03-21 09:00 | admin_portal.link_generated | c2   | c    |
    | 03-22 09:00 | admin_portal.link_generated | c3   | c    |
    | 03-01 09:00 | admin_portal.link_generated | n1   |      |
    | 03-25 09:00 | admin_portal.link_generated | d1   | d    |
    | 03-26 09:00 | connection.activated        |      | d    |
    """


def test_links_attempts_and_organizations_add_up() -> None:
    """Six links opened, two were re-issues; where no link opens an attempt, its first is no re-issue."""
    with walked(EVENTS, [EXCLUDING, RECOMMENDED]) as warehouse:
        assert_answer(
            warehouse,
            "select funnel_id, link_count, opening_link_count as opening, re_issue_count as again, "
            "other_link_count as other, attempt_count as attempts, excluded_attempt_count as excluded, "
            "entrant_count as entrants, organization_count as organizations from rpt_reconciliation order by all",
            """
            | funnel_id | link_count | opening | again | other | attempts | excluded | entrants | organizations |
            | funnel_2  | 8          | 1       | 1     | 6     | 1        | 0        | 1        | 1             |
            | sso_setup | 8          | 6       | 2     | 0     | 6        | 1        | 5        | 3             |
            """,
        )
        assert_answer(
            warehouse,
            "select funnel_id, matured_count, maturing_count, open_count from rpt_reconciliation order by all",
            """
            | funnel_id | matured_count | maturing_count | open_count |
            | funnel_2  | 0             | 1              | 1          |
            | sso_setup | 2             | 3              | 2          |
            """,
        )
        assert faults(warehouse) == []


def test_link_logged_twice_counts_once() -> None:
    """It opened two attempts and is one link; that there are more attempts than links is then right."""
    with walked("""
        | at          | event                       | link |
        | 03-01 09:00 | admin_portal.link_generated | a    |
        | 03-20 09:00 | admin_portal.link_generated | a    |
        """) as warehouse:
        row = warehouse.query("select link_count, opening_link_count, attempt_count from rpt_reconciliation").row(0)
        assert faults(warehouse) == []
    assert row == (1, 1, 2)


def test_link_without_an_intent_counts_once_for_each_that_it_serves() -> None:
    """A funnel of two intents makes two attempts of it; one that takes any makes one of an organization without any."""
    events = events_frame(
        parse_table("""
        | at          | event                       | link |
        | 03-01 09:00 | admin_portal.link_generated | a    |
        """)
    ).with_columns(intent=pl.lit(None, pl.String))
    both, every = SET_UP.replace('["sso"]', '["sso", "dsync"]'), SET_UP.replace('["sso"]', "[]")
    with walked(events, [both, every]) as warehouse:
        counts = warehouse.query("select link_count, attempt_count from rpt_reconciliation order by funnel_id desc")
        assert counts.rows() == [(2, 2), (1, 1)]
        assert faults(warehouse) == []


def test_funnel_without_an_event_adds_up_to_nothing() -> None:
    """It has its row of zeros."""
    with walked("| at | event |") as warehouse:
        row = warehouse.query("from rpt_reconciliation").row(0, named=True)
        assert faults(warehouse) == []
    assert row.pop("funnel_id") == "sso_setup"
    assert {*row.values()} == {0}


@pytest.mark.parametrize(
    ("table", "change", "check"),
    [
        ("fct_entry_links", {"link_number": pl.col("link_number") + 1}, "links_belong_to_one_entry"),
        ("fct_entry_links", {"generated_at": pl.col("generated_at").dt.offset_by("60d")}, "links_belong_to_one_entry"),
        ("rpt_reconciliation", {"re_issue_count": pl.col("re_issue_count") + 1}, "links_add_up"),
        ("rpt_reconciliation", {"matured_count": pl.col("matured_count") + 1}, "links_add_up"),
        ("rpt_reconciliation", {"attempt_count": pl.col("attempt_count") - 1}, "links_add_up"),
        ("fct_links", {"organization_id": pl.lit("nobody")}, "organizations_add_up"),
        ("fct_entries", {"organization_id": pl.lit("nobody")}, "organizations_add_up"),
        ("rpt_totals", {"organization_count": pl.col("organization_count") + 9}, "organizations_add_up"),
    ],
)
def test_check_finds_what_does_not_add_up(table: str, change: dict[str, pl.Expr], check: str) -> None:
    """A fault planted in a table is a row of the check that guards it."""
    with walked(EVENTS, [EXCLUDING, RECOMMENDED]) as warehouse:
        warehouse.store_frame(table, warehouse.read(table).with_columns(**change))
        assert faults(warehouse, [check]) == [check]


def test_link_in_two_entries_of_one_stream_is_found() -> None:
    """One generation of a link serves one attempt of an organization and intent."""
    with walked(EVENTS, EXCLUDING) as warehouse:
        links = warehouse.read("fct_entry_links")
        taken = links.filter(pl.col("link_id") == "a1").with_columns(entry_id=pl.lit("sso_setup/a/sso/2"))
        warehouse.store_frame("fct_entry_links", pl.concat([links, taken]))
        assert "links_belong_to_one_entry" in faults(warehouse)


def test_organization_in_three_funnels_counts_once() -> None:
    """Totals are of distinct organizations; a link for an organization without an attempt counts as linked."""
    events = """
        | at          | event                       | org | intent |
        | 03-29 09:00 | sso_recommendation.shown    | a   |        |
        | 03-29 10:00 | admin_portal.link_generated | a   | sso    |
        | 03-29 11:00 | admin_portal.link_generated | a   | dsync  |
        | 03-30 23:30 | sso_recommendation.shown    | b   |        |
        | 03-29 09:00 | admin_portal.link_generated | c   | byok   |
        """
    with walked(events, [SET_UP, RECOMMENDED, SET_UP.replace('"sso"', '"dsync"')]) as warehouse:
        assert_answer(
            warehouse,
            "from rpt_totals",
            """
            | organization_count | linked_organization_count | stalled_organization_count | longest_idle_us |
            | 2                  | 2                         | 1                          | 136800000000     |
            """,
        )
        assert warehouse.query("select count(*) from rpt_stalled").item() == 3
        assert faults(warehouse) == []


def test_totals_of_nothing_are_zero() -> None:
    """Nobody waits, so there is no longest wait."""
    with walked("| at | event |") as warehouse:
        assert warehouse.query("from rpt_totals").row(0) == (0, 0, 0, None)
