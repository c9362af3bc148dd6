-- One row per counted event that reports an activation or takes a connection down, with its connection before it.
-- key: event_key
-- Each connection's own history tells which reports repeat an activation that is known already. A report that names no
-- connection takes the name of the next one within the clock tolerance: two handlers write them in either order.
with effects as (
    select
        e.event_key,
        e.organization_key,
        e.intent,
        e.connection_id,
        epoch_us(e.timestamp) as at_us,
        e.event_type not in (
            'connection.deactivated', 'connection.deleted', 'dsync.deactivated', 'dsync.deleted'
        ) as is_report,
    from fct_events as e
    where e.is_counted and e.organization_key is not null and e.event_type in (
        'connection.activated', 'sso.activated', 'admin_portal.sso_configured', 'dsync.activated',
        'admin_portal.dsync_configured', 'admin_portal.audit_logs_configured',
        'connection.deactivated', 'connection.deleted', 'dsync.deactivated', 'dsync.deleted'
    )
),

followed as (
    select
        *,
        first_value(case when is_report and connection_id is not null then connection_id end ignore nulls) over after
            as next_connection_id,
        first_value(case when is_report and connection_id is not null then at_us end ignore nulls)
            over after
            as next_us,
    from effects
    window after as (
        partition by organization_key, intent order by at_us, not is_report, event_key
        rows between 1 following and unbounded following
    )
),

named as (
    select
        f.* exclude (connection_id, next_connection_id, next_us),
        coalesce(f.connection_id, case
            when f.is_report and f.next_us - f.at_us <= s.clock_tolerance_us then f.next_connection_id
        end) as connection_id,
    from followed as f
    cross join ref_settings as s
),

told as (
    select
        *,
        connection_id is not null and lag(is_report, 1, false) over (
            partition by connection_id order by at_us, not is_report, event_key
        ) as was_live,
    from named
)

select
    event_key,
    organization_key,
    intent,
    connection_id,
    at_us,
    is_report,
    was_live,
    is_report and was_live as is_repeat,
from told
