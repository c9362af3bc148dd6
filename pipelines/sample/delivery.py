"""From what was written to what lies in the inbox: repeats, wrappers, disorder, spoilt lines, one file a month."""

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import cycle
from pathlib import Path

from pipelines.sample.chance import Chance
from pipelines.sample.journal import EPOCH, Journal, Json, Record, iso
from pipelines.sample.world import HOUR, MINUTE, SECOND

SPOILT_SHARE = 0.0016
BARE_SHARE = 0.25  # of the time, at its beginning, the receiver did not yet note when a webhook arrived

# Each makes of a line one that cannot be understood; where it has no hold, the line is cut in half.
SPOILERS: tuple[Callable[[bytes], bytes], ...] = (
    lambda line: line[: len(line) // 2],
    lambda line: re.sub(rb'"data":\{.*\},"created_at"', rb'"data":null,"created_at"', line),
    lambda line: re.sub(rb'"(timestamp|created_at)":"2', rb'"\1":"about 2', line),
    lambda line: line.replace(b'"', b"'"),
    lambda line: re.sub(rb'"(timestamp|created_at)":', rb'"noted":', line),
    lambda line: line[:-1] + b',"note":"caf\xe9"}',
    lambda line: re.sub(rb'"(event|type)":"[a-z_]+\.', b'"kind":"', line, count=1),
    lambda line: b"[" + line + b"]",
    lambda line: line[:-1] + b"," + line[1:],
    lambda line: line + b" " + line,
    lambda line: line[:-1] + b',"score":NaN}',
    lambda line: line[:0] + b"null",
)


class Shelves:
    """All lines by source and month of arrival, each behind its time of arrival in 15 digits."""

    def __init__(self, start: int, end: int) -> None:
        self._end = end
        self._wrapped_from = start + int((end - start) * BARE_SHARE)
        self._lines: dict[tuple[str, str], list[bytes]] = defaultdict(list)

    def take(self, journal: Journal) -> None:
        """All that the organization wrote in time and that arrived in time, some of it twice."""
        for record in journal.records:
            for arrival, body in copies(record, journal.chance):
                if journal.start <= record.at and arrival < self._end:
                    line = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
                    if record.source == "webhooks" and arrival >= self._wrapped_from:
                        kept = json.dumps(line, ensure_ascii=False) if journal.chance.yes(0.02) else line
                        line = f'{{"received_at":"{iso(arrival)}","body":{kept}}}'
                    month = f"{EPOCH + timedelta(milliseconds=arrival):%Y-%m}"
                    self._lines[record.source, month].append(f"{arrival:015d}{line}".encode())

    def write(self, out: Path, chance: Chance, *, compress: bool) -> dict[str, int]:
        """A file for each source and month, in order of arrival, with spoilt copies between; lines by path."""
        for source in ("portal", "webhooks"):
            (out / source).mkdir(parents=True)
        counts = {}
        spoilers = cycle(SPOILERS)
        for (source, month), parked in sorted(self._lines.items()):
            lines = [line[15:] for line in sorted(parked)]
            for line in [line for line in lines if chance.yes(SPOILT_SHARE)]:
                spoilt = next(spoilers)(line)
                place = chance.between(0, len(lines) - 1)
                lines.insert(place, spoilt if spoilt != line else line[: len(line) // 2])
            content = b"".join(line + b"\n" for line in lines)
            path = f"{source}/{source}-{month}.jsonl{'.gz' if compress else ''}"
            (out / path).write_bytes(gzip.compress(content, mtime=0) if compress else content)
            counts[path] = len(lines)
        return counts


def copies(record: Record, chance: Chance) -> Iterator[tuple[int, Json]]:
    """The event as it arrived first, and now and then again: keys in another order, rarely another body."""
    yield record.arrival, record.body
    if chance.yes(0.012):
        arrival = record.arrival + int(chance.spread(2 * SECOND, MINUTE, 20 * MINUTE, 6 * HOUR))
        is_changed = record.source == "webhooks" and chance.yes(0.1)
        other: Json = {"context": {"client_id": "client_EXAMPLE"}}
        yield arrival, record.body | other if is_changed else dict(reversed(record.body.items()))
