"""One try at setting something up, from the first link to the activation and its first use, or to where it stops.

Which moves make up a try stands in `world.toml`; what befalls an organization besides is in `lives`.
"""

from typing import Any

from pipelines.sample.chance import Row
from pipelines.sample.organization import Organization, filled
from pipelines.sample.world import DAY, HOUR, MINUTE, SECOND, WORLD, iso


class Attempt:
    """A try under way: where it stands in time, by which link, towards which connection or directory.

    Its methods are the moves of `world.toml`: they let time pass and write what happened. One that gives False is the
    last: the administrator has left.
    """

    def __init__(self, organization: Organization, intent: str, at: int) -> None:
        self.organization, self.chance, self.intent, self.at = organization, organization.chance, intent, at
        self.way = self.chance.weigh(WORLD["ways"])
        self.target_id = self.chance.mint("directory" if intent == "dsync" else "conn", at)
        self.link_id, self.link_expires = "", 0

    def play(self, name: str) -> bool:
        """The moves of this name in turn; whether the administrator stays to the end."""
        return all(self.move(*move) for move in WORLD["moves"][name])

    def move(self, verb: str, *arguments: Any) -> bool:
        """One move; whether the administrator stays."""
        return getattr(self, verb)(*arguments) is not False

    def perhaps(self, share: float, *move: Any) -> bool:
        """A move that only this share makes."""
        return not self.chance.yes(share) or self.move(*move)

    def unless(self, share: float, *move: Any) -> bool:
        """A move that all but this share make."""
        return self.chance.yes(share) or self.move(*move)

    def stays(self, loss: float, kind: str = "provider") -> bool:
        """Whether the administrator stays: fewer with a hard provider, a few more from week to week."""
        progress = (self.at - self.organization.start) / self.organization.span
        return not self.chance.yes(min(0.8, loss * self.organization.friction[kind] * (1.5 - 0.85 * progress)))

    def wait(self, *minutes: float, unit: int = MINUTE) -> None:
        """Move on by a time spread between these minutes, or other units."""
        self.at += int(self.chance.spread(*minutes) * unit)

    def rest(self, *hours: float) -> None:
        """Move on by a time spread between these hours, to a moment within working hours."""
        self.at = self.organization.later(self.at, HOUR, *hours)

    def skip(self, seconds: int) -> None:
        """Move on by a fixed time."""
        self.at += seconds * SECOND

    def go_to_work(self) -> None:
        """Move on to working hours."""
        self.at = self.organization.at_work(self.at)

    def tell(self, event: str, days: int = 1, **facts: Any) -> Row:
        """Let the vendor say something of what is set up, at this moment; gives what it shows."""
        return self.organization.webhook(self.at, event, target_id=self.target_id, days=days, **facts)

    def note(self, event_type: str, user: str = "admin", pattern: Row | None = None, /, **details: object) -> None:
        """Write a portal event of this attempt, at this moment; facts of the organization fill the pattern."""
        details |= filled(pattern or {}, vars(self.organization))
        is_misspelt = self.chance.yes(0.004)
        intent = WORLD["intents"][self.intent].get("misspelt", self.intent) if is_misspelt else self.intent
        self.organization.portal(self.at, event_type, user, intent=intent, link_id=self.link_id, **details)

    def fail(self, event_type: str, **details: object) -> None:
        """Write that something went wrong, and why."""
        error = self.chance.weigh(WORLD["errors"][event_type])
        self.note(event_type, **details, error={"code": error["code"], "message": error["message"]})

    def issue(self) -> None:
        """A new link, and the mail that carries it."""
        self.link_id = self.chance.mint("lnk", self.at)
        self.link_expires = self.at + self.way["days"] * DAY
        terms = {"expires_at": iso(self.link_expires), "source": self.way["name"]}
        self.note("admin_portal.link_generated", self.way["user"], **terms)
        if self.way["name"] == "e-mail":
            self.skip(2)
            if self.chance.yes(0.9):
                self.note("admin_portal.invitation_sent", "nobody")
            else:  # this logger writes the link too: it must not get past the door
                link = f"https://id.workos.com/portal/launch?secret=secret_EXAMPLE{self.chance.code(6)}"
                self.note("email.sent", "nobody", template="admin-portal-invitation", portal_link=link)

    def open(self) -> None:
        """The link is handed to the user, or opened by them, or both are logged."""
        if self.way["is_in_app"]:
            self.note("admin_portal.accessed")
        if not self.way["is_in_app"] or self.chance.yes(0.4):
            self.wait(0.3, 1, 3, unit=SECOND)
            self.note("admin_portal.link_opened")

    def pause(self, *hours: float) -> None:
        """The set-up is left and taken up again hours later, with a new link if need be."""
        self.rest(*hours)
        if self.at >= self.link_expires:
            self.issue()
            self.wait(0.1, 0.5, 2)
        self.open()

    def hand_over(self) -> bool:
        """Up to three links until one is opened in time; the others expire or are revoked."""
        for _ in range(3):
            self.issue()
            if self.chance.yes(self.way["opened"]):
                self.wait(*self.way["minutes"])
                self.open()
                return True
            if self.way["days"] == 1 and self.chance.yes(0.85):
                self.at = self.link_expires
                self.note("admin_portal.link_expired", "nobody")
            if self.chance.yes(0.4):
                return False
            self.rest(1, 12, 40, 90)
            if self.at < self.link_expires:
                self.note("admin_portal.link_revoked", "user_staff")
        return False

    def name_destination(self) -> None:
        """It is entered where log streams shall go."""
        self.note("admin_portal.details_submitted", step="destination", provider=self.chance.pick(WORLD["streams"]))

    def configure_stream(self) -> None:
        """A stream is set up: of it the vendor says nothing."""
        self.organization.portal(self.at, "admin_portal.audit_logs_configured", "nobody", intent=self.intent)

    def await_record(self) -> bool:
        """The DNS record is looked for in vain, once or twice."""
        for loss in (0.33, 0.25):
            self.fail("admin_portal.domain_failed")
            if not self.stays(loss):
                self.at += 30 * DAY  # so long the vendor waits for the record
                self.tell("organization_domain.verification_failed")
                return False
            self.pause(0.5, 1.5, 4, 20, 30, 75, 230)
            self.wait(0.5, 2, 5)
            if self.chance.yes(0.7):
                break
        return True

    def test_sign_in(self) -> bool:
        """A first sign-in is tried until it passes."""
        for _ in range(4):
            self.wait(0.7, 1.5, 3, 7)
            if not self.chance.yes(min(0.5, 0.26 * self.organization.friction["provider"])):
                self.note("admin_portal.connection_tested", result="passed", connection_id=self.target_id)
                return True
            self.fail("admin_portal.connection_tested", result="failed", connection_id=self.target_id)
            if not self.stays(0.13):
                return False
            self.perhaps(0.4, "pause", 0.5, 3, 20, 70, 150)
        return False

    def renew(self) -> None:
        """The new certificate is given, if anybody does."""
        if self.stays(0.2):
            self.wait(5, 12, 40)
            self.tell("connection.saml_certificate_renewed", days=1095)

    def sign_in(self) -> None:
        """People sign in through the new connection, the first hours or days after it came alive."""
        owner = self.organization.id
        for visit in range(self.chance.between(1, 8) if self.chance.yes(0.93) else 0):
            self.rest(*((1, 20, 60, 200) if visit else (0.1, 1, 4, 20, 60)))
            person = self.chance.pick(WORLD["people"])
            facts: Row = {"id": owner if self.chance.yes(0.96) else None, "session_id": f"s_{self.chance.code(10)}"}
            facts["email"] = f"{person}@{self.organization.domain}"
            if self.chance.yes(0.06):
                self.tell("authentication.sso_failed", **facts)
                continue
            self.tell("authentication.sso_succeeded", **facts)
            facts = {"user_id": f"user_{person}", "session_id": self.chance.mint("session", self.at)}
            facts["id"] = owner if self.chance.yes(0.97) else None
            self.tell("session.created", after=SECOND, **facts)

    def synchronise(self) -> None:
        """Groups and people arrive from the directory, the first now and then before its activation is told."""
        self.wait(-1, 20, 60, 300, 3000, unit=SECOND)
        facts: Row = {"idp_id": self.chance.code(6), "group_id": self.chance.mint("directory_group", self.at)}
        group = self.tell("dsync.group.created", **facts, group_name=self.chance.pick(WORLD["groups"]))
        for number in range(self.chance.between(1, min(14, self.organization.people))):
            self.wait(0.2, 1, 5, unit=SECOND)
            facts["email"] = f"user{number}@{self.organization.domain}"
            member = self.tell("dsync.user.created", **facts, member_id=self.chance.mint("directory_user", self.at))
            if self.chance.yes(0.3):
                self.tell("dsync.group.user_added", **facts, member=member, group=group, after=SECOND)
        if self.chance.yes(0.05):
            self.wait(5, 20, 60, unit=DAY)
            self.tell("dsync.deleted")
