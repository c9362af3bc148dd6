-- One row per funnel and error code: the counted attempts that came as far as any that met it.
-- key: funnel_id, error_code
-- Who stopped before the step where an error can be met cannot meet it, and is no fair comparison.
with earliest as (
    select
        f.funnel_id,
        x.error_code,
        min(x.step_number) as step_number,
    from fct_entry_errors as x
    join ref_funnels as f on f.funnel_number = x.funnel_number
    group by f.funnel_id, x.error_code
),

shallowest as (
    select
        s.funnel_id,
        s.segment as error_code,
        min(e.deepest_step) as step_number,
    from fct_entry_segments as s
    join fct_entries as e on e.funnel_id = s.funnel_id and e.entry_id = s.entry_id
    where s.dimension = 'error_code'
    group by s.funnel_id, s.segment
)

select
    a.funnel_id,
    a.error_code,
    count(*) filter (where e.is_matured) as exposed_matured_count,
    count(*) filter (where e.is_matured and e.outcome = 'activated') as exposed_activated_count,
from earliest as a
join shallowest as s on s.funnel_id = a.funnel_id and s.error_code = a.error_code
join fct_entries as e
    on e.funnel_id = a.funnel_id and e.deepest_step >= least(a.step_number, s.step_number) and not e.is_excluded
group by a.funnel_id, a.error_code
