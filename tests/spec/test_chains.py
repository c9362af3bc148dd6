"""The walk of one entry: optional steps, step windows, exclusions, and what one event may fill."""

from __future__ import annotations

import pytest

from tests.spec.walks import assert_entries

FUNNEL = """
title = "Chain"
question = "?"
intents = ["sso"]
window = "10 days"
steps = [
    {{ name = "a", label = "A", events = ["a"] }},
    {{ name = "b", label = "B", events = ["b", "bb"], optional = true }},
    {{ name = "c", label = "C", events = ["c"] {c} }},
    {{ name = "d", label = "D", events = ["d"] }},
    {{ name = "e", label = "E", events = ["e"], optional = true }},
]
{more}
"""


def funnel(c: str = "", more: str = "") -> str:
    """A funnel of the steps a, b (optional), c, d (the conversion), e (optional)."""
    return FUNNEL.format(c=c, more=more)


def exclusion(effect: str) -> str:
    """X between a and d."""
    return f'exclusions = [{{ events = ["x"], from = "a", to = "d", effect = "{effect}" }}]'


def chain(names: str) -> str:
    """One event a day, in order."""
    rows = (f"| 03-{day:02} 09:00 | {name} | sso |" for day, name in enumerate(names.split(), 1))
    return "| at | event | intent |\n" + "\n".join(rows)


@pytest.mark.parametrize(
    ("names", "steps", "deepest", "outcome"),
    [
        ("a b c d e", "1 2 3 4 5", "5", "activated"),
        ("a c d", "1 3 4", "4", "activated"),
        ("a bb c d", "1 2 3 4", "4", "activated"),
        ("a c b d", "1 3 4", "4", "activated"),  # what was passed over is not filled later
        ("a b b c d", "1 2 3 4", "4", "activated"),  # what was filled is never replaced
        ("b a c d", "1 3 4", "4", "activated"),  # nothing before the entry counts
        ("a b", "1 2", "2", "lost"),
        ("a d", "1", "1", "activated"),  # a required step is missing: the conversion still closes the attempt
        ("a e", "1", "1", "lost"),  # a step after a missing required one is not reached
        ("a c d d e", "1 3 4 5", "5", "activated"),
    ],
)
def test_chain_takes_the_steps_that_come_in_order(names: str, steps: str, deepest: str, outcome: str) -> None:
    """From the step reached, an event fills the first step beyond it that it may, passing over optional ones only."""
    assert_entries(
        chain(names),
        f"| # | steps | deepest | outcome |\n| 1 | {steps} | {deepest} | {outcome} |",
        funnel=funnel(),
        as_of="03-31 00:00",
    )


def test_step_window_counts_from_the_step_reached_before() -> None:
    """An event later than its step's own window does not fill it; a later one within no window neither."""
    assert_entries(
        """
        | at                 | event | intent | org |
        | 03-01 09:00        | a     | sso    | in  |
        | 03-02 09:00        | b     | sso    | in  |
        | 03-03 09:00        | c     | sso    | in  |
        | 03-01 09:00        | a     | sso    | out |
        | 03-02 09:00        | b     | sso    | out |
        | 03-03 09:00:00.000001 | c  | sso    | out |
        """,
        """
        | org | steps |
        | in  | 1 2 3 |
        | out | 1 2   |
        """,
        funnel=funnel(c=', within = "1 day"'),
    )


def test_filter_wants_equal_properties() -> None:
    """An event whose properties differ stands for nothing; text, numbers and booleans compare as JSON scalars."""
    assert_entries(
        """
        | at          | event | intent | org | properties                        |
        | 03-01 09:00 | a     | sso    | no  | {}                                |
        | 03-02 09:00 | c     | sso    | no  | {"result":"failed","n":3,"ok":true} |
        | 03-01 09:00 | a     | sso    | yes | {}                                |
        | 03-02 09:00 | c     | sso    | yes | {"result":"passed","n":3,"ok":true} |
        """,
        """
        | org | steps |
        | no  | 1     |
        | yes | 1 3   |
        """,
        funnel=funnel(c=', where = { result = "passed", n = 3, ok = true }'),
    )


