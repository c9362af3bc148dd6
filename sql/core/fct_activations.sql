-- One row per funnel and report of its conversion, with its one fate.
-- key: funnel_id, intent, event_id
select
    f.funnel_id,
    m.intent,
    e.event_id,
    e.organization_id,
    e.connection_id,
    e.timestamp as reported_at,
    t.fate,
    t.is_re_activation and t.fate in ('conversion', 're_activation') as is_re_activation,
    t.is_before_link and t.fate = 'out_of_band' as is_clock_inversion,
    f.is_set_up,
from fct_fates as t
join fct_matches as m
    on m.funnel_number = t.funnel_number and m.entity_key = t.entity_key and m.event_key = t.event_key and m.is_end
join ref_funnels as f on f.funnel_number = t.funnel_number
join fct_events as e on e.event_key = t.event_key
