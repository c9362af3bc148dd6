-- One row per entry and error code that was met in it, up to its end.
-- key: funnel_number, entity_key, entry_position, error_code
with failed as (
    select
        organization_key,
        intent,
        epoch_us(timestamp) as at_us,
        coalesce(properties ->> '$.error.code', case
            when event_type like '%failed' then properties ->> '$.reason'
        end) as error_code,
    from fct_events
    where is_counted and organization_key is not null
)

select distinct
    a.funnel_number,
    a.entity_key,
    a.entry_position,
    f.error_code,
from fct_attempts as a
join failed as f
    on
        f.organization_key = a.organization_key
        and (f.intent is null or a.intent in (f.intent, ''))
        and f.at_us between a.entered_us and coalesce(a.closed_us, a.until_us)
where f.error_code is not null
