-- One row per entry and breakdown that its funnel declares, with the value read at the declared moment.
-- key: entry_id, dimension
-- `entry`: the event that opened it; `first`, `last`: of its events those that have the property; else a step's event.
with told as (
    select
        a.funnel_id,
        a.entry_id,
        b.dimension,
        b.moment,
        nullif(json_extract_string(e.properties, b.path), '') as segment,
        c.position,
        case b.moment when 'entry' then c.position = c.entry_position else b.step in (0, s.step_number) end as is_there,
    from ref_breakdowns as b
    join fct_entry_events as c on c.funnel_number = b.funnel_number
    join fct_attempts as a
        on a.funnel_number = c.funnel_number and a.entity_key = c.entity_key and a.entry_position = c.entry_position
    join fct_events as e on e.event_key = c.event_key
    left join fct_entry_steps as s on s.entry_id = a.entry_id and s.event_id = e.event_id
    where c.step > 0
)

select
    funnel_id,
    entry_id,
    dimension,
    case moment when 'last' then arg_max(segment, position) else arg_min(segment, position) end as segment,
from told
where is_there and segment is not null
group by funnel_id, entry_id, dimension, moment
