-- Of every entry each step but the first was waited for, and it waits for at most one more.
-- asset: fct_step_waits
with waits as (
    select
        funnel_id,
        entry_id,
        count(*) filter (where is_reached) as reached,
        count(*) filter (where not is_reached) as waiting,
        min(waited_us) as shortest_us,
    from fct_step_waits
    group by funnel_id, entry_id
),

steps as (
    select
        funnel_id,
        entry_id,
        count(*) - 1 as reached,
    from fct_entry_steps
    group by funnel_id, entry_id
)

select
    s.funnel_id,
    s.entry_id,
from steps as s
left join waits as w on w.funnel_id = s.funnel_id and w.entry_id = s.entry_id
where s.reached <> coalesce(w.reached, 0) or w.waiting > 1 or w.shortest_us < 0
