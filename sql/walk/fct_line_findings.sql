-- One row per kind of finding about lines and files that was met.
-- key: finding
with conflicting as (
    select
        event_id,
        min(timestamp) as first_at,
        max(timestamp) as last_at,
    from raw_events
    group by event_id
    having count(distinct content_hash) > 1
),

bodies as (
    select
        'mended_text' as finding,
        event_id,
        timestamp,
    from raw_events
    where is_mended
    union all
    select
        'secrets_in_input' as finding,
        event_id,
        timestamp,
    from raw_events
    where redacted_count > 0
)

select
    'duplicate' as finding,
    sum(duplicates)::bigint as count,
    min(first_duplicate_at) as first_at,
    max(last_duplicate_at) as last_at,
    min(duplicate_example) as example,
from ref_books
having sum(duplicates) > 0
union all
select
    'conflicting_duplicate',
    count(*),
    min(first_at),
    max(last_at),
    min(event_id),
from conflicting
having count(*) > 0
union all
select
    'quarantined',
    count(*),
    null,
    null,
    arg_min(source || '/' || path || ':' || line_number || ' ' || reason, (source, path, line_number)),
from raw_quarantine
having count(*) > 0
union all
select
    finding,
    count(distinct event_id),
    min(timestamp),
    max(timestamp),
    min(event_id),
from bodies
group by finding
union all
select
    finding,
    count(*),
    null,
    null,
    min(source || '/' || path),
from ref_file_findings
group by finding
