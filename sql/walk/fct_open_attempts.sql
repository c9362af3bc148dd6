-- One row per open attempt: what happened last, what went wrong last, and the link that counts.
-- key: funnel_id, entry_id
with attempts as (
    select
        e.*,
        o.organization_key,
    from fct_entries as e
    join dim_organizations as o on o.organization_id = e.organization_id
    where e.outcome = 'open' and not e.is_excluded
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
        a.funnel_id,
        a.entry_id,
        e.timestamp,
        e.event_key,
        coalesce(e.properties ->> '$.error.code', case
            when e.event_type like '%failed' then e.properties ->> '$.reason'
        end) as error_code,
        e.properties ->> '$.error.message' as error_message,
    from attempts as a
    join fct_events as e on e.organization_key = a.organization_key and e.timestamp >= a.entered_at
    where e.is_counted and (
        a.intent is null
        or e.intent = a.intent
        or e.intent is null and (
            starts_with(e.event_type, 'admin_portal.') or starts_with(e.event_type, 'organization_domain.')
        )
    )
),

told as (
    select
        h.funnel_id,
        h.entry_id,
        max(h.timestamp) as last_event_at,
        max((h.timestamp, h.event_key, h.error_code, h.error_message)) filter (
            where h.error_code is not null and h.timestamp >= r.reached_at
        ) as last_error,
    from happened as h
    join reached as r on r.funnel_id = h.funnel_id and r.entry_id = h.entry_id
    group by h.funnel_id, h.entry_id
),

links as (
    select
        a.funnel_id,
        a.entry_id,
        max((l.generated_at, l.link_id, l.state, l.expires_at)) as link,
    from attempts as a
    join fct_links as l
        on l.organization_id = a.organization_id and l.intent = a.intent and l.generated_at >= a.entered_at
    group by a.funnel_id, a.entry_id
)

select
    a.funnel_id,
    a.entry_id,
    coalesce(t.last_event_at, a.entered_at) as last_event_at,
    t.last_error[3] as last_error_code,
    t.last_error[4] as last_error_message,
    l.link[2] as link_id,
    l.link[3] as link_state,
    l.link[4] as link_expires_at,
from attempts as a
left join told as t on t.funnel_id = a.funnel_id and t.entry_id = a.entry_id
left join links as l on l.funnel_id = a.funnel_id and l.entry_id = a.entry_id
