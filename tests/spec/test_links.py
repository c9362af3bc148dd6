"""Links as they stand, the attempts that they belong to, and how well they serve."""

from __future__ import annotations

import polars as pl

from tests.spec.answers import assert_answer
from tests.spec.tables import parse_table
from tests.spec.walks import SET_UP, events_frame, walked, written


def states(events: str) -> dict[str, tuple[str, str]]:
    """State and opening of each link."""
    with walked(events) as warehouse:
        rows = warehouse.query("select link_id, state, opened_at from fct_links").rows()
    return {link: (state, written(opened)) for link, state, opened in rows}


def test_link_states_follow_what_was_said_of_them() -> None:
    """Revoked before opened before expired before live; an expiry may be said or happen."""
    assert states("""
        | at          | event                       | link | org | expires     |
        | 03-01 09:00 | admin_portal.link_generated | a    | a   | 03-02 09:00 |
        | 03-01 09:00 | admin_portal.link_generated | b    | b   | 04-02 09:00 |
        | 03-01 09:00 | admin_portal.link_generated | c    | c   | 03-02 09:00 |
        | 03-01 10:00 | admin_portal.link_opened    | c    | c   |             |
        | 03-01 09:00 | admin_portal.link_generated | d    | d   |             |
        | 03-01 10:00 | admin_portal.link_revoked   | d    | d   |             |
        | 03-01 09:00 | admin_portal.link_generated | e    | e   |             |
        | 03-01 10:00 | admin_portal.link_expired   | e    | e   |             |
        """) == {
        "a": ("expired", "-"),
        "b": ("live", "-"),
        "c": ("opened", "03-01 10:00"),
        "d": ("revoked", "-"),
        "e": ("expired", "-"),
    }


def test_opening_without_its_link_belongs_to_the_latest_before_it() -> None:
    """An opening that names no link, or one that nobody made, opens its organization's latest link of that intent."""
    assert states("""
        | at          | event                       | link    | org |
        | 03-01 09:00 | admin_portal.link_generated | first   | a   |
        | 03-02 09:00 | admin_portal.link_generated | second  | a   |
        | 03-02 10:00 | admin_portal.accessed       |         | a   |
        | 03-01 09:00 | admin_portal.link_generated | other   | b   |
        | 03-01 10:00 | admin_portal.link_opened    | unknown | b   |
        """) == {"first": ("live", "-"), "second": ("opened", "03-02 10:00"), "other": ("opened", "03-01 10:00")}


def without_intent(events: str) -> pl.DataFrame:
    """Events of which those of intent `none` have none."""
    return events_frame(parse_table(events)).with_columns(intent=pl.col("intent").replace("none", None))


