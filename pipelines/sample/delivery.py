"""From what was written to what lies in the inbox: repeats, wrappers, disorder, spoilt lines, one file a month."""

import gzip
import json
import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

from pipelines.sample.chance import Chance, Row
from pipelines.sample.organization import Organization, Record
from pipelines.sample.world import HOUR, MINUTE, SECOND, WORLD, iso, moment

Shelves = dict[tuple[str, str], list[bytes]]
"""All lines by source and month of arrival, each behind its time of arrival in 15 digits."""


def park(shelves: Shelves, organization: Organization) -> None:
    """Lay down all that the organization wrote in time and that arrived in time, some of it twice."""
    wrapped_from = organization.start + int(organization.span * WORLD["delivery"]["bare_share"])
    for record in organization.records:
        for arrival, body in copies(record, organization.chance):
            if organization.start <= record.at and arrival < organization.end:
                line = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
                if record.source == "webhooks" and arrival >= wrapped_from:
                    kept = json.dumps(line, ensure_ascii=False) if organization.chance.yes(0.02) else line
                    line = f'{{"received_at":"{iso(arrival)}","body":{kept}}}'
                shelf = shelves.setdefault((record.source, f"{moment(arrival):%Y-%m}"), [])
                shelf.append(f"{arrival:015d}{line}".encode())


def copies(record: Record, chance: Chance) -> Iterator[tuple[int, Row]]:
    """The event as it arrived first, and now and then again: keys in another order, rarely another body."""
    yield record.arrival, record.body
    if chance.yes(0.012):
        arrival = record.arrival + int(chance.spread(2 * SECOND, MINUTE, 20 * MINUTE, 6 * HOUR))
        is_changed = record.source == "webhooks" and chance.yes(0.1)
        other: Row = {"context": {"client_id": "client_EXAMPLE"}}
        yield arrival, record.body | other if is_changed else dict(reversed(record.body.items()))


def spoilt(line: bytes, find: str, put: str) -> bytes:
    """The line with what was found in it exchanged; cut in half where there is nothing to find."""
    text = line.decode("latin-1")
    other = re.sub(find, put, text)
    return (other if other != text else text[: len(text) // 2]).encode("latin-1")


def write(shelves: Shelves, out: Path, chance: Chance, *, compress: bool) -> dict[str, int]:
    """A file for each source and month, in order of arrival, with spoilt copies between; lines by path."""
    for source in ("portal", "webhooks"):
        (out / source).mkdir(parents=True)
    counts = {}
    spoilers = cycle(WORLD["delivery"]["spoilers"])
    for (source, month), parked in sorted(shelves.items()):
        lines = [line[15:] for line in sorted(parked)]
        for line in [line for line in lines if chance.yes(WORLD["delivery"]["spoilt_share"])]:
            lines.insert(chance.between(0, len(lines) - 1), spoilt(line, *next(spoilers)))
        content = b"".join(line + b"\n" for line in lines)
        path = f"{source}/{source}-{month}.jsonl{'.gz' if compress else ''}"
        (out / path).write_bytes(gzip.compress(content, mtime=0) if compress else content)
        counts[path] = len(lines)
    return counts
