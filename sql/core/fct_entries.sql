-- One row per funnel and entry: an organization's attempt, how it stands at the as-of time and which rules say so.
-- key: funnel_id, entry_id
with attempts as (
    select
        a.*,
        f.window_text,
        s.as_of_us,
        s.week_offset,
        (make_timestamptz(a.entered_us) at time zone s.time_zone)::date as entry_date,
        s.as_of_us - a.entered_us >= f.window_us as is_matured,
        lag(coalesce(a.closing_event_key::varchar, '')) over stream as previous_closing,
        lag(a.is_converted) over stream as previous_converted,
        least(a.late_us, a.ended_us, a.next_entered_us, s.as_of_us) as left_us,
    from fct_attempts as a
    join ref_funnels as f on f.funnel_number = a.funnel_number
    cross join ref_settings as s
    window stream as (partition by a.funnel_number, a.entity_key order by a.entry_position)
)

select
    a.funnel_id,
    a.entry_id,
    a.organization_id as entity_id,
    a.organization_id,
    nullif(a.intent, '') as intent,
    a.entry_number,
    make_timestamptz(a.entered_us) as entered_at,
    a.entry_date,
    date_trunc('week', a.entry_date + a.week_offset)::date - a.week_offset as entry_week,
    date_trunc('month', a.entry_date)::date as entry_month,
    make_timestamptz(a.until_us) as matures_at,
    a.deepest_step,
    case when a.is_converted and a.drop_off_us is null then make_timestamptz(a.closed_us) end as converted_at,
    case
        when a.drop_off_us is not null then 'lost'
        when a.is_converted then 'activated'
        when a.closed_us is not null then 'ended'
        when a.is_matured then 'lost'
        else 'open'
    end as outcome,
    a.is_matured,
    a.removed_us is not null as is_excluded,
    make_timestamptz(a.removed_us) as excluded_at,
    coalesce(c.provider, p.provider) as provider,
    e.user_id as started_by,
    e.event_type || case
        when a.previous_closing is null then ': the first'
        when a.previous_converted then ': the first after an activation'
        when a.previous_closing <> '' then ': the first after a competing end'
        else ': the first after the window of the attempt before'
    end as opened_by,
    case
        when a.drop_off_us is not null then 'exclusion with effect drop_off'
        when a.closed_us is not null then c.event_type
        when a.is_matured then 'end of the window (' || a.window_text || ')'
        else 'nothing yet: open at the as-of time'
    end as ended_by,
    greatest(0, case
        when a.drop_off_us is not null then a.drop_off_us
        when a.is_converted then a.closed_us
        else a.left_us
    end - a.entered_us) as observed_us,
    case
        when a.drop_off_us is not null then 'censored'
        when a.is_converted or a.late_us = a.left_us then 'activated'
        when a.ended_us = a.left_us then 'ended'
        else 'censored'
    end as observed_outcome,
    a.event_key as entry_event_key,
from attempts as a
join fct_events as e on e.event_key = a.event_key
left join fct_events as c on c.event_key = a.closing_event_key
left join fct_entry_providers as p
    on p.funnel_number = a.funnel_number and p.entity_key = a.entity_key and p.entry_position = a.entry_position
