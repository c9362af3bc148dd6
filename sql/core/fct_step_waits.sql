-- One row per entry and step waited for after its first: how long, and whether it was reached.
-- key: funnel_id, entry_id, step_number
-- Where a chain stopped, its entry waits for the next step that is recorded at all: to the end of its window, of its
-- attempt or of what has been seen, an exclusion or the next attempt, whichever comes first.
with reached as (
    select
        *,
        lag(step_number) over chain as from_step,
        lead(step_number) over chain is null as is_last,
    from fct_entry_steps
    window chain as (partition by funnel_id, entry_id order by step_number)
),

stopped as (
    select
        r.funnel_id,
        r.entry_id,
        r.step_number as from_step,
        epoch_us(r.reached_at) as from_us,
        min(s.step_number) as step_number,
    from reached as r
    join dim_funnel_steps as s on s.funnel_id = r.funnel_id and s.step_number > r.step_number and s.is_recorded
    where r.is_last
    group by r.funnel_id, r.entry_id, r.step_number, r.reached_at
)

select
    funnel_id,
    entry_id,
    step_number,
    from_step,
    since_previous_us as waited_us,
    true as is_reached,
from reached
where from_step is not null
union all
select
    s.funnel_id,
    s.entry_id,
    s.step_number,
    s.from_step,
    greatest(0, least(x.drop_off_us, a.ended_us, a.until_us, a.next_entered_us, r.as_of_us) - s.from_us),
    false,
from stopped as s
join fct_attempts as a on a.entry_id = s.entry_id
left join fct_cuts as x
    on x.funnel_number = a.funnel_number and x.entity_key = a.entity_key and x.entry_position = a.entry_position
cross join ref_settings as r
