"""The SQL walk and a naive one agree on random streams full of ties and edges."""

from __future__ import annotations

import tomllib
from collections import Counter, defaultdict
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.durations import time_us, us_time
from pipelines.funnel import Funnel
from pipelines.models import load_checks
from pipelines.statistics.tables import STATISTICS
from pipelines.warehouse import Warehouse
from tests.spec.oracle import Entry, Event, Fate, Key, counted, walk
from tests.spec.streams import AS_OF, ORGANIZATIONS, Drawn, events_of, funnel_texts
from tests.spec.walks import findings, walked, written

FOUND = ("out_of_band", "late_activation", "re_activation", "clock_inversion")
TABLES = (
    "fct_entries",
    "fct_entry_steps",
    "fct_entry_links",
    "fct_entry_segments",
    "fct_step_waits",
    "quality_findings",
)
CHECKS = [check for check in load_checks() if not check.reads & STATISTICS.keys()]
"""The blocking checks that ask tables made by SQL alone."""
FUNNELS = st.tuples(*map(funnel_texts, (["sso"], ["sso", "dsync"], [])))


PROFILE = settings().max_examples
LARGE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]  # a warehouse for each


@settings(max_examples=60 if PROFILE < 1_000 else PROFILE, suppress_health_check=LARGE)
@given(organizations=ORGANIZATIONS, funnels=FUNNELS, as_of=AS_OF)
def test_walk_agrees_with_the_oracle(organizations: list[list[Drawn]], funnels: tuple[str, ...], as_of: int) -> None:
    """Entries, steps, times, outcomes and findings are those of a state machine that takes one event at a time."""
    frame = events_of(organizations)
    events = counted(frame.to_dicts(), as_of)
    with walked(frame, funnels, written(us_time(as_of))) as warehouse:
        met: list[Counter[str]] = []
        for name, text in zip(["sso_setup", "funnel_2", "funnel_3"], funnels, strict=True):
            wanted, found, fates = walk(Funnel.model_validate(tomllib.loads(text)), events, as_of)
            _compare(wanted, _entries(warehouse, name), events, text)
            assert _fates(warehouse, name) == fates, text
            met.append(found)
        assert {name: count for name, count in findings(warehouse).items() if name in FOUND} == +met[0]
        assert [check.name for check in CHECKS if not warehouse.query(check.sql).is_empty()] == []


@settings(max_examples=PROFILE // 10, suppress_health_check=LARGE)
@given(organizations=ORGANIZATIONS, funnels=FUNNELS, as_of=AS_OF, seed=st.integers(0, 999))
def test_order_of_lines_changes_nothing(
    organizations: list[list[Drawn]], funnels: tuple[str, ...], as_of: int, seed: int
) -> None:
    """Entries, steps and findings are the same whichever way the lines lie."""
    frame = events_of(organizations)
    answers = []
    for lines in (frame, frame.sample(fraction=1, shuffle=True, seed=seed)):
        with walked(lines, funnels, written(us_time(as_of))) as warehouse:
            answers.append([warehouse.query(f"from {table} order by all").rows() for table in TABLES])
    assert answers[0] == answers[1]


def _entries(warehouse: Warehouse, funnel: str) -> dict[Key, Entry]:
    """The entries of one funnel as the oracle tells them."""
    steps: dict[str, dict[int, int]] = defaultdict(dict)
    for row in _rows(warehouse, "fct_entry_steps", funnel):
        steps[row["entry_id"]][row["step_number"]] = time_us(row["reached_at"])
    return {
        (row["organization_id"], row["intent"], row["entry_number"]): Entry(
            number=row["entry_number"],
            entered=time_us(row["entered_at"]),
            outcome=row["outcome"],
            converted=row["converted_at"] and time_us(row["converted_at"]),
            is_matured=row["is_matured"],
            is_excluded=row["is_excluded"],
            deepest=row["deepest_step"],
            steps=steps[row["entry_id"]],
            observed_us=row["observed_us"],
            observed_outcome=row["observed_outcome"],
        )
        for row in _rows(warehouse, "fct_entries", funnel)
    }


def _fates(warehouse: Warehouse, funnel: str) -> set[Fate]:
    """What became of each report in a stream; a set of its own would not show one with two fates, the key does."""
    rows = warehouse.query(
        "select e.event_key, a.intent, a.fate from fct_activations as a join fct_events as e using (event_id) "
        "where a.funnel_id = $funnel and a.fate not in ('unattributed', 'not_counted')",
        {"funnel": funnel},
    )
    return set(rows.rows())


def _rows(warehouse: Warehouse, table: str, funnel: str) -> list[dict[str, Any]]:
    return warehouse.query(f"from {table} where funnel_id = $funnel", {"funnel": funnel}).to_dicts()


def _compare(wanted: dict[Key, Entry], found: dict[Key, Entry], events: list[Event], funnel: str) -> None:
    """Fails with the first entry that differs, its organization's events and its funnel."""
    for key in sorted(wanted.keys() | found.keys(), key=str):
        if wanted.get(key) != found.get(key):
            stream = sorted((event for event in events if event.organization == key[0]), key=lambda e: (e.at, e.key))
            lines = "\n".join(map(_line, stream))
            raise AssertionError(f"{key}\nwanted {wanted.get(key)}\nfound  {found.get(key)}\n{lines}\n{funnel}")


def _line(event: Event) -> str:
    """One event as a row that the tables of the other specifications can take."""
    cells = (written(us_time(event.at)), event.name, event.intent or "", event.source, event.connection or "")
    return f"| {' | '.join(cells)} | {event.properties or ''} |"
