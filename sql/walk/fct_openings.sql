-- One row per entry: the step-1 event that opens an attempt, how long it may go on, and the end event that follows it.
-- key: funnel_number, entity_key, entry_position
-- A link after an end, or more than a window after the link before it, opens for certain. These cut each stream into
-- islands; only an island longer than one window needs the rule applied in turns, one turn per window.
with recursive marks as (
    select
        m.funnel_number,
        m.entity_key,
        m.position,
        m.at_us,
        m.is_end,
        f.window_us,
        lag(m.is_end) over stream as follows_end,
        lag(m.at_us) over stream as previous_us,
        first_value(case when m.is_end then m.position end ignore nulls) over (
            partition by m.funnel_number, m.entity_key order by m.position
            rows between 1 following and unbounded following
        ) as end_position,
    from fct_matches as m
    join ref_funnels as f on f.funnel_number = m.funnel_number
    where m.is_mark
    window stream as (partition by m.funnel_number, m.entity_key order by m.position)
),

links as (
    select
        funnel_number,
        entity_key,
        position,
        at_us,
        window_us,
        end_position,
        max(case when previous_us is null or follows_end or at_us - previous_us > window_us then position end) over (
            partition by funnel_number, entity_key order by position rows between unbounded preceding and current row
        ) as island,
    from marks
    where not is_end
),

turns as (
    select
        funnel_number,
        entity_key,
        island,
        position,
        at_us,
        window_us,
    from links
    where position = island
    union all
    select
        t.funnel_number,
        t.entity_key,
        t.island,
        min(l.position) as position,
        min(l.at_us) as at_us,
        t.window_us,
    from turns as t
    join links as l on l.funnel_number = t.funnel_number and l.entity_key = t.entity_key and l.island = t.island
    where l.at_us > t.at_us + t.window_us
    group by t.funnel_number, t.entity_key, t.island, t.at_us, t.window_us
)

select
    t.funnel_number,
    t.entity_key,
    t.position as entry_position,
    t.at_us as entered_us,
    t.at_us + t.window_us as until_us,
    l.end_position,
from turns as t
join links as l on l.funnel_number = t.funnel_number and l.entity_key = t.entity_key and l.position = t.position
