-- One row per funnel, stream and event for each step, exclusion or end that it may stand for, with its place in line.
-- key: funnel_number, entity_key, event_key, step
-- `position` is the one order that the walk follows: time, first step that the event's name can fill, event key. An
-- activation that a slow clock puts just before the link that opened its attempt is taken at that link's time.
with marks as (
    select
        m.*,
        last_value(case when m.step = 1 then m.at_us end ignore nulls) over before as previous_link_us,
        first_value(case when m.step = 1 then m.at_us end ignore nulls) over after as next_link_us,
        first_value(case when m.step = 1 then m.source end ignore nulls) over after as next_link_source,
    from fct_streams as m
    where m.step = 1 or m.is_end
    window
        before as (
            partition by m.funnel_number, m.entity_key order by m.at_us, m.first_step, m.event_key
            rows between unbounded preceding and current row
        ),
        after as (
            partition by m.funnel_number, m.entity_key order by m.at_us, m.first_step, m.event_key
            rows between 1 following and unbounded following
        )
),

shifted as (
    select
        m.funnel_number,
        m.entity_key,
        m.event_key,
        m.next_link_us as at_us,
    from marks as m
    join ref_funnels as f on f.funnel_number = m.funnel_number and f.last_required = m.step
    cross join ref_settings as s
    where
        m.next_link_us - m.at_us <= s.clock_tolerance_us
        and m.next_link_source <> m.source
        and (m.previous_link_us is null or m.at_us - m.previous_link_us > f.window_us)
)

select
    k.funnel_number,
    k.entity_key,
    k.organization_key,
    k.intent,
    k.event_key,
    coalesce(t.at_us, k.at_us) as at_us,
    k.source,
    k.step,
    k.exclusion,
    k.is_end,
    k.step = 1 or k.is_end as is_mark,
    dense_rank() over (
        partition by k.funnel_number, k.entity_key order by coalesce(t.at_us, k.at_us), k.first_step, k.event_key
    ) as position,
from fct_streams as k
left join shifted as t
    on t.funnel_number = k.funnel_number and t.entity_key = k.entity_key and t.event_key = k.event_key
