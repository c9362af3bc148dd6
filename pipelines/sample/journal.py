"""How a fact is written down: the bodies of portal events and of the vendor's webhooks. Nothing is decided here."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

from pipelines.sample.chance import Chance
from pipelines.sample.world import DAY, HOUR, MINUTE, SECOND, Organization, ulid

Json = dict[str, object]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STYLES = {
    "app": ("id", "type", "timestamp", "userId", "organizationId", "metadata"),
    "old": ("event_id", "event_type", "occurred_at", "user_id", "organization_id", "properties"),
    "growth": ("id", "event", "created_at", "userId", "organizationId", "data"),
}


@dataclass(frozen=True)
class Record:
    """One event as its sender wrote it, when it happened and when it arrived."""

    source: str
    at: int
    arrival: int
    body: Json


@dataclass
class Journal:
    """What one organization leaves in the two logs between start and end, and its live connection, if any."""

    organization: Organization
    chance: Chance
    start: int
    end: int
    records: list[Record] = field(default_factory=list)
    connection: tuple[int, str] | None = None

    def portal(self, at: int, event_type: str, metadata: Json, user: str | None = "admin") -> None:
        """An event of the application's own log; user "admin" is the organization's, keys come in snake_case."""
        organization, chance = self.organization, self.chance
        style = "old" if organization.is_on_old_service else "app"
        if event_type.startswith(("sso_recommendation", "notification")):
            style = "growth"
        written = {"environment": "production"} | metadata if style == "old" else camel(metadata)
        actor = organization.admin if user == "admin" else user
        owner = organization.id if chance.yes(0.998) else None
        values = (f"evt_{ulid(at, chance)}", event_type, stamp(at, chance), actor, owner, written)
        body: Json = dict(zip(STYLES[style], values, strict=True))
        if chance.yes(0.02):
            del body[STYLES[style][0]]
        delay = chance.spread(1, 20, 90) * MINUTE if chance.yes(0.02) else chance.spread(0.1, 0.4, 1, 3) * SECOND
        self.records.append(Record("portal", at, at + int(delay), body))

    def webhook(self, at: int, event: str, data: Json, actor: str = "") -> int:
        """An event of the vendor, by the vendor's clock; gives the time at which it arrived."""
        chance = self.chance
        at += self.organization.skew
        body: Json = {"object": "event", "id": f"event_{ulid(at, chance)}", "event": event, "data": data}
        body["created_at"] = iso(at) if chance.yes(0.99) else iso(at).replace("T", " ").rstrip("Z")
        if actor:
            body["context"] = {"actor": {"id": f"user_{actor}", "source": actor, "name": None}}
        delay = chance.spread(0.2, 0.5, 0.9, 2, 8) * SECOND
        if chance.yes(0.035):  # refused at first, sent again until taken
            delay = chance.spread(25, 70) * HOUR if chance.yes(0.12) else chance.spread(2, 30, 540) * MINUTE
        self.records.append(Record("webhooks", at, at + int(delay), body))
        return at + int(delay)

    def activation(self, at: int, intent: str, target_id: str, actor: str) -> None:
        """The vendor's webhook, and what the application writes when it arrives; of streams the vendor says nothing."""
        kind = {"connection_type": self.organization.provider.name}
        if intent == "sso":
            self.connection = (at, target_id)
            arrival = self.webhook(at, "connection.activated", self.connection_object(target_id, at), actor)
            self.portal(arrival + 300, "sso.activated", {"connection_id": target_id, **kind}, None)
            self.portal(arrival + 450, "admin_portal.sso_configured", {**kind, "configured_via_portal": True}, None)
        elif intent == "dsync":
            data = self.thing("directory", target_id, at, type=self.organization.directory, state="active")
            arrival = self.webhook(at, "dsync.activated", data, actor)
            self.portal(arrival + 400, "admin_portal.dsync_configured", {"directory_id": target_id}, None)
        else:
            self.portal(at, "admin_portal.audit_logs_configured", {"intent": intent}, None)

    def domain(self, at: int, event: str, state: str) -> None:
        """The vendor's webhook about the organization's domain."""
        rest = {"domain": self.organization.domain, "state": state, "verification_strategy": "dns"}
        data = self.thing("organization_domain", f"org_domain_{self.organization.id[-8:]}", at, **rest)
        if state == "failed":
            data = {"reason": "domain_verification_period_expired", "organization_domain": data}
        self.webhook(at, f"organization_domain.{event}", data, "system")

    def certificate(self, at: int, event: str, connection_id: str, days: int) -> None:
        """The vendor's webhook about a connection's certificate, which is good for so many days."""
        connection = {"id": connection_id, "organization_id": self.organization.id}
        certificate = {"certificate_type": "ResponseSigning", "expiry_date": iso(at + days * DAY), "is_expired": False}
        data: Json = {"connection": connection, "certificate": certificate, "days_until_expiry": days}
        self.webhook(at, f"connection.saml_certificate_{event}", data, "system")

    def thing(self, kind: str, thing_id: str, at: int, **rest: object) -> Json:
        """An object of the vendor's that belongs to the organization."""
        dates = {"created_at": iso(at - 30 * MINUTE), "updated_at": iso(at)}
        return {"object": kind, "id": thing_id, "organization_id": self.organization.id, **rest, **dates}

    def connection_object(self, connection_id: str, at: int, state: str = "active") -> Json:
        """A connection as the vendor shows it."""
        organization = self.organization
        status = "linked" if state == "active" else "unlinked"
        domains = [{"object": "connection_domain", "domain": organization.domain}]
        kind = {"connection_type": organization.provider.name, "name": organization.name}
        return self.thing("connection", connection_id, at, **kind, state=state, status=status, domains=domains)

    def organization_object(self, at: int) -> Json:
        """The organization as the vendor shows it."""
        organization = self.organization
        body: Json = {"object": "organization", "id": organization.id, "name": organization.name, "domains": []}
        body["metadata"] = {"seats": str(organization.people)}
        return body | {"created_at": iso(organization.created_at), "updated_at": iso(at)}


def camel(metadata: Json) -> Json:
    """The same with `link_id` spelt `linkId`."""
    spelt = {key: "".join(word.capitalize() for word in key.split("_")) for key in metadata}
    return {key[0] + spelt[key][1:]: value for key, value in metadata.items()}


def iso(at: int) -> str:
    """Milliseconds since 1970 as the vendor writes a time."""
    return (EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp(at: int, chance: Chance) -> str | int:
    """The same as the application writes it: nearly always so, now and then in another of the shapes seen."""
    text = iso(at)
    if chance.yes(0.985):
        return text
    west = (EPOCH + timedelta(milliseconds=at)).astimezone(timezone(-timedelta(hours=5))).isoformat()
    seconds = f"{at // 1000}.{at % 1000:03d}"
    shapes = (seconds, text.replace("T", " ").rstrip("Z"), text.replace("Z", "+0000"), west)
    return at if chance.yes(0.2) else chance.pick(shapes)
