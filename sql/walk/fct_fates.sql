-- One row per funnel and activation in its streams, with its one fate.
-- key: funnel_number, entity_key, event_key
-- In this order: conversion of the open attempt, repeat of a known activation, re-activation, late activation of the
-- last attempt (at most one each), out of band.
with placed as (
    select
        m.*,
        max(o.entry_position) over (
            partition by m.funnel_number, m.entity_key order by m.position
            range between unbounded preceding and current row
        ) as entry_position,
        first_value(case when m.step = 1 then m.at_us end ignore nulls) over after as next_link_us,
        first_value(case when m.step = 1 then m.source end ignore nulls) over after as next_link_source,
    from fct_matches as m
    left join fct_openings as o
        on o.funnel_number = m.funnel_number and o.entity_key = m.entity_key and o.entry_position = m.position
    where m.is_mark
    window after as (
        partition by m.funnel_number, m.entity_key order by m.position rows between 1 following and unbounded following
    )
),

judged as (
    select
        p.*,
        o.until_us,
        o.end_position = p.position and p.at_us <= o.until_us as is_conversion,
        coalesce(s.is_live, false) as is_live,
        coalesce(s.is_unnamed and s.is_live, false) as is_repeat,
        coalesce(s.was_deactivated and not s.is_live, false) as is_re_activation,
        o.closed_us is not null as is_closed,
    from placed as p
    join ref_funnels as f on f.funnel_number = p.funnel_number and f.last_required = p.step
    left join fct_closings as o
        on o.funnel_number = p.funnel_number and o.entity_key = p.entity_key and o.entry_position = p.entry_position
    left join fct_states as s on s.event_key = p.event_key
),

late as (
    select
        funnel_number,
        entity_key,
        entry_position,
        min(position) as position,
    from judged
    where not is_repeat and not is_re_activation and not is_closed and at_us > until_us
    group by funnel_number, entity_key, entry_position
)

select
    j.funnel_number,
    j.entity_key,
    j.event_key,
    j.position,
    j.at_us,
    j.entry_position,
    case
        when j.is_conversion then 'conversion'
        when j.is_repeat then 'repeat'
        when j.is_re_activation then 're_activation'
        when l.position is not null then 'late_activation'
        else 'out_of_band'
    end as fate,
    j.is_re_activation,
    coalesce(
        j.next_link_source <> j.source
        and j.next_link_us - j.at_us > s.clock_tolerance_us
        and j.next_link_us - j.at_us <= s.inversion_limit_us, false
    ) as is_before_link,
from judged as j
cross join ref_settings as s
left join late as l
    on l.funnel_number = j.funnel_number and l.entity_key = j.entity_key and l.position = j.position
