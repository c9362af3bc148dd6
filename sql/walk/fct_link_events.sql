-- One row per counted event about a portal link, with the link it is about.
-- key: event_key
-- A link without an id takes its event's id. An opening that names no link belongs to the latest link of its
-- organization and intent before it.
with told as (
    select
        *,
        event_type = 'admin_portal.link_generated' as is_generated,
        case when event_type = 'admin_portal.link_generated' then coalesce(link_id, event_id) else link_id end
            as own_link_id,
    from fct_events
    where is_counted and event_type in (
        'admin_portal.link_generated', 'admin_portal.link_opened', 'admin_portal.accessed',
        'admin_portal.link_expired', 'admin_portal.link_revoked'
    )
)

select
    event_key,
    event_type,
    timestamp,
    organization_id,
    intent,
    user_id,
    properties,
    is_generated,
    coalesce(own_link_id, last_value(case when is_generated then own_link_id end ignore nulls) over (
        partition by organization_key, intent order by timestamp, not is_generated, event_key
        rows between unbounded preceding and current row
    )) as link_id,
from told
