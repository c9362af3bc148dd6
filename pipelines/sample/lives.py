"""The life of one organization: its set-ups in turn, and what befalls it and its connections besides."""

from pipelines.sample.journeys import Attempt
from pipelines.sample.organization import Organization
from pipelines.sample.world import DAY, HOUR, WORLD, iso


def live(organization: Organization) -> None:
    """Everything that the organization leaves in the logs."""
    moment = organization.start + int(organization.chance.spread(0.0, 0.29, 0.55, 0.78, 0.995) * organization.span)
    at = organization.at_work(max(moment, min(organization.created_at + HOUR, organization.end - DAY)))
    if organization.created_at >= organization.start:
        organization.webhook(organization.created_at, "organization.created")
    elif organization.chance.yes(0.95):  # of the others the name is known by a later change, of a few not at all
        seen_at = max(organization.start + HOUR, at - organization.chance.between(1, 72) * HOUR)
        organization.webhook(seen_at, "organization.updated", actor="api")
    for intent, plan in WORLD["intents"].items():
        if organization.chance.yes(plan["share"]):
            pursue(organization, intent, organization.later(at, DAY, *plan["days"]))
        elif intent == "sso" and organization.chance.yes(0.5):
            organization.scene("idle_recommendation", at)
    potter_about(organization, at)
    if organization.number % 12 == 7:
        TURNS[organization.number // 12 % len(TURNS)](organization, at)


def pursue(organization: Organization, intent: str, at: int) -> None:
    """Up to three attempts at one intent."""
    if intent == "sso" and organization.chance.yes(0.3):
        # The application suggests it just before the first link, to some for the second time.
        if organization.chance.yes(0.3):
            organization.scene("idle_recommendation", at)
        organization.scene("accepted_recommendation", at)
    if intent == "sso" and organization.chance.yes(0.02):  # a member without the permission tries first
        organization.scene("access_denied", at)
    for _ in range(3):
        if Attempt(organization, intent, at).play(intent) or not organization.chance.yes(0.3):
            return
        at = organization.later(at, DAY, 14.5, 20, 32, 70)


def potter_about(organization: Organization, at: int) -> None:
    """Events that no funnel may count: of kinds that nobody listed, without an organization, of the sandbox."""
    for _ in range(organization.chance.between(0, 6)):
        at += int(organization.chance.spread(0, 5, 40) * DAY)
        kind = organization.chance.weigh(WORLD["noise"])["event"]
        if kind == "organization.updated":
            organization.webhook(at, kind)
        elif kind == "user.created":
            organization.webhook(at, kind, user_id=f"user_{organization.chance.code(12)}")
        elif kind == "admin_portal.link_generated":
            link_id = organization.chance.mint("lnk", at)
            organization.portal(at, kind, intent="sso", link_id=link_id, environment="sandbox")
        else:
            organization.portal(at, kind, plan=organization.chance.pick(("team", "enterprise")))


def connect(organization: Organization, at: int, actor: str) -> tuple[int, str]:
    """A connection is made without any link; gives when, and its id."""
    connection_id = organization.chance.mint("conn", at)
    organization.webhook(at, "connection.activated", target_id=connection_id, actor=actor)
    return at, connection_id


def staff_connects(organization: Organization, at: int) -> None:
    """Out of band: in the vendor's dashboard."""
    connect(organization, at + organization.chance.between(1, 20) * DAY, "dashboard")


def breaks_and_returns(organization: Organization, at: int) -> None:
    """The connection is deactivated (once in a while misspelt) and activated again."""
    at, connection_id = organization.connection or connect(organization, at, "dashboard")
    at += organization.chance.between(2, 9) * DAY
    event = "connection.deactived" if organization.chance.yes(0.25) else "connection.deactivated"
    organization.webhook(at, event, target_id=connection_id)
    organization.webhook(at + 5 * DAY, "connection.activated", target_id=connection_id, actor="dashboard")


def starts_over(organization: Organization, at: int) -> None:
    """The connection is deleted, and another is set up."""
    at, connection_id = organization.connection or connect(organization, at, "dashboard")
    at += organization.chance.between(2, 9) * DAY
    organization.webhook(at, "connection.deleted", target_id=connection_id)
    pursue(organization, "sso", organization.at_work(at + DAY))


def leaves(organization: Organization, at: int) -> None:
    """The organization is deleted soon after its first link: nothing comes after."""
    at += int(organization.chance.spread(0.1, 6, 40, 200) * HOUR)
    organization.records = [record for record in organization.records if record.at < at]
    organization.webhook(at, "organization.deleted")


def clocks_disagree(organization: Organization, at: int) -> None:
    """A connection is alive seconds, or more than a minute, before its link was logged."""
    at, _ = connect(organization, at + organization.chance.between(1, 5) * DAY, "admin_portal")
    at += organization.skew + organization.chance.pick((3_200, 90_000))
    link = {"intent": "sso", "link_id": organization.chance.mint("lnk", at), "expires_at": iso(at + DAY)}
    organization.portal(at, "admin_portal.link_generated", **link)


# Each is some organization's lot however the dice fall.
TURNS = (staff_connects, breaks_and_returns, leaves, clocks_disagree, starts_over)
