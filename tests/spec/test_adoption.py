"""Progressive onboarding: for whom single sign-on is, who was told, and who set it up."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pipelines.settings import Rules
from tests.spec.answers import assert_answer
from tests.spec.walks import MODELS, walked


def users(organization: str, count: int, event: str = "user.created") -> str:
    """Rows of an event table that create so many users."""
    return "".join(f"| 03-01 09:00 | {event} | {organization} | u{number} |  |\n" for number in range(count))


HEADER = "| at | event | org | user | properties |\n"


def test_organization_of_ten_users_is_eligible() -> None:
    """Distinct users count, by whichever event told of them, and only those of an organization."""
    events = (
        HEADER
        + users("nine", 9)
        + users("nine", 9, "organization_membership.created")
        + users("ten", 9)
        + '| 03-02 09:00 | organization_membership.created | ten | admin | {"user_id": "u9"} |\n'
        + users("", 12)
    )
    with walked(events) as warehouse:
        assert_answer(
            warehouse,
            "select eligible_count, recommended_count, configured_count, adoption_rate, acceptance_rate "
            "from rpt_adoption",
            """
            | eligible_count | recommended_count | configured_count | adoption_rate | acceptance_rate |
            | 1              | 0                 | 0                | 0             | -               |
            """,
        )


def test_number_of_users_is_a_setting() -> None:
    """Where the setting is lower, smaller organizations are eligible."""
    with walked(HEADER + users("a", 3) + users("b", 2)) as warehouse:
        settings = warehouse.read("ref_settings").to_dicts()[0]
        warehouse.store_frame("ref_settings", warehouse.read("ref_settings").with_columns(eligible_users=3))
        for model in MODELS:
            warehouse.build(model)
        assert warehouse.query("select eligible_count from rpt_adoption").item() == 1
    assert settings["eligible_users"] == 10


def test_number_of_users_is_at_least_one() -> None:
    """No organization without users is one that single sign-on is for."""
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        Rules(eligible_users=0)


RECOMMENDED = """
    | at          | event                        | org       |
    | 03-01 09:00 | sso_recommendation.shown     | ignored   |
    | 03-01 09:00 | sso_recommendation.shown     | dismissed |
    | 03-02 09:00 | sso_recommendation.dismissed | dismissed |
    | 03-01 09:00 | sso_recommendation.shown     | changed   |
    | 03-02 09:00 | sso_recommendation.dismissed | changed   |
    | 03-03 09:00 | sso_recommendation.dismissed | changed   |
    | 03-09 09:00 | connection.activated         | changed   |
    | 03-01 09:00 | sso_recommendation.shown     | accepted  |
    | 03-02 09:00 | sso_recommendation.shown     | accepted  |
    | 03-02 10:00 | sso_recommendation.accepted  | accepted  |
    | 03-02 11:00 | admin_portal.link_generated  | accepted  |
    | 03-02 12:00 | connection.activated         | accepted  |
    | 03-01 08:00 | connection.activated         | early     |
    | 03-01 09:00 | sso_recommendation.shown     | early     |
    | 03-01 09:00 | sso_recommendation.accepted  | untold    |
    | 03-01 09:00 | connection.activated         | small     |
    """


def test_adoption_counts_organizations_once() -> None:
    """A dismissal stands though sign-on came later; what was live before the recommendation did not come of it."""
    with walked(RECOMMENDED) as warehouse:
        row = warehouse.query("from rpt_adoption").row(0, named=True)
    assert row == {
        "eligible_count": 5,
        "recommended_count": 5,
        "accepted_count": 1,
        "dismissed_count": 2,
        "configured_count": 3,
        "recommended_configured_count": 2,
        "adoption_rate": 0.6,
        "adoption_lower": pytest.approx(0.2307, abs=5e-5),
        "adoption_upper": pytest.approx(0.8824, abs=5e-5),
        "acceptance_rate": 0.2,
        "dismissal_rate": 0.4,
    }


def test_adoption_of_nobody_has_no_rates() -> None:
    """Without an eligible organization there is one row, of zeros and empty rates."""
    with walked("| at | event |") as warehouse:
        assert_answer(
            warehouse,
            "select eligible_count, adoption_rate, adoption_lower, adoption_upper, dismissal_rate from rpt_adoption",
            """
            | eligible_count | adoption_rate | adoption_lower | adoption_upper | dismissal_rate |
            | 0              | -             | -              | -              | -              |
            """,
        )
