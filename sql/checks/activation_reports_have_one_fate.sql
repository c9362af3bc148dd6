-- Every event that may report a funnel's conversion has a fate there, and the fate is one of the seven.
-- asset: fct_activations
with reports as (
    select
        f.funnel_id,
        e.event_id,
    from fct_listed as l
    join ref_funnels as f on f.funnel_number = l.funnel_number and f.last_required = l.step
    join fct_events as e on e.event_key = l.event_key
    where
        f.is_any_intent or l.intent is null
        or exists (
            select 1, from ref_funnel_intents as i
            where i.funnel_number = l.funnel_number and i.intent = l.intent
        )
)

select
    coalesce(r.funnel_id, a.funnel_id) as funnel_id,
    coalesce(r.event_id, a.event_id) as event_id,
from reports as r
full join fct_activations as a on a.funnel_id = r.funnel_id and a.event_id = r.event_id
where
    r.event_id is null
    or coalesce(a.fate, '') not in (
        'conversion', 'repeat', 'late_activation', 're_activation', 'out_of_band', 'unattributed', 'not_counted'
    )
