-- One row per open attempt that is stuck: idle, its window still open, with what to do about it.
-- key: funnel_id, entry_id
with stalled as (
    select
        e.funnel_id,
        e.entry_id,
        e.organization_id,
        o.organization_name,
        e.intent,
        e.deepest_step,
        s.step_name,
        s.label as step_label,
        a.last_event_at,
        r.as_of_us - epoch_us(a.last_event_at) as idle_us,
        l.link_id,
        case when l.state = 'opened' and l.expires_at <= r.as_of then 'expired' else l.state end as link_state,
        l.expires_at as link_expires_at,
        e.provider,
        a.last_error_code,
        a.last_error_message,
        e.started_by,
        g.guide_url,
        e.matures_at,
    from fct_unfinished_attempts as a
    join fct_entries as e on e.funnel_id = a.funnel_id and e.entry_id = a.entry_id and e.outcome = 'open'
    join dim_organizations as o on o.organization_id = e.organization_id
    join ref_steps as s on s.funnel_id = e.funnel_id and s.step_number = e.deepest_step
    cross join ref_settings as r
    left join fct_entry_links as k on k.funnel_id = a.funnel_id and k.entry_id = a.entry_id
    left join fct_links as l on l.link_id = k.link_id
    left join ref_guides as g on g.funnel_number = s.funnel_number and g.provider = e.provider
    where r.as_of_us - epoch_us(a.last_event_at) >= r.stalled_after_us
    qualify row_number() over (partition by a.funnel_id, a.entry_id order by k.link_number desc) = 1
),

advised as (
    select
        s.funnel_id,
        s.entry_id,
        arg_min(n.action, n.position) as next_action,
    from stalled as s
    join ref_next_actions as n
        on
            coalesce(n.funnel_id, s.funnel_id) = s.funnel_id
            and coalesce(n.step_name, s.step_name) = s.step_name
            and (n.provider is null or n.provider = s.provider)
            and (n.link_state is null or n.link_state = s.link_state)
            and (n.error_code is null or n.error_code = s.last_error_code)
    group by s.funnel_id, s.entry_id
)

select
    s.funnel_id,
    s.entry_id,
    s.organization_id,
    s.organization_name,
    s.intent,
    s.deepest_step,
    s.step_label,
    s.last_event_at,
    s.idle_us,
    s.link_id,
    s.link_state,
    s.link_expires_at,
    s.provider,
    s.last_error_code,
    s.last_error_message,
    s.started_by,
    coalesce(a.next_action, 'No advice yet: add one to next_actions.toml') as next_action,
    s.guide_url,
    s.matures_at,
from stalled as s
left join advised as a on a.funnel_id = s.funnel_id and a.entry_id = s.entry_id
