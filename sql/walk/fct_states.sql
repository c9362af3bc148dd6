-- One row per report of an activation: what its organization had for that intent just before.
-- key: event_key
-- An activation that names no connection counts as live until the next deactivation of its organization and intent.
with ordered as (
    select
        event_key,
        connection_id,
        is_report,
        sum(case
            when is_report and connection_id is not null and not was_live then 1
            when not is_report and was_live then -1
            else 0
        end) over before as live_count,
        last_value(case when connection_id is null or not is_report then is_report end ignore nulls) over before
            as has_unnamed,
        bool_or(not is_report) over before as was_deactivated,
    from fct_reports
    window before as (
        partition by organization_key, intent order by at_us, not is_report, event_key
        rows between unbounded preceding and 1 preceding
    )
)

select
    event_key,
    connection_id is null as is_unnamed,
    coalesce(live_count > 0 or has_unnamed, false) as is_live,
    coalesce(was_deactivated, false) as was_deactivated,
from ordered
where is_report
