-- One row per entry and breakdown that its funnel declares, with the value read at the declared moment.
-- key: funnel_number, entity_key, entry_position, dimension
-- `entry`: the event that opened it; `first`, `last`: of its events those that have the property; else a step's event.
with told as (
    select
        b.funnel_number,
        c.entity_key,
        c.entry_position,
        b.dimension,
        b.moment,
        json_extract_string(e.properties, b.path) as segment,
        c.position,
        case b.moment when 'entry' then c.position = c.entry_position else b.step in (0, s.step) end as is_there,
    from ref_breakdowns as b
    join fct_entry_events as c on c.funnel_number = b.funnel_number
    join fct_events as e on e.event_key = c.event_key
    left join fct_chains as s
        on
            s.funnel_number = c.funnel_number and s.entity_key = c.entity_key
            and s.entry_position = c.entry_position and s.position = c.position
    where c.step > 0 and json_extract_string(e.properties, b.path) is not null
)

select
    funnel_number,
    entity_key,
    entry_position,
    dimension,
    case moment when 'last' then arg_max(segment, position) else arg_min(segment, position) end as segment,
from told
where is_there
group by funnel_number, entity_key, entry_position, dimension, moment
