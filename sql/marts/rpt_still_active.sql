-- One row per kind and number of days: of what was first activated that long ago, how much was active after them.
-- key: kind, days
with spans as (
    select
        k.kind,
        d.days,
    from (values ('connection'), ('directory')) as k (kind)
    cross join (values (7), (30)) as d (days)
)

select
    p.kind,
    p.days,
    coalesce(s.whole, 0) as activated_count,
    coalesce(s.part, 0) as still_active_count,
    coalesce(s.whole - s.part, 0) as lost_activation_count,
    s.rate as still_active_rate,
    s.lower_bound as still_active_lower,
    s.upper_bound as still_active_upper,
from spans as p
left join fct_shares as s on s.kind = p.kind and s.share_name = 'active_after_' || p.days || '_days'
