"""What opens an attempt, what closes it, and what becomes of every activation."""

from __future__ import annotations

import pytest

from tests.spec.walks import assert_entries, findings, walked

LINK, TEST, LIVE = "admin_portal.link_generated", "admin_portal.connection_tested", "connection.activated"


def test_link_inside_an_open_attempt_is_a_re_issue() -> None:
    """A second link while the attempt is open is no second entrant, and the clock keeps the first link."""
    assert_entries(
        """
        | at          | event                        |
        | 03-01 09:00 | admin_portal.link_generated  |
        | 03-03 09:00 | admin_portal.link_generated  |
        | 03-03 10:00 | connection.activated         |
        """,
        """
        | # | outcome   | entered     | converted   | steps | deepest |
        | 1 | activated | 03-01 09:00 | 03-03 10:00 | 1 4   | 4       |
        """,
    )


def test_link_after_the_activation_opens_the_next_attempt() -> None:
    """An activation closes the attempt, so the next link is an entrant."""
    assert_entries(
        """
        | at          | event                        | connection |
        | 03-01 09:00 | admin_portal.link_generated  |            |
        | 03-01 10:00 | connection.activated         | conn_1     |
        | 03-01 11:00 | admin_portal.link_generated  |            |
        """,
        """
        | # | outcome   | entered     | opened_by                                                     |
        | 1 | activated | 03-01 09:00 | admin_portal.link_generated: the first                        |
        | 2 | lost      | 03-01 11:00 | admin_portal.link_generated: the first after an activation    |
        """,
    )


def test_window_is_inclusive_to_the_microsecond() -> None:
    """An activation exactly at the window's end converts; a microsecond later it does not."""
    assert_entries(
        """
        | at                   | event                       | org |
        | 03-01 09:00:00.5     | admin_portal.link_generated | in  |
        | 03-15 09:00:00.5     | connection.activated        | in  |
        | 03-01 09:00:00.5     | admin_portal.link_generated | out |
        | 03-15 09:00:00.500001 | connection.activated       | out |
        """,
        """
        | org | outcome   | converted        | ended_by                       |
        | in  | activated | 03-15 09:00:00.5 | connection.activated           |
        | out | lost      | -                | end of the window (14 days)    |
        """,
    )


def test_attempts_chain_through_links_that_come_more_often_than_windows_end() -> None:
    """Of daily links the first after each window opens the next attempt, however long the chain."""
    days = "\n".join(f"| 03-{day:02} 09:00 | {LINK} |" for day in range(1, 31))
    assert_entries(
        f"| at | event |\n{days}",
        """
        | # | entered     | outcome |
        | 1 | 03-01 09:00 | lost    |
        | 2 | 03-16 09:00 | lost    |
        """,
        as_of="03-30 12:00",
    )


def test_deletion_of_the_organization_ends_the_attempt() -> None:
    """A competing end closes an open attempt with outcome ended."""
    assert_entries(
        """
        | at          | event                       |
        | 03-01 09:00 | admin_portal.link_generated |
        | 03-02 09:00 | organization.deleted        |
        | 03-03 09:00 | connection.activated        |
        """,
        """
        | # | outcome | ended_by             | observed_outcome |
        | 1 | ended   | organization.deleted | ended            |
        """,
    )


@pytest.mark.parametrize(
    ("as_of", "outcome", "matured"), [("03-15 08:59", "open", "no"), ("03-15 09:00", "lost", "yes")]
)
def test_attempt_matures_when_its_window_has_closed(as_of: str, outcome: str, matured: str) -> None:
    """An attempt without activation is open until its window has closed, then lost."""
    assert_entries(
        """
        | at          | event                       |
        | 03-01 09:00 | admin_portal.link_generated |
        """,
        f"""
        | outcome   | is_matured |
        | {outcome} | {matured}  |
        """,
        as_of=as_of,
    )


def test_events_after_the_as_of_time_count_for_nothing() -> None:
    """What happened after the as-of time is stored and changes no entry."""
    assert_entries(
        """
        | at                 | event                       |
        | 03-30 09:00        | admin_portal.link_generated |
        | 03-31 00:00        | admin_portal.link_opened    |
        | 03-31 00:00:00.000001 | connection.activated     |
        """,
        """
        | outcome | steps |
        | open    | 1 2   |
        """,
    )


