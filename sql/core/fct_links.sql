-- One row per portal link, as it stands at the as-of time.
-- key: link_id
-- An opening that names no link belongs to the latest link of its organization and intent before it.
with told as (
    select
        e.*,
        case when event_type = 'admin_portal.link_generated' then coalesce(link_id, event_id) else link_id end as own_link_id,
    from fct_events as e
    where e.is_counted and e.event_type in (
        'admin_portal.link_generated', 'admin_portal.link_opened', 'admin_portal.accessed',
        'admin_portal.link_expired', 'admin_portal.link_revoked'
    )
),

generated as (
    select
        own_link_id as link_id,
        arg_min(organization_id, (timestamp, event_key)) as organization_id,
        arg_min(intent, (timestamp, event_key)) as intent,
        arg_min(user_id, (timestamp, event_key)) as generated_by,
        arg_min(properties ->> '$.source', (timestamp, event_key)) as link_source,
        min(timestamp) as generated_at,
        arg_min(coalesce(
            properties ->> '$.expiresAt', properties ->> '$.expires_at'
        ), (timestamp, event_key)) as expires_at,
    from told
    where event_type = 'admin_portal.link_generated'
    group by own_link_id
),

attributed as (
    select
        event_type,
        timestamp,
        coalesce(own_link_id, last_value(
            case when event_type = 'admin_portal.link_generated' then own_link_id end ignore nulls
        ) over (
            partition by organization_key, intent order by timestamp, event_type <> 'admin_portal.link_generated', event_key
            rows between unbounded preceding and current row
        )) as link_id,
    from told
),

happened as (
    select
        link_id,
        min(timestamp) filter (where event_type in ('admin_portal.link_opened', 'admin_portal.accessed')) as opened_at,
        min(timestamp) filter (where event_type = 'admin_portal.link_expired') as expired_at,
        min(timestamp) filter (where event_type = 'admin_portal.link_revoked') as revoked_at,
    from attributed
    group by link_id
),

dated as (
    select
        g.* replace (try_cast(g.expires_at as timestamptz) as expires_at),
        h.opened_at,
        h.expired_at,
        h.revoked_at,
    from generated as g
    left join happened as h on h.link_id = g.link_id
)

select
    d.link_id,
    d.organization_id,
    d.intent,
    d.generated_at,
    coalesce(d.expires_at, d.expired_at) as expires_at,
    d.opened_at,
    d.revoked_at,
    d.generated_by,
    d.link_source,
    case
        when d.revoked_at is not null then 'revoked'
        when d.opened_at is not null then 'opened'
        when d.expired_at is not null or d.expires_at <= s.as_of then 'expired'
        else 'live'
    end as state,
from dated as d
cross join ref_settings as s
