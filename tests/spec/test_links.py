"""Links and connections as they stand, and who is stuck."""

from __future__ import annotations

from tests.spec.walks import at, walked, written


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
        | 03-30 00:00 | onboarding.started  |
        | 03-30 20:00 | app.settings_opened |
        """
    with walked(events, ONBOARDING) as warehouse:
        last = warehouse.query("select last_event_at from rpt_stalled").item()
    assert written(last) == "03-30 20:00"
