"""Tables of entries at their edges: segments, waits, links, fates, findings. Readings 9 to 11, 14, 18, 35, 37."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl
import pytest

from pipelines.catalog import load_catalog
from pipelines.references import reference_frames
from pipelines.settings import SHIPPED_REPORTS
from pipelines.warehouse import Warehouse
from tests.spec.answers import assert_answer
from tests.spec.tables import parse_table
from tests.spec.walks import AS_OF, MODELS, SET_UP, at, events_frame, findings, walked


@contextmanager
def zoned(events: str, zone: str, week_offset: int) -> Iterator[Warehouse]:
    """Events in another reporting time zone; a week offset of 1 lets weeks begin on Sundays."""
    with walked(events) as warehouse:
        settings = warehouse.read("ref_settings").with_columns(
            time_zone=pl.lit(zone), week_offset=pl.lit(week_offset, pl.Int32)
        )
        warehouse.store_frame("ref_settings", settings)
        for model in MODELS:
            warehouse.build(model)
        yield warehouse


@contextmanager
def shipped(events: str) -> Iterator[Warehouse]:
    """Events through the funnels that the project ships; an intent of `none` is not stated."""
    frame = events_frame(parse_table(events)).with_columns(pl.col("intent").replace("none", None))
    with walked(frame) as warehouse:
        for name, table in reference_frames(load_catalog(SHIPPED_REPORTS), at(AS_OF)).items():
            warehouse.store_frame(name, table)
        for model in MODELS:
            warehouse.build(model)
        yield warehouse


def segments(warehouse: Warehouse, *dimensions: str) -> dict[str, str]:
    """Segment of each dimension of the only entry."""
    rows = warehouse.query("select dimension, segment from fct_entry_segments").rows()
    found = dict(rows)
    assert len(found) == len(rows)
    return {dimension: found[dimension] for dimension in dimensions if dimension in found}


@pytest.mark.parametrize(
    ("entered", "zone", "week_offset", "expected"),
    [
        ("03-01 03:00", "UTC", 0, "2026-03-01 2026-02-23 2026-03-01 sunday"),
        ("03-01 03:00", "America/New_York", 0, "2026-02-28 2026-02-23 2026-02-01 saturday"),
        ("03-01 03:00", "UTC", 1, "2026-03-01 2026-03-01 2026-03-01 sunday"),
        ("03-01 03:00", "America/New_York", 1, "2026-02-28 2026-02-22 2026-02-01 saturday"),
        ("03-08 18:20", "Asia/Kathmandu", 0, "2026-03-09 2026-03-09 2026-03-01 monday"),
    ],
)
def test_days_and_weeks_are_those_of_the_reporting_zone(
    entered: str, zone: str, week_offset: int, expected: str
) -> None:
    """Three o'clock in UTC on a Sunday is Saturday evening in New York; the moment itself stays as it is."""
    events = f"| at | event |\n| {entered} | admin_portal.link_generated |"
    with zoned(events, zone, week_offset) as warehouse:
        found = segments(warehouse, "entry_day", "entry_week", "entry_month", "weekday")
        entered_at = warehouse.query("select entered_at from fct_entries").item()
    assert list(found.values()) == expected.split()
    assert entered_at == at(entered)


@pytest.mark.parametrize(("domains", "segment"), [(1, "1"), (2, "2"), (3, "3+"), (4, "3+")])
def test_three_domains_and_more_are_one_segment(domains: int, segment: str) -> None:
    """Distinct domains count, whatever their case."""
    names = ["a.test", "b.test", "c.test", "d.test"][:domains]
    rows = [f'| 03-01 08:00 | organization_domain.created | {{"domain":"{name}"}} |' for name in [*names, "A.TEST"]]
    events = "\n".join(["| at | event | properties |", *rows, "| 03-01 09:00 | admin_portal.link_generated | {} |"])
    with walked(events) as warehouse:
        assert segments(warehouse, "domain_count") == {"domain_count": segment}


