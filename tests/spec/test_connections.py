"""Connections and directories as they stand, and whether they stayed active."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.statistics.intervals import wilson_bounds
from tests.spec.answers import assert_answer
from tests.spec.walks import at, walked


def test_connection_is_what_was_last_said_of_it() -> None:
    """State, since when, and the first activation, whoever reported it."""
    with walked("""
        | at          | event                       | connection | provider |
        | 03-01 09:00 | admin_portal.sso_configured | conn_1     | OktaSAML |
        | 03-02 09:00 | connection.activated        | conn_1     | OktaSAML |
        | 03-03 09:00 | connection.deactivated      | conn_1     | OktaSAML |
        """) as warehouse:
        row = warehouse.query("from fct_connections").row(0, named=True)
    assert (row["state"], row["since"], row["activated_at"]) == ("inactive", at("03-03 09:00"), at("03-01 09:00"))


def test_certificates_do_not_make_a_connection_active() -> None:
    """What is told of a certificate is no state; a connection of which nothing else is known has none."""
    with walked("""
        | at          | event                                        | connection |
        | 03-01 09:00 | connection.activated                         | conn_1     |
        | 03-02 09:00 | connection.deactivated                       | conn_1     |
        | 03-03 09:00 | connection.saml_certificate_renewal_required | conn_1     |
        | 03-04 09:00 | connection.saml_certificate_renewed          | conn_1     |
        | 03-05 09:00 | connection.saml_certificate_renewal_required | conn_2     |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select connection_id, state, since from rpt_connections order by all",
            """
            | connection_id | state    | since       |
            | conn_1        | inactive | 03-02 09:00 |
            | conn_2        | -        | -           |
            """,
        )


def certificate(kind: str, expiry: str) -> str:
    """Properties of an event about a certificate."""
    return f'{{"certificate": {{"certificate_type": "{kind}", "expiry_date": "{expiry}"}}}}'


def test_certificate_expires_when_the_first_of_its_types_does() -> None:
    """The latest word on each type of certificate holds; a time without a zone is UTC, an unreadable one is none."""
    signing, soon = certificate("ResponseSigning", "2026-04-02 10:00:00"), certificate("RequestSigning", "2026-05-01")
    renewed = certificate("ResponseSigning", "2026-06-01T00:00:00.000Z")
    unreadable, mended = (
        certificate("ResponseSigning", "soon"),
        certificate("RequestSigning", "2026-07-01T02:00:00+0200"),
    )
    required, done = "connection.saml_certificate_renewal_required", "connection.saml_certificate_renewed"
    events = f"""
        | at          | event                | connection | org | properties   |
        | 03-01 09:00 | connection.activated | c1         | a   |              |
        | 03-02 09:00 | {required}           | c1         | a   | {signing}    |
        | 03-02 09:00 | {required}           | c1         | a   | {soon}       |
        | 03-01 09:00 | connection.activated | c2         | a   |              |
        | 03-02 09:00 | {required}           | c2         | a   | {signing}    |
        | 03-03 09:00 | {done}               | c2         | a   | {renewed}    |
        | 03-02 09:00 | {required}           | c2         | a   | {mended}     |
        | 03-01 09:00 | connection.activated | c3         | a   |              |
        | 03-02 09:00 | {required}           | c3         | a   | {signing}    |
        | 03-03 09:00 | {done}               | c3         | a   | {unreadable} |
        """
    with walked(events) as warehouse:
        assert_answer(
            warehouse,
            "select connection_id, certificate_expires_at from rpt_connections order by all",
            """
            | connection_id | certificate_expires_at |
            | c1            | 04-02 10:00            |
            | c2            | 06-01 00:00            |
            | c3            | -                      |
            """,
        )


def test_last_sign_in_is_the_latest_that_succeeded() -> None:
    """Failed ones and those of a sandbox are none; of a directory the latest change to a user or group counts."""
    with walked("""
        | at          | event                        | connection  | environment |
        | 03-01 09:00 | connection.activated         | conn_1      |             |
        | 03-02 09:00 | authentication.sso_succeeded | conn_1      |             |
        | 03-03 09:00 | authentication.sso_failed    | conn_1      |             |
        | 03-04 09:00 | authentication.sso_succeeded | conn_1      | sandbox     |
        | 03-01 09:00 | connection.activated         | conn_2      |             |
        | 03-01 09:00 | dsync.activated              | directory_1 |             |
        | 03-05 09:00 | dsync.user.created           | directory_1 |             |
        | 03-06 09:00 | dsync.group.user_added       | directory_1 |             |
        | 03-07 09:00 | dsync.token.created          | directory_1 |             |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select connection_id, kind, last_sign_in_at from rpt_connections order by all",
            """
            | connection_id | kind       | last_sign_in_at |
            | conn_1        | connection | 03-02 09:00     |
            | conn_2        | connection | -               |
            | directory_1   | directory  | 03-06 09:00     |
            """,
        )


def test_connection_older_than_the_events_is_listed_by_its_use() -> None:
    """Whose it is and what kind it is are known from its sign-ins, users or certificate; a draft is not listed."""
    with walked("""
        | at          | event                                    | connection  | org  | properties       |
        | 03-01 09:00 | organization.updated                     |             | acme | {"name": "Acme"} |
        | 03-02 09:00 | authentication.sso_succeeded             | conn_1      | acme |                  |
        | 03-03 09:00 | dsync.user.updated                       | directory_1 | acme |                  |
        | 03-04 09:00 | connection.saml_certificate_renewed      | conn_2      | beta |                  |
        | 03-05 09:00 | admin_portal.connection_tested           | conn_3      | acme |                  |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select connection_id, organization_id, organization_name, kind, state, last_sign_in_at "
            "from rpt_connections order by all",
            """
            | connection_id | organization_id | organization_name | kind       | state | last_sign_in_at |
            | conn_1        | acme            | Acme              | connection | -     | 03-02 09:00     |
            | conn_2        | beta            | -                 | connection | -     | -               |
            | directory_1   | acme            | Acme              | directory  | -     | 03-03 09:00     |
            """,
        )
        assert warehouse.count("fct_connections") == 0


