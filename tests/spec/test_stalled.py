"""Who is stuck, who left, and what to do about it by the shipped advice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pipelines.catalog import load_catalog
from pipelines.references import reference_frames
from pipelines.settings import SHIPPED_REPORTS
from pipelines.warehouse import Warehouse
from tests.spec.answers import assert_answer
from tests.spec.walks import AS_OF, MODELS, SET_UP, at, walked, written

ONBOARDING = """
title = "Onboarding"
question = "?"
window = "14 days"
steps = [
    { name = "started", label = "Started", events = ["onboarding.started"] },
    { name = "done", label = "Done", events = ["onboarding.done"] },
]
"""


def test_wait_counts_from_the_last_event_of_the_attempt() -> None:
    """In a funnel that knows no intent too, what happened since the last step shortens the wait."""
    events = """
        | at          | event               |
        | 03-29 00:00 | onboarding.started  |
        | 03-29 20:00 | app.settings_opened |
        """
    with walked(events, ONBOARDING) as warehouse:
        last = warehouse.query("select last_event_at from rpt_stalled").item()
    assert written(last) == "03-29 20:00"


@contextmanager
def shipped(events: str) -> Iterator[Warehouse]:
    """Events through the funnels and the advice that the project ships."""
    with walked(events) as warehouse:
        for name, frame in reference_frames(load_catalog(SHIPPED_REPORTS), at(AS_OF)).items():
            warehouse.store_frame(name, frame)
        for model in MODELS:
            warehouse.build(model)
        yield warehouse


LINK, OPENED = "admin_portal.link_generated", "admin_portal.link_opened"
SHOWN, ACCEPTED = "sso_recommendation.shown", "sso_recommendation.accepted"
RENEWAL = "connection.saml_certificate_renewal_required"
INVITED, ADDED = "admin_portal.invitation_sent", "organization_domain.created"
NEW_LINK, ARRIVED = "Send a new link: the last one has expired", "Ask whether the link arrived"
PROVIDER, RECORD = "Ask which provider they use; send its guide", "Send the DNS record guide; offer a call"


@pytest.mark.parametrize(
    ("funnel", "intent", "events", "expires", "action"),
    [
        ("sso_setup", "sso", [LINK], "03-29 12:00", NEW_LINK),
        ("sso_setup", "sso", [LINK], "", ARRIVED),
        ("sso_setup", "sso", [LINK, OPENED], "", PROVIDER),
        ("sso_setup", "sso", [LINK, OPENED], "03-29 12:00", "Send a new link; ask which provider they use"),
        ("dsync_setup", "dsync", [LINK], "", ARRIVED),
        ("dsync_setup", "dsync", [LINK, OPENED], "", PROVIDER),
        ("audit_logs_setup", "audit_logs", [LINK], "", ARRIVED),
        ("audit_logs_setup", "log_streams", [LINK, OPENED], "", PROVIDER),
        ("invitation", "sso", [INVITED], "", "Ask whether the invitation arrived"),
        ("invitation", "sso", [INVITED, LINK], "03-29 12:00", "Send a new invitation: its link has expired"),
        ("invitation", "dsync", [INVITED, LINK, OPENED], "", PROVIDER),
        ("sso_recommendation", "", [SHOWN], "", "Ask whether they want single sign-on"),
        ("sso_recommendation", "", [SHOWN, ACCEPTED], "", "Send a link if they accepted; else let them be"),
        ("sso_recommendation", "sso", [SHOWN, ACCEPTED, LINK], "", ARRIVED),
        ("sso_recommendation", "sso", [SHOWN, LINK, OPENED], "", PROVIDER),
        ("certificate_renewal", "", [RENEWAL], "", "Send a link to renew the certificate"),
        ("certificate_renewal", "certificate_renewal", [RENEWAL, LINK], "", ARRIVED),
        ("certificate_renewal", "certificate_renewal", [RENEWAL, LINK, OPENED], "", "Help upload the new certificate"),
        ("domain_verification", "domain_verification", [LINK], "03-29 12:00", NEW_LINK),
        (
            "domain_verification",
            "domain_verification",
            [LINK, OPENED],
            "",
            "Ask which domain is theirs; send the DNS record guide",
        ),
        ("domain_verification", "domain_verification", [LINK, ADDED], "", RECORD),
    ],
)
def test_advice_fits_the_first_steps_of_each_funnel(
    funnel: str, intent: str, events: list[str], expires: str, action: str
) -> None:
    """Whoever is stuck early in a shipped funnel has one row there, with advice for the step reached."""
    rows = "".join(
        f"| 03-29 0{hour}:00 | {event} | {intent if event != ADDED else ''} | {expires if event == LINK else ''} |\n"
        for hour, event in enumerate(events)
    )
    with shipped("| at | event | intent | expires |\n" + rows) as warehouse:
        found = warehouse.query(f"select next_action from rpt_stalled where funnel_id = '{funnel}'")
    assert found["next_action"].to_list() == [action]


def test_attempt_idle_for_less_than_a_day_is_not_stuck() -> None:
    """Who did something in the last 24 hours is still at it."""
    events = "| at | event |\n| 03-30 00:00 | admin_portal.link_generated |\n"
    with walked(events) as warehouse:
        assert warehouse.count("rpt_stalled") == 1
    with walked(events + "| 03-30 00:01 | admin_portal.link_opened |\n") as warehouse:
        assert warehouse.count("rpt_stalled") == 0


def test_attempt_without_a_link_has_no_link_state() -> None:
    """An invitation whose link is not known is stalled all the same."""
    with shipped("""
        | at          | event                        |
        | 03-29 09:00 | admin_portal.invitation_sent |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select funnel_id, step_label, link_id, link_state, link_expires_at as expires, last_event_at, idle_us "
            "from rpt_stalled",
            """
            | funnel_id  | step_label      | link_id | link_state | expires | last_event_at | idle_us     |
            | invitation | Invitation sent | -       | -          | -       | 03-29 09:00   | 140400000000 |
            """,
        )


