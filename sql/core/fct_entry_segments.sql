-- One row per entry, dimension and segment: all that entries are told apart by.
-- key: funnel_id, entry_id, dimension, segment
-- An entry without a value has no row; only error_code may have several. Link source is that of its first link, domains
-- are those told of by its entry.
with numbered as (
    select
        e.*,
        a.funnel_number,
        a.entity_key,
        a.entry_position,
    from fct_entries as e
    join ref_funnels as f on f.funnel_id = e.funnel_id
    join fct_attempts as a
        on
            a.funnel_number = f.funnel_number and a.event_key = e.entry_event_key
            and nullif(a.intent, '') is not distinct from e.intent
),

domain_counts as (
    select
        n.funnel_id,
        n.entry_id,
        count(*) filter (where d.domain <> '') as domain_count,
    from numbered as n
    join fct_domains as d on d.organization_id = n.organization_id and d.first_told_at <= n.entered_at
    group by n.funnel_id, n.entry_id
),

plain as (
    select
        n.funnel_id,
        n.entry_id,
        unnest([
            ('entry_day', n.entry_date::varchar),
            ('entry_week', n.entry_week::varchar),
            ('entry_month', n.entry_month::varchar),
            ('intent', n.intent),
            ('provider', n.provider),
            ('provider_group', p.provider_group),
            ('link_source', l.link_source),
            ('weekday', lower(dayname(n.entry_date))),
            ('domain_count', case when d.domain_count >= 3 then '3+' else d.domain_count::varchar end),
        ]) as said,
    from numbered as n
    left join dim_providers as p on p.provider = n.provider
    left join domain_counts as d on d.funnel_id = n.funnel_id and d.entry_id = n.entry_id
    left join fct_entry_links as k on k.funnel_id = n.funnel_id and k.entry_id = n.entry_id and k.link_number = 1
    left join fct_links as l on l.link_id = k.link_id
)

select
    funnel_id,
    entry_id,
    said[1] as dimension,
    said[2] as segment,
from plain
where said[2] is not null
union all
select
    n.funnel_id,
    n.entry_id,
    'error_code',
    x.error_code,
from numbered as n
join fct_entry_errors as x
    on x.funnel_number = n.funnel_number and x.entity_key = n.entity_key and x.entry_position = n.entry_position
union all
select
    n.funnel_id,
    n.entry_id,
    b.dimension,
    b.segment,
from numbered as n
join fct_breakdowns as b
    on b.funnel_number = n.funnel_number and b.entity_key = n.entity_key and b.entry_position = n.entry_position
