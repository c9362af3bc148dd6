-- One row per entry in the walk's own numbers: what closed it, where its chain stood, until when it was observed.
-- key: funnel_number, entity_key, entry_position
with reached as (
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

ended as (
    select
        e.funnel_number,
        e.entity_key,
        c.entry_position,
        min(e.at_us) as at_us,
    from fct_matches as e
    join ref_funnels as f on f.funnel_number = e.funnel_number and e.step > f.step_count
    join fct_closings as c
        on
            c.funnel_number = e.funnel_number and c.entity_key = e.entity_key
            and e.position > c.entry_position and (c.next_entered_us is null or e.at_us < c.next_entered_us)
    group by e.funnel_number, e.entity_key, c.entry_position
)

select
    f.funnel_id,
    concat_ws(
        '/', f.funnel_id, replace(o.organization_id, '/', '%2F'), replace(c.intent, '/', '%2F'), c.entry_number
    ) as entry_id,
    c.funnel_number,
    c.entity_key,
    c.organization_key,
    o.organization_id,
    c.intent,
    c.entry_position,
    c.entry_number,
    c.event_key,
    c.entered_us,
    c.until_us,
    c.next_entered_us,
    c.closing_event_key,
    c.closed_us,
    c.is_converted,
    r.deepest_step,
    x.removed_us,
    case when x.drop_off_position <= c.end_position or not coalesce(c.is_converted, false) then x.drop_off_us end
        as drop_off_us,
    l.at_us as late_us,
    d.at_us as ended_us,
from fct_closings as c
join ref_funnels as f on f.funnel_number = c.funnel_number
join dim_organizations as o on o.organization_key = c.organization_key
join reached as r
    on r.funnel_number = c.funnel_number and r.entity_key = c.entity_key and r.entry_position = c.entry_position
left join fct_cuts as x
    on x.funnel_number = c.funnel_number and x.entity_key = c.entity_key and x.entry_position = c.entry_position
left join fct_fates as l
    on
        l.funnel_number = c.funnel_number and l.entity_key = c.entity_key and l.entry_position = c.entry_position
        and l.fate = 'late_activation'
left join ended as d
    on d.funnel_number = c.funnel_number and d.entity_key = c.entity_key and d.entry_position = c.entry_position