def test_opened_link_past_its_expiry_is_expired() -> None:
    """A link that was opened and has expired since leads nowhere: who is stuck needs another."""
    with walked("""
        | at          | event                       | link | expires     |
        | 03-28 09:00 | admin_portal.link_generated | a    | 03-28 10:00 |
        | 03-28 09:05 | admin_portal.link_opened    | a    |             |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select link_state, state from rpt_stalled join fct_links using (link_id)",
            """
            | link_state | state  |
            | expired    | opened |
            """,
        )


def test_stalled_link_is_the_latest_of_the_attempt() -> None:
    """A link generated before the attempt, or of an earlier one, says nothing about it."""
    with walked("""
        | at          | event                       | link | expires     |
        | 03-01 09:00 | admin_portal.link_generated | old  |             |
        | 03-28 09:00 | admin_portal.link_generated | a    | 03-29 09:00 |
        | 03-29 09:00 | admin_portal.link_generated | b    | 04-01 09:00 |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select link_id, link_state, link_expires_at from rpt_stalled",
            """
            | link_id | link_state | link_expires_at |
            | b       | live       | 04-01 09:00     |
            """,
        )


FAILED = '{"result": "failed", "error": {"code": "invalid_signature", "message": "Signature"}}'
LATER = '{"result": "failed", "error": {"code": "audience_mismatch", "message": "Audience"}}'


def test_drop_off_tells_the_last_event_and_error_up_to_its_end() -> None:
    """Of an attempt whose window closed, what came later says nothing; an activated or open one is no drop-off."""
    events = f"""
        | at          | event                          | org  | user | provider | properties |
        | 03-01 09:00 | admin_portal.link_generated    | lost | ann  |          |            |
        | 03-02 09:00 | admin_portal.link_opened       | lost |      | OktaSAML |            |
        | 03-15 09:00 | admin_portal.connection_tested | lost |      |          | {FAILED}   |
        | 03-15 10:00 | admin_portal.connection_tested | lost |      |          | {LATER}    |
        | 03-01 09:00 | admin_portal.link_generated    | gone |      |          |            |
        | 03-02 09:00 | organization.deleted           | gone |      |          |            |
        | 03-03 09:00 | admin_portal.connection_tested | gone |      |          | {FAILED}   |
        | 03-01 09:00 | admin_portal.link_generated    | done |      |          |            |
        | 03-02 09:00 | connection.activated           | done |      |          |            |
        | 03-29 09:00 | admin_portal.link_generated    | open |      |          |            |
        """
    with walked(events) as warehouse:
        assert_answer(
            warehouse,
            "select organization_id as org, outcome, entered_at, step_label, last_event_at, last_error_code as code, "
            "last_error_message as message, provider, started_by from rpt_drop_offs order by org desc",
            """
            | org  | outcome | entered_at  | step_label | last_event_at | code | message | provider | started_by |
            | lost | lost    | 03-01 09:00 | Opened     | 03-15 09:00 | invalid_signature | Signature | OktaSAML | ann |
            | gone | ended   | 03-01 09:00 | Link       | 03-01 09:00 | -    | -       | -        | -          |
            """,
        )
        ended = warehouse.query("select ended_by from rpt_drop_offs order by organization_id").to_series().to_list()
    assert ended == ["organization.deleted", "end of the window (14 days)"]


