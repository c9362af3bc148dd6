"""Connections, still-active shares, adoption, breakdowns and fates at their edges. SEMANTICS 3; INTERFACE 5."""

from __future__ import annotations

import pytest

from tests.spec.answers import assert_answer
from tests.spec.walks import SET_UP, findings, walked


def test_state_is_the_vendors_word_and_the_older_words_mean_the_same() -> None:
    """Linked is active, unlinked inactive, any other state is kept; without one an activation means active."""
    with walked("""
        | at          | event                        | connection    | properties              |
        | 03-01 09:00 | dsync.activated              | dir_1         | {"state":"linked"}      |
        | 03-01 09:00 | dsync.activated              | dir_2         | {"state":"unlinked"}    |
        | 03-01 09:00 | dsync.activated              | dir_3         | {"state":"validating"}  |
        | 03-01 09:00 | connection.activated         | conn_1        | {}                      |
        | 03-01 09:00 | connection.activated         | conn_2        | {"state":"active"}      |
        | 03-02 09:00 | connection.deleted           | conn_2        | {"state":"active"}      |
        | 03-01 09:00 | admin_portal.dsync_configured | directory_4  | {}                      |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select connection_id, kind, state from rpt_connections order by all",
            """
            | connection_id | kind       | state      |
            | conn_1        | connection | active     |
            | conn_2        | connection | deleted    |
            | dir_1         | directory  | active     |
            | dir_2         | directory  | inactive   |
            | dir_3         | directory  | validating |
            | directory_4   | directory  | active     |
            """,
        )


def test_state_holds_since_it_changed_last() -> None:
    """Being told again that it is active changes nothing; back and forth, the last change counts."""
    with walked("""
        | at          | event                  | connection |
        | 03-01 09:00 | connection.activated   | conn_1     |
        | 03-01 09:01 | sso.activated          | conn_1     |
        | 03-09 09:00 | sso.activated          | conn_1     |
        | 03-01 09:00 | connection.activated   | conn_2     |
        | 03-02 09:00 | connection.deactivated | conn_2     |
        | 03-03 09:00 | connection.activated   | conn_2     |
        | 03-04 09:00 | sso.activated          | conn_2     |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select connection_id, since, activated_at from rpt_connections order by all",
            """
            | connection_id | since       | activated_at |
            | conn_1        | 03-01 09:00 | 03-01 09:00  |
            | conn_2        | 03-03 09:00 | 03-01 09:00  |
            """,
        )


@pytest.mark.parametrize(
    ("as_of", "week", "month"),
    [
        ("03-07 23:59:59.999999", None, None),
        ("03-08 00:00", True, None),
        ("03-30 23:59:59.999999", True, None),
        ("03-31 00:00", True, False),
    ],
)
def test_still_active_is_asked_from_the_very_moment_on(as_of: str, week: bool | None, month: bool | None) -> None:
    """Seven and thirty days after the first activation, to the microsecond; what was taken down just then is down."""
    events = """
        | at          | event                  | connection |
        | 03-01 00:00 | connection.activated   | conn_1     |
        | 03-31 00:00 | connection.deactivated | conn_1     |
        """
    with walked(events, as_of=as_of) as warehouse:
        row = warehouse.query("select is_active_after_7_days, is_active_after_30_days from rpt_connections").row(0)
    assert row == (week, month)


def test_set_up_in_the_instant_of_the_recommendation_or_again_came_after_it() -> None:
    """A re-activation sets up as well; what was live a microsecond before the recommendation did not come of it."""
    with walked("""
        | at                    | event                    | org    | connection |
        | 03-01 09:00           | sso_recommendation.shown | same   |            |
        | 03-01 09:00           | connection.activated     | same   | a          |
        | 03-01 09:00           | sso_recommendation.shown | before |            |
        | 03-01 08:59:59.999999 | connection.activated     | before | b          |
        | 02-01 09:00           | connection.activated     | again  | c          |
        | 02-02 09:00           | connection.deactivated   | again  | c          |
        | 03-01 09:00           | sso_recommendation.shown | again  |            |
        | 03-02 09:00           | connection.activated     | again  | c          |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select eligible_count, configured_count, recommended_configured_count, adoption_rate from rpt_adoption",
            """
            | eligible_count | configured_count | recommended_configured_count | adoption_rate |
            | 3              | 3                | 2                            | 1             |
            """,
        )


def test_breakdown_reads_steps_and_ends_but_no_exclusion() -> None:
    """The last event of an attempt that has the property: what excludes it is no event of it, what ends it is."""
    funnel = (
        SET_UP
        + """
        [[exclusions]]
        events = ["support.setup_assisted"]
        from = "link"
        to = "activated"

        [[breakdowns]]
        name = "desk"
        property = "desk"
        at = "last"
        """
    )
    with walked(
        """
        | at          | event                       | org   | properties       |
        | 03-01 09:00 | admin_portal.link_generated | acme  | {"desk":"north"} |
        | 03-01 10:00 | support.setup_assisted      | acme  | {"desk":"south"} |
        | 03-01 09:00 | admin_portal.link_generated | birch | {"desk":"north"} |
        | 03-01 10:00 | organization.deleted        | birch | {"desk":"west"}  |
        """,
        funnel,
    ) as warehouse:
        assert_answer(
            warehouse,
            "select entry_id, segment from fct_entry_segments where dimension = 'desk' order by all",
            """
            | entry_id              | segment |
            | sso_setup/acme/sso/1  | north   |
            | sso_setup/birch/sso/1 | west    |
            """,
        )


def test_report_of_another_environment_is_not_counted_whoever_it_names() -> None:
    """One without an organization in the sandbox is not_counted; in production it is unattributed."""
    with walked("""
        | id | at          | event                | org | connection | environment |
        | a  | 03-01 09:00 | connection.activated |     | one        | sandbox     |
        | b  | 03-01 09:00 | connection.activated |     | two        |             |
        | c  | 04-01 09:00 | connection.activated |     | three      |             |
        """) as warehouse:
        found = dict(warehouse.query("select event_id, fate from fct_activations").rows())
        assert found == {"a": "not_counted", "b": "unattributed", "c": "not_counted"}
        assert findings(warehouse) == {"unattributed": 1, "future_dated": 1}
