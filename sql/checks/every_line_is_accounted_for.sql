-- Of every file, lines are events, duplicates or quarantined, and nothing else.
-- asset: ref_books
select
    source,
    path,
from ref_books
where lines <> events + duplicates + quarantined
