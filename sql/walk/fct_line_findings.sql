-- One row per kind of finding about lines and files that was met.
-- key: finding
with conflicting as (
    select event_id,
    from raw_events
    group by event_id
    having count(distinct content_hash) > 1
),

bodies as (
    select
        event_id,
        timestamp,
        unnest([
            case when event_id in (select c.event_id, from conflicting as c) then 'conflicting_duplicate' end,
            case when is_mended then 'mended_text' end,
            case when redacted_count > 0 then 'secrets_in_input' end,
        ]) as finding,
    from raw_events
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
    finding,
    count(distinct event_id),
    min(timestamp),
    max(timestamp),
    min(event_id),
from bodies
where finding is not null
group by finding
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
    count(*),
    null,
    null,
    min(source || '/' || path),
from ref_file_findings
group by finding
