-- One row per entry that names a provider: the latest named from its entry up to its end.
-- key: funnel_number, entity_key, entry_position
select
    a.funnel_number,
    a.entity_key,
    a.entry_position,
    arg_max(e.provider, (e.timestamp, e.event_key)) as provider,
from fct_attempts as a
join fct_events as e
    on
        e.organization_key = a.organization_key
        and (e.intent is null or a.intent in (e.intent, ''))
        and epoch_us(e.timestamp) between a.entered_us and coalesce(a.closed_us, a.until_us)
where e.is_counted and e.provider is not null
group by a.funnel_number, a.entity_key, a.entry_position
