-- One row per funnel, stream and time that a portal link of it was generated: the links that its entries may take.
-- key: funnel_number, organization_key, intent, event_key
-- A link without an intent serves each intent of the funnel; where a funnel takes any, each that the organization has
-- there. One link may have been logged as generated more than once.
with generated as (
    select
        o.organization_key,
        l.organization_id,
        l.intent,
        l.link_id,
        l.event_key,
        epoch_us(l.timestamp) as at_us,
    from fct_link_events as l
    join dim_organizations as o on o.organization_id = l.organization_id
    where l.is_generated
),

any_streams as (
    select distinct
        m.funnel_number,
        m.organization_key,
        m.intent,
    from fct_matches as m
    join ref_funnels as f on f.funnel_number = m.funnel_number and f.is_any_intent
)

select
    i.funnel_number,
    g.* exclude (intent),
    i.intent,
from generated as g
join ref_funnel_intents as i on coalesce(g.intent, i.intent) = i.intent
union all by name
select
    f.funnel_number,
    g.* exclude (intent),
    coalesce(g.intent, s.intent, '') as intent,
from generated as g
join ref_funnels as f on f.is_any_intent
left join any_streams as s
    on s.funnel_number = f.funnel_number and s.organization_key = g.organization_key and g.intent is null
