-- One row per share that SQL counts, of connections by kind and of organizations, with its 95 % interval.
-- key: share_name, kind
-- The interval is that of E. B. Wilson, JASA 22 (1927) 209-212; a test holds it to pipelines/statistics/intervals.py.
with members as (
    select
        kind,
        unnest([
            ('active_after_7_days', is_active_after_7_days),
            ('active_after_30_days', is_active_after_30_days),
        ]) as said,
    from fct_connections
    union all
    select
        'organization',
        ('adoption', is_configured),
    from fct_adoptions
),

counted as (
    select
        said[1] as share_name,
        kind,
        count(*) filter (where said[2]) as part,
        count(*) as whole,
        1.9599639845400536e0 / 2 as half,
    from members
    where said[2] is not null
    group by said[1], kind
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
