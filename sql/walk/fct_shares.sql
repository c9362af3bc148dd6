-- One row per share that SQL counts, of connections by kind and of organizations, with its 95 % interval.
-- key: share_name, kind
-- The interval is that of E. B. Wilson, JASA 22 (1927) 209-212; a test holds it to pipelines/statistics/intervals.py.
with members as (
    select
        'active_after_7_days' as share_name,
        kind,
        is_active_after_7_days as is_part,
    from fct_connections
    union all
    select
        'active_after_30_days',
        kind,
        is_active_after_30_days,
    from fct_connections
    union all
    select
        'adoption',
        'organization',
        is_configured,
    from fct_adoptions
    union all
    select
        'acceptance',
        'organization',
        is_accepted,
    from fct_adoptions
    where is_recommended
    union all
    select
        'dismissal',
        'organization',
        is_dismissed,
    from fct_adoptions
    where is_recommended
),

counted as (
    select
        share_name,
        kind,
        count(*) filter (where is_part) as part,
        count(*) as whole,
        1.9599639845400536e0 / 2 as half,
    from members
    where is_part is not null
    group by share_name, kind
),

spread as (
    select
        *,
        sqrt(part * (whole - part) / whole + half * half) as spread,
    from counted
)

select
    share_name,
    kind,
    part,
    whole,
    part / whole as rate,
    (part + 2 * half * half - 2 * half * spread) / (whole + 4 * half * half) as lower_bound,
    1 - (whole - part + 2 * half * half - 2 * half * spread) / (whole + 4 * half * half) as upper_bound,
from spread
