-- One row per funnel and error code: the counted attempts that came as far as any that met it.
-- key: funnel_id, error_code
-- Who stopped before the step where an error can be met cannot meet it, and is no fair comparison.
with earliest as (
    select
        funnel_id,
        error_code,
        min(step_number) as step_number,
    from fct_entry_errors
    group by funnel_id, error_code
)

select
    x.funnel_id,
    x.error_code,
    count(*) filter (where e.is_matured) as exposed_matured_count,
    count(*) filter (where e.is_matured and e.outcome = 'activated') as exposed_activated_count,
from earliest as x
join fct_entries as e on e.funnel_id = x.funnel_id and e.deepest_step >= x.step_number and not e.is_excluded
group by x.funnel_id, x.error_code
