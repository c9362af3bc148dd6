-- A link lies within its entry and in no other, unless it is named by what opened it, and is first where it opened it.
-- asset: fct_entry_links
with owned as (
    select
        l.*,
        e.organization_id,
        e.intent,
        e.entered_at,
        coalesce(e.converted_at, e.matures_at) as until_at,
        l.is_opening and not starts_with(e.opened_by, 'admin_portal.link_generated:') as is_named,
    from fct_entry_links as l
    join fct_entries as e on e.funnel_id = l.funnel_id and e.entry_id = l.entry_id
)

select
    funnel_id,
    min(entry_id) as entry_id,
from owned
where not is_named
group by funnel_id, organization_id, intent, link_id, generated_at
having count(*) > 1
union all
select
    funnel_id,
    entry_id,
from owned
where not is_named and generated_at not between entered_at and until_at
union all
select
    e.funnel_id,
    e.entry_id,
from fct_entries as e
left join fct_entry_links as l
    on
        l.funnel_id = e.funnel_id and l.entry_id = e.entry_id
        and l.link_number = 1 and l.generated_at = e.entered_at
where starts_with(e.opened_by, 'admin_portal.link_generated:') and l.link_id is null
