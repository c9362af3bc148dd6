"""The counted attempts of a funnel as a page carries them, so that its script can filter and count them anew.

Belongs here: columns of codes and microseconds, packed, without a name or an id of anybody. Does not belong here: what
is counted (`reports/static/counting.js`, by the functions that the tests compare with `pipelines.statistics`).
"""

from base64 import b64encode
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from pipelines.pages.cells import Published

BUDGET = 1_500_000
"""Characters of packed columns on a page. What does not fit is left out, the last column first."""
MOST_SEGMENTS = 200
"""Segments up to which a dimension can be chosen from."""
PERIODS_WEEKS = (4, 12, 26)
UNSAID = ("all", "entry_day", "entry_week", "entry_month", "intent", "provider", "error_code")
"""Dimensions that have a filter of their own, or of which an attempt may have several."""
MATURED, EVENT = 4, 8
"""Bits of `state` beside the outcome's place in `OUTCOMES`."""
OUTCOMES = ("activated", "lost", "open", "ended")

Packed = dict[str, Any]


def attempts(published: Published, funnel_id: str) -> Packed | None:
    """One row per counted attempt, shortest observed first; None where not even the required columns fit on a page.

    Returns:
        `count`; `columns` by name: `bytes` a value (little-endian; microseconds 6, else codes), `data` in base 64, of
        codes the `names` of 1, 2, ... (0: none); `stuck`: row and idle µs of each stuck attempt; `since`: by a number
        of weeks the day from which they count.
    """
    entries = counted(published, funnel_id)
    columns: dict[str, Packed] = {}
    for name, column in _columns(published, funnel_id, entries):
        if sum(len(packed["data"]) for packed in [*columns.values(), column]) > BUDGET:
            break
        columns[name] = column
    if "intent" not in columns:
        return None
    stuck = published.frame("rpt_stalled", funnel_id).join(entries.select("entry_id", "row"), on="entry_id")
    return {
        "count": entries.height,
        "columns": columns,
        "stuck": stuck.sort("row").select("row", "idle_us").rows(),
        "since": _since(published, entries),
    }


def counted(published: Published, funnel_id: str) -> pl.DataFrame:
    """`fct_entries` of the funnel without the excluded ones, numbered by `row`: by time, as scripts want them."""
    entries = published.frame("fct_entries", funnel_id).filter(~pl.col("is_excluded"))
    return entries.sort("observed_us", "entry_id").with_row_index("row")


def _columns(published: Published, funnel_id: str, entries: pl.DataFrame) -> Iterator[tuple[str, Packed]]:
    """The required columns first, to the intent; then those that are dearest to lose least."""
    as_of: datetime = published.only("rpt_report")["as_of"]
    yield "observed", _times(entries["observed_us"])
    yield "state", _states(entries)
    yield "deepest", _bytes(entries["deepest_step"], 1)
    yield "provider", _codes(entries["provider"])
    yield "week", _codes(entries["entry_week"].dt.to_string("iso"))
    yield "intent", _codes(entries["intent"])
    yield "age", _times(entries.select((as_of - pl.col("entered_at")).dt.total_microseconds()).to_series())
    segments = published.frame("fct_entry_segments", funnel_id)
    for dimension in sorted(set(segments["dimension"]) - {*UNSAID}):
        values = entries.join(segments.filter(dimension=dimension), on="entry_id", how="left", maintain_order="left")
        if values["segment"].n_unique() <= MOST_SEGMENTS:
            yield f"segment:{dimension}", _codes(values["segment"])
    steps = published.frame("fct_entry_steps", funnel_id)
    for number in range(2, published.frame("dim_funnel_steps", funnel_id).height + 1):
        own = steps.filter(step_number=number).select("entry_id", us="since_previous_us")
        yield f"step:{number}", _times(entries.join(own, on="entry_id", how="left", maintain_order="left")["us"])


def _states(entries: pl.DataFrame) -> Packed:
    outcome = pl.col("outcome").replace_strict(OUTCOMES, range(len(OUTCOMES)), return_dtype=pl.UInt8)
    is_event = pl.col("observed_outcome") == "activated"
    return _bytes(entries.select(outcome + MATURED * pl.col("is_matured") + EVENT * is_event).to_series(), 1)


def _codes(values: pl.Series) -> Packed:
    names = values.drop_nulls().unique().sort().to_list()
    codes = values.cast(pl.Enum(names)).to_physical().cast(pl.Int64) + 1
    return _bytes(codes.fill_null(0), 1 if len(names) < 256 else 2) | {"names": names}


def _times(values: pl.Series) -> Packed:
    """Missing ones are all bits; what is longer than eight years could not be told apart from them."""
    return _bytes(values.cast(pl.Int64).fill_null(-1), 6)


def _bytes(values: pl.Series, width: int) -> Packed:
    numbers = values.cast(pl.Int64).to_numpy().astype("<i8").view("u1").reshape(-1, 8)
    return {"bytes": width, "data": b64encode(numbers[:, :width].tobytes()).decode()}


def _since(published: Published, entries: pl.DataFrame) -> dict[int, str]:
    """The last 4, 12, ... weeks, where there are older ones."""
    first = entries["entry_week"].min()
    starts = {weeks: published.today - timedelta(days=7 * weeks - 1) for weeks in PERIODS_WEEKS}
    return {weeks: start.isoformat() for weeks, start in starts.items() if isinstance(first, date) and first < start}
