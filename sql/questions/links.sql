-- Which links is an event about: the one that it names or made, or the one whose time it shares?
select l.link_id,
from fct_links as l join fct_events as e
    on
        l.link_id = coalesce(e.link_id, e.event_id)
        or (e.link_id is null and l.organization_id = e.organization_id and e.timestamp in (l.opened_at, l.revoked_at))
where
    e.event_id = $event_id and e.is_counted
    and (starts_with(e.event_type, 'admin_portal.link_') or e.event_type = 'admin_portal.accessed')
