-- An entry has at most one segment of each dimension, error codes apart, and none of an entry that is not there.
-- asset: fct_entry_segments
select
    s.funnel_id,
    s.entry_id,
    s.dimension,
from fct_entry_segments as s
left join fct_entries as e on e.funnel_id = s.funnel_id and e.entry_id = s.entry_id
group by s.funnel_id, s.entry_id, s.dimension
having count(e.entry_id) <> count(*) or (count(*) > 1 and s.dimension <> 'error_code')
