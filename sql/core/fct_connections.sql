-- One row per connection or directory, as it stands at the as-of time.
-- key: connection_id
-- States are those of the vendor's events; the older words linked and unlinked mean active and inactive. At one instant
-- a deactivation or deletion comes last, as in the walk.
with told as (
    select
        e.connection_id,
        e.organization_id,
        e.provider,
        e.timestamp,
        e.event_key,
        s.as_of,
        e.event_type like '%deactivated' or e.event_type like '%deleted' as is_down,
        starts_with(e.event_type, 'dsync.') as is_directory,
        min(case
            when e.event_type in (
                'connection.activated', 'sso.activated', 'admin_portal.sso_configured',
                'dsync.activated', 'admin_portal.dsync_configured'
            ) then e.timestamp
        end) over (partition by e.connection_id) as activated_at,
        case
            when e.event_type in ('connection.deleted', 'dsync.deleted') then 'deleted'
            when e.event_type in ('connection.deactivated', 'dsync.deactivated') then 'inactive'
            else coalesce(
                case properties ->> '$.state' when 'linked' then 'active' when 'unlinked' then 'inactive' end,
                properties ->> '$.state', 'active'
            )
        end as state,
    from fct_events as e
    cross join ref_settings as s
    where e.is_counted and e.connection_id is not null and e.event_type in (
        'connection.activated', 'connection.deactivated', 'connection.deleted', 'sso.activated',
        'dsync.activated', 'dsync.deactivated', 'dsync.deleted',
        'admin_portal.sso_configured', 'admin_portal.dsync_configured'
    )
),

changes as (
    select
        *,
        coalesce(lag(state) over (partition by connection_id order by timestamp, is_down, event_key) <> state, true)
            as is_change,
    from told
)

select
    connection_id,
    arg_max(organization_id, (timestamp, event_key)) filter (where organization_id is not null) as organization_id,
    case when bool_or(is_directory) or starts_with(connection_id, 'directory_') then 'directory' else 'connection' end
        as kind,
    arg_max(provider, (timestamp, event_key)) filter (where provider is not null) as provider,
    arg_max(state, (timestamp, is_down, event_key)) as state,
    max(timestamp) filter (where is_change) as since,
    activated_at,
    case
        when as_of >= activated_at + interval '7 days'
            then arg_max(state, (timestamp, is_down, event_key)) filter (
                where timestamp <= activated_at + interval '7 days'
            ) = 'active'
    end as is_active_after_7_days,
    case
        when as_of >= activated_at + interval '30 days'
            then arg_max(state, (timestamp, is_down, event_key)) filter (
                where timestamp <= activated_at + interval '30 days'
            ) = 'active'
    end as is_active_after_30_days,
from changes
group by connection_id, activated_at, as_of
