"""Published tables by key, and the one way from a value to a `Cell` on a page.

Belongs here: picking rows and remembering where a value came from, so that a test can ask the DuckDB file for
every number of a page. Does not belong here: words, looks, or numbers that no table holds (sums of a column apart).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from pipelines.pages.formats import formatters

_KEYS = (
    "rpt_report:report_id fct_entries:funnel_id,entry_id fct_entry_steps:funnel_id,entry_id,step_number "
    "fct_entry_segments:funnel_id,entry_id,dimension,segment rpt_comparisons:funnel_id,within_us,period_us "
    "dim_funnels:funnel_id dim_funnel_steps:funnel_id,step_number rpt_funnels:funnel_id "
    "rpt_funnel_steps:funnel_id,step_number rpt_time_to_activation:funnel_id,quantile rpt_quarantine:source,reason "
    "rpt_activation_curve:funnel_id,at_us rpt_weeks:funnel_id,entry_week rpt_providers:funnel_id,provider "
    "rpt_stalled:funnel_id,entry_id rpt_seed_metrics:portals_opened rpt_totals:organization_count "
    "dim_notes:funnel_id,note_number rpt_report_runs:report_id,funnel_id quality_findings:finding "
    "rpt_next_actions:next_action rpt_connections:connection_id rpt_still_active:kind,days rpt_sources:source "
    "rpt_event_types:event_type"
)
KEYS = {table: tuple(key.split(",")) for table, key in (word.split(":") for word in _KEYS.split())}
"""Every table that a page reads, with its key columns in order."""

EVERY = "*"
"""In a key: any value, the counts of all such rows added up."""


@dataclass(frozen=True)
class Cell:
    """A formatted value and its address: table, key (columns joined by `|`), columns (by blanks), format name."""

    text: str
    table: str
    key: str
    columns: str
    format: str


Words = tuple["str | Cell", ...]
"""A sentence, with the numbers in it."""


@dataclass(frozen=True)
class Row:
    """One row of a published table (or the sum of several, then `key` contains `*`)."""

    table: str
    key: str
    values: Mapping[str, Any]
    formats: Mapping[str, Callable[..., str]]

    def __getitem__(self, column: str) -> Any:
        return self.values[column]

    def plain(self) -> dict[str, Any]:
        """The values as JSON has them."""
        return {name: _key_text(value) if isinstance(value, date) else value for name, value in self.values.items()}

    def cell(self, columns: str, form: str) -> Cell:
        """The cell of one column, or of several separated by blanks, in the format named `form`."""
        text = self.formats[form](*(self.values[column] for column in columns.split()))
        return Cell(text, self.table, self.key, columns, form)


class Published:
    """The published tables, each sorted by its key.

    Raises:
        KeyError: a table that a page needs was not handed over.
    """

    def __init__(self, tables: Mapping[str, pl.DataFrame]) -> None:
        self._frames = {name: tables[name].sort(key) for name, key in KEYS.items()}
        self.zone = ZoneInfo(str(tables["rpt_report"]["time_zone"][0]))
        self._formats = formatters(self.zone)
        self.today: date = tables["rpt_report"]["as_of"][0].astimezone(self.zone).date()
        """The reporting day of the as-of time."""

    def frame(self, table: str, funnel_id: str) -> pl.DataFrame:
        """The rows of one funnel."""
        return self._frames[table].filter(pl.col("funnel_id") == funnel_id)

    def rows(self, table: str, funnel_id: str | None = None) -> list[Row]:
        """All rows, or those of one funnel, in the order of the key."""
        frame = self._frames[table] if funnel_id is None else self.frame(table, funnel_id)
        return [self._row(table, values) for values in frame.iter_rows(named=True)]

    def row(self, table: str, *key: object) -> Row:
        """The one row with this key."""
        wanted = "|".join(map(_key_text, key))
        return next(row for row in self.rows(table) if row.key == wanted)

    def only(self, table: str) -> Row:
        """The row of a table that has one."""
        return self.rows(table)[0]

    def total(self, table: str, funnel_id: str = EVERY) -> Row:
        """The counts (and how often each Boolean holds) of one funnel's or all rows, added up column by column."""
        frame = self._frames[table] if funnel_id == EVERY else self.frame(table, funnel_id)
        sums = frame.select(pl.col(pl.Int64, pl.Boolean).sum()).row(0, named=True)
        wanted = [funnel_id, *(EVERY for _ in KEYS[table][1:])]
        return Row(table, "|".join(wanted), sums, self._formats)

    def _row(self, table: str, values: Mapping[str, Any]) -> Row:
        key = "|".join(_key_text(values[column]) for column in KEYS[table])
        return Row(table, key, values, self._formats)


def _key_text(part: object) -> str:
    if part is None:
        return ""
    return part.isoformat() if isinstance(part, date | datetime) else str(part)
