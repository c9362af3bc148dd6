-- One row per step of a funnel, as declared, and whether any event has ever stood for it.
-- key: funnel_id, step_number
select
    s.funnel_id,
    s.step_number,
    s.step_name,
    s.label,
    s.is_optional,
    s.is_conversion,
    exists (
        select 1 from fct_matches as m
        where m.funnel_number = s.funnel_number and m.step = s.step_number
    ) as is_recorded,
    s.event_types,
from ref_steps as s
