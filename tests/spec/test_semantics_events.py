"""What an event is taken for: its name, its intent, its organization, whether it counts. Readings 3 and 6 to 10, 33."""

from __future__ import annotations

import polars as pl
import pytest

from tests.spec.answers import assert_answer
from tests.spec.tables import parse_table
from tests.spec.walks import events_frame, findings, walked


def without(column: str, text: str) -> pl.DataFrame:
    """Events of a table in which the word `none` in a column stands for nothing."""
    return events_frame(parse_table(text)).with_columns(pl.col(column).replace("none", None))


def test_event_without_a_stated_intent_has_that_of_its_name() -> None:
    """What is about a connection, a directory, a certificate or a key says so by its name; all else has no intent."""
    expected = """
        | event_type                                   | intent              |
        |----------------------------------------------|---------------------|
        | admin_portal.audit_logs_configured           | audit_logs          |
        | admin_portal.domain_verified                 | -                   |
        | admin_portal.dsync_configured                | dsync               |
        | admin_portal.link_generated                  | -                   |
        | admin_portal.sso_configured                  | sso                 |
        | authentication.sso_failed                    | sso                 |
        | connection.activated                         | sso                 |
        | connection.deleted                           | sso                 |
        | connection.saml_certificate_renewal_required | certificate_renewal |
        | connection.saml_certificate_renewed          | certificate_renewal |
        | dsync.group.user_added                       | dsync               |
        | organization.deleted                         | -                   |
        | organization_domain.verified                 | -                   |
        | sso.activated                                | sso                 |
        | sso_recommendation.dismissed                 | sso                 |
        | support.setup_assisted                       | -                   |
        | vault.byok_key.verification_completed        | bring_your_own_key  |
        """
    rows = [f"| 03-01 09:00 | {row['event_type']} | none |" for row in parse_table(expected)]
    with walked(without("intent", "\n".join(["| at | event | intent |", *rows]))) as warehouse:
        assert_answer(warehouse, "select event_type, intent from events order by all", expected)


def test_stated_intent_comes_before_that_of_the_name() -> None:
    """An audit log report whose metadata say log_streams is one of log streams."""
    events = "| at | event | intent |\n| 03-01 09:00 | admin_portal.audit_logs_configured | log_streams |"
    with walked(events) as warehouse:
        assert warehouse.query("select intent from events").item() == "log_streams"


def test_intent_has_one_spelling() -> None:
    """All spellings of a known intent are one; an unknown one keeps its own name."""
    spellings = """
        | spelling            | intent              |
        |---------------------|---------------------|
        | SSO                 | sso                 |
        | SingleSignOn        | sso                 |
        | directory_sync      | dsync               |
        | DirectorySync       | dsync               |
        | DSync               | dsync               |
        | Audit Logs          | audit_logs          |
        | logStreams          | log_streams         |
        | domain-verification | domain_verification |
        | CertificateRenewal  | certificate_renewal |
        | BringYourOwnKey     | bring_your_own_key  |
        | byok                | bring_your_own_key  |
        | passkeys            | passkeys            |
        | PassKeys            | PassKeys            |
        """
    expected = {row["spelling"]: row["intent"] for row in parse_table(spellings)}
    rows = [f"| {word} | 03-01 09:00 | support.call | {word} |" for word in expected]
    with walked("\n".join(["| id | at | event | intent |", *rows])) as warehouse:
        assert dict(warehouse.query("select event_id, intent from events").rows()) == expected


def test_unknown_intent_is_reported_for_each_event_that_carries_it() -> None:
    """Three events of an intent nobody knows are three findings and no entry; their link is kept under that name."""
    with walked("""
        | at          | event                       | intent   | link |
        | 03-01 09:00 | admin_portal.link_generated | passkeys | a    |
        | 03-01 10:00 | admin_portal.link_opened    | passkeys | a    |
        | 03-01 11:00 | admin_portal.link_opened    | PassKeys | a    |
        """) as warehouse:
        assert findings(warehouse) == {"unknown_intent": 3}
        assert warehouse.count("fct_entries") == 0
        assert_answer(warehouse, "select link_id, intent from fct_links", "| link_id | intent |\n| a | passkeys |")