CUT = (
    SET_UP
    + """
[[exclusions]]
events = ["support.setup_assisted"]
from = "link"
to = "activated"
effect = "drop_off"
"""
)


def test_drop_off_by_an_exclusion_ends_there() -> None:
    """What an attempt did after the exclusion that cut it is not its last event, even where it went live later."""
    events = """
        | at          | event                       |
        | 03-01 09:00 | admin_portal.link_generated |
        | 03-02 09:00 | admin_portal.link_opened    |
        | 03-03 09:00 | support.setup_assisted      |
        | 03-04 09:00 | admin_portal.accessed       |
        | 03-05 09:00 | connection.activated        |
        """
    with walked(events, CUT) as warehouse:
        assert written(warehouse.query("select last_event_at from rpt_drop_offs").item()) == "03-02 09:00"


def test_excluded_attempt_is_neither_stalled_nor_a_drop_off() -> None:
    """An attempt that an exclusion removes is in no list."""
    events = """
        | at          | event                       | org |
        | 03-01 09:00 | admin_portal.link_generated | a   |
        | 03-02 09:00 | support.setup_assisted      | a   |
        | 03-28 09:00 | admin_portal.link_generated | b   |
        | 03-28 10:00 | support.setup_assisted      | b   |
        """
    with walked(events, CUT.replace("drop_off", "remove")) as warehouse:
        assert warehouse.count("rpt_drop_offs") + warehouse.count("rpt_stalled") == 0


GUIDED = (
    SET_UP
    + """
[guides]
OktaSAML = "https://docs.example.com/okta"
"""
)


def test_stalled_attempt_shows_its_providers_guide() -> None:
    """The guide is the funnel's for the provider named last; for another provider there is none."""
    events = """
        | at          | event                       | org | provider |
        | 03-29 09:00 | admin_portal.link_generated | a   |          |
        | 03-29 10:00 | admin_portal.link_opened    | a   | OktaSAML |
        | 03-29 09:00 | admin_portal.link_generated | b   |          |
        | 03-29 10:00 | admin_portal.link_opened    | b   | JumpSAML |
        """
    with walked(events, GUIDED) as warehouse:
        assert_answer(
            warehouse,
            "select provider, guide_url, matures_at from rpt_stalled order by all desc",
            """
            | provider | guide_url                     | matures_at  |
            | OktaSAML | https://docs.example.com/okta | 04-12 09:00 |
            | JumpSAML | -                             | 04-12 09:00 |
            """,
        )


def test_actions_gather_who_waits_for_the_same() -> None:
    """Each thing to do stands once, over all funnels, with its attempts, their organizations and the longest wait."""
    events = """
        | at          | event                        | org | intent | expires     |
        | 03-29 00:00 | admin_portal.link_generated  | a   | sso    | 03-29 12:00 |
        | 03-29 06:00 | admin_portal.link_generated  | a   | dsync  | 03-29 12:00 |
        | 03-29 12:00 | admin_portal.link_generated  | b   | sso    | 03-29 13:00 |
        | 03-30 00:00 | admin_portal.link_generated  | c   | sso    |             |
        """
    with shipped(events) as warehouse:
        assert_answer(
            warehouse,
            "select next_action, stalled_count, stalled_organization_count, longest_idle_us from rpt_next_actions "
            "order by stalled_count desc",
            """
            | next_action                               | stalled_count | stalled_organization_count | longest_idle_us |
            | Send a new link: the last one has expired | 3             | 2                          | 172800000000    |
            | Ask whether the link arrived              | 1             | 1                          | 86400000000     |
            """,
        )


def test_step_says_what_helps_to_get_there() -> None:
    """Advice for everybody who stopped at the step before; a funnel's own comes before the common one by its place."""
    with shipped(f"| at | event |\n| 03-29 00:00 | {LINK} |") as warehouse:
        advice = dict(
            warehouse.query(
                "select step_name, advice from dim_funnel_steps where funnel_id = 'domain_verification'"
            ).rows()
        )
        first = warehouse.query("select distinct advice from dim_funnel_steps where step_number = 1").rows()
    assert advice["link_opened"] == ARRIVED
    assert advice["domain_added"] == "Ask which domain is theirs; send the DNS record guide"
    assert first == [(None,)]
