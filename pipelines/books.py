"""The books: for each inbox file, lines = events + duplicates + quarantined, counted two ways.

Lines were counted from newline bytes when the file was cut; fates are counted here from what the door and the store
made of them. Pure functions over positions and frames.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import polars as pl

from pipelines.commits import Position
from pipelines.errors import CheckFailedError

MOMENT = pl.Datetime("us", "UTC")
BOOKS_SCHEMA = {
    "source": pl.String(),
    "path": pl.String(),
    "lines": pl.Int64(),
    "events": pl.Int64(),
    "duplicates": pl.Int64(),
    "quarantined": pl.Int64(),
    "first_duplicate_at": MOMENT,
    "last_duplicate_at": MOMENT,
    "duplicate_example": pl.String(),
    "waiting_bytes": pl.Int64(),
}
FINDING_SCHEMA = {"finding": pl.String(), "source": pl.String(), "path": pl.String()}


def shown(path: str) -> str:
    """A file's path as text: bytes that are no text, and what a terminal would obey, are escaped."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def make_books(positions: Iterable[Position]) -> pl.DataFrame:
    """One row of `BOOKS_SCHEMA` a file, as last read, by source and path."""
    rows = [asdict(position) | {"path": shown(position.path)} for position in positions]
    times = {"first_duplicate_us": pl.Int64(), "last_duplicate_us": pl.Int64()}
    frame = pl.DataFrame(rows, schema={**BOOKS_SCHEMA, **times})
    as_times = [pl.col(name).cast(MOMENT).alias(name.replace("_us", "_at")) for name in times]
    return frame.with_columns(as_times).select(list(BOOKS_SCHEMA)).sort("source", "path")


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
    understood = settled.group_by("origin_file").agg(
        events=pl.col("is_event").sum(),
        duplicates=is_copy.sum(),
        first=at.filter(is_copy).min(),
        last=at.filter(is_copy).max(),
        example=pl.col("event_id").filter(is_copy).min(),
    )
    bad = dict(quarantined.group_by("origin_file").len().iter_rows())
    fates = {row.pop("origin_file"): row for row in understood.to_dicts()}
    counted = [_with(p, fates.get(p.file, NO_FATES), bad.get(p.file, 0)) for p in positions]
    for p in counted:
        if p.lines != p.events + p.duplicates + p.quarantined:
            raise CheckFailedError(
                f"{p.source}/{shown(p.path)}: {p.lines} lines, but {p.events} events, {p.duplicates} duplicates and "
                f"{p.quarantined} quarantined lines; this is a mistake of the program, please report it"
            )
    return counted


NO_FATES = {"events": 0, "duplicates": 0, "first": None, "last": None, "example": None}


def _with(p: Position, fates: Mapping[str, Any], quarantined: int) -> Position:
    return replace(
        p,
        events=p.events + fates["events"],
        duplicates=p.duplicates + fates["duplicates"],
        quarantined=p.quarantined + quarantined,
        first_duplicate_us=min(_present(p.first_duplicate_us, fates["first"]), default=None),
        last_duplicate_us=max(_present(p.last_duplicate_us, fates["last"]), default=None),
        duplicate_example=min(_present(p.duplicate_example, fates["example"]), default=None),
    )


def _present(*values: Any) -> list[Any]:
    return [value for value in values if value is not None]
