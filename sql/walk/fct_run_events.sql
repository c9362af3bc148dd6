-- One row per as-of time of this report and of earlier ones: what is known today of the time before it.
-- key: as_of
with moments as (
    select as_of,
    from ref_settings
    union
    select as_of,
    from ref_report_runs
),

happened as (
    select
        m.as_of,
        count(*) as event_count,
        sum(e.content_key) as content_sum,
    from fct_events as e
    asof join moments as m on e.timestamp <= m.as_of
    where e.is_production
    group by m.as_of
)

select
    m.as_of,
    coalesce(sum(h.event_count) over until_then, 0)::bigint as event_count,
    coalesce(sum(h.content_sum) over until_then, 0)::varchar as content_sum,
    r.definitions_hash as today_definitions_hash,
    r.recipe as today_recipe,
from moments as m
cross join ref_report as r
left join happened as h on h.as_of = m.as_of
window until_then as (order by m.as_of)
