-- One row per entry and step reached by an event of its own.
-- key: funnel_id, entry_id, step_number
with kept as (
    select c.*,
    from fct_chains as c
    left join fct_cuts as x
        on x.funnel_number = c.funnel_number and x.entity_key = c.entity_key and x.entry_position = c.entry_position
    where x.drop_off_position is null or c.position < x.drop_off_position
)

select
    a.funnel_id,
    a.entry_id,
    k.step as step_number,
    t.step_name,
    make_timestamptz(k.at_us) as reached_at,
    v.event_id,
    k.at_us - a.entered_us as since_entry_us,
    k.at_us - lag(k.at_us) over (
        partition by k.funnel_number, k.entity_key, k.entry_position order by k.step
    ) as since_previous_us,
from kept as k
join fct_attempts as a
    on a.funnel_number = k.funnel_number and a.entity_key = k.entity_key and a.entry_position = k.entry_position
join ref_steps as t on t.funnel_number = k.funnel_number and t.step_number = k.step
join fct_matches as m
    on m.funnel_number = k.funnel_number and m.entity_key = k.entity_key and m.position = k.position and m.step = k.step
join fct_events as v on v.event_key = m.event_key
