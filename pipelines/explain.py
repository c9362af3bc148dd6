"""One organization, told so that support can answer for every number it is counted in: its events, its entries.

Belongs here: the questions to the published tables, and the order in which the answers are said. No rule is applied
again: what opened, filled and ended an entry is read from the tables that the walk made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.errors import FixableError
from pipelines.mistakes import nearest
from pipelines.pages.formats import duration
from pipelines.paths import DataPaths
from pipelines.terminal import cell, instant, wrapped
from pipelines.warehouse import Warehouse, open_published

Row = dict[str, Any]
COLUMNS = ("timestamp", "event_type", "intent")
WIDEST = 40

ORGANIZATION = """
select $organization_id as organization_id, o.organization_name, o.first_seen_at, o.deleted_at, r.as_of, r.watermark,
from rpt_report as r left join dim_organizations as o on o.organization_id = $organization_id
"""
EVENTS = """
select e.event_id, e.timestamp, e.event_type, e.source, e.intent, e.link_id, e.connection_id, e.provider,
    coalesce(e.properties ->> '$.error.code', if(e.event_type like '%failed', e.properties ->> '$.reason', null))
        as error_code,
    nullif(concat_ws(' and ', if(e.is_production, null, 'environment ' || e.environment),
        if(e.timestamp > r.as_of, 'after the as-of time', null)), '') as not_counted_because,
from fct_events as e cross join rpt_report as r
where e.organization_id = $organization_id order by e.timestamp, e.event_key
"""
DONE = """
with entries as (
    select n.*, v.event_id as entry_event_id,
        if(n.is_excluded, n.excluded_at, n.entered_at + to_microseconds(n.observed_us)) as cut_at,
    from fct_entries as n join fct_events as v on v.event_key = n.entry_event_key
    where n.organization_id = $organization_id
),
counted as (select *, from fct_events where organization_id = $organization_id and is_counted),
done as (
    select 1 as place, entry_event_id as event_id, funnel_id, intent, entry_id, 'opens this entry' as did, from entries
    union all
    select 2, s.event_id, n.funnel_id, n.intent, n.entry_id, 'step ' || s.step_number || ' ' || s.step_name,
    from fct_entry_steps as s join entries as n using (funnel_id, entry_id)
    union all
    select 3, a.event_id, a.funnel_id, nullif(a.intent, ''), a.entry_id, case a.fate
        when 'conversion' then if(n.outcome = 'activated', 'the conversion', 'the activation, after an exclusion')
            || if(a.is_re_activation, ', a re-activation too', '')
        when 'repeat' then 'repeats a known activation'
        when 'late_activation' then 'late activation: after the window'
        when 're_activation' then 're-activation'
        when 'out_of_band' then 'out of band: no entry explains it'
            || if(a.is_clock_inversion, ', a clock inversion: shortly before a link', '')
        else a.fate end,
    from fct_activations as a left join entries as n on n.funnel_id = a.funnel_id and n.entry_id = a.entry_id
    where a.organization_id = $organization_id and a.fate <> 'not_counted' and (a.is_set_up or exists (
        select 1, from entries as o where (o.funnel_id, coalesce(o.intent, '')) = (a.funnel_id, a.intent)
    ))
    union all
    select 4, v.event_id, n.funnel_id, n.intent, n.entry_id,
        if(l.is_re_issue, 're-issue: ', '') || 'link ' || l.link_number || if(l.is_used, ', the one used', ''),
    from fct_entry_links as l join entries as n using (funnel_id, entry_id)
    join counted as v on coalesce(v.link_id, v.event_id) = l.link_id and v.event_type = 'admin_portal.link_generated'
    union all
    select 5, any_value(v.event_id), n.funnel_id, n.intent, n.entry_id,
        if(n.is_excluded, 'takes this entry out of all counts', 'ends this entry'),
    from entries as n join counted as v on v.timestamp = n.cut_at and (
        v.event_type = n.ended_by or n.outcome <> 'ended' and v.event_type not in (
            select unnest(string_split(t.event_types, ', ')), from dim_funnel_steps as t where t.funnel_id = n.funnel_id
        )
    )
    where n.is_excluded or n.outcome = 'ended' or n.ended_by = 'exclusion with effect drop_off'
    group by all having count(*) = 1
)
select d.event_id, d.funnel_id, n.entry_id, concat_ws('/', d.funnel_id, d.intent, n.entry_number) as label,
    list(d.did order by d.place, d.did) as did,
from done as d join dim_funnels as f on f.funnel_id = d.funnel_id
left join entries as n on n.funnel_id = d.funnel_id and n.entry_id = d.entry_id
where coalesce(d.funnel_id = $funnel_id, true)
group by all order by any_value(f.position), label
"""
"""Each entry that an event touched, and how. What cut one off is known by its time: where events share it, none is."""
ENTRIES = """
select n.funnel_id, f.title, n.entry_id, concat_ws('/', n.funnel_id, n.intent, n.entry_number) as label, n.entry_number,
    n.intent, n.entered_at, n.opened_by, n.deepest_step, n.outcome, n.converted_at, n.ended_by, n.is_matured,
    n.matures_at, n.provider, n.started_by, n.is_excluded, n.excluded_at, (
        select list({'step_number': t.step_number, 'step_name': t.step_name, 'reached_at': s.reached_at,
            'event_id': s.event_id} order by t.step_number)
        from dim_funnel_steps as t left join fct_entry_steps as s
            on s.funnel_id = t.funnel_id and s.step_number = t.step_number and s.entry_id = n.entry_id
        where t.funnel_id = n.funnel_id and t.step_number <= n.deepest_step
    ) as steps,
