"""Organizations with an attempt and with a conversion: a table of attempts in, a table of numbers out."""

from __future__ import annotations

from tests.spec.measures import entries, expect, tables


def test_organizations_count_once_however_many_attempts_they_make() -> None:
    """Three of four have a matured attempt, two of these one that activated; the fresh success of acme is not asked."""
    attempts = entries("""
        | attempts | age     | outcome   | after  | organization | excluded |
        |----------|---------|-----------|--------|--------------|----------|
        | 3        | 20 days | activated | 1 hour | acme         |          |
        | 1        | 20 days | lost      |        | acme         |          |
        | 1        | 20 days | activated | 1 hour | globex       |          |
        | 1        | 20 days | lost      |        | initech      |          |
        | 1        | 2 days  | activated | 1 hour | initech      |          |
        | 1        | 2 days  | open      |        | umbrella     |          |
        | 1        | 20 days | activated | 1 hour | hooli        | yes      |
    """)
    numbers = """
        | organization_count | matured_organization_count | activated_organization_count | organization_rate |
        |--------------------|----------------------------|------------------------------|-------------------|
        | 4                  | 3                          | 2                            | 66.7 %            |
    """
    expect("rpt_organizations", tables(fct_entries=attempts), numbers)


def test_attempts_of_one_organization_are_no_news() -> None:
    """30 of 40 attempts look certain, but they are two organizations: drawn again, both may be either.

    Of two draws a quarter each take the same organization twice, so the bounds of both rates are 0 and 100 %.
    """
    attempts = entries("""
        | attempts | age     | outcome   | after  | organization |
        |----------|---------|-----------|--------|--------------|
        | 30       | 20 days | activated | 1 hour | acme         |
        | 10       | 20 days | lost      |        | globex       |
    """)
    expect(
        "rpt_funnels",
        tables(fct_entries=attempts),
        "| conversion_rate | conversion_lower | conversion_upper |\n| 75.0 % | 59.8 % | 85.8 % |",
    )
    numbers = """
        | organization_rate | organization_lower | organization_upper | clustered_lower | clustered_upper |
        |-------------------|--------------------|--------------------|-----------------|-----------------|
        | 50.0 %            | 0.0 %              | 100.0 %            | 0.0 %           | 100.0 %         |
    """
    expect("rpt_organizations", tables(fct_entries=attempts), numbers)


def test_organizations_of_no_attempts_have_a_row() -> None:
    """Counts are 0, and there is no rate."""
    numbers = """
        | funnel_id   | organization_count | matured_organization_count | organization_rate | clustered_upper |
        |-------------|--------------------|----------------------------|-------------------|-----------------|
        | dsync_setup | 0                  | 0                          |                   |                 |
        | sso_setup   | 1                  | 0                          |                   |                 |
    """
    attempts = entries("| age | outcome |\n| 2 days | open |")
    expect("rpt_organizations", tables("sso_setup", "dsync_setup", fct_entries=attempts), numbers)
