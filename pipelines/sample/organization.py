"""One organization: who it is, when it works, and how what it does is written down. Nothing is decided here."""

import re
from datetime import timedelta, timezone
from typing import Any, NamedTuple

from pipelines.sample.chance import Chance, Row
from pipelines.sample.world import DAY, HOUR, MINUTE, SECOND, WORLD, iso, moment


class Record(NamedTuple):
    """One event as its sender wrote it, when it happened and when it arrived."""

    source: str
    at: int
    arrival: int
    body: Row


class Organization:
    """A customer, created before or within the time from start to end, and what it leaves in the two logs."""

    def __init__(self, number: int, start: int, end: int, chance: Chance) -> None:
        self.number, self.chance = number, chance
        self.start, self.end, self.span = start, end, end - start
        self.created_at = start - chance.between(1, 700) * DAY if chance.yes(0.6) else chance.between(start, end - 1)
        provider = chance.weigh(WORLD["providers"])
        self.provider, self.asks = provider["name"], provider["asks"]
        self.name = " ".join(chance.pick(words) for words in WORLD["name_parts"])
        if number % 70 == 33:
            self.name = WORLD["hostile_names"][number // 70 % len(WORLD["hostile_names"])]
        self.id = chance.mint("org", self.created_at)
        self.domain, self.domain_id = f"customer-{number:04d}.example", f"org_domain_{self.id[-8:]}"
        self.admin = f"user_{number:04d}_admin"
        self.people = int(chance.spread(4, 12, 25, 60, 150, 400, 1200, 20_000))
        directory = provider | chance.weigh(WORLD["directories"])
        self.directory = directory["directory"]
        self.friction = {"average": 1, "provider": provider["friction"], "directory": directory["friction"]}
        self.zone: int = chance.weigh(WORLD["zones"])["hours"] * HOUR
        self.spelling = "old" if chance.yes(0.07) else "app"
        self.skew = chance.between(-2_500, 2_500) if chance.yes(0.1) else 0
        self.connection: tuple[int, str] | None = None
        self.records: list[Record] = []

    def at_work(self, at: int) -> int:
        """The time itself within working hours (and sometimes outside), else a time of the next working day."""
        day, clock = divmod(at + self.zone, DAY)
        weekday = (day + 3) % 7
        if (weekday < 5 and 8 * HOUR <= clock <= 18 * HOUR) or self.chance.yes(0.06):
            return at
        if weekday > 4:
            day += 7 - weekday + self.chance.between(0, 2)
        elif clock > 18 * HOUR:
            day += 3 if weekday == 4 else 1
        return day * DAY + int(self.chance.spread(8, 9, 10, 11, 13, 15, 18) * HOUR) - self.zone

    def later(self, at: int, unit: int, *knots: float) -> int:
        """A time within working hours, so many units after this one."""
        return self.at_work(at + int(self.chance.spread(*knots) * unit))

    def portal(self, at: int, event_type: str, user: str = "admin", /, **details: object) -> None:
        """An event of the application's own log; user "admin" is the organization's, keys come in snake_case."""
        chance = self.chance
        spelling = "growth" if event_type.startswith(("sso_recommendation", "notification")) else self.spelling
        details = {"environment": "production", **details} if spelling == "old" else camel(details)
        owner = self.id if chance.yes(0.998) else None
        actor = {"admin": self.admin, "nobody": None}.get(user, user)
        values = (chance.mint("evt", at), event_type, stamp(at, chance), actor, owner, details)
        keys = WORLD["spellings"][spelling]
        body = dict(zip(keys, values, strict=True))
        if chance.yes(0.02):
            del body[keys[0]]
        delay = chance.spread(1, 20, 90) * MINUTE if chance.yes(0.02) else chance.spread(0.1, 0.4, 1, 3) * SECOND
        self.records.append(Record("portal", at, at + int(delay), body))

    def scene(self, name: str, at: int, **facts: object) -> None:
        """Events of the application's own log around this time; none where no scene has the name."""
        for seconds, event_type, user, details in WORLD["scenes"].get(name, ()):
            self.portal(at + int(seconds * SECOND), event_type, user, **filled(details, facts))

    def webhook(self, at: int, event: str, *, after: int = 0, days: int = 1, **more: Any) -> Row:
        """An event of the vendor's, told so long after it happened, and what is logged when it arrives; gives its data.

        The data are filled with facts of the organization, of the time (things last so many days), of the kind of
        event, and with more.
        """
        chance = self.chance
        times = {"before": at - 30 * MINUTE, "now": at, "expires_at": at + days * DAY, "founded_at": self.created_at}
        facts = vars(self) | {name: iso(time) for name, time in times.items()}
        facts |= {"days": days, "seats": str(self.people), "nobody": None} | WORLD["webhooks"][event] | more
        data: Row = filled(WORLD["things"][facts["thing"]], facts)
        if event == "connection.activated":
            self.connection = (at, facts["target_id"])
        at += self.skew + after
        body: Row = {"object": "event", "id": chance.mint("event", at), "event": event, "data": data}
        body["created_at"] = iso(at) if chance.yes(0.99) else iso(at).replace("T", " ").rstrip("Z")
        if actor := facts.get("actor"):
            body["context"] = {"actor": {"id": f"user_{actor}", "source": actor, "name": None}}
        delay = chance.spread(0.2, 0.5, 0.9, 2, 8) * SECOND
        if chance.yes(0.035):  # refused at first, sent again until taken
            delay = chance.spread(25, 70) * HOUR if chance.yes(0.12) else chance.spread(2, 30, 540) * MINUTE
        self.records.append(Record("webhooks", at, at + int(delay), body))
        self.scene(event, at + int(delay), provider=self.provider, **more)
        return data


def camel(details: Row) -> Row:
    """The same with `link_id` spelt `linkId`."""
    return {re.sub("_(.)", lambda found: found[1].upper(), key): value for key, value in details.items()}


def stamp(at: int, chance: Chance) -> str | int:
    """The time as the application writes it: nearly always as the vendor, now and then in another shape seen."""
    text = iso(at)
    if chance.yes(0.985):
        return text
    if chance.yes(0.2):
        return at
    west = moment(at).astimezone(timezone(-timedelta(hours=5))).isoformat()
    return chance.pick((f"{at / 1000:.3f}", text.replace("T", " ").rstrip("Z"), text.replace("Z", "+0000"), west))


def filled(pattern: Any, facts: Row) -> Any:
    """The pattern with facts in place of their `$names`."""
    if isinstance(pattern, dict):
        return {key: filled(value, facts) for key, value in pattern.items()}
    if isinstance(pattern, list):
        return [filled(value, facts) for value in pattern]
    return facts[pattern[1:]] if str(pattern).startswith("$") else pattern