def test_entry_without_an_intent_has_its_other_segments() -> None:
    """In a funnel of any intent an organization may have none; day and weekday are known all the same."""
    anything = SET_UP.replace('intents = ["sso"]\n', "")
    events = events_frame(parse_table("| at | event |\n| 03-02 09:00 | admin_portal.link_generated |"))
    with walked(events.with_columns(intent=pl.lit(None, pl.String)), anything) as warehouse:
        found = segments(warehouse, "intent", "weekday", "entry_day")
    assert found == {"weekday": "monday", "entry_day": "2026-03-02"}


def test_error_code_is_met_within_the_attempt_and_of_its_intent() -> None:
    """Codes of another intent, of before the entry or of after the conversion are no segment of the attempt."""
    with walked("""
        | at          | event                                   | intent | connection | properties                 |
        | 03-01 08:00 | admin_portal.connection_tested          | sso    |            | {"error":{"code":"early"}} |
        | 03-01 09:00 | admin_portal.link_generated             | sso    |            | {}                         |
        | 03-01 10:00 | admin_portal.connection_tested          | dsync  |            | {"error":{"code":"other"}} |
        | 03-01 10:00 | admin_portal.connection_tested          | sso    |            | {"error":{"code":42}}      |
        | 03-01 10:00 | admin_portal.connection_tested          | sso    |            | {"reason":"no failure"}    |
        | 03-01 10:00 | organization_domain.verification_failed |        |            | {"reason":"dns"}           |
        | 03-01 11:00 | connection.activated                    |        | one        | {}                         |
        | 03-01 11:01 | authentication.sso_failed               | sso    | one        | {"error":{"code":"late"}}  |
        """) as warehouse:
        found = warehouse.query("select segment from fct_entry_segments where dimension = 'error_code' order by all")
    assert found["segment"].to_list() == ["42", "dns"]


@pytest.mark.parametrize(
    ("said", "segment"), [("5", "5"), ("5.5", "5.5"), ("true", "true"), ("null", None), ('{"a":1}', '{"a":1}')]
)
def test_breakdown_shows_a_value_as_it_was_written(said: str, segment: str | None) -> None:
    """Numbers, booleans and objects are segments by their text; null is no value."""
    declared = '\n[[breakdowns]]\nname = "own"\nproperty = "plan"\n'
    events = f'| at | event | properties |\n| 03-01 09:00 | admin_portal.link_generated | {{"plan":{said}}} |'
    with walked(events, SET_UP + declared) as warehouse:
        assert segments(warehouse, "own").get("own") == segment


def test_conversion_tells_the_provider_before_all_else() -> None:
    """Of several providers named in the same instant it is that of the activation; a clock a little slow included."""
    with walked("""
        | id | at                    | event                          | org  | provider | connection | source   |
        | l1 | 03-01 09:00           | admin_portal.link_generated    | acme |          |            | portal   |
        | x1 | 03-01 10:00           | admin_portal.provider_selected | acme | One      |            | portal   |
        | x2 | 03-01 10:00           | admin_portal.provider_selected | acme | Two      |            | portal   |
        | x3 | 03-01 10:00           | connection.activated           | acme | Three    | a          | webhooks |
        | x4 | 03-01 10:00           | admin_portal.provider_selected | acme | Four     |            | portal   |
        | l2 | 03-01 09:00:03        | admin_portal.link_generated    | slow |          |            | portal   |
        | y1 | 03-01 09:00           | connection.activated           | slow | Okta     | b          | webhooks |
        """) as warehouse:
        found = dict(warehouse.query("select organization_id, provider from fct_entries").rows())
    assert found == {"acme": "Three", "slow": "Okta"}


def test_provider_named_before_the_entry_is_not_its_provider() -> None:
    """A try of last month says nothing of this one."""
    with walked("""
        | at          | event                          | provider |
        | 02-01 09:00 | admin_portal.provider_selected | OktaSAML |
        | 03-01 09:00 | admin_portal.link_generated    |          |
        """) as warehouse:
        assert warehouse.query("select provider from fct_entries").item() is None


