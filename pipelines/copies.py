"""Which line is the event, which is a copy of it, and which copies are kept beside it.

The rule is one of meaning, so it stands here: no file is read, frames come in and go out.
"""

import polars as pl

LINE = ["event_id", "content_hash", "origin_file", "origin_line"]
COMPARED = [*LINE, "received_at", "source"]
KNOWN_COLUMNS = [*COMPARED, "is_variant"]


def settle(batch: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Give each event line its fate, however often and in whatever order it was delivered.

    Args:
        batch: event lines in order of arrival.
        known: the `KNOWN_COLUMNS` of all stored rows with the ids of the batch.

    Returns:
        The batch, in order, with `is_event` (else the line is a duplicate), `is_kept` (goes to the store) and
        `is_variant` (kept beside the event, because its body differs or it was received earlier).

    A line that stands in the store itself keeps its fate: reading it again is no second delivery.
    """
    own = known.select(*LINE, is_own_variant="is_variant").sort("is_own_variant").unique(LINE, keep="first")
    rows = batch.select(COMPARED).with_row_index("arrival").join(own, on=LINE, how="left", maintain_order="left")
    is_own = pl.col("is_own_variant").is_not_null()
    is_known = pl.col("event_id").is_in(known["event_id"].unique().implode())
    rows = rows.with_columns(
        is_first=~is_known & pl.col("event_id").is_first_distinct(),
        is_copy=~is_own & (is_known | ~pl.col("event_id").is_first_distinct()),
    )
    is_event = pl.col("is_first") | (~pl.col("is_own_variant")).fill_null(value=False)
    is_variant = pl.col("arrival").is_in(_better_copies(rows, known).implode())
    fates = rows.select("is_first", is_event=is_event, is_variant=is_variant)
    return batch.with_columns(
        fates["is_event"], fates["is_variant"], (fates["is_first"] | fates["is_variant"]).alias("is_kept")
    )


def _better_copies(rows: pl.DataFrame, known: pl.DataFrame) -> pl.Series:
    """Arrival numbers of copies that no kept row of the same body matches or precedes (received first, then source)."""
    compared = ["event_id", "content_hash", "received_at", "source"]
    holders = pl.concat([known.select(compared), rows.filter("is_first").select(compared)])
    copies = rows.filter("is_copy").select(*compared, "arrival")
    return (
        pl.concat([holders.with_columns(arrival=None), copies], how="vertical_relaxed")
        .sort("received_at", "source", "arrival", nulls_last=[True, False, False])
        .unique(["event_id", "content_hash"], keep="first", maintain_order=True)["arrival"]
        .drop_nulls()
        .sort()
    )
