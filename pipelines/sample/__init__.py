"""A made-up pair of logs, good enough to look at: seeded, the same seed gives the same lines on every machine.

chance        draws that fall alike everywhere (`random.Random`, of which `random()` alone)
world         words, shares and waits (`world.toml`); units of time
organization  who it is, when it works, how a fact is written down in either log
journeys      one try at a set-up, step by step
lives         the life of an organization around its set-ups
delivery      repeats, retries, disorder, spoilt lines, files

It knows nothing of funnels or tables.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pipelines.errors import FixableError
from pipelines.sample.chance import Chance
from pipelines.sample.delivery import Shelves, park, write
from pipelines.sample.lives import live
from pipelines.sample.organization import Organization
from pipelines.sample.world import DAY

DEFAULT_END = datetime(2026, 11, 22, tzinfo=UTC)


class SampleNote(NamedTuple):
    """What was written: so many days up to this end, and the lines of each file by path below the folder."""

    days: int
    end: datetime
    lines: dict[str, int]


def write_sample(
    out: Path, organizations: int, days: int, seed: int, end: datetime = DEFAULT_END, *, compress: bool = False
) -> SampleNote:
    """Write `portal/`, `webhooks/` (one `.jsonl` or `.jsonl.gz` a month) and `sample.json` below out.

    The days before `end` are covered; about 24 lines an organization, 20 MB of memory for 1,000 of them. Lines are
    the same everywhere; compressed bytes are where zlib is the same.

    Raises:
        FixableError: a number is below 1, the folder already holds logs, or it cannot be written.
    """
    if min(organizations, days) < 1:
        raise FixableError("A sample needs at least one organization and one day: raise --organizations or --days.")
    if taken := [name for name in ("portal", "webhooks") if (out / name).exists()]:
        raise FixableError(f"{out} already holds {' and '.join(taken)}: choose another --out, or delete them.")
    end_ms = int(end.timestamp()) * 1000
    shelves: Shelves = {}
    for number in range(organizations):
        organization = Organization(number, end_ms - days * DAY, end_ms, Chance(seed, number))
        live(organization)
        park(shelves, organization)
    note = {"organizations": organizations, "days": days, "seed": seed, "end": end.isoformat().replace("+00:00", "Z")}
    try:
        lines = write(shelves, out, Chance(seed, "spoilt"), compress=compress)
        (out / "sample.json").write_text(json.dumps(note) + "\n", encoding="utf-8")
    except OSError as error:
        raise FixableError(f"A sample cannot be written to {out} ({error.strerror}): choose another --out.") from error
    return SampleNote(days, end, lines)
