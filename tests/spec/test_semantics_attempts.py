"""Attempts, exclusions and what is observed of them, to the microsecond. SEMANTICS 1 and 2; readings 12 to 23, 34."""

from __future__ import annotations

import pytest

from pipelines.events import key_of
from tests.spec.answers import assert_answer
from tests.spec.walks import SET_UP, assert_entries, findings, walked

DAY = 86_400_000_000
EXCLUSION = """
[[exclusions]]
events = ["{event}"]
from = "{first}"
to = "{second}"
effect = "{effect}"
"""


def test_time_is_observed_to_the_first_of_five_ends() -> None:
    """Activation, late activation, competing end, next attempt, as-of time; an exclusion stops the watching too."""
    exclusion = EXCLUSION.format(event="helped", first="link", second="activated", effect="drop_off")
    assert_entries(
        """
        | at          | event                       | org       | connection |
        | 03-01 00:00 | admin_portal.link_generated | activated |            |
        | 03-03 00:00 | connection.activated        | activated | a          |
        | 03-01 00:00 | admin_portal.link_generated | cut       |            |
        | 03-04 00:00 | helped                      | cut       |            |
        | 03-05 00:00 | connection.activated        | cut       | b          |
        | 03-01 00:00 | admin_portal.link_generated | ended     |            |
        | 03-06 00:00 | organization.deleted        | ended     |            |
        | 03-01 00:00 | admin_portal.link_generated | gone      |            |
        | 03-21 00:00 | organization.deleted        | gone      |            |
        | 03-22 00:00 | connection.activated        | gone      | c          |
        | 03-01 00:00 | admin_portal.link_generated | late      |            |
        | 03-19 00:00 | connection.activated        | late      | d          |
        | 03-01 00:00 | admin_portal.link_generated | next      |            |
        | 03-18 00:00 | admin_portal.link_generated | next      |            |
        | 03-19 00:00 | connection.activated        | next      | e          |
        | 03-01 00:00 | admin_portal.link_generated | silent    |            |
        """,
        f"""
        | org       | # | outcome   | observed_outcome | observed_us |
        | activated | 1 | activated | activated        | {2 * DAY}   |
        | cut       | 1 | lost      | censored         | {3 * DAY}   |
        | ended     | 1 | ended     | ended            | {5 * DAY}   |
        | gone      | 1 | lost      | ended            | {20 * DAY}  |
        | late      | 1 | lost      | activated        | {18 * DAY}  |
        | next      | 1 | lost      | censored         | {17 * DAY}  |
        | next      | 2 | activated | activated        | {DAY}       |
        | silent    | 1 | lost      | censored         | {30 * DAY}  |
        """,
        funnel=SET_UP + exclusion,
    )


@pytest.mark.parametrize(
    ("activated", "as_of", "outcome", "matured"),
    [
        ("03-02 00:00", "03-05 00:00", "activated", "no"),
        ("03-02 00:00", "03-15 00:00", "activated", "yes"),
        ("03-15 00:00", "03-15 00:00", "activated", "yes"),
        ("03-15 00:00.000001", "03-15 00:00.000001", "lost", "yes"),
        ("03-20 00:00", "03-14 23:59:59.999999", "open", "no"),
        ("03-20 00:00", "03-15 00:00", "lost", "yes"),
    ],
)
def test_maturity_asks_only_for_the_age(activated: str, as_of: str, outcome: str, matured: str) -> None:
    """As-of less entry at least the window: matured, whatever the outcome; both ends of the window count."""
    activated, as_of = (text.replace(" 00:00.", " 00:00:00.") for text in (activated, as_of))
    assert_entries(
        f"""
        | at          | event                       | connection |
        | 03-01 00:00 | admin_portal.link_generated |            |
        | {activated} | connection.activated        | one        |
        """,
        f"| outcome | is_matured |\n| {outcome} | {matured} |",
        as_of=as_of,
    )


@pytest.mark.parametrize(
    ("signed_in", "steps"), [("03-02 09:00", "1 4 5"), ("03-15 09:00", "1 4 5"), ("03-15 09:00:00.000001", "1 4")]
)
def test_step_after_the_activation_is_filled_until_the_window_ends(signed_in: str, steps: str) -> None:
    """The first sign-in counts up to the end of the entry's window, that moment included."""
    assert_entries(
        f"""
        | at          | event                        | connection |
        | 03-01 09:00 | admin_portal.link_generated  |            |
        | 03-01 10:00 | connection.activated         | one        |
        | {signed_in} | authentication.sso_succeeded | one        |
        """,
        f"| steps | outcome |\n| {steps} | activated |",
    )


def test_steps_of_one_instant_are_in_order_whatever_their_ids() -> None:
    """Equal times are ordered by step: of one microsecond all five steps are reached, under any names of events."""
    names = [
        "admin_portal.link_generated",
        "admin_portal.link_opened",
        "admin_portal.connection_tested",
        "connection.activated",
        "authentication.sso_succeeded",
    ]
    backwards = sorted((f"event {number}" for number in range(5)), key=key_of, reverse=True)
    for ids in (backwards, backwards[::-1]):
        rows = [
            f'| {event_id} | 03-01 09:00 | {name} | one | {{"result":"passed"}} |'
            for event_id, name in zip(ids, names, strict=True)
        ]
        events = "\n".join(["| id | at | event | connection | properties |", *rows])
        assert_entries(events, "| steps | outcome | observed_us |\n| 1 2 3 4 5 | activated | 0 |")


