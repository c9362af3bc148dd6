"""What becomes of a report of an activation: each has exactly one fate in each funnel that it may convert."""

from __future__ import annotations

from collections import Counter

import pytest

from pipelines.models import Check, load_checks
from tests.spec.tables import parse_table
from tests.spec.walks import SET_UP, walked

LIFE = """
    | id | at             | event                        | org  | connection | environment | comment            |
    |----|----------------|------------------------------|------|------------|-------------|--------------------|
    | l1 | 02-01 09:00    | admin_portal.link_generated  | acme |            |             |                    |
    | a1 | 02-01 10:00    | connection.activated         | acme | one        |             | conversion         |
    | a2 | 02-01 10:00:01 | sso.activated                | acme | one        |             | repeat, named      |
    | a3 | 02-01 10:00:02 | admin_portal.sso_configured  | acme |            |             | repeat, unnamed    |
    | a4 | 02-05 10:00    | connection.activated         | acme | two        |             | out_of_band        |
    | d1 | 02-06 10:00    | connection.deactivated       | acme | one        |             |                    |
    | d2 | 02-06 10:00    | connection.deleted           | acme | two        |             |                    |
    | a5 | 02-07 10:00    | connection.activated         | acme | one        |             | re_activation      |
    | l2 | 02-01 09:00    | admin_portal.link_generated  | slow |            |             |                    |
    | a6 | 02-20 09:00    | connection.activated         | slow | three      |             | late_activation    |
    | a7 | 02-03 10:00    | connection.activated         |      | four       |             | unattributed       |
    | a8 | 02-03 10:00    | connection.activated         | acme | five       | sandbox     | not_counted        |
    | a9 | 04-01 10:00    | connection.activated         | acme | six        |             | not_counted: later |
"""
FATES = """
    | event_id | fate            | entry_id              |
    |----------|-----------------|-----------------------|
    | a1       | conversion      | sso_setup/acme/sso/1  |
    | a2       | repeat          | -                     |
    | a3       | repeat          | -                     |
    | a4       | out_of_band     | -                     |
    | a5       | re_activation   | -                     |
    | a6       | late_activation | sso_setup/slow/sso/1  |
    | a7       | unattributed    | -                     |
    | a8       | not_counted     | -                     |
    | a9       | not_counted     | -                     |
"""


def test_every_report_has_exactly_one_fate() -> None:
    """Conversion, repeat, late, re-activation, out of band, unattributed or not counted: one of seven, for each."""
    with walked(LIFE) as warehouse:
        found = warehouse.query("select event_id, fate, entry_id from fct_activations order by event_id").rows()
    wanted = [(row["event_id"], row["fate"], row["entry_id"].replace("-", "") or None) for row in parse_table(FATES)]
    assert found == wanted


def test_report_without_intent_has_a_fate_in_each_stream_it_is_in() -> None:
    """Where a funnel's conversion has no intent of its own, one event may convert an attempt of each intent."""
    reports = '"connection.activated", "sso.activated", "admin_portal.sso_configured"'
    funnel = SET_UP.replace('["sso"]', '["sso", "dsync"]').replace(reports, '"organization_domain.verified"')
    events = """
        | id | at          | event                        | intent | org  |
        | l1 | 03-01 09:00 | admin_portal.link_generated  | sso    | acme |
        | l2 | 03-01 09:30 | admin_portal.link_generated  | dsync  | acme |
        | v1 | 03-01 10:00 | organization_domain.verified |        | acme |
        | v2 | 03-01 10:00 | organization_domain.verified |        |      |
        """
    with walked(events, funnel) as warehouse:
        found = warehouse.query("select event_id, intent, fate from fct_activations order by all").rows()
    assert found == [("v1", "dsync", "conversion"), ("v1", "sso", "conversion"), ("v2", "", "unattributed")]


def test_report_of_another_intent_is_no_report_of_the_funnel() -> None:
    """A directory that comes alive has no fate in the funnel of single sign-on."""
    events = """
        | at          | event            | connection |
        | 03-01 10:00 | dsync.activated  | dir_1      |
        """
    with walked(events) as warehouse:
        assert warehouse.count("fct_activations") == 0


@pytest.mark.parametrize("check", load_checks(), ids=lambda check: check.name)
def test_checks_hold_over_a_life_with_every_fate(check: Check) -> None:
    """No blocking check that SQL alone can answer finds a row here."""
    with walked(LIFE) as warehouse:
        if not check.reads & {"rpt_funnels", "rpt_funnel_steps"}:
            assert warehouse.query(check.sql).is_empty()


def test_check_finds_a_report_without_a_fate() -> None:
    """A report whose fate is missing keeps the build from being published."""
    check = next(check for check in load_checks() if check.name == "activation_reports_have_one_fate")
    with walked(LIFE) as warehouse:
        kept = warehouse.query("from fct_activations where event_id <> 'a3'")
        warehouse.store_frame("fct_activations", kept)
        assert Counter(warehouse.query(check.sql)["event_id"]) == {"a3": 1}