def test_links_of_an_attempt_are_numbered_up_to_its_end() -> None:
    """A link at the very instant of the conversion is still of that attempt; one a moment later opens the next."""
    with walked("""
        | at                 | event                       | link |
        | 03-01 09:00        | admin_portal.link_generated | b    |
        | 03-02 09:00        | admin_portal.link_generated | a    |
        | 03-03 10:00        | admin_portal.link_generated | c    |
        | 03-03 10:00        | connection.activated        |      |
        | 03-03 10:00:00.001 | admin_portal.link_generated | d    |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select entry_id, link_id, link_number, is_re_issue, generated_at from fct_entry_links order by all",
            """
            | entry_id             | link_id | link_number | is_re_issue | generated_at       |
            | sso_setup/acme/sso/1 | a       | 2           | yes         | 03-02 09:00        |
            | sso_setup/acme/sso/1 | b       | 1           | no          | 03-01 09:00        |
            | sso_setup/acme/sso/1 | c       | 3           | yes         | 03-03 10:00        |
            | sso_setup/acme/sso/2 | d       | 1           | no          | 03-03 10:00:00.001 |
            """,
        )


def test_link_that_opened_is_the_first_of_one_instant() -> None:
    """Of two links of one instant the one that opened the attempt has number 1, whatever they are called."""
    for first, second in (("x", "y"), ("y", "x")):
        with walked(f"""
            | id | at          | event                       | link     |
            | e1 | 03-01 09:00 | admin_portal.link_generated | {first}  |
            | e2 | 03-01 09:00 | admin_portal.link_generated | {second} |
            """) as warehouse:
            opened, numbered = warehouse.query(
                "select e.link_id, l.link_id as numbered from fct_entries as a "
                "join fct_events as e on e.event_key = a.entry_event_key join fct_entry_links as l on l.link_number = 1"
            ).row(0)
        assert opened == numbered


def test_link_used_is_the_latest_of_those_opened_before_the_conversion() -> None:
    """Time in portal runs from its first opening; a link opened only after the conversion was not used."""
    with walked("""
        | at          | event                       | link |
        | 03-01 09:00 | admin_portal.link_generated | a    |
        | 03-01 09:30 | admin_portal.link_opened    | a    |
        | 03-02 09:00 | admin_portal.link_generated | b    |
        | 03-02 10:00 | admin_portal.accessed       | b    |
        | 03-02 10:10 | admin_portal.link_opened    | b    |
        | 03-02 10:12 | admin_portal.link_generated | c    |
        | 03-02 10:15 | connection.activated        |      |
        | 03-02 11:00 | admin_portal.link_opened    | c    |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select link_id, is_used, opened_at, portal_us from fct_entry_links order by all",
            """
            | link_id | is_used | opened_at   | portal_us |
            | a       | no      | 03-01 09:30 | -         |
            | b       | yes     | 03-02 10:00 | 900000000 |
            | c       | no      | 03-02 11:00 | -         |
            """,
        )


def test_link_opened_at_the_instant_of_the_conversion_is_used() -> None:
    """An opening and a conversion of one instant are in order: no time in the portal."""
    with walked("""
        | at          | event                       | link |
        | 03-01 09:00 | admin_portal.link_generated | a    |
        | 03-01 10:00 | admin_portal.link_opened    | a    |
        | 03-01 10:00 | connection.activated        |      |
        """) as warehouse:
        assert warehouse.query("select is_used, portal_us from fct_entry_links").row(0) == (True, 0)


