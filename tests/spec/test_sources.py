"""Whether data still arrive: what a source sent and when it was silent, what was turned away, what no funnel uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl
import pytest

from pipelines.books import BOOKS_SCHEMA
from pipelines.events import QUARANTINE_SCHEMA
from pipelines.warehouse import Warehouse
from tests.spec.answers import assert_answer
from tests.spec.tables import parse_table
from tests.spec.walks import AS_OF, MODELS, SET_UP, walked

NOTHING = "| at | event |"
BOOKS = """
    | source   | path         | lines | events | duplicates | quarantined |
    |----------|--------------|-------|--------|------------|-------------|
    | portal   | a.jsonl      | 10    | 7      | 2          | 1           |
    | portal   | b.jsonl      | 4     | 4      | 0          | 0           |
    | webhooks | day/c.jsonl  | 3     | 2      | 1          | 0           |
    | vendor   | broken.jsonl | 2     | 0      | 0          | 2           |
"""


@contextmanager
def received(
    events: str, books: str = BOOKS, refused: str = "", funnels: tuple[str, ...] = (SET_UP,), as_of: str = AS_OF
) -> Iterator[Warehouse]:
    """A warehouse over `events`, with the books of files and the lines refused that these tables state."""
    given = {"ref_books": (BOOKS_SCHEMA, books), "raw_quarantine": (QUARANTINE_SCHEMA, refused)}
    with walked(events, funnels, as_of) as warehouse:
        for name, (schema, text) in given.items():
            stated = pl.DataFrame(parse_table(text), infer_schema_length=None) if text else pl.DataFrame()
            lacking = [pl.lit(None).alias(column) for column in schema if column not in stated.columns]
            warehouse.store_frame(name, stated.with_columns(lacking).select(list(schema)).cast(pl.Schema(schema)))
        for model in MODELS:
            warehouse.build(model)
        yield warehouse


def test_lines_of_every_source_add_up_to_the_report() -> None:
    """Each source has its files and what became of their lines, also one that brought no event."""
    with received(NOTHING) as warehouse:
        assert_answer(
            warehouse,
            "select source, file_count, line_count, event_count, duplicate_count, quarantined_count from rpt_sources "
            "union all select 'all', file_count, line_count, event_count, duplicate_count, quarantined_count "
            "from rpt_report order by source",
            """
            | source   | file_count | line_count | event_count | duplicate_count | quarantined_count |
            |----------|------------|------------|-------------|-----------------|-------------------|
            | all      | 4          | 19         | 13          | 3               | 3                 |
            | portal   | 2          | 14         | 11          | 2               | 1                 |
            | vendor   | 1          | 2          | 0           | 0               | 2                 |
            | webhooks | 1          | 3          | 2           | 1               | 0                 |
            """,
        )


ARRIVALS = """
    | at          | event                       | source   | received       | environment |
    |-------------|-----------------------------|----------|----------------|-------------|
    | 03-01 09:00 | admin_portal.link_generated | portal   |                |             |
    | 03-30 00:00 | admin_portal.link_generated | portal   |                |             |
    | 03-30 00:01 | admin_portal.link_opened    | portal   |                |             |
    | 03-30 18:00 | session.created             | portal   |                |             |
    | 03-30 20:00 | session.created             | portal   |                | sandbox     |
    | 03-31 08:00 | session.created             | portal   |                |             |
    | 03-29 09:00 | connection.activated        | webhooks | 03-29 09:00:02 |             |
    | 03-29 12:00 | connection.activated        | webhooks | 03-29 11:59    |             |
"""


def test_times_of_a_source_are_those_of_its_counted_events() -> None:
    """First, last and last received, and the last day's number: no sandbox, nothing after the as-of time."""
    with received(ARRIVALS) as warehouse:
        assert_answer(
            warehouse,
            "select source, first_event_at, last_event_at, last_received_at, recent_event_count from rpt_sources "
            "order by source",
            """
            | source   | first_event_at | last_event_at | last_received_at | recent_event_count |
            |----------|----------------|---------------|------------------|--------------------|
            | portal   | 03-01 09:00    | 03-30 18:00   | -                | 2                  |
            | vendor   | -              | -             | -                | 0                  |
            | webhooks | 03-29 09:00    | 03-29 12:00   | 03-29 11:59      | 0                  |
            """,
        )


GAPS = "select source, longest_gap_us / 3600000000 as hours, gap_started_at from rpt_sources order by source"


