-- One row per kind of finding about counted events and activations that was met.
-- key: finding
with happened as (
    select
        e.event_id,
        e.timestamp,
        unnest([
            case when e.is_counted and e.organization_id is null then 'unattributed' end,
            case when e.is_counted and i.intent is null and e.intent is not null then 'unknown_intent' end,
            case when e.is_counted and e.event_type = 'admin_portal.access_denied' then 'access_denied' end,
            case
                when e.is_counted and epoch_us(e.received_at) - epoch_us(e.timestamp) > s.late_after_us
                    then 'late_arriving'
            end,
            case
                when e.is_production and epoch_us(e.timestamp) - s.as_of_us > s.clock_tolerance_us
                    then 'future_dated'
            end,
        ]) as finding,
    from fct_events as e
    cross join ref_settings as s
    left join ref_intents as i on i.spelling = e.intent
),

activations as (
    select
        event_id,
        reported_at as timestamp,
        unnest([
            case when fate in ('out_of_band', 'late_activation') then fate end,
            case when is_re_activation then 're_activation' end,
            case when is_clock_inversion then 'clock_inversion' end,
        ]) as finding,
    from fct_activations
    where is_set_up
),

found as (
    select *,
    from happened
    union all by name
    select *,
    from activations
)

select
    finding,
    count(*) as count,
    min(timestamp) as first_at,
    max(timestamp) as last_at,
    arg_min(event_id, (timestamp, event_id)) as example,
from found
where finding is not null
group by finding
