-- One row per counted attempt that has not activated: what happened last up to its end, and what went wrong last.
-- key: funnel_id, entry_id
-- Its end is its closing, the exclusion that cut it, or the end of its window; an open one has none yet.
with attempts as (
    select
        e.funnel_id,
        e.entry_id,
        e.intent,
        e.entered_at,
        a.organization_key,
        make_timestamptz(least(a.drop_off_us, a.closed_us, a.until_us)) as ended_at,
    from fct_entries as e
    join fct_attempts as a on a.entry_id = e.entry_id
    where e.outcome <> 'activated' and not e.is_excluded
),

reached as (
    select
        funnel_id,
        entry_id,
        max(reached_at) as reached_at,
    from fct_entry_steps
    group by funnel_id, entry_id
),

happened as (
    select
        organization_key,
        intent,
        timestamp,
        event_key,
        intent is null and (
            starts_with(event_type, 'admin_portal.') or starts_with(event_type, 'organization_domain.')
        ) as is_of_any_intent,
        error_code,
        properties ->> '$.error.message' as error_message,
    from fct_events
    where is_counted and organization_key is not null
),

told as (
    select
        a.funnel_id,
        a.entry_id,
        max(h.timestamp) as last_event_at,
        max((h.timestamp, h.event_key, h.error_code, h.error_message)) filter (
            where h.error_code is not null and h.timestamp >= r.reached_at
        ) as last_error,
    from attempts as a
    join reached as r on r.funnel_id = a.funnel_id and r.entry_id = a.entry_id
    join happened as h
        on h.organization_key = a.organization_key and h.timestamp between a.entered_at and a.ended_at
    where a.intent is null or h.intent = a.intent or h.is_of_any_intent
    group by a.funnel_id, a.entry_id
)

select
    a.funnel_id,
    a.entry_id,
    coalesce(t.last_event_at, a.entered_at) as last_event_at,
    t.last_error[3] as last_error_code,
    t.last_error[4] as last_error_message,
from attempts as a
left join told as t on t.funnel_id = a.funnel_id and t.entry_id = a.entry_id
