-- One row per funnel and report of its conversion, with its one fate.
-- key: funnel_id, intent, event_id
-- Reports in a stream have the fate that the walk gave them. In no stream are repeats of a known activation, what names
-- no organization, is of another environment, or lies after the as-of time.
with streamed as (
    select
        t.funnel_number,
        m.intent,
        t.event_key,
        t.fate,
        t.is_re_activation and t.fate in ('conversion', 're_activation') as is_re_activation,
        t.is_before_link and t.fate = 'out_of_band' as is_clock_inversion,
        case when t.fate in ('conversion', 'late_activation') then t.entity_key end as entity_key,
        t.entry_position,
    from fct_fates as t
    join fct_matches as m
        on m.funnel_number = t.funnel_number and m.entity_key = t.entity_key and m.event_key = t.event_key and m.is_end
),

others as (
    select
        l.funnel_number,
        coalesce(l.intent, '') as intent,
        l.event_key,
        case
            when not l.is_counted then 'not_counted'
            when l.organization_key is null then 'unattributed'
            else 'repeat'
        end as fate,
        false as is_re_activation,
        false as is_clock_inversion,
    from fct_listed as l
    join ref_funnels as f on f.funnel_number = l.funnel_number and f.last_required = l.step
    where
        (not l.is_counted or l.organization_key is null or l.is_repeat)
        and (
            f.is_any_intent or l.intent is null
            or exists (
                select 1, from ref_funnel_intents as i
                where i.funnel_number = l.funnel_number and i.intent = l.intent
            )
        )
),

reports as (
    select *,
    from streamed
    union all by name
    select *,
    from others
)

select
    f.funnel_id,
    r.intent,
    e.event_id,
    e.organization_id,
    e.connection_id,
    e.timestamp as reported_at,
    r.fate,
    a.entry_id,
    r.is_re_activation,
    r.is_clock_inversion,
    f.is_set_up,
from reports as r
join ref_funnels as f on f.funnel_number = r.funnel_number
join fct_events as e on e.event_key = r.event_key
left join fct_attempts as a
    on a.funnel_number = r.funnel_number and a.entity_key = r.entity_key and a.entry_position = r.entry_position
