-- One row per thing to do about stuck attempts: one mail may help all that wait for the same.
-- key: next_action
select
    next_action,
    count(*) as stalled_count,
    count(distinct organization_id) as stalled_organization_count,
    max(idle_us) as longest_idle_us,
from rpt_stalled
group by next_action
