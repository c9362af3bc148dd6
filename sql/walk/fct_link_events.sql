-- One row per counted event about a portal link, with the link it is about.
-- key: event_key
-- A link without an id takes its event's id. What names no link, or one that nobody made, belongs to the latest link of
-- its organization before it, of its intent where it has one.
with told as (
    select
        *,
        event_type = 'admin_portal.link_generated' as is_generated,
    from fct_events
    where is_counted and event_type in (
        'admin_portal.link_generated', 'admin_portal.link_opened', 'admin_portal.accessed',
        'admin_portal.link_expired', 'admin_portal.link_revoked'
    )
),

made as (
    select distinct coalesce(link_id, event_id) as link_id,
    from told
    where is_generated
),

named as (
    select
        t.*,
        case when t.is_generated then coalesce(t.link_id, t.event_id) else m.link_id end as own_link_id,
    from told as t
    left join made as m on m.link_id = t.link_id
)

select
    event_key,
    event_type,
    timestamp,
    organization_id,
    intent,
    user_id,
    expires_at,
    properties,
    is_generated,
    coalesce(own_link_id, case
        when organization_key is null then null
        when intent is null
            then
                last_value(case when is_generated then own_link_id end ignore nulls)
                    over (
                        partition by organization_key order by timestamp, not is_generated, event_key
                        rows between unbounded preceding and current row
                    )
        else last_value(case when is_generated then own_link_id end ignore nulls) over (
            partition by organization_key, intent order by timestamp, not is_generated, event_key
            rows between unbounded preceding and current row
        )
    end) as link_id,
from named
