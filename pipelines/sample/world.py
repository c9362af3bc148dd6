"""Who takes part: organizations, their identity providers and their working hours. Nothing happens here."""

from dataclasses import dataclass

from pipelines.sample.chance import BASE32, Chance

SECOND = 1_000  # every time in this room is in whole milliseconds since 1970, UTC
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True)
class Provider:
    """An identity provider; friction 1 is average, above it set-ups fail more often."""

    name: str
    share: float
    friction: float
    directory: str
    details: str = "saml_metadata_url"


PROVIDERS = (
    Provider("OktaSAML", 27, 0.6, "okta scim v2.0"),
    Provider("EntraIdOIDC", 15, 0.85, "azure scim v2.0", "oauth_credentials"),
    Provider("AzureSAML", 14, 1.0, "azure scim v2.0"),
    Provider("GoogleSAML", 14, 0.4, "gsuite directory", "saml_metadata_xml"),
    Provider("OneLoginSAML", 6, 0.8, "onelogin scim v2.0"),
    Provider("PingOneSAML", 4, 1.1, "pingfederate scim v2.0"),
    Provider("ADFSSAML", 8, 2.3, "generic scim v2.0", "saml_metadata_xml"),
    Provider("JumpCloudSAML", 4, 0.7, "jump cloud scim v2.0"),
    Provider("GenericSAML", 4, 1.5, "generic scim v2.0", "saml_fields"),
    Provider("ShibbolethSAML", 4, 2.6, "sftp", "saml_metadata_xml"),
)
STREAMS = ("Datadog", "Splunk", "S3", "GenericHttps", "AzureSentinel")

FIRST = (
    "Nordlicht Kestrel Blåbær Juniper Żubr Halcyon Lumière Marigold Ölmühle Tessera 東雲 Ñandú Cobalt Сосна Quince "
    "Ισημερία Saffron Wrenfield Øresundby Larkspur Bellwether Über Thistle Château Foxglove Sørlig Peregrine "
    "Ääniwalli Bramble 한빛 Copperline Łąka Driftwood Éclair Greystone Õhtu Harrowgate Świt Inkwell Þoka Moorland"
)
TRADE = (
    "Logistics Robotics Foods Energi Health Software Analytics Mobilität Textiles Credit Freight Seguros Optics "
    "Media Pharma Verlag Biotech Aviation Cloud Utilities Education Bank"
)
FORM = ("GmbH", "Inc.", "Ltd", "AB", "S.A.", "Oy", "Sp. z o.o.", "& Sons", "株式会社", "B.V.", "LLC", "AG", "Co-op")
HOSTILE = (
    "<b>Bold</b> & Sons <script>alert(1)</script>",
    "O'Brien \"Quote\" Ltd'); drop table events; --",
    '=HYPERLINK("https://example.com","click")',
    "\u202egnitekraM lanoitanretnI",
    "{{ company }} {% raw %} Inc.",
    "حلول السحابة الرقمية",
    "Endless " + "Long " * 40 + "Name",
)
OFFSETS = (-8, -6, -5, 0, 1, 2, 5, 9)  # hours; fixed ones, so that no time zone database can change the bytes
OFFSET_WEIGHTS = (18, 8, 22, 14, 20, 8, 4, 6)


@dataclass(frozen=True)
class Organization:
    """A customer: who it is, what it signs in with and when it works."""

    id: str
    name: str
    domain: str
    admin: str
    people: int
    provider: Provider
    directory: str
    offset: int
    is_on_old_service: bool
    skew: int
    created_at: int

    def at_work(self, at: int, chance: Chance) -> int:
        """The time itself within working hours (and sometimes outside), else a time of the next working day."""
        day, moment = divmod(at + self.offset, DAY)
        weekday = (day + 3) % 7
        if (weekday < 5 and 8 * HOUR <= moment <= 18 * HOUR) or chance.yes(0.06):
            return at
        if weekday > 4:
            day += 7 - weekday + chance.between(0, 2)
        elif moment > 18 * HOUR:
            day += 3 if weekday == 4 else 1
        return day * DAY + int(chance.spread(8, 9, 10, 11, 13, 15, 18) * HOUR) - self.offset


def ulid(at: int, chance: Chance) -> str:
    """26 characters of which the first ten say when, as in the vendor's ids."""
    return "".join(BASE32[at >> 5 * place & 31] for place in range(9, -1, -1)) + chance.code(16)


def found(number: int, start: int, end: int, chance: Chance) -> Organization:
    """The organization of this number, created before or within the time from start to end."""
    created_at = start - chance.between(1, 700) * DAY if chance.yes(0.6) else chance.between(start, end - 1)
    provider = chance.weigh(PROVIDERS, [provider.share for provider in PROVIDERS])
    name = f"{chance.pick(FIRST.split())} {chance.pick(TRADE.split())} {chance.pick(FORM)}"
    return Organization(
        id=f"org_{ulid(created_at, chance)}",
        name=HOSTILE[number // 70 % len(HOSTILE)] if number % 70 == 33 else name,
        domain=f"customer-{number:04d}.example",
        admin=f"user_{number:04d}_admin",
        people=int(chance.spread(4, 12, 25, 60, 150, 400, 1200, 20_000)),
        provider=provider,
        directory=chance.weigh((provider.directory, "workday", "hibob"), (86, 10, 4)),
        offset=chance.weigh(OFFSETS, OFFSET_WEIGHTS) * HOUR,
        is_on_old_service=chance.yes(0.07),
        skew=chance.between(-2_500, 2_500) if chance.yes(0.1) else 0,
        created_at=created_at,
    )
