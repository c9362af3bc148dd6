-- One row per organization whose domains were told of: how many there are.
-- key: organization_id
with told as (
    select
        organization_id,
        unnest(list_concat(
            [coalesce(properties ->> '$.organization_domain.domain', properties ->> '$.domain')],
            properties ->> '$.domains[*].domain'
        )) as domain,
    from fct_events
    where
        is_counted and organization_id is not null
        and (starts_with(event_type, 'organization') or starts_with(event_type, 'admin_portal.domain_'))
        and coalesce(
            (properties -> '$.domains'), (properties -> '$.domain'), (properties -> '$.organization_domain')
        ) is not null
)

select
    organization_id,
    count(distinct lower(domain)) as domain_count,
from told
group by organization_id
