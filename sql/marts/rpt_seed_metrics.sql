-- One row: the five metrics of the product's founding document under their own names, NOW() read as the as-of time.
-- key: portals_opened
-- Computed over all events as they stand, sandbox too, exactly as the two statements of that document say.
with recent as (
    select
        e.organization_id,
        e.event_type,
        e.timestamp,
    from fct_events as e
    cross join ref_settings as s
    where e.timestamp >= s.as_of - interval '30 days' and e.timestamp <= s.as_of
),

counted as (
    select
        count(distinct organization_id) filter (where event_type = 'admin_portal.link_generated') as portals_opened,
        count(distinct organization_id) filter (where event_type = 'admin_portal.sso_configured') as sso_completed,
        count(distinct organization_id) filter (where event_type = 'admin_portal.dsync_configured') as dsync_completed,
    from recent
),

spans as (
    select
        min(timestamp) filter (where event_type = 'admin_portal.link_generated') as started_at,
        min(timestamp) filter (where event_type = 'admin_portal.sso_configured') as completed_at,
    from recent
    group by organization_id
),

averaged as (
    select avg(completed_at - started_at) as avg_completion_time,
    from spans
    where completed_at is not null
)

select
    c.portals_opened,
    c.sso_completed,
    c.dsync_completed,
    round(c.sso_completed::numeric / nullif(c.portals_opened, 0) * 100, 2) as completion_rate,
    a.avg_completion_time,
    epoch_us(a.avg_completion_time) as avg_completion_us,
from counted as c
cross join averaged as a
