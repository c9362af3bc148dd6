"""One event, from the inbox line that it came in to the numbers that it is counted in, each place with table and key.

Belongs here: where to look, and in which order it is said. What an event counts as is read from the published tables;
which findings it belongs to, which link it is about and which of its bodies counts are derived again: no table says.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import polars as pl

from pipelines.catalog import load_catalog
from pipelines.errors import FixableError
from pipelines.event_store import EventStore
from pipelines.funnel import INTENTS
from pipelines.mistakes import nearest
from pipelines.models import question
from pipelines.settings import Places, Rules
from pipelines.terminal import cell, wrapped
from pipelines.warehouse import Warehouse, open_published, quoted

COUNTS_FIRST = ("received_at", "timestamp", "properties", "extra", "event_type", "content_hash", "source")
"""Of several bodies the first in this order counts, NULL last: as `sql/staging/stg_events.sql` picks it."""
BODY = ("source", "origin_path", "origin_line", "origin_offset", "stored_file")
SENT = ("received_at", "timestamp", "event_type", "organization_id", "intent")

PLACES = {
    "events": "event_id | event_type organization_id intent timestamp link_id connection_id provider",
    "fct_events": "event_key | is_counted not_counted_because",
    "fct_links": "link_id | state generated_at opened_at expires_at revoked_at",
    "fct_connections": "connection_id | kind state since activated_at",
    "fct_activations": "funnel_id intent event_id | fate entry_id is_re_activation is_clock_inversion",
    "fct_entries": "funnel_id entry_id | this_event outcome deepest_step is_matured is_excluded opened_by ended_by",
    "fct_entry_steps": "funnel_id entry_id step_number | step_name reached_at",
    "fct_entry_links": "funnel_id entry_id link_id | link_number is_re_issue is_used opening_count",
    "rpt_funnel_steps": "funnel_id step_number | entry_id recorded_count reached_count",
    "rpt_funnels": "funnel_id | entry_id counted_in",
    "quality_findings": "finding | count",
}
"""What to show of each table where an event may be met: its key, then other columns."""
DEPTHS = {"events": 2, "fct_entry_steps": 4, "fct_entry_links": 4, "rpt_funnel_steps": 5, "rpt_funnels": 5}
"""How far a table is indented below the inbox, where that is not 3."""


def trace(places: Places, event_id: str) -> dict[str, Any]:
    """Where an event is met: `event_id`, the `bodies` in the store (the one that counts first), and `rows` of tables.

    A row has its `relation`, its `key` and its other `columns`. Copies of one body are stored once.

    Raises:
        FixableError: nothing is published, definitions have mistakes, the store is damaged, or nobody knows the id.
    """
    rules = load_catalog(places.reports).settings.rules
    stored = EventStore.open(places.data).bodies(event_id).sort(COUNTS_FIRST, nulls_last=True)
    rows: list[dict[str, Any]] = []
    with open_published(places.data) as served:
        met = _met(served, event_id, stored, rules)
        for relation, names in PLACES.items():
            key, others = (part.split() for part in names.split("|"))
            for row in met[relation].sort(*key, *others).select(*key, *others).to_dicts():
                columns = {name: row.pop(name) for name in others}
                rows.append({"relation": relation, "key": row, "columns": columns})
        if not rows and stored.is_empty():
            similar = served.similar("fct_events", "event_id", event_id)
            mend = nearest(event_id, similar) if similar else ""
            raise FixableError(cell(f'no event "{event_id}" was ever read from the inbox{mend}'))
    return {"event_id": event_id, "bodies": stored.select(*BODY, *SENT).to_dicts(), "rows": rows}


def _met(served: Warehouse, event_id: str, stored: pl.DataFrame, rules: Rules) -> dict[str, pl.DataFrame]:
    """The rows of each table where the event is met."""
    rows, by_event = served.matching, ("event_id", [event_id])
    event = served.query(question("events"), {"event_id": event_id, "organization_id": None})
    link_ids = served.query(question("links"), {"event_id": event_id})["link_id"]
    steps, activations = rows("fct_entry_steps", *by_event), rows("fct_activations", *by_event)
    links = rows("fct_entry_links", "link_id", link_ids)
    opened = rows("fct_entries", "entry_event_key", event["event_key"])
    parts = _parts(opened, steps, activations, links)
    entries = rows("fct_entries", "entry_id", parts["entry_id"]).join(parts, on="entry_id")
    totals = entries.join(served.read("rpt_funnels"), on="funnel_id")
    counted_in = [", ".join(f"{name} {row[name]}" for name in _counts(row)) for row in totals.iter_rows(named=True)]
    matured = entries.filter(pl.col("is_matured") & ~pl.col("is_excluded"))
    counted = steps.join(matured, on="entry_id", how="semi")
    findings = _findings(stored, event, activations, served.read("rpt_report")["as_of"].item(), rules)
    return {
        "events": rows("events", *by_event),
        "fct_events": event,
        "fct_links": rows("fct_links", "link_id", link_ids),
        "fct_connections": rows("fct_connections", "connection_id", event.filter("is_counted")["connection_id"]),
        "fct_activations": activations,
        "fct_entries": entries,
        "fct_entry_steps": steps,
        "fct_entry_links": links,
        "rpt_funnel_steps": counted.join(served.read("rpt_funnel_steps"), on=("funnel_id", "step_number")),
        "rpt_funnels": totals.with_columns(counted_in=pl.Series(counted_in, dtype=pl.String)),
        "quality_findings": rows("quality_findings", "finding", findings),
    }


def _parts(opened: pl.DataFrame, steps: pl.DataFrame, activations: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Each entry that the event has a part in, and which: `entry_id`, `this_event`."""
    parts = (
        (opened, pl.lit("opens it")),
        (steps, pl.format("fills step {}", "step_number")),
        (activations, pl.col("fate").str.replace_all("_", " ")),
        (links, pl.lit("is about a link of it")),
    )
    said = pl.concat(frame.select("entry_id", this_event=part) for frame, part in parts)
    return said.group_by("entry_id").agg(pl.col("this_event").unique(maintain_order=True).str.join(", "))


