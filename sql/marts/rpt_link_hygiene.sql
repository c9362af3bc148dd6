-- One row per funnel, dimension and segment: what became of the links of its attempts, excluded ones left out.
-- key: funnel_id, dimension, segment
-- A link without an intent counts for each attempt that it serves.
with attempts as (
    select
        e.funnel_id,
        e.entry_id,
        e.outcome = 'activated' as is_activated,
        count(l.link_id) as links,
        count(*) filter (where l.state <> 'live') as settled,
        count(*) filter (where l.state = 'expired') as expired,
        count(*) filter (where l.state = 'revoked') as revoked,
        count(*) filter (where l.is_opened_after_expiry) as opened_late,
        count(*) filter (where l.opening_count > 1) as opened_often,
    from fct_entries as e
    left join fct_entry_links as l on l.funnel_id = e.funnel_id and l.entry_id = e.entry_id
    where not e.is_excluded
    group by e.funnel_id, e.entry_id, e.outcome
)

select
    s.funnel_id,
    s.dimension,
    s.segment,
    count(*) as entrant_count,
    sum(a.links)::bigint as link_count,
    count(*) filter (where a.is_activated) as activated_count,
    coalesce(sum(a.links) filter (where a.is_activated), 0)::bigint as activated_link_count,
    activated_link_count / nullif(activated_count, 0) as links_per_activation,
    median(a.links) filter (where a.is_activated) as median_links_per_activation,
    count(*) filter (where a.links > 0) as linked_attempt_count,
    count(*) filter (where a.links > 1) as re_issued_attempt_count,
    re_issued_attempt_count / nullif(linked_attempt_count, 0) as re_issue_rate,
    sum(a.settled)::bigint as settled_link_count,
    sum(a.expired)::bigint as expired_unopened_count,
    expired_unopened_count / nullif(settled_link_count, 0) as expired_unopened_share,
    sum(a.revoked)::bigint as revoked_count,
    sum(a.opened_late)::bigint as opened_after_expiry_count,
    sum(a.opened_often)::bigint as several_openings_count,
from attempts as a
join fct_entry_segments as s on s.funnel_id = a.funnel_id and s.entry_id = a.entry_id
group by s.funnel_id, s.dimension, s.segment