def test_report_of_a_connection_that_went_down_is_a_new_activation() -> None:
    """A connection ceases to be live when it is deactivated: the next report of it converts the open attempt."""
    assert_entries(
        """
        | at             | event                       | connection |
        | 03-01 09:00    | admin_portal.link_generated |            |
        | 03-01 10:00    | connection.activated        | one        |
        | 03-02 10:00    | sso.activated               | one        |
        | 03-03 09:00    | admin_portal.link_generated |            |
        | 03-03 10:00    | sso.activated               | one        |
        | 03-04 10:00    | connection.deactivated      | one        |
        | 03-05 10:00    | connection.activated        | one        |
        """,
        """
        | # | outcome   | converted   |
        | 1 | activated | 03-01 10:00 |
        | 2 | activated | 03-05 10:00 |
        """,
    )


def test_unnamed_report_while_one_is_live_converts_an_open_attempt() -> None:
    """It repeats what is known only where no attempt is open; with one it is that attempt's activation."""
    events = """
        | id | at          | event                       | connection |
        | a  | 03-01 09:00 | admin_portal.link_generated |            |
        | b  | 03-01 10:00 | connection.activated        | one        |
        | c  | 03-02 10:00 | admin_portal.sso_configured |            |
        | d  | 03-03 09:00 | admin_portal.link_generated |            |
        | e  | 03-03 10:00 | admin_portal.sso_configured |            |
        """
    with walked(events) as warehouse:
        assert_answer(
            warehouse,
            "select event_id, fate from fct_activations order by all",
            "| event_id | fate |\n| b | conversion |\n| c | repeat |\n| e | conversion |",
        )
        assert findings(warehouse) == {}


def test_lost_attempt_has_one_late_activation_and_its_steps_stay() -> None:
    """Of two activations after the window the first is late, converts nothing and fills no step; the next is not."""
    events = """
        | id | at          | event                        | connection |
        | a  | 03-01 09:00 | admin_portal.link_generated  |            |
        | b  | 03-02 09:00 | admin_portal.link_opened     |            |
        | c  | 03-20 09:00 | connection.activated         | one        |
        | d  | 03-20 10:00 | authentication.sso_succeeded | one        |
        | e  | 03-21 09:00 | connection.activated         | two        |
        """
    assert_entries(events, "| outcome | converted | steps |\n| lost | - | 1 2 |")
    with walked(events) as warehouse:
        assert_answer(
            warehouse,
            "select event_id, fate, entry_id from fct_activations order by all",
            """
            | event_id | fate            | entry_id             |
            | c        | late_activation | sso_setup/acme/sso/1 |
            | e        | out_of_band     | -                    |
            """,
        )


@pytest.mark.parametrize(
    ("excluded", "is_excluded"),
    [
        ("03-02 09:00", "no"),
        ("03-02 09:00:00.000001", "yes"),
        ("03-02 11:59:59.999999", "yes"),
        ("03-02 12:00", "no"),
    ],
)
def test_exclusion_lies_between_steps_that_were_reached_or_passed_over(excluded: str, is_excluded: str) -> None:
    """From an optional step that nobody recorded: it is passed over when a later one is reached, and counts from then.

    Tested (passes over Opened) on the 2nd at 09:00, activated at 12:00.
    """
    assert_entries(
        f"""
        | at          | event                          | connection | properties          |
        | 03-01 09:00 | admin_portal.link_generated    |            |                     |
        | 03-01 10:00 | helped                         |            |                     |
        | 03-02 09:00 | admin_portal.connection_tested |            | {{"result":"passed"}} |
        | {excluded}  | helped                         |            |                     |
        | 03-02 12:00 | connection.activated           | one        |                     |
        """,
        f"| outcome | is_excluded |\n| activated | {is_excluded} |",
        funnel=SET_UP + EXCLUSION.format(event="helped", first="opened", second="activated", effect="remove"),
    )


def test_funnel_is_opened_and_closed_by_its_own_events() -> None:
    """What opens an attempt is step 1 and what closes it the last required step, whatever they are, in its window."""
    renewal = """
        title = "Renewal"
        question = "?"
        intents = ["certificate_renewal"]
        window = "2 days"
        steps = [
            { name = "warned", label = "Warned", events = ["connection.saml_certificate_renewal_required"] },
            { name = "link", label = "Link", events = ["admin_portal.link_generated"], optional = true },
            { name = "renewed", label = "Renewed", events = ["connection.saml_certificate_renewed"] },
        ]
        """
    assert_entries(
        """
        | at          | event                                        | intent              |
        | 03-01 09:00 | admin_portal.link_generated                  | certificate_renewal |
        | 03-01 10:00 | connection.saml_certificate_renewal_required |                     |
        | 03-02 10:00 | connection.saml_certificate_renewal_required |                     |
        | 03-02 11:00 | admin_portal.link_generated                  | certificate_renewal |
        | 03-03 10:00 | connection.saml_certificate_renewed          |                     |
        | 03-04 10:00 | connection.saml_certificate_renewal_required |                     |
        """,
        """
        | # | entered     | outcome   | steps |
        | 1 | 03-01 10:00 | activated | 1 2 3 |
        | 2 | 03-04 10:00 | lost      | 1     |
        """,
        funnel=renewal,
    )