def _counts(entry: dict[str, Any]) -> tuple[str, ...]:
    """The columns of `rpt_funnels` that an entry is counted in, `stalled_count` apart."""
    if entry["is_excluded"]:
        return ("excluded_count",)
    if entry["is_matured"]:
        return ("entrant_count", "matured_count", f"{entry['outcome']}_count")
    early = "early_" * (entry["outcome"] == "activated")
    return ("entrant_count", "maturing_count", f"{early}{entry['outcome']}_count")


def _findings(
    stored: pl.DataFrame, events: pl.DataFrame, activations: pl.DataFrame, as_of: datetime, rules: Rules
) -> list[str]:
    """The findings that an event's stored bodies, row and activations are counted in; equal copies are not stored."""
    counted, set_up, sent = events.filter("is_counted"), activations.filter("is_set_up"), pl.col("timestamp")
    late, ahead = (pl.duration(microseconds=us) for us in (rules.late_after, rules.clock_tolerance))
    found = {
        "duplicate": stored.height > 1,
        "conflicting_duplicate": stored["content_hash"].n_unique() > 1,
        "mended_text": stored["is_mended"].any(),
        "secrets_in_input": (stored["redacted_count"] > 0).any(),
        "unattributed": counted["organization_id"].null_count() > 0,
        "unknown_intent": not counted.filter(~pl.col("intent").is_in(INTENTS)).is_empty(),
        "access_denied": "admin_portal.access_denied" in counted["event_type"],
        "late_arriving": not counted.filter(pl.col("received_at") - sent > late).is_empty(),
        "future_dated": not events.filter(pl.col("is_production"), sent - as_of > ahead).is_empty(),
        "out_of_band": "out_of_band" in set_up["fate"],
        "late_activation": "late_activation" in set_up["fate"],
        "re_activation": set_up["is_re_activation"].any(),
        "clock_inversion": set_up["is_clock_inversion"].any(),
    }
    return [finding for finding, is_met in found.items() if is_met]


def path_of(traced: dict[str, Any]) -> Iterator[str]:
    """The lines of `trace` for a person; the way goes on from the body that counts, so that one stands last."""
    for body in reversed(traced["bodies"]):
        file, line, byte = (body[name] for name in ("origin_path", "origin_line", "origin_offset"))
        yield from wrapped(cell(f"inbox {body['source']}/{file} line {line} (byte {byte})"), "", "    ")
        fate = "the body that counts" if body is traced["bodies"][0] else "does not count: another body does"
        key = _where({"event_id": traced["event_id"], "origin_line": line})
        yield from wrapped(f"-> event store {cell(body['stored_file'])}  {key}  ({fate})", "  ", "   ")
        yield from wrapped(f"as sent: {_listed({name: body[name] for name in SENT})}", "     ")
    for row in traced["rows"]:
        indent = "  " * DEPTHS.get(row["relation"], 3)
        yield from wrapped(f"-> {row['relation']}  {_where(row['key'])}", indent, "   ")
        yield from wrapped(_listed(row["columns"]), indent + "   ")
    if not any(row["relation"] == "events" for row in traced["rows"]):
        yield "not in the served report: it was read after that build; run `portal-funnels build`"


def _where(key: dict[str, Any]) -> str:
    """A key as the condition of a SELECT."""
    met = (f"{name} = {value if isinstance(value, int) else quoted(value)}" for name, value in key.items())
    return cell(" and ".join(met))


def _listed(columns: dict[str, Any]) -> str:
    return "; ".join(f"{name}: {cell(value)}" for name, value in columns.items() if value is not None)
