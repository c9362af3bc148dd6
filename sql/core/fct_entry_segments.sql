-- One row per entry, dimension and segment: all that entries are told apart by.
-- key: funnel_id, entry_id, dimension, segment
-- An entry without a value has no row; only error_code may have several; all entries have all. Link source is that of
-- the first link, domains are those told of by the entry.
with domain_counts as (
    select
        n.entry_id,
        count(*) filter (where d.domain <> '') as domain_count,
    from fct_entries as n
    join fct_domains as d on d.organization_id = n.organization_id and d.first_told_at <= n.entered_at
    group by n.entry_id
),

plain as (
    select
        n.funnel_id,
        n.entry_id,
        unnest([
            ('all', 'all'),
            ('entry_day', n.entry_date::varchar),
            ('entry_week', n.entry_week::varchar),
            ('entry_month', n.entry_month::varchar),
            ('intent', n.intent),
            ('provider', n.provider),
            ('provider_group', p.provider_group),
            ('link_source', nullif(l.link_source, '')),
            ('weekday', lower(dayname(n.entry_date))),
            ('domain_count', case when d.domain_count >= 3 then '3+' else d.domain_count::varchar end),
        ]) as said,
    from fct_entries as n
    left join dim_providers as p on p.provider = n.provider
    left join domain_counts as d on d.entry_id = n.entry_id
    left join fct_entry_links as k on k.entry_id = n.entry_id and k.link_number = 1
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
    funnel_id,
    entry_id,
    'error_code',
    error_code,
from fct_entry_errors
union all
select
    funnel_id,
    entry_id,
    dimension,
    segment,
from fct_breakdowns