def test_reports_of_one_activation_are_one_activation() -> None:
    """The webhook and the application's two reports of it convert once, at the earliest time; none is out of band."""
    events = """
        | at             | event                       | connection |
        | 03-01 09:00    | admin_portal.link_generated |            |
        | 03-01 10:00    | connection.activated        | conn_1     |
        | 03-01 10:00:01 | sso.activated               | conn_1     |
        | 03-01 10:00:02 | admin_portal.sso_configured |            |
        """
    assert_entries(
        events,
        """
        | # | outcome   | converted   |
        | 1 | activated | 03-01 10:00 |
        """,
    )
    with walked(events) as warehouse:
        assert findings(warehouse) == {}


def test_unnamed_report_just_before_the_named_one_is_the_same_activation() -> None:
    """Two handlers write in either order: within the clock tolerance the report without a name takes the next one's."""
    events = """
        | at             | event                       | connection |
        | 03-01 09:00    | admin_portal.link_generated |            |
        | 03-01 10:00    | admin_portal.sso_configured |            |
        | 03-01 10:00:01 | connection.activated        | conn_1     |
        """
    assert_entries(events, "| # | outcome   | converted   |\n| 1 | activated | 03-01 10:00 |")
    with walked(events) as warehouse:
        assert findings(warehouse) == {}


def test_activation_without_a_link_is_out_of_band() -> None:
    """An activation that no attempt explains has its own count and makes no entry."""
    events = """
        | at             | event                       | connection |
        | 03-01 10:00    | connection.activated        | conn_1     |
        | 03-01 10:00:01 | admin_portal.sso_configured |            |
        """
    with walked(events) as warehouse:
        assert warehouse.count("fct_entries") == 0
        assert findings(warehouse) == {"out_of_band": 1}


def test_activation_after_the_window_is_late_and_counted_once() -> None:
    """The first activation after a lost attempt's window is late, converts nothing, and counts in the curve."""
    events = """
        | at          | event                       | connection |
        | 03-01 09:00 | admin_portal.link_generated |            |
        | 03-16 09:00 | connection.activated        | conn_1     |
        | 03-17 09:00 | connection.activated        | conn_2     |
        """
    assert_entries(
        events,
        f"""
        | outcome | converted | observed_outcome | observed_us |
        | lost    | -         | activated        | {15 * 86_400_000_000} |
        """,
    )
    with walked(events) as warehouse:
        assert findings(warehouse) == {"late_activation": 1, "out_of_band": 1}


def test_activation_after_a_deactivation_is_a_re_activation() -> None:
    """Once something was deactivated and nothing is live, an activation without a link is a re-activation."""
    events = """
        | at          | event                       | connection |
        | 03-01 09:00 | admin_portal.link_generated |            |
        | 03-01 10:00 | connection.activated        | conn_1     |
        | 03-02 10:00 | connection.deactivated      | conn_1     |
        | 03-03 10:00 | connection.activated        | conn_1     |
        """
    with walked(events) as warehouse:
        assert findings(warehouse) == {"re_activation": 1}


def test_conversion_after_a_deactivation_is_both() -> None:
    """With a new link the activation after a deletion converts the second attempt, and is a re-activation too."""
    events = """
        | at          | event                       | connection |
        | 03-01 09:00 | admin_portal.link_generated |            |
        | 03-01 10:00 | connection.activated        | conn_1     |
        | 03-02 10:00 | connection.deleted          | conn_1     |
        | 03-03 09:00 | admin_portal.link_generated |            |
        | 03-03 10:00 | connection.activated        | conn_2     |
        """
    assert_entries(
        events,
        """
        | # | outcome   | converted   |
        | 1 | activated | 03-01 10:00 |
        | 2 | activated | 03-03 10:00 |
        """,
    )
    with walked(events) as warehouse:
        assert findings(warehouse) == {"re_activation": 1}


def test_second_connection_of_a_live_organization_is_out_of_band() -> None:
    """Another connection, made while one is live and no attempt is open, was made by staff."""
    events = """
        | at          | event                       | connection |
        | 03-01 09:00 | admin_portal.link_generated |            |
        | 03-01 10:00 | connection.activated        | conn_1     |
        | 03-08 10:00 | connection.activated        | conn_2     |
        """
    with walked(events) as warehouse:
        assert findings(warehouse) == {"out_of_band": 1}


