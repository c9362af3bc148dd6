"""The books: for each inbox file, lines = events + duplicates + quarantined, counted two ways.

Lines were counted from newline bytes when the file was cut; fates are counted here from what the door and the store
made of them. Pure functions over positions and frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
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
    columns = {
        "first_duplicate_at": "first_duplicate_us",
        "last_duplicate_at": "last_duplicate_us",
    }
    rows = [
        {name: getattr(position, columns.get(name, name)) for name in BOOKS_SCHEMA} | {"path": shown(position.path)}
        for position in positions
    ]
    numbers = {name: pl.Int64() if name in columns else kind for name, kind in BOOKS_SCHEMA.items()}
    return pl.DataFrame(rows, schema=numbers).cast(dict.fromkeys(columns, MOMENT)).sort("source", "path")


def file_findings(positions: Iterable[Position], scanned: Iterable[Sequence[str]]) -> pl.DataFrame:
    """Rows (finding, source, path): what the scan could not read, and files rewritten or cut off."""
    rows = [(finding, source, shown(path)) for finding, source, path in scanned]
    for position in positions:
        place = (position.source, shown(position.path))
        rows += [("rewritten_file", *place)] if position.is_rewritten else []
        rows += [("incomplete_file", *place)] if position.is_incomplete else []
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
    events = _by_file(settled.filter("is_event"), count=pl.len())
    bad = _by_file(quarantined, count=pl.len())
    at = pl.col("timestamp").cast(pl.Int64)
    copies = _by_file(
        settled.filter(~pl.col("is_event")),
        count=pl.len(),
        first=at.min(),
        last=at.max(),
        example=pl.col("event_id").min(),
    )
    counted = [_with(p, events.get(p.file, {}), bad.get(p.file, {}), copies.get(p.file, {})) for p in positions]
    for p in counted:
        if p.lines != p.events + p.duplicates + p.quarantined:
            raise CheckFailedError(
                f"{p.source}/{shown(p.path)}: {p.lines} lines, but {p.events} events, {p.duplicates} duplicates and "
                f"{p.quarantined} quarantined lines; this is a mistake of the program, please report it"
            )
    return counted


def _by_file(frame: pl.DataFrame, **measures: pl.Expr) -> Mapping[int, dict[str, Any]]:
    rows = frame.group_by("origin_file").agg(**measures).to_dicts()
    return {row["origin_file"]: row for row in rows}


def _with(position: Position, events: dict[str, Any], bad: dict[str, Any], copies: dict[str, Any]) -> Position:
    firsts = [us for us in (position.first_duplicate_us, copies.get("first")) if us is not None]
    lasts = [us for us in (position.last_duplicate_us, copies.get("last")) if us is not None]
    examples = [text for text in (position.duplicate_example, copies.get("example")) if text is not None]
    return replace(
        position,
        events=position.events + events.get("count", 0),
        duplicates=position.duplicates + copies.get("count", 0),
        quarantined=position.quarantined + bad.get("count", 0),
        first_duplicate_us=min(firsts, default=None),
        last_duplicate_us=max(lasts, default=None),
        duplicate_example=min(examples, default=None),
    )
