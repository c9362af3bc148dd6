-- One row: organizations over all funnels, each counted once however many funnels it is in.
-- key: organization_count
select
    count(distinct organization_id) filter (where not is_excluded) as organization_count,
    (select count(distinct organization_id), from fct_links) as linked_organization_count,
    (select count(distinct organization_id), from rpt_stalled) as stalled_organization_count,
    (select max(idle_us), from rpt_stalled) as longest_idle_us,
from fct_entries
