-- One row: which report this is, up to when its data go, and what became of every line read.
-- key: report_id
-- The id is made from what the events say, not from the files they came in, so any order of arrival gives the same one.
with content as (
    select
        max(timestamp) filter (where is_counted) as watermark,
        coalesce(sum(event_key), 0)::varchar as key_sum,
        coalesce(sum(content_key), 0)::varchar as body_sum,
    from fct_events
),

books as (
    select
        coalesce(sum(lines), 0)::bigint as line_count,
        coalesce(sum(events), 0)::bigint as event_count,
        coalesce(sum(duplicates), 0)::bigint as duplicate_count,
        coalesce(sum(quarantined), 0)::bigint as quarantined_count,
        count(*) as file_count,
    from ref_books
)

select
    substr(md5(concat_ws(
        chr(31), c.key_sum, c.body_sum, b.line_count, b.duplicate_count, b.quarantined_count, s.as_of_us,
        r.definitions_hash
    )), 1, 12) as report_id,
    s.as_of,
    c.watermark,
    s.time_zone,
    r.is_sample,
    b.line_count,
    b.event_count,
    b.duplicate_count,
    b.quarantined_count,
    b.file_count,
    r.definitions_hash,
from ref_report as r
cross join ref_settings as s
cross join content as c
cross join books as b
