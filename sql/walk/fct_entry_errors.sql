-- One row per entry and error code that was met in it up to its end, and the step that had been reached by then.
-- key: entry_id, error_code
with failed as (
    select
        organization_key,
        intent,
        epoch_us(timestamp) as at_us,
        error_code,
    from fct_events
    where is_counted and organization_key is not null and error_code is not null
),

met as (
    select
        a.funnel_id,
        a.entry_id,
        f.error_code,
        min(f.at_us) as at_us,
    from fct_attempts as a
    join failed as f
        on
            f.organization_key = a.organization_key
            and (f.intent is null or a.intent in (f.intent, ''))
            and f.at_us between a.entered_us and least(a.drop_off_us, coalesce(a.closed_us, a.until_us))
    group by a.funnel_id, a.entry_id, f.error_code
)

select
    m.funnel_id,
    m.entry_id,
    m.error_code,
    max(s.step_number) as step_number,
from met as m
join fct_entry_steps as s on s.entry_id = m.entry_id and epoch_us(s.reached_at) <= m.at_us
group by m.funnel_id, m.entry_id, m.error_code
