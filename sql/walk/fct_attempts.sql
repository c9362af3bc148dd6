-- One row per entry in the walk's own numbers: what closed it, where its chain stood, until when it was observed.
-- key: funnel_number, entity_key, entry_position
with closings as (
    select
        o.*,
        m.event_key,
        m.organization_key,
        m.intent,
        case when e.at_us <= o.until_us then e.event_key end as closing_event_key,
        case when e.at_us <= o.until_us then e.at_us end as closed_us,
        e.at_us <= o.until_us and e.step = f.last_required as is_converted,
        lead(o.entered_us) over stream as next_entered_us,
        row_number() over stream as entry_number,
    from fct_openings as o
    join ref_funnels as f on f.funnel_number = o.funnel_number
    join fct_matches as m
        on
            m.funnel_number = o.funnel_number and m.entity_key = o.entity_key
            and m.position = o.entry_position and m.step = 1
    left join fct_matches as e
        on
            e.funnel_number = o.funnel_number and e.entity_key = o.entity_key
            and e.position = o.end_position and e.is_end
    window stream as (partition by o.funnel_number, o.entity_key order by o.entry_position)
),

reached as (
    select
        c.funnel_number,
        c.entity_key,
        c.entry_position,
        max(c.step) as deepest_step,
    from fct_chains as c
    left join fct_cuts as x
        on x.funnel_number = c.funnel_number and x.entity_key = c.entity_key and x.entry_position = c.entry_position
    where x.drop_off_position is null or c.position < x.drop_off_position
    group by c.funnel_number, c.entity_key, c.entry_position
),

late as (
    select
        funnel_number,
        entity_key,
        entry_position,
        at_us,
    from fct_fates
    where fate = 'late_activation'
),

ended as (
    select
        e.funnel_number,
        e.entity_key,
        c.entry_position,
        min(e.at_us) as at_us,
    from fct_matches as e
    join ref_funnels as f on f.funnel_number = e.funnel_number and e.step > f.step_count
    join closings as c
        on
            c.funnel_number = e.funnel_number and c.entity_key = e.entity_key
            and e.position > c.entry_position and (c.next_entered_us is null or e.at_us < c.next_entered_us)
    group by e.funnel_number, e.entity_key, c.entry_position
)

select
    c.*,
    r.deepest_step,
    coalesce(x.is_removed, false) as is_removed,
    case when x.drop_off_position <= c.end_position or not coalesce(c.is_converted, false) then x.drop_off_us end
        as drop_off_us,
    l.at_us as late_us,
    d.at_us as ended_us,
from closings as c
join reached as r
    on r.funnel_number = c.funnel_number and r.entity_key = c.entity_key and r.entry_position = c.entry_position
left join fct_cuts as x
    on x.funnel_number = c.funnel_number and x.entity_key = c.entity_key and x.entry_position = c.entry_position
left join late as l
    on l.funnel_number = c.funnel_number and l.entity_key = c.entity_key and l.entry_position = c.entry_position
left join ended as d
    on d.funnel_number = c.funnel_number and d.entity_key = c.entity_key and d.entry_position = c.entry_position