def test_next_attempt_ends_the_wait_for_a_step() -> None:
    """After an activation the first sign-in is waited for until the next link: from then on events are the next's."""
    days = 86_400_000_000
    with walked("""
        | at          | event                        | org   | connection |
        | 02-01 09:00 | admin_portal.link_generated  | other |            |
        | 02-01 10:00 | connection.activated         | other | x          |
        | 02-01 11:00 | authentication.sso_succeeded | other | x          |
        | 03-01 00:00 | admin_portal.link_generated  | acme  |            |
        | 03-02 00:00 | connection.activated         | acme  | one        |
        | 03-05 00:00 | admin_portal.link_generated  | acme  |            |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select from_step, step_number, waited_us, is_reached from fct_step_waits "
            "where entry_id = 'sso_setup/acme/sso/1' order by step_number",
            f"""
            | from_step | step_number | waited_us  | is_reached |
            | 1         | 4           | {days}     | yes        |
            | 4         | 5           | {3 * days} | no         |
            """,
        )


def test_invitation_takes_no_link_of_another_organization_or_intent() -> None:
    """A link that it names is its first only where both are the invitation's own."""
    with shipped("""
        | at          | event                        | org   | intent | link |
        | 03-20 09:00 | admin_portal.link_generated  | other | sso    | a    |
        | 03-20 09:00 | admin_portal.link_generated  | acme  | dsync  | b    |
        | 03-20 09:00 | admin_portal.link_generated  | acme  | sso    | c    |
        | 03-20 10:00 | admin_portal.invitation_sent | acme  | sso    | a    |
        | 03-20 10:00 | admin_portal.invitation_sent | birch | sso    | a    |
        | 03-20 10:00 | admin_portal.invitation_sent | cedar | sso    | b    |
        | 03-20 09:00 | admin_portal.link_generated  | dogwood | dsync | d   |
        | 03-20 10:00 | admin_portal.invitation_sent | dogwood | sso  | d    |
        | 03-20 09:00 | admin_portal.link_generated  | elm   | sso    | e    |
        | 03-20 10:00 | admin_portal.invitation_sent | elm   | sso    | e    |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select entry_id, link_id from fct_entry_links where funnel_id = 'invitation' order by all",
            "| entry_id | link_id |\n| invitation/elm/sso/1 | e |",
        )


def test_link_opened_in_an_earlier_attempt_is_not_the_one_used() -> None:
    """Logged again for the second try, it would make an hour in the portal three weeks."""
    with walked("""
        | at          | event                       | link | connection |
        | 03-01 09:00 | admin_portal.link_generated | a    |            |
        | 03-01 10:00 | admin_portal.link_opened    | a    |            |
        | 03-22 09:00 | admin_portal.link_generated | a    |            |
        | 03-22 10:00 | connection.activated        |      | one        |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select entry_id, is_used, portal_us from fct_entry_links order by all",
            """
            | entry_id             | is_used | portal_us |
            | sso_setup/acme/sso/1 | no      | -         |
            | sso_setup/acme/sso/2 | no      | -         |
            """,
        )


def test_findings_about_activations_are_those_of_the_set_up_funnels() -> None:
    """One out of band for each of three intents; a domain, a certificate and the other funnels of sso add none."""
    with shipped("""
        | at          | event                              | intent              | connection |
        | 03-01 09:00 | connection.activated               | none                | conn_1     |
        | 03-01 09:00 | dsync.activated                    | none                | dir_1      |
        | 03-01 09:00 | admin_portal.audit_logs_configured | none                |            |
        | 03-02 09:00 | admin_portal.audit_logs_configured | log_streams         |            |
        | 03-01 09:00 | organization_domain.verified       | none                |            |
        | 03-01 09:00 | connection.saml_certificate_renewed | none               | conn_1     |
        """) as warehouse:
        assert findings(warehouse) == {"out_of_band": 4}
        fates = warehouse.query("select funnel_id, count(*) from fct_activations where is_set_up group by all").rows()
    assert dict(fates) == {"sso_setup": 1, "dsync_setup": 1, "audit_logs_setup": 2}


def test_link_without_an_intent_opens_an_attempt_of_each_intent_of_the_funnel() -> None:
    """Audit log streaming takes two intents: an activation that says neither is one of audit logs, and not of both."""
    with shipped("""
        | at          | event                              | intent      |
        | 03-01 09:00 | admin_portal.link_generated        | none        |
        | 03-01 10:00 | admin_portal.audit_logs_configured | none        |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select intent, outcome from fct_entries where funnel_id = 'audit_logs_setup' order by all",
            "| intent | outcome |\n| audit_logs | activated |\n| log_streams | lost |",
        )
