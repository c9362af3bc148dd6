-- One row: progressive onboarding, from organizations that single sign-on is for to those that have set it up.
-- key: eligible_count
with organizations as (
    select
        count(*) as eligible_count,
        count(*) filter (where is_recommended) as recommended_count,
        count(*) filter (where is_accepted) as accepted_count,
        count(*) filter (where is_dismissed) as dismissed_count,
        count(*) filter (where is_configured) as configured_count,
        count(*) filter (where is_configured_after) as recommended_configured_count,
    from fct_adoptions
),

rates as (
    select
        max(rate) filter (where share_name = 'adoption') as adoption_rate,
        max(lower_bound) filter (where share_name = 'adoption') as adoption_lower,
        max(upper_bound) filter (where share_name = 'adoption') as adoption_upper,
        max(rate) filter (where share_name = 'acceptance') as acceptance_rate,
        max(rate) filter (where share_name = 'dismissal') as dismissal_rate,
    from fct_shares
)

select
    o.eligible_count,
    o.recommended_count,
    o.accepted_count,
    o.dismissed_count,
    o.configured_count,
    o.recommended_configured_count,
    r.adoption_rate,
    r.adoption_lower,
    r.adoption_upper,
    r.acceptance_rate,
    r.dismissal_rate,
from organizations as o
cross join rates as r
