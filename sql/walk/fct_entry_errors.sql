-- One row per entry and error code that was met in it up to its end, and the step that had been reached by then.
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
),

met as (
    select
        a.funnel_number,
        a.entity_key,
        a.entry_position,
        f.error_code,
        min(f.at_us) as at_us,
    from fct_attempts as a
    join failed as f
        on
            f.organization_key = a.organization_key
            and (f.intent is null or a.intent in (f.intent, ''))
            and f.at_us between a.entered_us and coalesce(a.closed_us, a.until_us)
    where f.error_code is not null
    group by a.funnel_number, a.entity_key, a.entry_position, f.error_code
)

select
    m.funnel_number,
    m.entity_key,
    m.entry_position,
    m.error_code,
    max(c.step) as step_number,
from met as m
join fct_chains as c
    on
        c.funnel_number = m.funnel_number and c.entity_key = m.entity_key and c.entry_position = m.entry_position
        and c.at_us <= m.at_us
group by m.funnel_number, m.entity_key, m.entry_position, m.error_code
