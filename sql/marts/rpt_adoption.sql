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
)

select
    o.eligible_count,
    o.recommended_count,
    o.accepted_count,
    o.dismissed_count,
    o.configured_count,
    o.recommended_configured_count,
    s.rate as adoption_rate,
    s.lower_bound as adoption_lower,
    s.upper_bound as adoption_upper,
    o.accepted_count / nullif(o.recommended_count, 0) as acceptance_rate,
    o.dismissed_count / nullif(o.recommended_count, 0) as dismissal_rate,
from organizations as o
left join fct_shares as s on s.share_name = 'adoption'
