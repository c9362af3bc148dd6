-- One row per open attempt that is stuck: idle, its window still open, with what to do about it.
-- key: funnel_id, entry_id
with latest_links as (
    select
        k.entry_id,
        k.link_id,
        case when l.state = 'opened' and l.expires_at <= r.as_of then 'expired' else l.state end as state,
        l.expires_at,
    from fct_entry_links as k
    join fct_links as l on l.link_id = k.link_id
    cross join ref_settings as r
    qualify row_number() over (partition by k.entry_id order by k.link_number desc) = 1
)

select
    e.funnel_id,
    e.entry_id,
    e.organization_id,
    o.organization_name,
    e.intent,
    e.deepest_step,
    s.label as step_label,
    a.last_event_at,
    r.as_of_us - epoch_us(a.last_event_at) as idle_us,
    l.link_id,
    l.state as link_state,
    l.expires_at as link_expires_at,
    e.provider,
    a.last_error_code,
    a.last_error_message,
    e.started_by,
    coalesce((
        select arg_min(n.action, n.position),
        from ref_next_actions as n
        where
            coalesce(n.funnel_id, e.funnel_id) = e.funnel_id
            and coalesce(n.step_name, s.step_name) = s.step_name
            and (n.provider is null or n.provider = e.provider)
            and (n.link_state is null or n.link_state = l.state)
            and (n.error_code is null or n.error_code = a.last_error_code)
    ), 'No advice yet: add one to next_actions.toml') as next_action,
    g.guide_url,
    e.matures_at,
from fct_unfinished_attempts as a
join fct_entries as e on e.funnel_id = a.funnel_id and e.entry_id = a.entry_id and e.outcome = 'open'
join dim_organizations as o on o.organization_id = e.organization_id
join ref_steps as s on s.funnel_id = e.funnel_id and s.step_number = e.deepest_step
cross join ref_settings as r
left join latest_links as l on l.entry_id = a.entry_id
left join ref_guides as g on g.funnel_number = s.funnel_number and g.provider = e.provider
where r.as_of_us - epoch_us(a.last_event_at) >= r.stalled_after_us
