-- One row per entry: the event that opened it, the one that closed it within its window, and the next entry.
-- key: funnel_number, entity_key, entry_position
select
    o.funnel_number,
    o.entity_key,
    o.entry_position,
    o.entered_us,
    o.until_us,
    o.end_position,
    m.event_key,
    m.organization_key,
    m.intent,
    case when e.at_us <= o.until_us then e.event_key end as closing_event_key,
    case when e.at_us <= o.until_us then e.at_us end as closed_us,
    e.at_us <= o.until_us and e.step = f.last_required as is_converted,
    lead(o.entered_us) over stream as next_entered_us,
    row_number() over stream as entry_number,
from fct_openings as o
join ref_funnels as f on f.funnel_number = o.funnel_number
join fct_matches as m
    on
        m.funnel_number = o.funnel_number and m.entity_key = o.entity_key
        and m.position = o.entry_position and m.step = 1
left join fct_matches as e
    on
        e.funnel_number = o.funnel_number and e.entity_key = o.entity_key
        and e.position = o.end_position and e.is_end
window stream as (partition by o.funnel_number, o.entity_key order by o.entry_position)
