-- One row per step of a funnel, as declared, whether any event has ever stood for it, and what helps to get there.
-- key: funnel_id, step_number
-- Advice is what next_actions.toml has for everybody who stopped at the step before.
with recorded as (
    select distinct
        funnel_number,
        step,
    from fct_matches
)

select
    s.funnel_id,
    s.step_number,
    s.step_name,
    s.label,
    s.is_optional,
    s.is_conversion,
    r.step is not null as is_recorded,
    s.event_types,
    (
        select arg_min(n.action, n.position),
        from ref_next_actions as n
        join ref_steps as b on b.step_name = n.step_name and coalesce(n.funnel_id, b.funnel_id) = b.funnel_id
        where
            b.funnel_id = s.funnel_id
            and b.step_number = s.step_number - 1
            and coalesce(n.provider, n.link_state, n.error_code) is null
    ) as advice,
from ref_steps as s
left join recorded as r on r.funnel_number = s.funnel_number and r.step = s.step_number