from fct_entries as n join dim_funnels as f on f.funnel_id = n.funnel_id
where n.organization_id = $organization_id and coalesce(n.funnel_id = $funnel_id, true)
order by f.position, n.intent, n.entry_number
"""


def explain(paths: DataPaths, organization_id: str, funnel_id: str | None = None) -> dict[str, Any]:
    """What the served report knows of an organization: `organization`, `events` and `entries` (of one funnel, or all).

    An event's `did` lists the entries that it touched, each with what it did there, in words.

    Raises:
        FixableError: nothing is published; nobody knows the organization or the funnel.
    """
    with open_published(paths) as served:
        organization = served.query(ORGANIZATION, {"organization_id": organization_id}).row(0, named=True)
        events = served.query(EVENTS, {"organization_id": organization_id}).to_dicts()
        _refuse_unknown(served, organization_id, bool(events), funnel_id)
        asked = {"organization_id": organization_id, "funnel_id": funnel_id}
        done, entries = served.query(DONE, asked).to_dicts(), served.query(ENTRIES, asked).to_dicts()
    did: dict[str, list[Row]] = {event["event_id"]: event.setdefault("did", []) for event in events}
    for deed in done:
        did[deed.pop("event_id")].append(deed)
    return {"organization": organization, "events": events, "entries": entries}


def _refuse_unknown(served: Warehouse, word: str, is_known: bool, funnel_id: str | None) -> None:
    funnels = served.query("select funnel_id from dim_funnels order by position")["funnel_id"].to_list()
    if funnel_id is not None and funnel_id not in funnels:
        raise FixableError(cell(f'the report has no funnel "{funnel_id}"{nearest(funnel_id, funnels)}'))
    if not is_known:
        similar = served.similar("fct_events", "organization_id", word)
        mend = nearest(word, similar) if similar else "; its id stands in your events"
        count = served.query("select count(distinct organization_id) from fct_events").item()
        raise FixableError(cell(f'the report knows {count:,} organizations, and "{word}" is none of them{mend}'))


def explanation(told: dict[str, Any]) -> Iterator[str]:
    """The lines of `explain` for a person."""
    organization, events, entries = told["organization"], told["events"], told["entries"]
    yield f"organization  {cell(organization['organization_id'])}  {cell(organization['organization_name'])}"
    yield f"first seen    {cell(organization['first_seen_at'])}   deleted  {cell(organization['deleted_at'])}"
    yield f"as of         {cell(organization['as_of'])}   data to  {cell(organization['watermark'])}   (times are UTC)"
    yield f"\n{len(events):,} events"
    widths = [min(WIDEST, max(len(cell(event[name])) for event in events)) for name in COLUMNS]
    for event in events:
        columns = (cell(event[name]).ljust(width) for name, width in zip(COLUMNS, widths, strict=True))
        yield "  ".join((*columns, cell(event["event_id"])))
        yield from _about(event)
    if not entries:
        yield "\nno entry"
    for entry in entries:
        yield from _paragraph(entry)


def _about(event: Row) -> Iterator[str]:
    """What the event names, then what it did: one line an entry."""
    names = {"link": "link_id", "connection": "connection_id", "provider": "provider", "error": "error_code"}
    said = [f"{word} {cell(event[name])}" for word, name in names.items() if event[name] is not None]
    if said:
        yield from wrapped(", ".join(said), "    ")
    if event["not_counted_because"]:
        yield from wrapped(cell(f"counts for nothing: {event['not_counted_because']}"), "    > ", "  ")
    elif not event["did"]:
        yield "    > fills no step"
    for deed in event["did"]:
        yield from wrapped(cell(f"{deed['label']}: {', '.join(deed['did'])}"), "    > ", "  ")


def _paragraph(entry: Row) -> Iterator[str]:
    """An entry: how it began, how far it came, how it ended."""
    yield f"\n{cell(entry['label'])}  {cell(entry['title'])}"
    converted_at, maturity = entry["converted_at"], "yes, since" if entry["is_matured"] else "no, it matures"
    took = duration((converted_at - entry["entered_at"]).total_seconds() * 1e6) if converted_at else ""
    said = {
        "entry_number": entry["entry_number"],
        "intent": entry["intent"],
        "entered_at": entry["entered_at"],
        "opened_by": entry["opened_by"],
        "deepest_step": f"{entry['deepest_step']} {entry['steps'][-1]['step_name']}",
        "outcome": f"{entry['outcome']} {instant(converted_at)}, {took} after entry" if took else entry["outcome"],
        "ended_by": entry["ended_by"],
        "is_matured": f"{maturity} {instant(entry['matures_at'])}",
        "provider": entry["provider"],
        "is_excluded": f"yes, from {instant(entry['excluded_at'])}" if entry["is_excluded"] else "no",
        "entry_id": entry["entry_id"],
    }
    for name, value in said.items():
        yield from wrapped(f"{name:<13} {cell(value)}", "    ", " " * 14)
    for step in entry["steps"]:
        when = instant(step["reached_at"]) if step["reached_at"] else "passed over, no event of its own"
        yield f"    step {step['step_number']:<8} {step['step_name']:<20} {when}"
