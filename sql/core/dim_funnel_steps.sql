-- One row per step of a funnel, as declared, and whether any event has ever stood for it.
-- key: funnel_id, step_number
with recorded as (
    select distinct
        funnel_number,
        step,
    from fct_matches
)

select
    s.funnel_id,
    s.step_number,
    s.step_name,
    s.label,
    s.is_optional,
    s.is_conversion,
    r.step is not null as is_recorded,
    s.event_types,
from ref_steps as s
left join recorded as r on r.funnel_number = s.funnel_number and r.step = s.step_number
