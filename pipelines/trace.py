"""One event, from the inbox line that it came in to the numbers that it is counted in, each place with table and key.

Belongs here: where to look, and in which order it is said. What an event counts as is read from the published tables;
only which of the findings it belongs to is derived again, as no table lists their events.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from pipelines.catalog import load_catalog
from pipelines.errors import FixableError
from pipelines.event_store import EventStore
from pipelines.funnel import INTENTS
from pipelines.mistakes import nearest
from pipelines.settings import Places
from pipelines.terminal import cell, wrapped
from pipelines.warehouse import open_published

COUNTS_FIRST = ("received_at", "timestamp", "properties", "extra", "event_type", "content_hash", "source")
"""Of several bodies the first in this order counts, NULL last: as `sql/staging/stg_events.sql` picks it."""
BODY = ("source", "origin_path", "origin_line", "origin_offset", "stored_file")
SENT = ("received_at", "timestamp", "event_type", "organization_id", "intent")

EVENT = """
with event as (select *, from fct_events where event_id = $event_id),
links as (
    select l.link_id, from fct_links as l join event as e on e.is_counted
        and (starts_with(e.event_type, 'admin_portal.link_') or e.event_type = 'admin_portal.accessed')
        and (l.link_id = coalesce(e.link_id, e.event_id) or (
            e.link_id is null and l.organization_id = e.organization_id and e.timestamp in (l.opened_at, l.revoked_at)
        ))
),
parts as (
    select funnel_id, entry_id, 1 as place, 'opens it' as part,
    from fct_entries as n join event as e on e.event_key = n.entry_event_key
    union select funnel_id, entry_id, 2, 'fills step ' || step_number, from fct_entry_steps where event_id = $event_id
    union select funnel_id, entry_id, 3, replace(fate, '_', ' '),
    from fct_activations where event_id = $event_id and entry_id is not null
    union select funnel_id, entry_id, 4, 'is about a link of it', from fct_entry_links join links using (link_id)
)
"""
"""What every question begins with: the event, the links that it is about, the entries that it has a part in."""
PLACES = {
    "events": """event_id, event_type, organization_id, intent, timestamp, link_id, connection_id, provider,
        from events where event_id = $event_id""",
    "fct_events": """event_key, is_counted, nullif(concat_ws(' and ',
            if(e.is_production, null, 'environment ' || e.environment),
            if(e.timestamp > r.as_of, 'after the as-of time', null)), '') as not_counted_because,
        from event as e cross join rpt_report as r""",
    "fct_links": """link_id, state, generated_at, opened_at, expires_at, revoked_at,
        from fct_links join links using (link_id)""",
    "fct_connections": """c.connection_id, c.kind, c.state, c.since, c.activated_at,
        from fct_connections as c join event as e on e.is_counted and e.connection_id = c.connection_id""",
    "fct_activations": """funnel_id, intent, event_id, fate, entry_id, is_re_activation, is_clock_inversion,
        from fct_activations where event_id = $event_id""",
    "fct_entries": """funnel_id, entry_id, string_agg(part, ', ' order by place) as this_event, outcome,
            deepest_step, is_matured, is_excluded, opened_by, ended_by,
        from parts join fct_entries using (funnel_id, entry_id) group by all""",
    "fct_entry_steps": """funnel_id, entry_id, step_number, step_name, reached_at,
        from fct_entry_steps where event_id = $event_id""",
    "fct_entry_links": """funnel_id, entry_id, link_id, link_number, is_re_issue, is_used, opening_count,
        from fct_entry_links join links using (link_id)""",
    "rpt_funnel_steps": """r.funnel_id, r.step_number, n.entry_id, r.recorded_count, r.reached_count,
        from fct_entry_steps as s join fct_entries as n using (funnel_id, entry_id)
        join rpt_funnel_steps as r on r.funnel_id = s.funnel_id and r.step_number = s.step_number
        where s.event_id = $event_id and n.is_matured and not n.is_excluded""",
    "rpt_funnels": """distinct r.funnel_id, n.entry_id, if(n.is_excluded, 'excluded_count ' || r.excluded_count,
            concat_ws(', ', 'entrant_count ' || r.entrant_count,
            if(n.is_matured, 'matured_count ' || r.matured_count, 'maturing_count ' || r.maturing_count),
            case n.outcome when 'open' then 'open_count ' || r.open_count when 'lost' then 'lost_count ' || r.lost_count
                when 'ended' then 'ended_count ' || r.ended_count
                else if(n.is_matured, 'activated_count ' || r.activated_count,
                    'early_activated_count ' || r.early_activated_count) end)) as counted_in,
        from parts join fct_entries as n using (funnel_id, entry_id) join rpt_funnels as r using (funnel_id)""",
    "quality_findings": """finding, count, from quality_findings where finding in (
        select unnest($findings::varchar[])
        union all select unnest([
            if(e.is_counted and e.organization_id is null, 'unattributed', null),
            if(e.is_counted and not list_contains($intents, e.intent), 'unknown_intent', null),
            if(e.is_counted and e.event_type = 'admin_portal.access_denied', 'access_denied', null),
            if(e.is_counted and epoch_us(e.received_at) - epoch_us(e.timestamp) > $late_after, 'late_arriving', null),
            if(e.is_production and epoch_us(e.timestamp) - epoch_us(r.as_of) > $clock_tolerance, 'future_dated', null)
        ]), from event as e cross join rpt_report as r
        union all select unnest([
            if(fate in ('out_of_band', 'late_activation'), fate, null),
            if(is_re_activation, 're_activation', null), if(is_clock_inversion, 'clock_inversion', null)
        ]), from fct_activations where event_id = $event_id and is_set_up)""",
}
"""What to show of each table where an event may be met: key columns first, then others."""
KEYS = {"fct_activations": 3, "fct_entries": 2, "fct_entry_steps": 3, "fct_entry_links": 3, "rpt_funnel_steps": 2}
"""How many of the columns are the key, where that is not 1."""
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
    limits = {"late_after": rules.late_after, "clock_tolerance": rules.clock_tolerance}
    asked = {"event_id": event_id, "findings": _line_findings(stored), "intents": list(INTENTS), **limits}
    rows: list[dict[str, Any]] = []
    with open_published(places.data) as served:
        for relation, columns in PLACES.items():
            keys, sql = KEYS.get(relation, 1), f"{EVENT} select {columns}"
            found = served.query(sql, {name: value for name, value in asked.items() if f"${name}" in sql})
            for row in found.sort(found.columns[:keys]).to_dicts():
                key = {name: row.pop(name) for name in found.columns[:keys]}
                rows.append({"relation": relation, "key": key, "columns": row})
        if not rows and stored.is_empty():
            similar = served.similar("fct_events", "event_id", event_id)
            mend = nearest(event_id, similar) if similar else ""
            raise FixableError(cell(f'no event "{event_id}" was ever read from the inbox{mend}'))
    return {"event_id": event_id, "bodies": stored.select(*BODY, *SENT).to_dicts(), "rows": rows}


def _line_findings(stored: pl.DataFrame) -> list[str]:
    """The findings about lines that the stored bodies of an event are counted in."""
    found = {
        "duplicate": stored.height > 1,
        "conflicting_duplicate": stored["content_hash"].n_unique() > 1,
        "mended_text": stored["is_mended"].any(),
        "secrets_in_input": (stored["redacted_count"] > 0).any(),
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
    texts = (
        f"{value}" if isinstance(value, int) else "'{}'".format(value.replace("'", "''")) for value in key.values()
    )
    return cell(" and ".join(f"{name} = {text}" for name, text in zip(key, texts, strict=True)))


def _listed(columns: dict[str, Any]) -> str:
    return "; ".join(f"{name}: {cell(value)}" for name, value in columns.items() if value is not None)
