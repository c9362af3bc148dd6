-- One row per funnel: how its links add up to attempts, and its attempts to organizations.
-- key: funnel_id
-- A link counts once for each intent that it serves in the funnel, however often it was logged as generated.
with served as (
    select
        l.funnel_id,
        l.link_id,
        e.organization_id,
        coalesce(e.intent, '') as intent,
        bool_or(not l.is_re_issue) as is_first,
    from fct_entry_links as l
    join fct_entries as e on e.funnel_id = l.funnel_id and e.entry_id = l.entry_id
    group by l.funnel_id, l.link_id, e.organization_id, e.intent
),

generated as (
    select distinct
        f.funnel_id,
        s.link_id,
        s.organization_id,
        s.intent,
    from fct_link_streams as s
    join ref_funnels as f on f.funnel_number = s.funnel_number
),

links as (
    select
        g.funnel_id,
        count(*) as link_count,
        count(*) filter (where s.is_first) as opening_link_count,
        count(*) filter (where not s.is_first) as re_issue_count,
        count(*) filter (where s.is_first is null) as other_link_count,
    from generated as g
    left join served as s
        on
            s.funnel_id = g.funnel_id and s.link_id = g.link_id
            and s.organization_id = g.organization_id and s.intent = g.intent
    group by g.funnel_id
)

select
    f.funnel_id,
    coalesce(l.link_count, 0) as link_count,
    coalesce(l.opening_link_count, 0) as opening_link_count,
    coalesce(l.re_issue_count, 0) as re_issue_count,
    coalesce(l.other_link_count, 0) as other_link_count,
    count(e.entry_id) as attempt_count,
    count(*) filter (where e.is_excluded) as excluded_attempt_count,
    count(*) filter (where not e.is_excluded) as entrant_count,
    count(distinct e.organization_id) filter (where not e.is_excluded) as organization_count,
    count(*) filter (where not e.is_excluded and e.is_matured) as matured_count,
    count(*) filter (where not e.is_excluded and not e.is_matured) as maturing_count,
    count(*) filter (where not e.is_excluded and e.outcome = 'open') as open_count,
from dim_funnels as f
left join links as l on l.funnel_id = f.funnel_id
left join fct_entries as e on e.funnel_id = f.funnel_id
group by f.funnel_id, l.link_count, l.opening_link_count, l.re_issue_count, l.other_link_count
