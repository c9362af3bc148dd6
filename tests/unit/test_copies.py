from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipelines.copies import KNOWN_COLUMNS, settle

SCHEMA = {
    "event_id": pl.String,
    "content_hash": pl.String,
    "received_at": pl.Int64,
    "source": pl.String,
    "origin_file": pl.Int64,
    "origin_line": pl.Int64,
}
NOTHING = pl.DataFrame(schema={name: {**SCHEMA, "is_variant": pl.Boolean}[name] for name in KNOWN_COLUMNS})
Line = tuple[str, str, int | None, str, int, int]


def frame(lines: Sequence[Line]) -> pl.DataFrame:
    return pl.DataFrame(lines, schema=SCHEMA, orient="row")


def deliver(batches: Sequence[Sequence[Line]]) -> tuple[pl.DataFrame, list[bool]]:
    """The store after all batches, and for each line whether it was the event."""
    stored, fates = NOTHING, []
    for batch in batches:
        settled = settle(frame(batch), stored)
        fates += settled["is_event"].to_list()
        stored = pl.concat([stored, settled.filter("is_kept").select(KNOWN_COLUMNS)])
    return stored, fates


def chosen(stored: pl.DataFrame) -> list[tuple[object, ...]]:
    """What staging can tell apart of each body: when it was received first, and from which source."""
    best = stored.sort("received_at", "source", nulls_last=True).unique(["event_id", "content_hash"], keep="first")
    return best.select("event_id", "content_hash", "received_at", "source").sort(pl.all()).rows()


def test_first_line_is_the_event_and_a_copy_is_dropped() -> None:
    """An equal body that was received no earlier is counted and not kept."""
    stored, fates = deliver([[("e", "x", 1, "portal", 1, 1), ("e", "x", 2, "portal", 1, 2)]])
    assert (fates, stored.height) == ([True, False], 1)


def test_other_body_is_kept_as_a_variant() -> None:
    """A different body under the same id is a duplicate, kept for staging to choose from."""
    stored, fates = deliver([[("e", "x", 1, "portal", 1, 1)], [("e", "y", 2, "portal", 1, 2)]])
    assert (fates, stored["is_variant"].to_list()) == ([True, False], [False, True])


def test_earlier_copy_is_kept_as_a_variant() -> None:
    """Of equal bodies the one received first is kept too; an unknown time is the last, equal times go by source."""
    lines: list[Line] = [
        ("e", "x", None, "webhooks", 1, 1),
        ("e", "x", 9, "webhooks", 1, 2),
        ("e", "x", 9, "portal", 2, 1),
        ("e", "x", 9, "portal", 2, 2),
    ]
    stored, fates = deliver([[line] for line in lines])
    assert (fates, stored.height, sum(stored["is_variant"])) == ([True, False, False, False], 3, 2)


def test_line_read_again_keeps_its_fate() -> None:
    """The event and its variants are themselves again; a copy at another place is a duplicate."""
    lines: list[Line] = [("e", "x", 1, "portal", 1, 1), ("e", "y", 1, "portal", 1, 2), ("e", "x", 1, "portal", 1, 3)]
    stored, fates = deliver([lines])
    again = settle(frame(lines), stored)
    assert again["is_event"].to_list() == fates == [True, False, False]
    assert not again["is_kept"].any()


LINES = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.sampled_from("xyz"),
        st.sampled_from([None, 1, 2]),
        st.sampled_from(["portal", "webhooks"]),
    ),
    max_size=12,
).map(lambda lines: [(*line, 1, number) for number, line in enumerate(lines)])


@given(LINES, st.randoms(), st.sets(st.integers(1, 11)))
def test_any_order_and_any_batches_give_the_same_choice(lines: list[Line], chance: object, cuts: set[int]) -> None:
    """Each id is an event once, and what staging chooses from does not hang on the order of arrival."""
    shuffled = sorted(lines, key=lambda _: chance.random())  # type: ignore[attr-defined]
    edges = [0, *sorted(cut for cut in cuts if cut < len(lines)), len(lines)]
    stored, fates = deliver([shuffled[first:last] for first, last in pairwise(edges)])
    in_order, _ = deliver([lines])
    assert chosen(stored) == chosen(in_order)
    assert sum(fates) == len({line[0] for line in lines}) == stored.filter(~pl.col("is_variant")).height
