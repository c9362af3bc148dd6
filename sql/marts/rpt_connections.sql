-- One row per connection or directory, as it stands at the as-of time.
-- key: connection_id
-- One that was made before the events begin has no state: only its use or its certificate is known.
select
    coalesce(c.connection_id, u.connection_id) as connection_id,
    coalesce(c.organization_id, u.organization_id) as organization_id,
    o.organization_name,
    coalesce(c.kind, u.kind) as kind,
    c.provider,
    c.state,
    c.since,
    c.activated_at,
    u.last_sign_in_at,
    u.certificate_expires_at,
    c.is_active_after_7_days,
    c.is_active_after_30_days,
from fct_connections as c
full join fct_connection_uses as u on u.connection_id = c.connection_id
left join dim_organizations as o on o.organization_id = coalesce(c.organization_id, u.organization_id)
