-- One row: organizations over all funnels, each counted once however many funnels it is in.
-- key: organization_count
with entered as (
    select count(distinct organization_id) as organization_count,
    from fct_entries
    where not is_excluded
),

linked as (
    select count(distinct organization_id) as linked_organization_count,
    from fct_links
),

stalled as (
    select
        count(distinct organization_id) as stalled_organization_count,
        max(idle_us) as longest_idle_us,
    from rpt_stalled
)

select
    e.organization_count,
    l.linked_organization_count,
    s.stalled_organization_count,
    s.longest_idle_us,
from entered as e
cross join linked as l
cross join stalled as s
