-- One row per portal link, as it stands at the as-of time.
-- key: link_id
with told as (
    select
        link_id,
        arg_min(organization_id, (timestamp, event_key)) filter (where is_generated) as organization_id,
        arg_min(intent, (timestamp, event_key)) filter (where is_generated) as intent,
        arg_min(user_id, (timestamp, event_key)) filter (where is_generated) as generated_by,
        arg_min(properties ->> '$.source', (timestamp, event_key)) filter (where is_generated) as link_source,
        min(timestamp) filter (where is_generated) as generated_at,
        arg_min(expires_at, (timestamp, event_key)) filter (where is_generated) as stated_expiry_at,
        min(timestamp) filter (where event_type in ('admin_portal.link_opened', 'admin_portal.accessed')) as opened_at,
        max(timestamp) filter (where event_type in ('admin_portal.link_opened', 'admin_portal.accessed'))
            as last_opened_at,
        greatest(
            count(*) filter (where event_type = 'admin_portal.link_opened'),
            count(*) filter (where event_type = 'admin_portal.accessed')
        ) as opening_count,
        min(timestamp) filter (where event_type = 'admin_portal.link_expired') as expired_at,
        min(timestamp) filter (where event_type = 'admin_portal.link_revoked') as revoked_at,
    from fct_link_events
    group by link_id
)

select
    t.link_id,
    t.organization_id,
    t.intent,
    t.generated_at,
    coalesce(t.stated_expiry_at, t.expired_at) as expires_at,
    t.opened_at,
    t.opening_count,
    coalesce(t.last_opened_at > coalesce(t.stated_expiry_at, t.expired_at), false) as is_opened_after_expiry,
    t.revoked_at,
    t.generated_by,
    t.link_source,
    case
        when t.revoked_at is not null then 'revoked'
        when t.opened_at is not null then 'opened'
        when t.expired_at is not null or t.stated_expiry_at <= s.as_of then 'expired'
        else 'live'
    end as state,
from told as t
cross join ref_settings as s
where t.generated_at is not null
