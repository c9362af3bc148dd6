-- Which activations of an organization were reported, in the funnels that it has entries of or that set up their kind?
select
    a.funnel_id,
    concat_ws('/', a.funnel_id, nullif(a.intent, '')) as label,
    a.event_id,
    a.fate,
    a.entry_id,
    a.is_re_activation,
    a.is_clock_inversion,
from fct_activations as a
where
    a.organization_id = $organization_id and coalesce(a.funnel_id = $funnel_id, true) and a.fate <> 'not_counted'
    and (a.is_set_up or (a.funnel_id, a.intent) in (
        select (n.funnel_id, coalesce(n.intent, '')),
        from fct_entries as n
        where n.organization_id = $organization_id
    ))
