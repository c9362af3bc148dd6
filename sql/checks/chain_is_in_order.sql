-- The steps of an entry come in order of time, the deepest is the last, and none is before the entry.
-- asset: fct_entry_steps
with steps as (
    select
        *,
        max(step_number) over (partition by funnel_id, entry_id) as last_step,
    from fct_entry_steps
)

select
    s.funnel_id,
    s.entry_id,
    s.step_number,
from steps as s
join fct_entries as e on e.funnel_id = s.funnel_id and e.entry_id = s.entry_id
where s.since_previous_us < 0 or s.since_entry_us < 0 or s.last_step <> e.deepest_step