@pytest.mark.parametrize(
    ("lead", "source", "outcome", "found"),
    [
        ("08:59:55", "webhooks", "activated", {}),
        ("08:59:54.999999", "webhooks", "lost", {"out_of_band": 1, "clock_inversion": 1}),
        ("08:00", "webhooks", "lost", {"out_of_band": 1, "clock_inversion": 1}),
        ("07:59:59.999999", "webhooks", "lost", {"out_of_band": 1}),
        ("08:59:55", "portal", "lost", {"out_of_band": 1}),
    ],
)
def test_activation_just_before_its_link(lead: str, source: str, outcome: str, found: dict[str, int]) -> None:
    """Two clocks may disagree by five seconds; up to an hour it is a finding; one clock never disagrees with itself."""
    events = f"""
        | at           | event                       | source   | connection |
        | 03-01 {lead} | connection.activated        | {source} | conn_1     |
        | 03-01 09:00  | admin_portal.link_generated | portal   |            |
        """
    converted = "03-01 09:00" if outcome == "activated" else "-"
    assert_entries(events, f"| outcome | entered | converted |\n| {outcome} | 03-01 09:00 | {converted} |")
    with walked(events) as warehouse:
        assert findings(warehouse) == found


def test_tolerance_needs_no_other_link_within_the_window() -> None:
    """With another link in the window before it, the activation belongs to that one, at its own time."""
    assert_entries(
        """
        | at             | event                       |
        | 02-28 09:00    | admin_portal.link_generated |
        | 03-01 08:59:58 | connection.activated        |
        | 03-01 09:00    | admin_portal.link_generated |
        """,
        """
        | # | outcome   | converted      |
        | 1 | activated | 03-01 08:59:58 |
        | 2 | lost      | -              |
        """,
    )


def test_events_of_one_instant_count_as_in_order() -> None:
    """Link, opening and activation of one microsecond convert with duration 0, whatever the order of the lines."""
    assert_entries(
        """
        | at          | event                       |
        | 03-01 09:00 | connection.activated        |
        | 03-01 09:00 | admin_portal.link_opened    |
        | 03-01 09:00 | admin_portal.link_generated |
        """,
        """
        | outcome   | steps | observed_us |
        | activated | 1 2 4 | 0           |
        """,
    )


def test_funnel_events_come_before_the_deletion_of_the_same_instant() -> None:
    """An activation in the instant of the deletion still converts."""
    assert_entries(
        """
        | at          | event                       |
        | 03-01 09:00 | admin_portal.link_generated |
        | 03-01 10:00 | organization.deleted        |
        | 03-01 10:00 | connection.activated        |
        """,
        """
        | outcome   |
        | activated |
        """,
    )


def test_sandbox_events_count_for_nothing() -> None:
    """Only production, or no stated environment, makes entries and findings."""
    with walked("""
        | at          | event                       | environment |
        | 03-01 09:00 | admin_portal.link_generated | sandbox     |
        | 03-01 10:00 | connection.activated        | Sandbox     |
        | 03-02 10:00 | admin_portal.access_denied  | sandbox     |
        """) as warehouse:
        assert warehouse.count("fct_entries") == 0
        assert warehouse.count("events") == 3
        assert findings(warehouse) == {}


def test_intents_have_attempts_of_their_own() -> None:
    """Of a funnel with two intents each makes its own attempts; an event without intent serves both."""
    funnel = """
        title = "Streams"
        question = "?"
        intents = ["audit_logs", "log_streams"]
        window = "14 days"
        steps = [
            { name = "link", label = "Link", events = ["admin_portal.link_generated"] },
            { name = "helped", label = "Helped", events = ["support.call"], optional = true },
            { name = "live", label = "Live", events = ["admin_portal.audit_logs_configured"] },
        ]
        """
    assert_entries(
        """
        | at          | event                              | intent      |
        | 03-01 09:00 | admin_portal.link_generated        | AuditLogs   |
        | 03-01 10:00 | admin_portal.link_generated        | log-streams |
        | 03-01 11:00 | support.call                       |             |
        | 03-01 12:00 | admin_portal.audit_logs_configured | log_streams |
        """,
        """
        | intent      | steps | outcome   |
        | audit_logs  | 1 2   | lost      |
        | log_streams | 1 2 3 | activated |
        """,
        funnel=funnel,
    )


def test_provider_of_an_entry_is_the_latest_named_up_to_its_end() -> None:
    """The provider chosen last counts; one named after the attempt's end does not."""
    assert_entries(
        """
        | at          | event                          | provider  | connection |
        | 03-01 09:00 | admin_portal.link_generated    |           |            |
        | 03-01 10:00 | admin_portal.provider_selected | ADFSSAML  |            |
        | 03-01 11:00 | admin_portal.provider_selected | OktaSAML  |            |
        | 03-01 12:00 | connection.activated           |           | conn_1     |
        | 03-01 13:00 | admin_portal.provider_selected | Generic   |            |
        """,
        """
        | provider |
        | OktaSAML |
        """,
    )
