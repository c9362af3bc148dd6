-- One row per event, each kept once however often it was delivered.
-- key: event_key
-- Counted are events of production (or of no stated environment) up to the as-of time; the others are here and count
-- for nothing. A sign-in that names only its connection belongs to that connection's organization.
with dated as (
    select
        e.*,
        e.is_production and e.timestamp <= s.as_of as is_counted,
        (e.timestamp at time zone s.time_zone)::date as event_date,
    from stg_events as e
    cross join ref_settings as s
),

owners as (
    select
        connection_id,
        arg_min(organization_id, (timestamp, event_key)) as organization_id,
        arg_min(organization_key, (timestamp, event_key)) as organization_key,
    from dated
    where is_counted and connection_id is not null and organization_id is not null
    group by connection_id
)

select
    e.event_key,
    e.event_id,
    e.event_type,
    e.source,
    e.timestamp,
    e.received_at,
    e.event_date,
    coalesce(e.organization_key, o.organization_key) as organization_key,
    coalesce(e.organization_id, o.organization_id) as organization_id,
    e.user_id,
    coalesce(e.intent, case
        when starts_with(e.event_type, 'connection.saml_certificate_') then 'certificate_renewal'
        when
            starts_with(e.event_type, 'connection.') or starts_with(e.event_type, 'authentication.sso_')
            or starts_with(e.event_type, 'sso_recommendation.')
            or e.event_type in ('sso.activated', 'admin_portal.sso_configured') then 'sso'
        when starts_with(e.event_type, 'dsync.') or e.event_type = 'admin_portal.dsync_configured' then 'dsync'
        when e.event_type = 'admin_portal.audit_logs_configured' then 'audit_logs'
        when starts_with(e.event_type, 'vault.byok_key.') then 'bring_your_own_key'
    end) as intent,
    e.link_id,
    e.connection_id,
    e.provider,
    e.environment,
    e.expires_at,
    e.is_production,
    e.is_counted,
    nullif(coalesce(e.properties::json ->> '$.error.code', case
        when e.event_type like '%failed' then e.properties::json ->> '$.reason'
    end), '') as error_code,
    ('0x' || substr(md5(concat_ws(
        chr(31), e.event_type, epoch_us(e.timestamp), e.organization_id, e.properties
    )), 1, 15))::bigint as content_key,
    e.properties::json as properties,
    e.extra::json as extra,
from dated as e
left join owners as o
    on
        o.connection_id = e.connection_id
        and e.organization_id is null
        and starts_with(e.event_type, 'authentication.sso_')
