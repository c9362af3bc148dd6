-- One row per entry and time that a portal link which it took was generated.
-- key: entry_id, link_id, at_us
-- Taken are the links of its stream from its entry up to its end, and the one that its opening event names: an
-- invitation follows its link by seconds.
with within_it as (
    select
        a.entry_id,
        s.link_id,
        s.at_us,
        a.event_key = s.event_key as is_opening,
    from fct_link_streams as s
    asof join fct_attempts as a
        on
            a.funnel_number = s.funnel_number and a.organization_key = s.organization_key and a.intent = s.intent
            and s.at_us >= a.entered_us
    where s.at_us <= coalesce(a.closed_us, a.until_us)
),

named as (
    select
        a.entry_id,
        l.link_id,
        epoch_us(l.generated_at) as at_us,
        true as is_opening,
    from fct_attempts as a
    join fct_events as e on e.event_key = a.event_key and e.event_type <> 'admin_portal.link_generated'
    join fct_links as l on l.link_id = e.link_id and l.organization_id = e.organization_id
    where l.intent is null or a.intent in (l.intent, '')
),

takes as (
    select *,
    from within_it
    union all
    select *,
    from named
)

select
    entry_id,
    link_id,
    at_us,
    bool_or(is_opening) as is_opening,
from takes
group by entry_id, link_id, at_us
