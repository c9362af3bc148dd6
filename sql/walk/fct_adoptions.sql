-- One row per organization that was shown the recommendation of single sign-on, or has enough users for it.
-- key: organization_id
-- A user is the one that a creation tells of, or who is logged with it; repeats of one user count once.
with told as (
    select
        organization_id,
        min(timestamp) filter (where event_type = 'sso_recommendation.shown') as recommended_at,
        bool_or(event_type = 'sso_recommendation.accepted') as is_accepted,
        bool_or(event_type = 'sso_recommendation.dismissed') as is_dismissed,
        count(distinct coalesce(properties ->> '$.userId', properties ->> '$.user_id', user_id)) filter (
            where event_type in ('user.created', 'organization_membership.created')
        ) as user_count,
    from fct_events
    where
        is_counted and organization_id is not null and event_type in (
            'sso_recommendation.shown', 'sso_recommendation.accepted', 'sso_recommendation.dismissed',
            'user.created', 'organization_membership.created'
        )
    group by organization_id
),

activated as (
    select
        organization_id,
        max(reported_at) as last_activated_at,
    from fct_activations
    where funnel_id = 'sso_setup' and fate in ('conversion', 'late_activation', 're_activation', 'out_of_band')
    group by organization_id
)

select
    t.organization_id,
    t.recommended_at is not null as is_recommended,
    t.is_accepted and t.recommended_at is not null as is_accepted,
    t.is_dismissed and t.recommended_at is not null as is_dismissed,
    a.last_activated_at is not null as is_configured,
    coalesce(a.last_activated_at >= t.recommended_at, false) as is_configured_after,
from told as t
cross join ref_settings as s
left join activated as a on a.organization_id = t.organization_id
where t.recommended_at is not null or t.user_count >= s.eligible_users
