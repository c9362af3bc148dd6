-- One row per source, a folder below inbox/: what became of its lines, and whether its events still come.
-- key: source
-- A gap lies between two counted events of the source. The one after the last of them ends at the watermark: so far the
-- other sources tell that there is nothing. Gaps that ended more than 30 days before it are history.
with books as (
    select
        source,
        count(*) as file_count,
        sum(lines)::bigint as line_count,
        sum(events)::bigint as event_count,
        sum(duplicates)::bigint as duplicate_count,
        sum(quarantined)::bigint as quarantined_count,
    from ref_books
    group by source
),

followed as (
    select
        e.source,
        e.timestamp,
        e.received_at,
        e.timestamp > r.as_of - interval '24 hours' as is_recent,
        lead(e.timestamp, 1, nullif(r.watermark, e.timestamp)) over (partition by e.source order by e.timestamp)
            as next_at,
        case when next_at >= r.watermark - interval '30 days' then epoch_us(next_at) - epoch_us(e.timestamp) end
            as gap_us,
    from fct_events as e
    cross join rpt_report as r
    where e.is_counted
)

select
    b.source,
    b.file_count,
    b.line_count,
    b.event_count,
    b.duplicate_count,
    b.quarantined_count,
    min(f.timestamp) as first_event_at,
    max(f.timestamp) as last_event_at,
    max(f.received_at) as last_received_at,
    count(*) filter (where f.is_recent) as recent_event_count,
    max(f.gap_us) as longest_gap_us,
    arg_max(f.timestamp, (f.gap_us, f.timestamp)) filter (where f.gap_us is not null) as gap_started_at,
from books as b
left join followed as f on f.source = b.source
group by b.source, b.file_count, b.line_count, b.event_count, b.duplicate_count, b.quarantined_count
