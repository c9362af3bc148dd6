-- One row per portal link, as it stands at the as-of time.
-- key: link_id
with generated as (
    select
        link_id,
        arg_min(organization_id, (timestamp, event_key)) as organization_id,
        arg_min(intent, (timestamp, event_key)) as intent,
        arg_min(user_id, (timestamp, event_key)) as generated_by,
        arg_min(properties ->> '$.source', (timestamp, event_key)) as link_source,
        min(timestamp) as generated_at,
        arg_min(expires_at, (timestamp, event_key)) as stated_expiry_at,
    from fct_link_events
    where is_generated
    group by link_id
),

happened as (
    select
        e.link_id,
        min(e.timestamp) filter (where e.event_type in ('admin_portal.link_opened', 'admin_portal.accessed'))
            as opened_at,
        max(e.timestamp) filter (where e.event_type in ('admin_portal.link_opened', 'admin_portal.accessed'))
            as last_opened_at,
        greatest(
            count(*) filter (where e.event_type = 'admin_portal.link_opened'),
            count(*) filter (where e.event_type = 'admin_portal.accessed')
        ) as opening_count,
        min(e.timestamp) filter (where e.event_type = 'admin_portal.link_expired') as expired_at,
        min(e.timestamp) filter (where e.event_type = 'admin_portal.link_revoked') as revoked_at,
    from fct_link_events as e
    group by e.link_id
)

select
    g.link_id,
    g.organization_id,
    g.intent,
    g.generated_at,
    coalesce(g.stated_expiry_at, h.expired_at) as expires_at,
    h.opened_at,
    h.opening_count,
    coalesce(h.last_opened_at > coalesce(g.stated_expiry_at, h.expired_at), false) as is_opened_after_expiry,
    h.revoked_at,
    g.generated_by,
    g.link_source,
    case
        when h.revoked_at is not null then 'revoked'
        when h.opened_at is not null then 'opened'
        when h.expired_at is not null or g.stated_expiry_at <= s.as_of then 'expired'
        else 'live'
    end as state,
from generated as g
join happened as h on h.link_id = g.link_id
cross join ref_settings as s