STAYED = """
    | at             | event                  | connection  | org |
    | 02-20 09:00    | connection.activated   | stays       | a   |
    | 02-20 09:00    | connection.activated   | falls       | a   |
    | 02-27 09:00    | connection.deactivated | falls       | a   |
    | 02-20 09:00    | connection.activated   | falls_later | a   |
    | 02-27 09:00:01 | connection.deleted     | falls_later | a   |
    | 02-20 09:00    | connection.activated   | comes_back  | a   |
    | 02-21 09:00    | connection.deactivated | comes_back  | a   |
    | 02-27 09:00    | connection.activated   | comes_back  | a   |
    | 03-17 00:00    | connection.activated   | week_old    | b   |
    | 03-17 00:01    | connection.activated   | younger     | b   |
    | 03-01 00:00    | dsync.activated        | directory_1 | b   |
    | 03-02 00:00    | dsync.deleted          | directory_1 | b   |
    """


def test_connection_is_still_active_by_its_state_after_exactly_that_long() -> None:
    """What happened at that very instant counts; before it nothing is known yet."""
    with walked(STAYED, as_of="03-24 00:00") as warehouse:
        assert_answer(
            warehouse,
            "select connection_id, is_active_after_7_days, is_active_after_30_days from rpt_connections order by all",
            """
            | connection_id | is_active_after_7_days | is_active_after_30_days |
            | comes_back    | yes                    | yes                     |
            | directory_1   | no                     | -                       |
            | falls         | no                     | no                      |
            | falls_later   | yes                    | no                      |
            | stays         | yes                    | yes                     |
            | week_old      | yes                    | -                       |
            | younger       | -                      | -                       |
            """,
        )


def test_still_active_rate_is_of_activations_that_old() -> None:
    """Of 5 connections of a week 4 were active after it, of 4 of a month 2."""
    with walked(STAYED, as_of="03-24 00:00") as warehouse:
        assert_answer(
            warehouse,
            "select kind, days, activated_count as n, still_active_count as still, lost_activation_count as lost, "
            "still_active_rate as rate, still_active_lower as lower, still_active_upper as upper "
            "from rpt_still_active order by all",
            """
            | kind       | days | n | still | lost | rate | lower  | upper  |
            | connection | 7    | 5 | 4     | 1    | 0.8  | 0.3755 | 0.9638 |
            | connection | 30   | 4 | 2     | 2    | 0.5  | 0.15   | 0.85   |
            | directory  | 7    | 1 | 0     | 1    | 0    | 0      | 0.7935 |
            | directory  | 30   | 0 | 0     | 0    | -    | -      | -      |
            """,
        )


@pytest.mark.parametrize("active", [0, 1, 6, 11, 12])
def test_interval_in_sql_is_that_of_python(active: int) -> None:
    """The formula stands in both languages and gives the same; at no and at all successes exactly 0 and 1."""
    rows = "".join(
        f'| 02-01 09:00 | connection.activated | c{number} | {{"state": "{state}"}} |\n'
        for number, state in enumerate(["active"] * active + ["validating"] * (12 - active))
    )
    with walked("| at | event | connection | properties |\n" + rows) as warehouse:
        found = warehouse.query("from rpt_still_active where kind = 'connection' and days = 30").row(0, named=True)
    lower, upper = wilson_bounds(pl.lit(active), pl.lit(12))
    expected = pl.select(lower=lower, upper=upper).row(0)
    assert (found["still_active_lower"], found["still_active_upper"]) == pytest.approx(expected, abs=1e-12)
    assert (found["still_active_lower"] == 0, found["still_active_upper"] == 1) == (active == 0, active == 12)


@pytest.mark.parametrize("ids", [("a", "b"), ("b", "a")])
def test_connection_taken_down_in_the_instant_of_its_activation_is_down(ids: tuple[str, str]) -> None:
    """At one instant a deletion comes after the activation, whatever the ids of the two are."""
    with walked(f"""
        | id       | at          | event                       | connection |
        | l        | 03-01 09:00 | admin_portal.link_generated |            |
        | {ids[0]} | 03-01 10:00 | connection.activated        | c1         |
        | {ids[1]} | 03-01 10:00 | connection.deleted          | c1         |
        """) as warehouse:
        found = warehouse.query("select state, is_active_after_7_days from fct_connections")
    assert found.rows() == [("deleted", False)]