@pytest.mark.parametrize(
    ("said", "wanted", "is_equal"),
    [
        ("5.0", "5", True),
        ('"5"', "5", False),
        ("true", "true", True),
        ('"true"', "true", False),
        ("false", "true", False),
    ],
)
def test_filter_tells_numbers_from_text(said: str, wanted: str, is_equal: bool) -> None:
    """5 equals 5.0 and not "5"; true equals true and not "true"."""
    events = f"""
        | at          | event | intent | properties   |
        | 03-01 09:00 | a     | sso    | {{}}           |
        | 03-02 09:00 | c     | sso    | {{"n":{said}}} |
        """
    steps = "1 3" if is_equal else "1"
    assert_entries(events, f"| steps |\n| {steps} |", funnel=funnel(c=f", where = {{ n = {wanted} }}"))


def test_one_event_fills_one_step() -> None:
    """A name that stands for two steps needs two events to fill them."""
    twice = funnel().replace('events = ["d"]', 'events = ["c", "d"]')
    assert_entries(chain("a c"), "| steps | outcome |\n| 1 3 | activated |", funnel=twice)
    assert_entries(chain("a b c c"), "| steps |\n| 1 2 3 |", funnel=twice)


@pytest.mark.parametrize(
    ("names", "effect", "steps", "outcome", "excluded"),
    [
        ("a b x c d", "drop_off", "1 2", "lost", "no"),
        ("a b x c d", "remove", "1 2 3 4", "activated", "yes"),
        ("a c d x", "drop_off", "1 3 4", "activated", "no"),  # after `to`
        ("x a c d", "drop_off", "1 3 4", "activated", "no"),  # before `from`
        ("a x", "remove", "1", "lost", "yes"),
    ],
)
def test_exclusion_between_its_steps(names: str, effect: str, steps: str, outcome: str, excluded: str) -> None:
    """Strictly between two steps, drop_off keeps the entrant and loses it there, remove takes it out of all counts."""
    assert_entries(
        chain(names),
        f"| # | steps | outcome | is_excluded |\n| 1 | {steps} | {outcome} | {excluded} |",
        funnel=funnel(more=exclusion(effect)),
    )


def test_exclusion_at_the_instant_of_a_step_is_not_between() -> None:
    """Between means strictly between the two times."""
    assert_entries(
        """
        | at          | event | intent |
        | 03-01 09:00 | a     | sso    |
        | 03-01 09:00 | x     | sso    |
        | 03-02 09:00 | c     | sso    |
        | 03-03 09:00 | x     | sso    |
        | 03-03 09:00 | d     | sso    |
        """,
        """
        | steps | is_excluded |
        | 1 3 4 | no          |
        """,
        funnel=funnel(more=exclusion("remove")),
    )


def test_dropped_off_attempt_still_takes_its_activation() -> None:
    """After a drop-off the attempt stays open for links and activation, so neither makes an entrant or out of band."""
    assert_entries(
        chain("a x a d a"),
        """
        | # | steps | outcome | entered     | observed_outcome |
        | 1 | 1     | lost    | 03-01 09:00 | censored         |
        | 2 | 1     | lost    | 03-05 09:00 | censored         |
        """,
        funnel=funnel(more=exclusion("drop_off")),
    )


def test_funnel_without_intents_keeps_intents_apart() -> None:
    """A funnel of any intent makes attempts for each intent of the organization, known or not."""
    anything = funnel().replace('intents = ["sso"]\n', "")
    assert_entries(
        """
        | at          | event | intent   | org  |
        | 03-01 09:00 | a     | sso      | one  |
        | 03-01 10:00 | a     | passkeys | one  |
        | 03-02 09:00 | c     |          | one  |
        | 03-01 09:00 | a     |          | none |
        | 03-02 09:00 | c     |          | none |
        """,
        """
        | org  | intent   | steps |
        | none | -        | 1 3   |
        | one  | passkeys | 1 3   |
        | one  | sso      | 1 3   |
        """,
        funnel=anything,
    )


def test_competing_ends_are_the_funnels_own() -> None:
    """`ends` names what closes an attempt beside its conversion and its window; none where it is empty."""
    ended = funnel(more='ends = ["z"]')
    assert_entries(chain("a z c d"), "| outcome | steps |\n| ended | 1 |", funnel=ended)
    assert_entries(chain("a organization.deleted c d"), "| outcome |\n| activated |", funnel=funnel(more="ends = []"))
