-- One row per source and reason for which lines of it were not understood, with the place of the first.
-- key: source, reason
-- A place and never a text: what such a line says is anybody's guess.
select
    source,
    reason,
    count(*) as quarantined_count,
    arg_min(source || '/' || path || ':' || line_number, (path, line_number)) as example,
from raw_quarantine
group by source, reason
