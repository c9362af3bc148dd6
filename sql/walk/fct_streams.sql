-- One row per funnel, stream and event for each step, exclusion or end that the event may stand for, at its own time.
-- key: funnel_number, entity_key, event_key, step
-- A stream is an organization's events for one intent; an event without intent serves every intent of its organization.
-- Reports that repeat a known activation are no part of any stream.
with listed as (
    select
        r.funnel_number,
        e.organization_key,
        e.intent,
        e.event_key,
        epoch_us(e.timestamp) as at_us,
        e.source,
        r.step,
        r.first_step,
        r.exclusion,
        r.is_end,
    from fct_events as e
    join ref_step_events as r on r.event_type = e.event_type
    where
        e.is_counted
        and e.organization_key is not null
        and not exists (
            select 1, from ref_step_filters as f
            where
                f.rule_number = r.rule_number
                and case
                    when json_extract_string(e.properties, f.path) is null then true
                    when (json_type(e.properties, f.path) = 'VARCHAR') <> f.is_text then true
                    else json_extract_string(e.properties, f.path) <> f.value and coalesce(
                        try_cast(json_extract_string(e.properties, f.path) as double) <> f.number, true
                    )
                end
        )
        and not exists (
            select 1, from fct_reports as p
            where p.event_key = e.event_key and p.is_repeat
        )
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
