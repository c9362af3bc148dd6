-- One row per funnel, as declared in its TOML file.
-- key: funnel_id
select
    funnel_id,
    title,
    question,
    intents,
    window_us,
    last_required as last_required_step,
    position,
    definition_hash,
from ref_funnels
