-- One row per entry and event that may fill a step of it or cut it: inside its window, and before its end unless later.
-- key: funnel_number, entity_key, position, step
-- An event belongs to the latest entry at or before it. Steps after the conversion, and what excludes from them, may
-- follow the end of the attempt; a report that names no connection while one is live repeats what is known there.
with attributed as (
    select
        m.funnel_number,
        m.entity_key,
        m.event_key,
        m.position,
        m.at_us,
        m.step,
        m.exclusion,
        max(o.entry_position) over (
            partition by m.funnel_number, m.entity_key order by m.position
            range between unbounded preceding and current row
        ) as entry_position,
    from fct_matches as m
    left join fct_openings as o
        on o.funnel_number = m.funnel_number and o.entity_key = m.entity_key and o.entry_position = m.position
)

select
    a.funnel_number,
    a.entity_key,
    a.entry_position,
    a.event_key,
    a.position,
    a.at_us,
    a.step,
    a.exclusion,
from attributed as a
join fct_openings as o
    on o.funnel_number = a.funnel_number and o.entity_key = a.entity_key and o.entry_position = a.entry_position
join ref_funnels as f on f.funnel_number = a.funnel_number
where
    a.at_us <= o.until_us
    and (
        o.end_position is null or a.position <= o.end_position
        or (
            (a.exclusion is not null or a.step between f.last_required + 1 and f.step_count)
            and not exists (
                select 1, from fct_states as s
                where s.event_key = a.event_key and s.is_unnamed and s.is_live
            )
        )
    )
