-- One row per event type, in its usual spelling and of any environment: how often it came, and which funnels use it.
-- key: event_type
-- A funnel uses the types that stand for its steps, its exclusions and its ends. Tables beside the funnels read some of
-- the others, such as links that expire; a new or misspelt name is among those that no funnel uses.
with used as (
    select
        r.event_type,
        string_agg(distinct f.funnel_id, ', ' order by f.funnel_id) as funnel_ids,
    from ref_step_events as r
    join ref_funnels as f on f.funnel_number = r.funnel_number
    group by r.event_type
)

select
    e.event_type,
    count(*) as event_count,
    min(e.timestamp) as first_at,
    max(e.timestamp) as last_at,
    count(distinct e.organization_id) as organization_count,
    u.funnel_ids,
from fct_events as e
left join used as u on u.event_type = e.event_type
group by e.event_type, u.funnel_ids
