-- One row per funnel, stream and event for each step, exclusion or end that the event may stand for, at its own time.
-- key: funnel_number, entity_key, event_key, step
-- A stream is an organization's events for one intent; an event without intent serves every intent of its organization.
-- Reports that repeat a known activation are no part of any stream.
with listed as (
    select * exclude (is_counted, is_repeat),
    from fct_listed
    where is_counted and organization_key is not null and not is_repeat
),

seen_intents as (
    select distinct
        organization_key,
        intent,
    from fct_events
    where is_counted and organization_key is not null and intent is not null
),

streams as (
    select
        l.* exclude (intent),
        i.intent,
    from listed as l
    join ref_funnel_intents as i on i.funnel_number = l.funnel_number and coalesce(l.intent, i.intent) = i.intent
    union all by name
    select
        l.* exclude (intent),
        coalesce(l.intent, i.intent, '') as intent,
    from listed as l
    join ref_funnels as f on f.funnel_number = l.funnel_number and f.is_any_intent
    left join seen_intents as i on i.organization_key = l.organization_key and l.intent is null
)

select
    funnel_number,
    ('0x' || substr(md5(organization_key::varchar || chr(31) || intent), 1, 15))::bigint as entity_key,
    organization_key,
    intent,
    event_key,
    at_us,
    source,
    step,
    first_step,
    exclusion,
    is_end,
from streams
