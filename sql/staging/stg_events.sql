-- One row per event: of all stored bodies the one that counts, its names in normal form.
-- key: event_key
-- Of several bodies the one received first counts; where that is not known the earliest, then the smaller text. Data
-- decide, not delivery, so that any order of arrival gives the same row.
with picked as (
    select *,
    from raw_events
    qualify row_number() over (
        partition by event_key
        order by received_at nulls last, timestamp, properties, extra, event_type, content_hash, source
    ) = 1
),

spelt as (
    select
        *,
        case
            when event_type = 'connection.deactived' then 'connection.deactivated'
            when event_type = 'notification.created' and properties::json ->> '$.type' = 'sso_recommendation'
                then 'sso_recommendation.shown'
            when
                event_type = 'email.sent'
                and replace(properties::json ->> '$.template', '_', '-') = 'admin-portal-invitation'
                then 'admin_portal.invitation_sent'
            else event_type
        end as normal_type,
        regexp_replace(
            lower(regexp_replace(intent, '([a-z])([A-Z])', '\1_\2', 'g')), '[- ]+', '_', 'g'
        ) as snake_intent,
    from picked
)

select
    event_key,
    event_id,
    source,
    normal_type as event_type,
    timestamp,
    received_at,
    organization_key,
    organization_id,
    user_id,
    coalesce(i.intent, s.intent) as intent,
    link_id,
    connection_id,
    provider,
    environment,
    expires_at,
    coalesce(lower(trim(environment)), '') in ('', 'production') as is_production,
    case
        when normal_type = event_type then properties
        when properties = '{}' then '{"event_type_sent":"' || event_type || '"}'
        else '{"event_type_sent":"' || event_type || '",' || substr(properties, 2)
    end as properties,
    extra,
from spelt as s
left join ref_intents as i on i.spelling = s.snake_intent
