"""Rare meetings of rules that random streams brought up, each told as a story of its own."""

from __future__ import annotations

import pytest

from tests.spec.walks import SET_UP, assert_entries, findings, walked

EXCLUSION = """
[[exclusions]]
events = ["{event}"]
from = "{first}"
to = "{second}"
effect = "{effect}"
"""


def test_report_without_an_organization_hides_no_conversion() -> None:
    """What nobody can attribute makes no connection live: the attributed report of the same connection converts."""
    assert_entries(
        """
        | at             | event                       | connection | org  | source   |
        | 03-01 09:00    | admin_portal.link_generated |            | acme | portal   |
        | 03-01 10:00    | connection.activated        | conn_1     |      | webhooks |
        | 03-01 10:00:02 | admin_portal.sso_configured | conn_1     | acme | portal   |
        """,
        """
        | outcome   | converted      |
        | activated | 03-01 10:00:02 |
        """,
    )


def test_deletion_in_the_instant_of_the_next_link_ends_the_next_attempt_only() -> None:
    """The link comes first, so the attempt before it was watched until that link."""
    assert_entries(
        """
        | at          | event                       |
        | 03-01 09:00 | admin_portal.link_generated |
        | 03-20 09:00 | organization.deleted        |
        | 03-20 09:00 | admin_portal.link_generated |
        """,
        """
        | # | outcome | observed_outcome |
        | 1 | lost    | censored         |
        | 2 | ended   | ended            |
        """,
    )


def test_unnamed_repeat_fills_no_later_step() -> None:
    """The application's own report of a known activation is no event of a step after the conversion either."""
    confirmed = SET_UP.replace('["authentication.sso_succeeded"]', '["admin_portal.sso_configured"]')
    assert_entries(
        """
        | at             | event                       | connection |
        | 03-01 09:00    | admin_portal.link_generated |            |
        | 03-01 10:00    | connection.activated        | conn_1     |
        | 03-01 10:00:02 | admin_portal.sso_configured |            |
        """,
        """
        | outcome   | steps |
        | activated | 1 4   |
        """,
        funnel=confirmed,
    )


@pytest.mark.parametrize("first", ["link", "activated"])
@pytest.mark.parametrize(("effect", "steps", "excluded"), [("drop_off", "1 4", "no"), ("remove", "1 4 5", "yes")])
def test_exclusion_after_the_conversion_leaves_the_conversion(
    first: str, effect: str, steps: str, excluded: str
) -> None:
    """An exclusion up to a later step holds after the activation too; what was activated before stays activated."""
    assert_entries(
        """
        | at          | event                         | connection |
        | 03-01 09:00 | admin_portal.link_generated   |            |
        | 03-01 10:00 | connection.activated          | conn_1     |
        | 03-01 11:00 | support.setup_assisted        |            |
        | 03-01 12:00 | authentication.sso_succeeded  | conn_1     |
        """,
        f"""
        | outcome   | converted   | steps   | is_excluded | observed_outcome |
        | activated | 03-01 10:00 | {steps} | {excluded}  | activated        |
        """,
        funnel=SET_UP + EXCLUSION.format(event="support.setup_assisted", first=first, second="sign_in", effect=effect),
    )


def test_event_that_excludes_itself_fills_nothing_that_stays() -> None:
    """An event may be both a step and its exclusion: dropped off at that event, the step is not kept."""
    opening = {"event": "admin_portal.link_opened", "first": "link", "second": "activated", "effect": "drop_off"}
    assert_entries(
        """
        | at          | event                        |
        | 03-01 09:00 | admin_portal.link_generated  |
        | 03-01 10:00 | admin_portal.link_opened     |
        """,
        """
        | outcome | steps | deepest |
        | lost    | 1     | 1       |
        """,
        funnel=SET_UP + EXCLUSION.format(**opening),
    )


def test_activation_after_one_at_the_windows_end_is_not_late() -> None:
    """An attempt that converted in its window's last instant has had its activation."""
    events = """
        | at          | event                       | connection |
        | 03-01 09:00 | admin_portal.link_generated |            |
        | 03-15 09:00 | connection.activated        | conn_1     |
        | 03-16 09:00 | connection.activated        | conn_2     |
        """
    with walked(events) as warehouse:
        assert findings(warehouse) == {"out_of_band": 1}


@pytest.mark.parametrize(("link", "inversions"), [("10:00:05", 0), ("10:00:05.000001", 1)])
def test_second_connection_before_a_link_is_an_inversion_beyond_the_tolerance(link: str, inversions: int) -> None:
    """Where another link stands before, the tolerance moves nothing; five seconds are still no inversion."""
    events = f"""
        | at           | event                       | connection |
        | 03-01 09:00  | admin_portal.link_generated |            |
        | 03-01 09:30  | connection.activated        | conn_1     |
        | 03-01 10:00  | connection.activated        | conn_2     |
        | 03-01 {link} | admin_portal.link_generated |            |
        """
    with walked(events) as warehouse:
        assert findings(warehouse).get("clock_inversion", 0) == inversions


def test_intents_of_an_organization_are_those_of_all_its_events() -> None:
    """In a funnel of any intent an event without one serves each intent that its organization is known for."""
    anything = SET_UP.replace('intents = ["sso"]\n', "").replace('"admin_portal.link_generated"', '"invited"')
    assert_entries(
        """
        | at          | event                       | intent |
        | 03-01 09:00 | invited                     |        |
        | 03-02 09:00 | admin_portal.link_generated | dsync  |
        | 03-03 09:00 | sso.activated               |        |
        """,
        """
        | intent | outcome   |
        | dsync  | lost      |
        | sso    | activated |
        """,
        funnel=anything,
    )
