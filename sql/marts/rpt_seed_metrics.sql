-- One row: the five metrics of the product's founding document under their own names, NOW() read as the as-of time.
-- key: portals_opened
-- Computed over all events as they stand, sandbox too, exactly as the two statements of that document say: the mean is
-- over whatever shares an organization, none too, the counts are of organizations.
with spans as (
    select
        e.organization_id,
        min(e.timestamp) filter (where e.event_type = 'admin_portal.link_generated') as started_at,
        min(e.timestamp) filter (where e.event_type = 'admin_portal.sso_configured') as completed_at,
        bool_or(e.event_type = 'admin_portal.dsync_configured') as is_dsync_completed,
    from fct_events as e
    cross join ref_settings as s
    where e.timestamp >= s.as_of - interval '30 days' and e.timestamp <= s.as_of
    group by e.organization_id
),

counted as (
    select
        count(organization_id) filter (where started_at is not null) as portals_opened,
        count(organization_id) filter (where completed_at is not null) as sso_completed,
        count(organization_id) filter (where is_dsync_completed) as dsync_completed,
        avg(completed_at - started_at) as avg_completion_time,
    from spans
)

select
    portals_opened,
    sso_completed,
    dsync_completed,
    round(sso_completed::numeric / nullif(portals_opened, 0) * 100, 2) as completion_rate,
    avg_completion_time,
    epoch_us(avg_completion_time) as avg_completion_us,
from counted
