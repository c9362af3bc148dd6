-- One row per kind of finding about counted events and activations that was met.
-- key: finding
with found as (
    select 'unattributed' as finding, event_id, timestamp
    from fct_events
    where is_counted and organization_id is null
    union all
    select 'unknown_intent', event_id, timestamp
    from fct_events
    where is_counted and intent not in (
        'sso', 'dsync', 'audit_logs', 'log_streams', 'domain_verification', 'certificate_renewal', 'bring_your_own_key'
    )
    union all
    select 'access_denied', event_id, timestamp
    from fct_events
    where is_counted and event_type = 'admin_portal.access_denied'
    union all
    select 'late_arriving', e.event_id, e.timestamp
    from fct_events as e
    cross join ref_settings as s
    where e.is_counted and epoch_us(e.received_at) - epoch_us(e.timestamp) > s.late_after_us
    union all
    select 'future_dated', e.event_id, e.timestamp
    from fct_events as e
    cross join ref_settings as s
    where coalesce(lower(trim(e.environment)), '') in ('', 'production')
        and epoch_us(e.timestamp) - s.as_of_us > s.clock_tolerance_us
    union all
    select fate, event_id, reported_at
    from fct_activations
    where is_set_up and fate in ('out_of_band', 'late_activation')
    union all
    select 're_activation', event_id, reported_at from fct_activations where is_set_up and is_re_activation
    union all
    select 'clock_inversion', event_id, reported_at from fct_activations where is_set_up and is_clock_inversion
)

select
    finding,
    count(*) as count,
    min(timestamp) as first_at,
    max(timestamp) as last_at,
    arg_min(event_id, (timestamp, event_id)) as example,
from found
group by finding
