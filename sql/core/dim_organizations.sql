-- One row per organization that a counted event names.
-- key: organization_key
-- The name is the latest that the vendor sent; a deletion stands until the organization is told of again.
with told as (
    select
        organization_key,
        organization_id,
        timestamp,
        event_key,
        case when starts_with(event_type, 'organization.') then properties ->> '$.name' end as name,
        starts_with(event_type, 'organization.') as is_about,
        case when event_type = 'organization.deleted' then timestamp end as deleted_at,
    from fct_events
    where is_counted and organization_key is not null
)

select
    organization_key,
    min(organization_id) as organization_id,
    arg_max(name, (timestamp, event_key)) filter (where name is not null) as organization_name,
    min(timestamp) as first_seen_at,
    arg_max_null(deleted_at, (timestamp, event_key)) filter (where is_about) as deleted_at,
from told
group by organization_key
