-- One row per identity provider or directory type that an entry names, with the group that it belongs to.
-- key: provider
-- Products of one vendor under several names are one group: AzureSAML and EntraIdOIDC are Entra.
with stems as (
    select distinct
        provider,
        regexp_replace(provider, '(SAML|OIDC|Oidc|OAuth| scim v[0-9.]+| directory)$', '') as stem,
    from fct_entries
    where provider is not null
)

select
    provider,
    case lower(replace(stem, ' ', ''))
        when 'azure' then 'Entra'
        when 'azuread' then 'Entra'
        when 'entraid' then 'Entra'
        when 'entra' then 'Entra'
        when 'gsuite' then 'Google'
        when 'okta' then 'Okta'
        when 'onelogin' then 'OneLogin'
        when 'jumpcloud' then 'JumpCloud'
        when 'cyberark' then 'CyberArk'
        when 'pingfederate' then 'Ping'
        when 'pingone' then 'Ping'
        when 'rippling' then 'Rippling'
        when 'generic' then 'Generic'
        else stem
    end as provider_group,
from stems
