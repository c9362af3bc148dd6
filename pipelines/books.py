"""The books: for each inbox file, lines = events + duplicates + quarantined, counted two ways.

Lines were counted from newline bytes when the file was cut; fates are counted here from what the door and the store
made of them. Pure functions over positions and frames.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

import polars as pl

from pipelines.commits import Position
from pipelines.errors import CheckFailedError
from pipelines.schema import schema

BOOKS_SCHEMA = schema(
    "source:text path:text lines:long events:long duplicates:long quarantined:long first_duplicate_at:time "
    "last_duplicate_at:time duplicate_example:text waiting_bytes:long"
)
FINDING_SCHEMA = schema("finding:text source:text path:text")


def shown(path: str) -> str:
    """A file's path as text: bytes that are no text, and what a terminal would obey, are escaped."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def make_books(positions: Iterable[Position]) -> pl.DataFrame:
    """One row of `BOOKS_SCHEMA` a file, as last read, by source and path."""
    rows = [asdict(position) | {"path": shown(position.path)} for position in positions]
    kept_as = {name.replace("_at", "_us"): kind for name, kind in BOOKS_SCHEMA.items()}
    return pl.DataFrame(rows, schema=kept_as).rename(lambda name: name.replace("_us", "_at")).sort("source", "path")


def file_findings(positions: Iterable[Position], scanned: Iterable[Sequence[str]]) -> pl.DataFrame:
    """Rows (finding, source, path): what the scan could not read, and files rewritten or cut off."""
    rows = [(finding, source, shown(path)) for finding, source, path in scanned]
    for p in positions:
        rows += [("rewritten_file", p.source, shown(p.path))] * p.is_rewritten
        rows += [("incomplete_file", p.source, shown(p.path))] * p.is_incomplete
    return pl.DataFrame(rows, schema=FINDING_SCHEMA, orient="row").sort(pl.all())


def count_fates(positions: Sequence[Position], settled: pl.DataFrame, quarantined: pl.DataFrame) -> list[Position]:
    """Positions with the fates of a batch added.

    Args:
        positions: files of the batch, `lines` with those of the batch, fates without.
        settled: event lines with `origin_file`, `event_id`, `timestamp` and `is_event`.
        quarantined: the other lines, with `origin_file`.

    Raises:
        CheckFailedError: for some file, lines and fates differ.
    """
    is_copy, at = ~pl.col("is_event"), pl.col("timestamp").cast(pl.Int64)
    understood = settled.group_by(file="origin_file").agg(
        events=pl.col("is_event").sum(),
        duplicates=is_copy.sum(),
        first_duplicate_us=at.filter(is_copy).min(),
        last_duplicate_us=at.filter(is_copy).max(),
        duplicate_example=pl.col("event_id").filter(is_copy).min(),
    )
    refused = quarantined.group_by(file="origin_file").agg(quarantined=pl.len())
    added = pl.concat([understood, refused], how="diagonal_relaxed").cast({pl.UInt32: pl.Int64})
    before = pl.DataFrame(list(map(asdict, positions)), schema=added.schema)
    by_file = pl.concat([before, added]).group_by("file")
    counts, firsts = pl.col("events", "duplicates", "quarantined"), pl.col("first_duplicate_us", "duplicate_example")
    fates = by_file.agg(counts.sum(), firsts.min(), pl.col("last_duplicate_us").max())
    rows = {row["file"]: row for row in fates.to_dicts()}
    counted = [replace(p, **rows[p.file]) for p in positions]
    for p in counted:
        if p.lines != p.events + p.duplicates + p.quarantined:
            raise CheckFailedError(
                f"{p.source}/{shown(p.path)}: {p.lines} lines, but {p.events} events, {p.duplicates} duplicates and "
                f"{p.quarantined} quarantined lines; this is a mistake of the program, please report it"
            )
    return counted
