-- One row per funnel and as-of time of this report or an earlier one: what is known today of the time before it.
-- key: funnel_id, as_of
-- Known are the events that some rule of the funnel lists, and those that tell whether a connection was live.
with moments as (
    select as_of,
    from ref_settings
    union
    select as_of,
    from ref_report_runs
),

used as (
    select
        funnel_number,
        event_key,
    from fct_listed
    union
    select
        f.funnel_number,
        r.event_key,
    from fct_reports as r
    cross join ref_funnels as f
),

happened as (
    select
        u.funnel_number,
        m.as_of,
        count(*) as event_count,
        sum(e.content_key) as content_sum,
    from used as u
    join fct_events as e on e.event_key = u.event_key and e.is_production
    asof join moments as m on e.timestamp <= m.as_of
    group by u.funnel_number, m.as_of
)

select
    f.funnel_id,
    m.as_of,
    coalesce(sum(h.event_count) over until_then, 0)::bigint as event_count,
    coalesce(sum(h.content_sum) over until_then, 0)::varchar as content_sum,
    f.definition_hash as today_definition_hash,
    r.program as today_program,
from ref_funnels as f
cross join moments as m
cross join ref_report as r
left join happened as h on h.funnel_number = f.funnel_number and h.as_of = m.as_of
window until_then as (partition by f.funnel_id order by m.as_of)
