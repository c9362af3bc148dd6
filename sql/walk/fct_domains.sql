-- One row per organization and domain, with when it was first told of; the empty one says that domains were spoken of.
-- key: organization_id, domain
with told as (
    select
        organization_id,
        timestamp,
        unnest(list_concat(
            [coalesce(properties ->> '$.organization_domain.domain', properties ->> '$.domain')],
            case json_type(properties, '$.domains[0]')
                when 'VARCHAR' then properties ->> '$.domains[*]' else properties ->> '$.domains[*].domain'
            end
        )) as domain,
    from fct_events
    where
        is_counted and organization_id is not null
        and (starts_with(event_type, 'organization') or starts_with(event_type, 'admin_portal.domain_'))
        and (
            json_type(properties, '$.domains') = 'ARRAY' or json_exists(properties, '$.domain')
            or json_exists(properties, '$.organization_domain')
        )
)

select
    organization_id,
    coalesce(lower(domain), '') as domain,
    min(timestamp) as first_told_at,
from told
group by organization_id, coalesce(lower(domain), '')
