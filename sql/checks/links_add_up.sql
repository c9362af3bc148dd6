-- Links open attempts, are re-issues or neither; attempts count or are excluded; a funnel of links leaves none over.
-- asset: rpt_reconciliation
with opened_by_links as (
    select funnel_id,
    from dim_funnel_steps
    where step_number = 1 and contains(event_types, 'admin_portal.link_generated')
),

filtered as (
    select f.funnel_id,
    from ref_funnels as f
    join ref_step_events as e on e.funnel_number = f.funnel_number and e.step = 1
    join ref_step_filters as x on x.rule_number = e.rule_number
)

select r.funnel_id,
from rpt_reconciliation as r
left join opened_by_links as o on o.funnel_id = r.funnel_id
where
    r.link_count <> r.opening_link_count + r.re_issue_count + r.other_link_count
    or r.attempt_count <> r.entrant_count + r.excluded_attempt_count
    or r.entrant_count <> r.matured_count + r.maturing_count
    or r.open_count > r.maturing_count
    or r.organization_count > r.entrant_count
    or r.opening_link_count > r.attempt_count
    or (
        o.funnel_id is not null and r.other_link_count > 0
        and r.funnel_id not in (select x.funnel_id, from filtered as x)
    )
