-- One row per matured attempt that did not activate: who left, how far they had come, and what happened last.
-- key: funnel_id, entry_id
select
    e.funnel_id,
    e.entry_id,
    e.organization_id,
    o.organization_name,
    e.intent,
    e.entered_at,
    e.deepest_step,
    s.label as step_label,
    e.outcome,
    e.ended_by,
    a.last_event_at,
    a.last_error_code,
    a.last_error_message,
    e.provider,
    e.started_by,
from fct_unfinished_attempts as a
join fct_entries as e on e.funnel_id = a.funnel_id and e.entry_id = a.entry_id and e.is_matured
join dim_organizations as o on o.organization_id = e.organization_id
join ref_steps as s on s.funnel_id = e.funnel_id and s.step_number = e.deepest_step
