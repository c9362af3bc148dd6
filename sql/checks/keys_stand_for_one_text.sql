-- No two organizations and no two events share a 60-bit key.
-- asset: stg_events
select event_key as key,
from raw_events
group by event_key
having count(distinct event_id) > 1
union all
select organization_key as key,
from raw_events
where organization_key is not null
group by organization_key
having count(distinct organization_id) > 1
