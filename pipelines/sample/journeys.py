"""One try at setting something up, from the first link to the activation or to where it stops.

The steps are functions that move an attempt on in time, write what happened and say whether the administrator is
still there. Their chances and waits stand here; what befalls an organization besides is in `lives`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pipelines.sample.journal import Journal, iso
from pipelines.sample.world import DAY, HOUR, MINUTE, SECOND, STREAMS, ulid


@dataclass(frozen=True)
class Way:
    """How a link is handed over: how often so, opened how surely within its life, after which waits (hours)."""

    source: str
    share: float
    opened: float
    waits: tuple[float, ...]
    life: int = DAY


WAYS = (
    Way("app", 38, 0.985, (0, 0.01, 0.02, 0.05, 0.3)),
    Way("embedded", 10, 0.98, (0, 0.002, 0.004, 0.01)),
    Way("e-mail", 38, 0.68, (0.05, 0.4, 1, 3, 10, 23.9)),
    Way("dashboard", 14, 0.86, (0.2, 3, 20, 40, 110, 400), 30 * DAY),
)
ERRORS = {
    "invalid_signature": "The response signature does not match the certificate",
    "audience_mismatch": "The audience in the response is not the one expected",
    "certificate_expired": "The signing certificate has expired",
    "missing_email": "The response holds no e-mail attribute",
    "user_not_assigned": "The user is not assigned to the application",
    "dns_record_missing": "TXT record not found",
    "dns_record_mismatch": "TXT record found, but with another value",
}


class Attempt:
    """A try under way: where it stands in time, by which link, towards which connection or directory."""

    def __init__(self, journal: Journal, intent: str, at: int) -> None:
        self.journal, self.chance, self.organization = journal, journal.chance, journal.organization
        self.intent, self.at = intent, at
        self.way = self.chance.weigh(WAYS, [way.share for way in WAYS])
        self.target_id = f"{'directory' if intent == 'dsync' else 'conn'}_{ulid(at, self.chance)}"
        self.link_id, self.link_expires = "", 0

    def note(self, event_type: str, user: str | None = "admin", /, **metadata: object) -> None:
        """Write a portal event of this attempt, at this moment."""
        is_misspelt = self.chance.yes(0.004)
        intent = {"sso": "SSO", "dsync": "directory_sync"}.get(self.intent) if is_misspelt else None
        link = {"intent": intent or self.intent, "link_id": self.link_id}
        self.journal.portal(self.at, event_type, {**link, **metadata}, user)

    def fail(self, event_type: str, codes: tuple[str, ...], weights: tuple[int, ...], **metadata: object) -> None:
        """Write that something went wrong, and why."""
        code = self.chance.weigh(codes, weights)
        self.note(event_type, **metadata, error={"code": code, "message": ERRORS[code]})

    def wait(self, *minutes: float) -> None:
        """Move on by a time spread between these minutes."""
        self.at += int(self.chance.spread(*minutes) * MINUTE)

    def rest(self, *hours: float) -> None:
        """Move on by a time spread between these hours, to a moment within working hours."""
        self.at = self.organization.at_work(self.at + int(self.chance.spread(*hours) * HOUR), self.chance)

    def is_lost(self, share: float, friction: float | None = None) -> bool:
        """Whether the administrator leaves here: more with a hard provider, a little less from week to week."""
        progress = (self.at - self.journal.start) / (self.journal.end - self.journal.start)
        hardship = self.organization.provider.friction if friction is None else friction
        return self.chance.yes(min(0.8, share * hardship * (1.5 - 0.85 * progress)))

    def issue(self) -> None:
        """A new link, and the mail that carries it."""
        self.link_id = f"lnk_{ulid(self.at, self.chance)}"
        self.link_expires = self.at + self.way.life
        user = "user_staff" if self.way.source == "dashboard" else "admin"
        self.note("admin_portal.link_generated", user, expires_at=iso(self.link_expires), source=self.way.source)
        if self.way.source == "e-mail":
            self.at += 2 * SECOND
            if self.chance.yes(0.9):
                self.note("admin_portal.invitation_sent", None)
            else:  # this logger writes the link too: it must not get past the door
                link = f"https://id.workos.com/portal/launch?secret=secret_EXAMPLE{self.chance.code(6)}"
                self.note("email.sent", None, template="admin-portal-invitation", portal_link=link)

    def open(self) -> None:
        """The link is handed to the user, or opened by them, or both are logged."""
        is_handed_over = self.way.source in ("app", "embedded")
        if is_handed_over:
            self.note("admin_portal.accessed")
        if not is_handed_over or self.chance.yes(0.4):
            self.at += int(self.chance.spread(0.3, 1, 3) * SECOND)
            self.note("admin_portal.link_opened")

    def pause(self, *hours: float) -> None:
        """The set-up is left and taken up again hours later, with a new link if need be."""
        self.rest(*hours)
        if self.at >= self.link_expires:
            self.issue()
            self.wait(0.1, 0.5, 2)
        self.open()


def hand_over(attempt: Attempt) -> bool:
    """Up to three links until one is opened in time; the others expire or are revoked."""
    for _ in range(3):
        attempt.issue()
        if attempt.chance.yes(attempt.way.opened):
            attempt.wait(*(hours * 60 for hours in attempt.way.waits))
            attempt.open()
            return True
        if attempt.way.life == DAY and attempt.chance.yes(0.85):
            attempt.at = attempt.link_expires
            attempt.note("admin_portal.link_expired", None)
        if attempt.chance.yes(0.4):
            return False
        attempt.rest(1, 12, 40, 90)
        if attempt.at < attempt.link_expires:
            attempt.note("admin_portal.link_revoked", "user_staff")
    return False


def choose_provider(attempt: Attempt) -> bool:
    """The provider is picked from the list."""
    if attempt.is_lost(0.07, friction=1):
        return False
    attempt.wait(0.4, 1, 2, 4, 9)
    organization = attempt.organization
    provider = organization.provider.name if attempt.intent == "sso" else organization.directory
    attempt.note("admin_portal.provider_selected", provider=provider)
    return True


def give_details(attempt: Attempt) -> bool:
    """Metadata, credentials or a destination are entered; colleagues or our support may have to be asked first."""
    if attempt.is_lost(0.13, 1.6 if attempt.organization.directory == "workday" else None):
        return False
    if attempt.chance.yes(0.015):
        attempt.note("support.setup_assisted", "user_staff")
    if attempt.chance.yes(0.16):
        attempt.pause(0.6, 2, 6, 24, 70, 200)
    attempt.wait(1.5, 3, 5, 8, 20)
    if attempt.intent in ("sso", "dsync"):
        kind = attempt.organization.provider.details if attempt.intent == "sso" else "scim_endpoint"
        attempt.note("admin_portal.details_submitted", step=kind)
    else:
        attempt.note("admin_portal.details_submitted", step="destination", provider=attempt.chance.pick(STREAMS))
    return True


def verify_domain(attempt: Attempt) -> bool:
    """A DNS record is asked for: at hand for some, for others a matter of days, or the end of the road."""
    if attempt.intent == "sso" and attempt.chance.yes(0.28):
        return True  # verified long ago
    attempt.wait(0.3, 1, 3)
    attempt.journal.domain(attempt.at, "created", "pending")
    attempt.wait(2, 4, 8, 25)
    for patience in (0.33, 0.25) if attempt.chance.yes(0.47) else ():
        attempt.fail("admin_portal.domain_failed", ("dns_record_missing", "dns_record_mismatch"), (9, 1))
        if attempt.is_lost(patience):
            attempt.at += 30 * DAY  # so long the vendor waits for the record
            attempt.journal.domain(attempt.at, "verification_failed", "failed")
            return False
        attempt.pause(0.5, 1.5, 4, 20, 30, 75, 230)
        attempt.wait(0.5, 2, 5)
        if attempt.chance.yes(0.7):
            break
    attempt.journal.domain(attempt.at, "verified", "verified")
    if attempt.chance.yes(0.7):
        attempt.at += 2 * SECOND
        attempt.note("admin_portal.domain_verified", None)
    return True


def test_sign_in(attempt: Attempt) -> bool:
    """A first sign-in is tried until it passes."""
    name, connection_id = "admin_portal.connection_tested", attempt.target_id
    for _ in range(4):
        attempt.wait(0.7, 1.5, 3, 7)
        if not attempt.chance.yes(min(0.5, 0.26 * attempt.organization.provider.friction)):
            attempt.note(name, result="passed", connection_id=connection_id)
            return True
        attempt.fail(name, tuple(ERRORS)[:5], (5, 4, 1, 2, 2), result="failed", connection_id=connection_id)
        if attempt.is_lost(0.13):
            return False
        if attempt.chance.yes(0.4):
            attempt.pause(0.5, 3, 20, 70, 150)
    return False


def activate(attempt: Attempt) -> bool:
    """The last click, by an administrator in the portal."""
    if attempt.is_lost(0.03 if attempt.intent == "sso" else 0.1):
        return False
    attempt.wait(0.3, 0.8, 2, 5)
    if attempt.chance.yes(0.06):  # somebody waits for a change window, sometimes beyond the fortnight
        attempt.wait(1_000, 10_000, 22_000, 30_000, 50_000)
    attempt.journal.activation(attempt.at, attempt.intent, attempt.target_id, "admin_portal")
    return True


def warn(attempt: Attempt) -> bool:
    """A certificate runs out; the warning repeats before anybody asks for a link."""
    for days in (30, 14):
        attempt.journal.certificate(attempt.at, "renewal_required", attempt.target_id, days)
        attempt.at += 16 * DAY
    attempt.at = attempt.organization.at_work(attempt.at - 15 * DAY, attempt.chance)
    return True


def renew(attempt: Attempt) -> bool:
    """The new certificate is given, if anybody does."""
    if not attempt.is_lost(0.2):
        attempt.wait(5, 12, 40)
        attempt.journal.certificate(attempt.at, "renewed", attempt.target_id, 1095)
    return True


STEPS: dict[str, tuple[Callable[[Attempt], bool], ...]] = {
    "sso": (hand_over, choose_provider, give_details, verify_domain, test_sign_in, activate),
    "dsync": (hand_over, choose_provider, give_details, activate),
    "audit_logs": (hand_over, give_details, activate),
    "log_streams": (hand_over, give_details, activate),
    "domain_verification": (hand_over, verify_domain),
    "certificate_renewal": (warn, hand_over, renew),
    "passkeys": (hand_over,),  # an intent that nobody knows
}


def set_up(journal: Journal, intent: str, at: int) -> Attempt | None:
    """The attempt, if it ends well."""
    attempt = Attempt(journal, intent, at)
    return attempt if all(step(attempt) for step in STEPS[intent]) else None
