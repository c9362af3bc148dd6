-- One row per entry that an exclusion cuts, and the first excluded event strictly between its two steps.
-- key: funnel_number, entity_key, entry_position
with spans as (
    select
        c.funnel_number,
        c.entity_key,
        c.entry_position,
        x.exclusion,
        x.is_removal,
        min(case when c.step >= x.from_step then c.at_us end) as from_us,
        min(case when c.step >= x.to_step then c.at_us end) as to_us,
        bool_or(c.step >= f.last_required) as is_complete,
    from fct_chains as c
    join ref_funnels as f on f.funnel_number = c.funnel_number
    join ref_exclusions as x on x.funnel_number = c.funnel_number
    group by c.funnel_number, c.entity_key, c.entry_position, x.exclusion, x.is_removal
)

select
    p.funnel_number,
    p.entity_key,
    p.entry_position,
    min(case when p.is_removal then e.at_us end) as removed_us,
    min(case when not p.is_removal then e.position end) as drop_off_position,
    min(case when not p.is_removal then e.at_us end) as drop_off_us,
from spans as p
join fct_entry_events as e
    on
        e.funnel_number = p.funnel_number and e.entity_key = p.entity_key
        and e.entry_position = p.entry_position and e.exclusion = p.exclusion
join fct_openings as o
    on o.funnel_number = p.funnel_number and o.entity_key = p.entity_key and o.entry_position = p.entry_position
where
    e.at_us > p.from_us and (p.to_us is null or e.at_us < p.to_us)
    and (p.is_complete or o.end_position is null or e.position <= o.end_position)
group by p.funnel_number, p.entity_key, p.entry_position
