-- One row per connection or directory that was used, or whose certificate was told of: its last use, the next expiry.
-- key: connection_id
-- What was last said of a type of certificate holds; the earliest of all types is the one that breaks sign-in first.
with told as (
    select
        connection_id,
        organization_id,
        timestamp,
        event_key,
        starts_with(event_type, 'dsync.') as is_directory,
        event_type = 'authentication.sso_succeeded' or event_type similar to 'dsync\.(user|group)\..*' as is_use,
        starts_with(event_type, 'connection.saml_certificate_') as is_certificate,
        coalesce(properties ->> '$.certificate.certificate_type', '') as certificate_type,
        try_cast(properties ->> '$.certificate.expiry_date' as timestamptz) as expires_at,
    from fct_events
    where is_counted and connection_id is not null
),

typed as (
    select
        connection_id,
        max(organization_id) as organization_id,
        bool_or(is_directory) as is_directory,
        max(timestamp) filter (where is_use) as last_sign_in_at,
        arg_max_null(expires_at, (timestamp, event_key)) filter (where is_certificate) as expires_at,
    from told
    where is_use or is_certificate
    group by connection_id, certificate_type
)

select
    connection_id,
    max(organization_id) as organization_id,
    case when bool_or(is_directory) then 'directory' else 'connection' end as kind,
    max(last_sign_in_at) as last_sign_in_at,
    min(expires_at) as certificate_expires_at,
from typed
group by connection_id
