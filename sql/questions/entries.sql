-- What became of an organization's entries: which steps did each reach, and which event cut it off?
with entries as (
    select
        *,
        if(is_excluded, excluded_at, entered_at + to_microseconds(observed_us)) as cut_at,
    from fct_entries
    where organization_id = $organization_id and coalesce(funnel_id = $funnel_id, true)
),

-- What cut one off is known by its time: where events share it, none is.
cuts as (
    select
        n.entry_id,
        any_value(v.event_id) as event_id,
    from entries as n join fct_events as v
        on v.organization_id = n.organization_id and v.is_counted and v.timestamp = n.cut_at
    where
        (n.is_excluded or n.outcome = 'ended' or n.ended_by = 'exclusion with effect drop_off')
        and case
            when n.outcome = 'ended' and not n.is_excluded then v.event_type = n.ended_by else v.event_type not in (
                select unnest(string_split(t.event_types, ', ')),
                from dim_funnel_steps as t
                where t.funnel_id = n.funnel_id
            )
        end
    group by n.entry_id
    having count(*) = 1
)

select
    n.funnel_id,
    f.title,
    n.entry_id,
    concat_ws('/', n.funnel_id, n.intent, n.entry_number) as label,
    n.entry_number,
    n.intent,
    n.entered_at,
    n.opened_by,
    n.deepest_step,
    n.outcome,
    n.converted_at,
    n.ended_by,
    n.is_matured,
    n.matures_at,
    n.provider,
    n.started_by,
    n.is_excluded,
    n.excluded_at,
    (
        select list(struct_pack(t.step_number, t.step_name, s.reached_at, s.event_id) order by t.step_number),
        from dim_funnel_steps as t left join fct_entry_steps as s
            on s.funnel_id = t.funnel_id and s.step_number = t.step_number and s.entry_id = n.entry_id
        where t.funnel_id = n.funnel_id and t.step_number <= n.deepest_step
    ) as steps,
    l.reported_at as late_activation_at,
    q.idle_us,
    q.next_action,
    q.link_state,
    q.link_expires_at,
    q.last_error_message,
    n.entry_event_key,
    c.event_id as cut_event_id,
from entries as n join dim_funnels as f on f.funnel_id = n.funnel_id
left join cuts as c on c.entry_id = n.entry_id
left join rpt_stalled as q on q.entry_id = n.entry_id
left join fct_activations as l on l.entry_id = n.entry_id and l.fate = 'late_activation'
order by f.position, n.intent, n.entry_number
