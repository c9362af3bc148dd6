-- One row per funnel and note on its trend: what changed outside the data, such as a release or a guide.
-- key: funnel_id, note_number
-- A note that names no funnel is on every trend.
select
    f.funnel_id,
    n.note_number,
    n.noted_on,
    n.note,
from ref_notes as n
join ref_funnels as f on f.funnel_id = coalesce(n.funnel_id, f.funnel_id)
