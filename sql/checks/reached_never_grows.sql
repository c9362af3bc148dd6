-- Reached counts never grow along a funnel, and no step was recorded more often than it was reached.
-- asset: rpt_funnel_steps
with steps as (
    select
        *,
        lag(reached_count) over (partition by funnel_id order by step_number) as previous_count,
    from rpt_funnel_steps
    where reached_count is not null
)

select
    funnel_id,
    step_number,
from steps
where reached_count > previous_count or recorded_count > reached_count