def test_longest_gap_lies_between_neighbours() -> None:
    """A source that fell silent has a gap that lasts to the newest event of any; of two equal gaps the later counts."""
    with received(ARRIVALS, as_of="03-30 00:30") as warehouse:
        assert_answer(
            warehouse,
            GAPS,
            """
            | source   | hours | gap_started_at |
            |----------|-------|----------------|
            | portal   | 687   | 03-01 09:00    |
            | vendor   | -     | -              |
            | webhooks | 12.02 | 03-29 12:00    |
            """,
        )
    equal = "| at | event |\n" + "".join(f"| 03-{day} 09:00 | session.created |\n" for day in ("01", "03", "05", "06"))
    with received(equal) as warehouse:
        assert_answer(
            warehouse,
            GAPS + " limit 1",
            "| source | hours | gap_started_at |\n| portal | 48 | 03-03 09:00 |",
        )


@pytest.mark.parametrize(
    ("times", "hours"),
    [
        (["01-01 00:00"], None),
        (["01-01 00:00", "01-02 00:00"], 24),
        (["01-01 00:00", "02-01 00:00", "03-02 00:00", "03-03 00:00"], 31 * 24),
        (["01-01 00:00", "02-01 00:00", "03-02 00:00", "03-03 00:00:01"], 29 * 24),
    ],
)
def test_gap_that_ended_long_ago_is_history(times: list[str], hours: float | None) -> None:
    """A gap counts for 30 days after its end, by the newest event; one event alone has none."""
    events = "\n".join(["| at | event |", *(f"| {time} | session.created |" for time in times)])
    with received(events) as warehouse:
        assert warehouse.query(GAPS)["hours"][0] == hours


def test_event_type_says_which_funnels_use_it() -> None:
    """Steps, exclusions and ends are uses; a misspelt name has none. All environments count, and what is to come."""
    excluding = SET_UP + '[[exclusions]]\nevents = ["support.setup_assisted"]\nfrom = "link"\nto = "activated"\n'
    events = """
        | at          | event                       | org   | environment |
        |-------------|-----------------------------|-------|-------------|
        | 03-01 09:00 | admin_portal.link_generated | acme  |             |
        | 03-02 09:00 | admin_portal.link_generated | birch |             |
        | 03-03 09:00 | admin_portal.link_generated | acme  | sandbox     |
        | 03-01 09:00 | admin_portal.link_opend     |       |             |
        | 05-01 09:00 | admin_portal.link_opend     | acme  |             |
        | 03-01 09:00 | connection.deactived        | acme  |             |
        | 03-01 09:00 | organization.deleted        | acme  |             |
        | 03-01 09:00 | support.setup_assisted      | acme  |             |
    """
    with received(events, funnels=(SET_UP, excluding)) as warehouse:
        assert_answer(
            warehouse,
            "select event_type, event_count, organization_count, first_at, last_at, funnel_ids from rpt_event_types "
            "order by event_type",
            """
            | event_type                  | event_count | organization_count | first_at    | last_at     | funnel_ids          |
            |-----------------------------|-------------|--------------------|-------------|-------------|---------------------|
            | admin_portal.link_generated | 3           | 2                  | 03-01 09:00 | 03-03 09:00 | funnel_2, sso_setup |
            | admin_portal.link_opend     | 2           | 1                  | 03-01 09:00 | 05-01 09:00 | -                   |
            | connection.deactivated      | 1           | 1                  | 03-01 09:00 | 03-01 09:00 | -                   |
            | organization.deleted        | 1           | 1                  | 03-01 09:00 | 03-01 09:00 | funnel_2, sso_setup |
            | support.setup_assisted      | 1           | 1                  | 03-01 09:00 | 03-01 09:00 | funnel_2            |
            """,  # noqa: E501  # one row, one line
        )


def test_lines_turned_away_are_counted_by_source_and_reason() -> None:
    """The first of them is told by file and line, in the order of files and of lines as numbers."""
    refused = """
        | source   | path    | line_number | reason   | detail | text              |
        |----------|---------|-------------|----------|--------|-------------------|
        | portal   | b.jsonl | 1           | not_json | x      | {"token": "s3cre  |
        | portal   | a.jsonl | 10          | not_json | y      | {"token": "s3cre  |
        | portal   | a.jsonl | 9           | not_json | z      | {"token": "s3cre  |
        | portal   | a.jsonl | 2           | bad_time |        | {"time": "s3cret" |
        | webhooks | c.jsonl | 3           | not_json |        | s3cret            |
    """
    with received(NOTHING, refused=refused) as warehouse:
        assert_answer(
            warehouse,
            "select source, reason, quarantined_count, example from rpt_quarantine order by source, reason",
            """
            | source   | reason   | quarantined_count | example            |
            |----------|----------|-------------------|--------------------|
            | portal   | bad_time | 1                 | portal/a.jsonl:2   |
            | portal   | not_json | 3                 | portal/a.jsonl:9   |
            | webhooks | not_json | 1                 | webhooks/c.jsonl:3 |
            """,
        )
        assert "s3cre" not in str(warehouse.read("rpt_quarantine").rows())
