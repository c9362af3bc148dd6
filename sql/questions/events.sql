-- Which events has an organization, or which is the one of an id, and why does one not count?
-- Whole rows: the program picks what it shows.
select
    e.*,  -- noqa: AM04
    nullif(concat_ws(
        ' and ',
        if(e.is_production, null, 'environment ' || e.environment),
        if(e.timestamp > r.as_of, 'after the as-of time', null)
    ), '') as not_counted_because,
from fct_events as e cross join rpt_report as r
where e.organization_id = $organization_id or e.event_id = $event_id
order by e.timestamp, e.event_key
