-- One row per entry and portal link that it took: generated in its stream from its entry up to its end.
-- key: funnel_id, entry_id, link_id
-- First is the earliest, of one instant the link that opened the entry. An invitation's is the one that it names.
-- A link logged as generated twice may stand in two entries.
with numbered as (
    select
        e.funnel_id,
        e.entry_id,
        e.entered_at,
        e.converted_at,
        t.link_id,
        make_timestamptz(min(t.at_us)) as generated_at,
        bool_or(t.is_opening) as is_opening,
        row_number() over (
            partition by e.funnel_id, e.entry_id order by min(t.at_us), bool_or(t.is_opening) desc, t.link_id
        ) as link_number,
    from fct_link_takes as t
    join fct_entries as e on e.entry_id = t.entry_id
    group by e.funnel_id, e.entry_id, e.entered_at, e.converted_at, t.link_id
)

select
    n.funnel_id,
    n.entry_id,
    n.link_id,
    n.link_number,
    n.is_opening,
    n.link_number > 1 as is_re_issue,
    coalesce(n.link_number = max(
        case when l.opened_at between n.entered_at and n.converted_at then n.link_number end
    ) over (partition by n.funnel_id, n.entry_id), false) as is_used,
    n.generated_at,
    l.opened_at,
    l.opening_count,
    l.is_opened_after_expiry,
    l.state,
    case when is_used then epoch_us(n.converted_at) - epoch_us(l.opened_at) end as portal_us,
from numbered as n
join fct_links as l on l.link_id = n.link_id
