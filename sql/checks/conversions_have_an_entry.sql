-- Every activation that converts stands for exactly one converted or struck entry, and every such entry for one.
-- asset: fct_activations
with conversions as (
    select
        funnel_id,
        count(*) as n,
    from fct_activations
    where fate = 'conversion'
    group by funnel_id
),

entries as (
    select
        funnel_id,
        count(converted_at) as converted,
        count(*) filter (where ended_by = 'exclusion with effect drop_off') as struck,
    from fct_entries
    group by funnel_id
)

select coalesce(c.funnel_id, e.funnel_id) as funnel_id,
from conversions as c
full join entries as e on e.funnel_id = c.funnel_id
where coalesce(c.n, 0) - coalesce(e.converted, 0) not between 0 and coalesce(e.struck, 0)
