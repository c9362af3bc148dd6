-- One row per kind of finding about the data, also where it was never met.
-- key: finding
-- Findings about lines and files are counted over all that was read; those about events over counted events only.
with found as (
    select *,
    from fct_line_findings
    union all by name
    select *,
    from fct_event_findings
),

named as (
    select unnest([
        'duplicate', 'conflicting_duplicate', 'quarantined', 'unattributed', 'unknown_intent', 'access_denied',
        'late_arriving', 'out_of_band', 'late_activation', 're_activation', 'clock_inversion', 'mended_text',
        'rewritten_file', 'incomplete_file', 'unreadable_file', 'not_a_file', 'bomb', 'future_dated', 'secrets_in_input'
    ]) as finding,
)

select
    n.finding,
    coalesce(f.count, 0)::bigint as count,
    f.first_at,
    f.last_at,
    f.example,
from named as n
left join found as f on f.finding = n.finding
