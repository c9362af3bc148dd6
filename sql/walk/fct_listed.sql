-- One row per funnel and event for each step, exclusion or end whose rule it meets, whether it counts or not.
-- key: funnel_number, event_key, step
select
    r.funnel_number,
    e.event_key,
    e.organization_key,
    e.intent,
    epoch_us(e.timestamp) as at_us,
    e.source,
    e.is_counted,
    coalesce(p.is_repeat, false) as is_repeat,
    r.step,
    r.first_step,
    r.exclusion,
    r.is_end,
from fct_events as e
join ref_step_events as r on r.event_type = e.event_type
left join fct_reports as p on p.event_key = e.event_key
where not exists (
    select 1, from ref_step_filters as f
    where
        f.rule_number = r.rule_number
        and case
            when json_extract_string(e.properties, f.path) is null then true
            when (json_type(e.properties, f.path) = 'VARCHAR') <> f.is_text then true
            else json_extract_string(e.properties, f.path) <> f.value and coalesce(
                try_cast(json_extract_string(e.properties, f.path) as double) <> f.number, true
            )
        end
)
