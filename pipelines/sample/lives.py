"""The life of one organization: its set-ups in turn, what follows them, and what befalls its connections."""

from pipelines.sample.journal import Journal, Json, iso
from pipelines.sample.journeys import set_up
from pipelines.sample.world import DAY, HOUR, MINUTE, SECOND, ulid

# intent: share of the organizations that try it, days after the first set-up began
WISHES = {
    "sso": (0.86, (0.0, 0.0)),
    "dsync": (0.37, (0.0, 2, 12, 50)),
    "audit_logs": (0.07, (3.0, 20, 60)),
    "log_streams": (0.07, (1.0, 20, 60)),
    "domain_verification": (0.05, (0.0, 5, 40)),
    "certificate_renewal": (0.06, (0.0, 5, 40)),
    "passkeys": (0.015, (5.0, 40)),
}
NOISE = ("billing.plan_changed", "report.viewed", "organization.updated", "user.created", "admin_portal.link_generated")
PEOPLE = ("ana", "ben", "eva", "joão", "lou", "zoë")
GROUPS = ("Engineering", "Vertrieb", "財務", "Everyone")
REFUSED: Json = {"intent": "sso", "error": {"code": "permission_denied", "message": "sso:configure"}}


def live(journal: Journal, number: int) -> None:
    """Everything that the organization of this number leaves in the logs."""
    organization, chance = journal.organization, journal.chance
    moment = journal.start + int(chance.spread(0.0, 0.29, 0.55, 0.78, 0.995) * (journal.end - journal.start))
    at = organization.at_work(max(moment, min(organization.created_at + HOUR, journal.end - DAY)), chance)
    if organization.created_at >= journal.start:
        introduction = journal.organization_object(organization.created_at)
        journal.webhook(organization.created_at, "organization.created", introduction, "api")
    elif chance.yes(0.95):  # of the others the name is known by a later change, of a few not at all
        seen_at = max(journal.start + HOUR, at - chance.between(1, 72) * HOUR)
        journal.webhook(seen_at, "organization.updated", journal.organization_object(seen_at), "api")
    for intent, (share, days) in WISHES.items():
        if chance.yes(share):
            pursue(journal, intent, organization.at_work(at + int(chance.spread(*days) * DAY), chance))
        elif intent == "sso" and chance.yes(0.5):
            recommend(journal, at, is_accepted=False)
    potter_about(journal, at)
    if number % 12 == 7:
        TURNS[number // 12 % len(TURNS)](journal, at)


def pursue(journal: Journal, intent: str, at: int) -> None:
    """Up to three attempts at one intent, and the use that is made of what comes of them."""
    chance = journal.chance
    if intent == "sso" and chance.yes(0.3):
        recommend(journal, at, is_accepted=True)
    if intent == "sso" and chance.yes(0.02):  # a member without the permission tries first
        journal.portal(at - HOUR, "admin_portal.access_denied", REFUSED, "user_member")
        journal.portal(at - HOUR + 40 * SECOND, "admin_portal.access_denied", REFUSED, "user_member")
    for _ in range(3):
        attempt = set_up(journal, intent, at)
        if attempt and intent in USES:
            USES[intent](journal, attempt.at, attempt.target_id)
        if attempt or not chance.yes(0.3):
            return
        at = journal.organization.at_work(at + int(chance.spread(14.5, 20, 32, 70) * DAY), chance)


def recommend(journal: Journal, at: int, *, is_accepted: bool) -> None:
    """The application suggests single sign-on just before the first link, to some for the second time, or in vain."""
    if not is_accepted or journal.chance.yes(0.3):
        journal.portal(at - 3 * DAY, "sso_recommendation.shown", {"users": 10})
        journal.portal(at - 3 * DAY + 20 * SECOND, "sso_recommendation.dismissed", {})
    if is_accepted:
        journal.portal(at - MINUTE, "notification.created", {"type": "sso_recommendation"}, None)
        journal.portal(at - 5 * SECOND, "sso_recommendation.accepted", {"action": "open_portal:sso"})


def sign_in(journal: Journal, at: int, connection_id: str) -> None:
    """People sign in through the new connection, the first hours or days after it came alive."""
    chance, organization = journal.chance, journal.organization
    for visit in range(chance.between(1, 8) if chance.yes(0.93) else 0):
        hours = chance.spread(1, 20, 60, 200) if visit else chance.spread(0.1, 1, 4, 20, 60)
        at = organization.at_work(at + int(hours * HOUR), chance)
        person, owner = chance.pick(PEOPLE), organization.id if chance.yes(0.96) else None
        sso = {"organization_id": owner, "connection_id": connection_id, "session_id": f"s_{chance.code(10)}"}
        data: Json = {"type": "sso", "user_id": None, "email": f"{person}@{organization.domain}", "sso": sso}
        if chance.yes(0.06):
            data["error"] = {"code": "idp_error", "message": "The identity provider refused the user"}
            journal.webhook(at, "authentication.sso_failed", data)
            continue
        journal.webhook(at, "authentication.sso_succeeded", data)
        rest = {"user_id": f"user_{person}", "auth_method": "sso", "expires_at": iso(at + DAY)}
        session = journal.thing("session", f"session_{ulid(at, chance)}", at, **rest)
        journal.webhook(
            at + SECOND, "session.created", session if chance.yes(0.97) else session | {"organization_id": None}
        )


def synchronise(journal: Journal, at: int, directory_id: str) -> None:
    """Groups and people arrive from the directory, the first now and then before its activation is told."""
    chance, organization = journal.chance, journal.organization
    at += int(chance.spread(-1, 20, 60, 300, 3000) * SECOND)
    common = {"directory_id": directory_id, "idp_id": chance.code(6)}
    group_id = f"directory_group_{ulid(at, chance)}"
    group = journal.thing("directory_group", group_id, at, **common, name=chance.pick(GROUPS))
    journal.webhook(at, "dsync.group.created", group)
    for number in range(chance.between(1, min(14, organization.people))):
        at += int(chance.spread(0.2, 1, 5) * SECOND)
        rest = {"email": f"user{number}@{organization.domain}", "state": "active", "custom_attributes": {}}
        user = journal.thing("directory_user", f"directory_user_{ulid(at, chance)}", at, **common, **rest)
        journal.webhook(at, "dsync.user.created", user)
        if chance.yes(0.3):
            journal.webhook(at + SECOND, "dsync.group.user_added", {**common, "user": user, "group": group})
    if chance.yes(0.05):
        at += int(chance.spread(5, 20, 60) * DAY)
        data = journal.thing("directory", directory_id, at, type=organization.directory, state="inactive")
        journal.webhook(at, "dsync.deleted", data, "dashboard")


USES = {"sso": sign_in, "dsync": synchronise}


def potter_about(journal: Journal, at: int) -> None:
    """Events that no funnel may count: of kinds that nobody listed, without an organization, of the sandbox."""
    chance = journal.chance
    for _ in range(chance.between(0, 6)):
        at += int(chance.spread(0, 5, 40) * DAY)
        kind = chance.weigh(NOISE, (4, 3, 4, 1, 0.3))
        if kind == "organization.updated":
            journal.webhook(at, kind, journal.organization_object(at), "dashboard")
        elif kind == "user.created":
            journal.webhook(at, kind, {"object": "user", "id": f"user_{chance.code(12)}", "email_verified": True})
        elif kind == "admin_portal.link_generated":
            journal.portal(at, kind, {"intent": "sso", "link_id": f"lnk_{ulid(at, chance)}", "environment": "sandbox"})
        else:
            journal.portal(at, kind, {"plan": chance.pick(("team", "enterprise"))})


def connect(journal: Journal, at: int, actor: str) -> tuple[int, str]:
    """A connection is made without any link; gives when, and its id."""
    connection_id = f"conn_{ulid(at, journal.chance)}"
    journal.activation(at, "sso", connection_id, actor)
    return at, connection_id


def staff_connects(journal: Journal, at: int) -> None:
    """Out of band: in the vendor's dashboard."""
    connect(journal, at + journal.chance.between(1, 20) * DAY, "dashboard")


def breaks_and_returns(journal: Journal, at: int) -> None:
    """The connection is deactivated (once in a while misspelt) and activated again."""
    at, connection_id = journal.connection or connect(journal, at, "dashboard")
    at += journal.chance.between(2, 9) * DAY
    name = "connection.deactived" if journal.chance.yes(0.25) else "connection.deactivated"
    journal.webhook(at, name, journal.connection_object(connection_id, at, "inactive"), "dashboard")
    journal.activation(at + 5 * DAY, "sso", connection_id, "dashboard")


def starts_over(journal: Journal, at: int) -> None:
    """The connection is deleted, and another is set up."""
    at, connection_id = journal.connection or connect(journal, at, "dashboard")
    at += journal.chance.between(2, 9) * DAY
    journal.webhook(at, "connection.deleted", journal.connection_object(connection_id, at), "dashboard")
    pursue(journal, "sso", journal.organization.at_work(at + DAY, journal.chance))


def leaves(journal: Journal, at: int) -> None:
    """The organization is deleted soon after its first link: nothing comes after."""
    at += int(journal.chance.spread(0.1, 6, 40, 200) * HOUR)
    journal.records = [record for record in journal.records if record.at < at]
    journal.webhook(at, "organization.deleted", journal.organization_object(at), "dashboard")


def clocks_disagree(journal: Journal, at: int) -> None:
    """A connection is alive seconds, or more than a minute, before its link was logged."""
    at, _ = connect(journal, at + journal.chance.between(1, 5) * DAY, "admin_portal")
    at += journal.organization.skew + journal.chance.pick((3_200, 90_000))
    metadata: Json = {"intent": "sso", "link_id": f"lnk_{ulid(at, journal.chance)}", "expires_at": iso(at + DAY)}
    journal.portal(at, "admin_portal.link_generated", metadata)


# Each is some organization's lot however the dice fall.
TURNS = (staff_connects, breaks_and_returns, leaves, clocks_disagree, starts_over)
