-- One row per entry and step of its chain, before exclusions cut it.
-- key: funnel_number, entity_key, entry_position, step
-- From the step reached, the earliest later event that makes an allowed move (ref_moves: to the next required step or
-- to an optional one before it, each with its longest wait). One event fills one step because positions only grow.
with recursive walk as (
    select
        funnel_number,
        entity_key,
        entry_position,
        1 as step,
        entry_position as position,
        entered_us as at_us,
    from fct_openings
    union all
    select
        w.funnel_number,
        w.entity_key,
        w.entry_position,
        arg_min(c.step, c.position * 64 + c.step) as step,
        min(c.position) as position,
        min(c.at_us) as at_us,
    from walk as w
    join ref_moves as m on m.funnel_number = w.funnel_number and m.from_step = w.step
    join fct_entry_events as c
        on
            c.funnel_number = w.funnel_number and c.entity_key = w.entity_key
            and c.entry_position = w.entry_position and c.step = m.to_step
    where c.position > w.position and c.at_us - w.at_us <= m.within_us
    group by w.funnel_number, w.entity_key, w.entry_position, w.step
)

select
    funnel_number,
    entity_key,
    entry_position,
    step,
    position,
    at_us,
from walk
