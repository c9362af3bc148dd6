-- Entrants are matured or maturing, the open ones are a part of the maturing, and outcomes add up to the entrants.
-- asset: rpt_funnels
with outcomes as (
    select
        funnel_id,
        count(*) as entries,
        count(*) filter (where outcome in ('activated', 'lost', 'open', 'ended')) as known,
        count(*) filter (where outcome = 'open' and is_matured) as open_but_matured,
    from fct_entries
    where not is_excluded
    group by funnel_id
)

select r.funnel_id,
from rpt_funnels as r
left join outcomes as o on o.funnel_id = r.funnel_id
where
    r.entrant_count <> r.matured_count + r.maturing_count
    or r.open_count > r.maturing_count
    or r.entrant_count <> coalesce(o.entries, 0)
    or o.known <> o.entries
    or o.open_but_matured > 0
    or r.activated_count + r.early_activated_count + r.lost_count + r.open_count + r.ended_count <> r.entrant_count
