-- The organization of every entry and of every link is one of dim_organizations, and each counts once in the totals.
-- asset: rpt_totals
with named as (
    select organization_id,
    from fct_entries
    union
    select organization_id,
    from fct_links
    where organization_id is not null
),

funnels as (
    select
        coalesce(max(organization_count), 0) as largest,
        coalesce(sum(organization_count), 0) as total,
    from rpt_reconciliation
)

select n.organization_id,
from named as n
left join dim_organizations as o on o.organization_id = n.organization_id
where o.organization_key is null
union all
select 'rpt_totals',
from rpt_totals as t
cross join funnels as f
where
    t.organization_count not between f.largest and f.total
    or t.stalled_organization_count > t.organization_count