def test_opening_told_under_two_names_is_one() -> None:
    """Openings are the larger of the two counts; one at the expiry is in time, one after it is not."""
    with walked("""
        | at             | event                       | link | org | expires     |
        | 03-01 09:00    | admin_portal.link_generated | a    | a   | 03-02 09:00 |
        | 03-01 10:00:00 | admin_portal.accessed       | a    | a   |             |
        | 03-01 10:00:01 | admin_portal.link_opened    | a    | a   |             |
        | 03-01 09:00    | admin_portal.link_generated | b    | b   | 03-02 09:00 |
        | 03-01 10:00    | admin_portal.link_opened    | b    | b   |             |
        | 03-02 09:00    | admin_portal.link_opened    | b    | b   |             |
        | 03-01 09:00    | admin_portal.link_generated | c    | c   | 03-02 09:00 |
        | 03-02 09:00:01 | admin_portal.link_opened    | c    | c   |             |
        | 03-01 09:00    | admin_portal.link_generated | d    | d   |             |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select link_id, opening_count, is_opened_after_expiry, state from fct_entry_links order by all",
            """
            | link_id | opening_count | is_opened_after_expiry | state  |
            | a       | 1             | no                     | opened |
            | b       | 2             | no                     | opened |
            | c       | 1             | yes                    | opened |
            | d       | 0             | no                     | live   |
            """,
        )


def test_link_without_an_id_is_of_its_attempt_too() -> None:
    """It goes by the id of the event that generated it."""
    with walked("""
        | id    | at          | event                       |
        | evt_a | 03-01 09:00 | admin_portal.link_generated |
        | evt_b | 03-01 10:00 | admin_portal.link_opened    |
        | evt_c | 03-01 10:30 | connection.activated        |
        """) as warehouse:
        assert warehouse.query("select link_id, is_used from fct_entry_links").row(0) == ("evt_a", True)


def test_link_logged_twice_is_of_both_attempts() -> None:
    """The second time it opens an attempt of its own; what is known of the link is told of both, its use of one."""
    with walked("""
        | at          | event                       | link |
        | 03-01 09:00 | admin_portal.link_generated | a    |
        | 03-01 10:00 | admin_portal.link_opened    | a    |
        | 03-01 11:00 | connection.activated        |      |
        | 03-20 09:00 | admin_portal.link_generated | a    |
        | 03-20 09:30 | admin_portal.link_generated | a    |
        """) as warehouse:
        assert_answer(
            warehouse,
            "select entry_id, link_id, generated_at, is_re_issue, is_used from fct_entry_links order by all",
            """
            | entry_id             | link_id | generated_at | is_re_issue | is_used |
            | sso_setup/acme/sso/1 | a       | 03-01 09:00  | no          | yes     |
            | sso_setup/acme/sso/2 | a       | 03-20 09:00  | no          | no      |
            """,
        )


def test_link_without_an_intent_serves_each_intent_of_the_funnel() -> None:
    """It opens an attempt for each, and is a link of each; a link of one intent is of that one alone."""
    events = without_intent("""
        | at          | event                       | link | intent |
        | 03-01 09:00 | admin_portal.link_generated | a    | none   |
        | 03-02 09:00 | admin_portal.link_generated | b    | dsync  |
        """)
    for intents in ('["sso", "dsync"]', "[]"):
        with walked(events, SET_UP.replace('["sso"]', intents)) as warehouse:
            found = warehouse.query("select entry_id, link_id from fct_entry_links order by all").rows()
        expected = [("sso_setup/acme/dsync/1", "a"), ("sso_setup/acme/dsync/1", "b"), ("sso_setup/acme/sso/1", "a")]
        assert found == (expected if "sso" in intents else expected[:2])


def test_link_after_an_exclusion_is_of_the_attempt_still() -> None:
    """An attempt that an exclusion cut takes later links until its end."""
    funnel = (
        SET_UP
        + """
[[exclusions]]
events = ["support.setup_assisted"]
from = "link"
to = "activated"
effect = "drop_off"
"""
    )
    with walked(
        """
        | at          | event                       | link |
        | 03-01 09:00 | admin_portal.link_generated | a    |
        | 03-02 09:00 | support.setup_assisted      |      |
        | 03-03 09:00 | admin_portal.link_generated | b    |
        """,
        funnel,
    ) as warehouse:
        assert warehouse.query("select link_id from fct_entry_links where is_re_issue").item() == "b"


HYGIENE = (
    SET_UP
    + """
[[exclusions]]
events = ["support.setup_assisted"]
from = "link"
to = "activated"
effect = "remove"
"""
)


INVITATION = """
title = "Invitation"
question = "?"
intents = ["sso"]
window = "30 days"

[[steps]]
name = "invited"
label = "Invited"
events = ["admin_portal.invitation_sent"]

[[steps]]
name = "activated"
label = "Activated"
events = ["connection.activated"]
"""


def test_link_that_an_invitation_names_is_its_first() -> None:
    """An invitation follows its link by seconds: the attempt takes the link that it names, and no older one."""
    events = """
        | at             | event                        | link |
        | 03-01 08:00    | admin_portal.link_generated  | old  |
        | 03-01 09:00    | admin_portal.link_generated  | own  |
        | 03-01 09:00:02 | admin_portal.invitation_sent | own  |
        | 03-02 09:00    | admin_portal.link_generated  | next |
        | 03-02 10:00    | admin_portal.link_opened     | next |
        | 03-02 10:30    | connection.activated         |      |
        """
    with walked(events, INVITATION) as warehouse:
        assert_answer(
            warehouse,
            "select link_id, link_number, is_opening, is_re_issue, is_used from fct_entry_links order by link_number",
            """
            | link_id | link_number | is_opening | is_re_issue | is_used |
            | own     | 1           | yes        | no          | no      |
            | next    | 2           | no         | yes         | yes     |
            """,
        )


def test_link_hygiene_counts_the_links_of_counted_attempts() -> None:
    """Activated attempts took 1, 2 and 4 links; two others none of them opened in time, and an excluded one is out."""
    with walked(
        """
        | at          | event                       | link | org | expires     |
        | 03-01 09:00 | admin_portal.link_generated | a1   | a   | 03-02 09:00 |
        | 03-01 10:00 | admin_portal.link_opened    | a1   | a   |             |
        | 03-01 11:00 | admin_portal.link_opened    | a1   | a   |             |
        | 03-01 12:00 | connection.activated        |      | a   |             |
        | 03-01 09:00 | admin_portal.link_generated | b1   | b   | 03-02 09:00 |
        | 03-03 09:00 | admin_portal.link_generated | b2   | b   |             |
        | 03-03 12:00 | connection.activated        |      | b   |             |
        | 03-20 09:00 | admin_portal.link_generated | c1   | c   |             |
        | 03-20 10:00 | admin_portal.link_generated | c2   | c   |             |
        | 03-20 10:30 | admin_portal.link_revoked   | c2   | c   |             |
        | 03-20 11:00 | admin_portal.link_generated | c3   | c   |             |
        | 03-20 12:00 | admin_portal.link_generated | c4   | c   |             |
        | 03-20 13:00 | connection.activated        |      | c   |             |
        | 03-01 09:00 | admin_portal.link_generated | d1   | d   | 03-02 09:00 |
        | 03-02 10:00 | admin_portal.link_opened    | d1   | d   |             |
        | 03-01 09:00 | admin_portal.link_generated | e1   | e   |             |
        | 03-02 09:00 | support.setup_assisted      |      | e   |             |
        """,
        HYGIENE,
    ) as warehouse:
        row = warehouse.query("from rpt_link_hygiene where dimension = 'all'").row(0, named=True)
        by_week = "select segment, entrant_count, link_count, re_issue_rate from rpt_link_hygiene where dimension = "
        weeks = warehouse.query(by_week + "'entry_week' order by segment").rows()
    assert weeks == [("2026-02-23", 3, 4, 1 / 3), ("2026-03-16", 1, 4, 1.0)]
    assert row == {
        "funnel_id": "sso_setup",
        "dimension": "all",
        "segment": "all",
        "entrant_count": 4,
        "link_count": 8,
        "activated_count": 3,
        "activated_link_count": 7,
        "links_per_activation": 7 / 3,
        "median_links_per_activation": 2.0,
        "linked_attempt_count": 4,
        "re_issued_attempt_count": 2,
        "re_issue_rate": 0.5,
        "settled_link_count": 4,
        "expired_unopened_count": 1,
        "expired_unopened_share": 0.25,
        "revoked_count": 1,
        "opened_after_expiry_count": 1,
        "several_openings_count": 1,
    }


def test_link_hygiene_of_nothing_has_no_rates() -> None:
    """Where no link is settled and nothing activated there is no share of them; without an attempt there is no row."""
    columns = "select link_count, re_issue_rate, expired_unopened_share, links_per_activation from rpt_link_hygiene "
    with walked("| at | event | link |\n| 03-30 09:00 | admin_portal.link_generated | a |") as warehouse:
        assert_answer(
            warehouse,
            columns + "where dimension = 'all'",
            """
            | link_count | re_issue_rate | expired_unopened_share | links_per_activation |
            | 1          | 0             | -                      | -                    |
            """,
        )
    with walked("| at | event |") as warehouse:
        assert warehouse.query(columns).is_empty()
