"""How long each step was waited for: from the step reached before, to the step or to where nobody looked any more."""

from __future__ import annotations

import pytest

from pipelines.durations import format_duration
from tests.spec.walks import SET_UP, walked

OTHERS = """
    | 02-01 09:00 | admin_portal.link_generated   | other |            |
    | 02-01 09:05 | admin_portal.link_opened      | other |            |
    | 02-01 09:10 | connection.activated          | other | conn_other |
    | 02-01 09:15 | authentication.sso_succeeded  | other | conn_other |
"""
"""An organization that takes every recorded step, so that the others are waited for."""
LINK, OPENED = "admin_portal.link_generated", "admin_portal.link_opened"


def waits(lines: str, funnel: str = SET_UP) -> list[tuple[int, int, str, bool]]:
    """Of acme's attempt: step before, step waited for, how long, whether it came; as of 03-31."""
    with walked("| at | event | org | connection |\n" + OTHERS + lines, funnel) as warehouse:
        rows = warehouse.query(
            "select from_step, step_number, waited_us, is_reached from fct_step_waits "
            "where entry_id = 'sso_setup/acme/sso/1' order by step_number"
        ).rows()
    return [(before, step, format_duration(waited) if waited else "0", came) for before, step, waited, came in rows]


SENT = f"| 03-28 00:00 | {LINK} | acme | |\n"
LONG_AGO = f"| 03-02 00:00 | {LINK} | acme | |\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (SENT, [(1, 2, "3 days", False)]),
        (LONG_AGO, [(1, 2, "14 days", False)]),
        (SENT + f"| 03-28 06:00 | {OPENED} | acme | |", [(1, 2, "6 hours", True), (2, 4, "66 hours", False)]),
        (
            SENT + "| 03-28 06:00 | connection.activated | acme | c |",
            [(1, 4, "6 hours", True), (4, 5, "66 hours", False)],
        ),
        (LONG_AGO + "| 03-02 06:00 | organization.deleted | acme | |", [(1, 2, "6 hours", False)]),
    ],
    ids=["so far", "to the end of the window", "after a step", "passed over", "to a competing end"],
)
def test_step_is_waited_for(lines: str, expected: list[tuple[int, int, str, bool]]) -> None:
    """A step that did not come was waited for until the window, the attempt or the as-of time ended."""
    assert waits(lines) == expected


def test_step_never_recorded_is_not_waited_for() -> None:
    """Nobody waits for step 3, which no event has ever stood for: after step 2 it is step 4."""
    assert [step for _, step, _, _ in waits(SENT + f"| 03-28 06:00 | {OPENED} | acme | |")] == [2, 4]


def test_exclusion_ends_the_wait() -> None:
    """An attempt that an exclusion drops off was waited for up to that."""
    funnel = SET_UP + '\n[[exclusions]]\nevents = ["support.setup_assisted"]\nfrom = "link"\nto = "activated"\n'
    assert waits(LONG_AGO + "| 03-02 05:00 | support.setup_assisted | acme | |", funnel) == [(1, 2, "5 hours", False)]


def test_removal_is_dated() -> None:
    """excluded_at is the time of the event that took the entry out of all counts; entry_month its reporting month."""
    exclusion = 'events = ["support.setup_assisted"]\nfrom = "link"\nto = "activated"\neffect = "remove"\n'
    events = f"""
        | at          | event                  |
        | 03-02 00:00 | {LINK}                 |
        | 03-02 05:00 | support.setup_assisted |
        """
    with walked(events, SET_UP + f"\n[[exclusions]]\n{exclusion}") as warehouse:
        row = warehouse.query("select is_excluded, excluded_at, entry_month from fct_entries").row(0)
    assert (row[0], f"{row[1]:%m-%d %H:%M}", str(row[2])) == (True, "03-02 05:00", "2026-03-01")
