-- One row per event: what the log and the webhooks said, in normal form.
-- key: event_id
select
    event_id,
    event_type,
    source,
    timestamp,
    received_at,
    organization_id,
    user_id,
    intent,
    link_id,
    connection_id,
    provider,
    properties,
    environment,
from fct_events