def test_event_has_its_usual_name() -> None:
    """Three names are given their usual form; the name as it was sent stays in the properties."""
    with walked("""
        | id | at          | event                | properties                              |
        | a  | 03-01 09:00 | connection.deactived | {}                                      |
        | b  | 03-01 09:00 | notification.created | {"type":"sso_recommendation"}           |
        | c  | 03-01 09:00 | notification.created | {"type":"other"}                        |
        | d  | 03-01 09:00 | email.sent           | {"template":"admin-portal-invitation"}  |
        | e  | 03-01 09:00 | email.sent           | {"template":"admin_portal_invitation"}  |
        | f  | 03-01 09:00 | email.sent           | {"template":"welcome"}                  |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select event_id as id, event_type, properties ->> '$.event_type_sent' as as_sent from events order by id",
            """
            | id | event_type                   | as_sent              |
            | a  | connection.deactivated       | connection.deactived |
            | b  | sso_recommendation.shown     | notification.created |
            | c  | notification.created         | -                    |
            | d  | admin_portal.invitation_sent | email.sent           |
            | e  | admin_portal.invitation_sent | email.sent           |
            | f  | email.sent                   | -                    |
            """,
        )


def test_sign_in_belongs_to_the_organization_of_its_connection() -> None:
    """It names only its connection; where no counted event says whose that is, it stays unattributed."""
    events = """
        | id   | at          | event                        | org  | connection | environment |
        | live | 03-01 09:00 | connection.activated         | acme | one        |             |
        | test | 03-01 09:00 | connection.activated         | acme | two        | sandbox     |
        | a    | 03-01 10:00 | authentication.sso_succeeded |      | one        |             |
        | b    | 02-28 10:00 | authentication.sso_failed    |      | one        |             |
        | c    | 03-01 10:00 | authentication.sso_succeeded |      | two        |             |
        | d    | 03-01 10:00 | connection.deleted           |      | one        |             |
        | e    | 03-01 10:00 | authentication.sso_succeeded |      |            |             |
        """
    with walked(events) as warehouse:
        assert_answer(
            warehouse,
            "select event_id, organization_id as org from events where length(event_id) = 1 order by all",
            """
            | event_id | org  |
            | a        | acme |
            | b        | acme |
            | c        | -    |
            | d        | -    |
            | e        | -    |
            """,
        )
        assert findings(warehouse)["unattributed"] == len(["c", "d", "e"])


def test_only_production_counts() -> None:
    """An event of another environment is in `events` and makes no entry; one that states none counts."""
    rows = [f"| 03-01 09:00 | admin_portal.link_generated | org_{number} |" for number in range(6)]
    stated = pl.Series("environment", [None, "production", " Production ", "sandbox", "staging", ""])
    frame = events_frame(parse_table("\n".join(["| at | event | org |", *rows]))).with_columns(stated)
    with walked(frame) as warehouse:
        assert warehouse.count("events") == len(rows)
        counted = warehouse.query("select entity_id from fct_entries order by all")["entity_id"].to_list()
    assert counted == ["org_0", "org_1", "org_2", "org_5"]


def test_late_arriving_is_received_more_than_a_day_after_it_happened() -> None:
    """A day to the microsecond is in time; what does not say when it was received is not late."""
    with walked("""
        | id | at          | event                      | received           |
        | a  | 03-01 09:00 | admin_portal.link_opened   | 03-02 09:00        |
        | b  | 03-01 09:00 | admin_portal.link_opened   | 03-02 09:00:00.000001 |
        | c  | 03-01 09:00 | admin_portal.link_opened   |                    |
        """) as warehouse:
        answer = warehouse.query("select count, example from quality_findings where finding = 'late_arriving'")
    assert answer.row(0) == (1, "b")


def test_event_after_the_as_of_time_is_future_dated_beyond_the_tolerance() -> None:
    """At the as-of time it counts; up to five seconds later it is no finding yet; it is no part of the watermark."""
    with walked(
        """
        | id | at                    | event                       | org |
        | a  | 03-31 00:00           | admin_portal.link_generated | a   |
        | b  | 03-31 00:00:00.000001 | admin_portal.link_generated | b   |
        | c  | 03-31 00:00:05        | admin_portal.access_denied  | c   |
        | d  | 03-31 00:00:05.000001 | admin_portal.link_generated |     |
        """,
        as_of="03-31 00:00",
    ) as warehouse:
        assert findings(warehouse) == {"future_dated": 1}
        assert (warehouse.count("events"), warehouse.count("fct_entries")) == (4, 1)
        assert_answer(warehouse, "select watermark from rpt_report", "| watermark |\n| 03-31 00:00 |")


def test_watermark_is_the_newest_event_that_counts() -> None:
    """Neither a sandbox event nor one after the as-of time says how far the data go."""
    with walked("""
        | at          | event                       | environment |
        | 03-01 09:00 | admin_portal.link_generated |             |
        | 03-09 09:00 | admin_portal.link_opened    | sandbox     |
        | 04-09 09:00 | admin_portal.link_opened    |             |
        """) as warehouse:
        assert_answer(warehouse, "select watermark from rpt_report", "| watermark |\n| 03-01 09:00 |")


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ("03-05 00:00", "03-04 00:00", "03-02 09:00"),
        ("", "03-04 00:00", "03-02 09:00"),
        ("03-04 00:00", "", "03-01 09:00"),
        ("", "", "03-01 09:00"),
        ("03-04 00:00", "03-04 00:00", "03-01 09:00"),
    ],
)
def test_body_received_first_is_the_event(first: str, second: str, kept: str) -> None:
    """Of two bodies under one id; where that is not known, the earlier event time. Both ways round, one conflict."""
    rows = [
        f"| x | 03-01 09:00 | admin_portal.link_generated | {first} |",
        f"| x | 03-02 09:00 | admin_portal.link_generated | {second} |",
    ]
    for lines in (rows, rows[::-1]):
        with walked("| id | at | event | received |\n" + "\n".join(lines)) as warehouse:
            assert_answer(warehouse, "select timestamp from events", f"| timestamp |\n| {kept} |")
            assert findings(warehouse)["conflicting_duplicate"] == 1


def test_smaller_text_is_the_event_where_times_are_equal() -> None:
    """Two bodies of one time that nobody knows when they were received: data decide, not the order of lines."""
    rows = [
        '| x | 03-01 09:00 | admin_portal.link_generated | {"plan":"b"} |',
        '| x | 03-01 09:00 | admin_portal.link_generated | {"plan":"a"} |',
    ]
    for lines in (rows, rows[::-1]):
        with walked("| id | at | event | properties |\n" + "\n".join(lines)) as warehouse:
            assert warehouse.query("select properties ->> '$.plan' from events").item() == "a"


def test_founding_metrics_count_the_sandbox_too() -> None:
    """The founding document's five are over all events as they stand, up to as-of; nothing else counts the sandbox."""
    with walked("""
        | at                    | event                       | org | environment |
        | 03-30 09:00           | admin_portal.link_generated | a   | sandbox     |
        | 03-30 10:00           | admin_portal.sso_configured | a   | sandbox     |
        | 03-31 00:00           | admin_portal.link_generated | b   |             |
        | 03-31 00:00:00.000001 | admin_portal.link_generated | c   |             |
        | 03-01 00:00           | admin_portal.link_generated | d   |             |
        | 02-28 23:59:59.999999 | admin_portal.link_generated | e   |             |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select portals_opened, sso_completed, completion_rate, avg_completion_us from rpt_seed_metrics",
            """
            | portals_opened | sso_completed | completion_rate | avg_completion_us |
            | 3              | 1             | 33.33           | 3600000000        |
            """,
        )
        assert warehouse.count("fct_entries") == len(["b", "d", "e"])
