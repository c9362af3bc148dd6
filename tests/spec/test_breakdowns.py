"""What entries are told apart by: the dimensions that all have, and those that a funnel declares."""

from __future__ import annotations

import pytest

from tests.spec.walks import SET_UP, walked

LIFE = """
    | at          | event                             | org  | connection | link | provider  | properties                                 |
    | 02-27 10:00 | organization.created              | acme |            |      |           | {"domains":[{"domain":"a.test"}]}          |
    | 02-27 11:00 | organization_domain.created       | acme |            |      |           | {"domain":"b.test"}                        |
    | 02-27 11:00 | organization_domain.verified      | acme |            |      |           | {"domain":"B.test"}                        |
    | 03-01 09:00 | admin_portal.link_generated       | acme |            | one  |           | {"source":"e-mail","plan":"pro"}           |
    | 03-01 09:30 | admin_portal.link_generated       | acme |            | two  |           | {"source":"app","plan":"team"}             |
    | 03-01 10:00 | admin_portal.link_opened          | acme |            | two  |           | {"browser":"firefox"}                      |
    | 03-01 10:10 | admin_portal.connection_tested    | acme |            |      | AzureSAML | {"result":"failed","error":{"code":"bad"}} |
    | 03-01 10:20 | admin_portal.connection_tested    | acme |            |      | AzureSAML | {"result":"passed","browser":"chrome"}     |
    | 03-01 10:30 | connection.activated              | acme | conn_1     |      | AzureSAML | {"error":{"code":"odd"}}                   |
    | 03-01 11:00 | admin_portal.connection_tested    | acme |            |      |           | {"error":{"code":"after the end"}}         |
    | 03-04 09:00 | admin_portal.link_generated       | bare |            |      |           | {}                                         |
"""  # noqa: E501  # a table is read by its columns


def segments(organization: str, funnel: str = SET_UP) -> set[tuple[str, str]]:
    """Dimension and segment of an organization's one entry."""
    with walked(LIFE, funnel) as warehouse:
        rows = warehouse.query(
            "select dimension, segment from fct_entry_segments where entry_id = $entry",
            {"entry": f"sso_setup/{organization}/sso/1"},
        ).rows()
        assert len(rows) == len(set(rows))
    return set(rows)


def test_entry_is_told_apart_by_what_all_have() -> None:
    """Entry day, week and month, intent, provider and its group, first link's source, weekday, domains, error codes."""
    assert segments("acme") == {
        ("all", "all"),
        ("entry_day", "2026-03-01"),
        ("entry_week", "2026-02-23"),
        ("entry_month", "2026-03-01"),
        ("intent", "sso"),
        ("provider", "AzureSAML"),
        ("provider_group", "Entra"),
        ("link_source", "e-mail"),
        ("weekday", "sunday"),
        ("domain_count", "2"),
        ("error_code", "bad"),
        ("error_code", "odd"),
    }


def test_what_is_not_known_has_no_segment() -> None:
    """An organization of which nothing was told has no provider, no link source, no number of domains."""
    assert {dimension for dimension, _ in segments("bare")} == {
        "all",
        "entry_day",
        "entry_week",
        "entry_month",
        "intent",
        "weekday",
    }


@pytest.mark.parametrize(
    ("prop", "moment", "expected"),
    [
        ("plan", "entry", "pro"),
        ("plan", "last", "team"),
        ("plan", "first", "pro"),
        ("browser", "first", "firefox"),
        ("browser", "last", "chrome"),
        ("browser", "tested", "chrome"),
        ("browser", "entry", None),
    ],
)
def test_declared_breakdown_is_read_at_its_moment(prop: str, moment: str, expected: str | None) -> None:
    """At the entry by default, at the first or last event that has the property, or at the event that filled a step."""
    declared = f'\n[[breakdowns]]\nname = "own"\nproperty = "{prop}"\nat = "{moment}"\n'
    found = dict(segments("acme", SET_UP + declared)).get("own")
    assert found == expected


@pytest.mark.parametrize(
    ("provider", "group"),
    [
        ("AzureSAML", "Entra"),
        ("EntraIdOIDC", "Entra"),
        ("azure scim v2.0", "Entra"),
        ("okta scim v2.0", "Okta"),
        ("OktaSAML", "Okta"),
        ("gsuite directory", "Google"),
        ("GoogleSAML", "Google"),
        ("GenericOIDC", "Generic"),
        ("PingOneSAML", "Ping"),
        ("hibob", "hibob"),
    ],
)
def test_provider_group_is_the_vendor_behind_a_name(provider: str, group: str) -> None:
    """Products of one vendor under several names are one provider_group; the name as sent stays provider."""
    events = f"| at | event | provider |\n| 03-01 09:00 | admin_portal.link_generated | {provider} |"
    with walked(events) as warehouse:
        assert warehouse.query("from dim_providers").rows() == [(provider, group)]


@pytest.mark.parametrize(
    ("told", "count"),
    [
        ('{"domains":[]}', "0"),
        ('{"domains":[{"domain":"a.test"},{"domain":"b.test"}]}', "2"),
        ('{"domains":["a.test","A.test"]}', "1"),
        ('{"domains":"a.test"}', None),
        ('{"domains":null}', None),
        ("{}", None),
    ],
)
def test_domains_are_those_told_of_by_the_entry(told: str, count: str | None) -> None:
    """A domain that is added on the way is no trait that the attempt came with; what cannot be read says nothing."""
    events = f"""
        | at          | event                        | properties            |
        | 03-01 08:00 | organization.created         | {told}                |
        | 03-01 09:00 | admin_portal.link_generated  |                       |
        | 03-01 10:00 | organization_domain.created  | {{"domain":"z.test"}} |
        """
    with walked(events) as warehouse:
        found = warehouse.query("select segment from fct_entry_segments where dimension = 'domain_count'")
    assert found["segment"].to_list() == ([] if count is None else [count])


def test_error_is_set_beside_those_who_came_as_far() -> None:
    """Who never opened the link cannot fail the test: of four, the three that opened it are exposed to its error."""
    events = """
        | at          | event                          | org   | properties               |
        | 03-01 09:00 | admin_portal.link_generated    | away  |                          |
        | 03-01 09:00 | admin_portal.link_generated    | a     |                          |
        | 03-01 09:10 | admin_portal.link_opened       | a     |                          |
        | 03-01 09:20 | admin_portal.connection_tested | a     | {"error":{"code":"bad"}} |
        | 03-01 09:00 | admin_portal.link_generated    | b     |                          |
        | 03-01 09:10 | admin_portal.link_opened       | b     |                          |
        | 03-01 09:30 | connection.activated           | b     |                          |
        | 03-01 09:00 | admin_portal.link_generated    | c     |                          |
        | 03-01 09:10 | admin_portal.link_opened       | c     |                          |
        """
    with walked(events) as warehouse:
        assert warehouse.query("from fct_exposures").rows() == [("sso_setup", "bad", 3, 1)]
