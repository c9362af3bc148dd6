"""Files of an inbox change in every way between builds, and a plain model says what the store must hold."""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from pipelines.paths import DataPaths
from tests.feed import Feed, line

NAMES = st.sampled_from(["a.jsonl", "b.jsonl", "c.jsonl.gz", "d.ndjson"])
IDS = st.integers(0, 40)


def id_of(text: bytes) -> str | None:
    """The id of a whole line; None of a broken one."""
    try:
        return str(json.loads(text)["id"])
    except ValueError:
        return None


class InboxMachine(RuleBasedStateMachine):
    """Appends, cuts, rewrites, renames, copies, packs and touches files, and builds now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.feed = Feed(DataPaths(self.folder))
        self.portal = self.feed.paths.inbox / "portal"
        self.portal.mkdir()
        self.seen: set[str] = set()
        self.clock = 0

    def teardown(self) -> None:
        """Nothing is left behind."""
        shutil.rmtree(self.folder)

    def put(self, name: str, data: bytes) -> None:
        """Write a file as somebody would, one tick later than the last."""
        self.clock += 1
        self.feed.write(f"portal/{name}", data, age_us=1_000_000_000 - self.clock)

    def content(self, name: str) -> bytes:
        """The unpacked bytes of a file that may be missing."""
        path = self.portal / name
        data = path.read_bytes() if path.exists() else b""
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data

    @rule(name=NAMES, ids=st.lists(IDS, min_size=1, max_size=6), note=st.sampled_from(["", "other"]), cut=st.booleans())
    def append(self, name: str, ids: list[int], note: str, cut: bool) -> None:
        """Add lines, the last of them perhaps without its end."""
        data = self.content(name) + b"".join(line(f"evt_{number}", note=note) for number in ids)
        self.put(name, data[: -9 if cut else None])

    @rule(name=NAMES, share=st.floats(0, 1))
    def cut(self, name: str, share: float) -> None:
        """Take the end of a file away."""
        data = self.content(name)
        self.put(name, data[: int(len(data) * share)])

    @rule(name=NAMES)
    def pack(self, name: str) -> None:
        """Pack a file in place."""
        self.put(name, gzip.compress(self.content(name)))

    @rule(name=NAMES, to=NAMES)
    def rename(self, name: str, to: str) -> None:
        """Move a file, perhaps over another one."""
        if (self.portal / name).exists():
            (self.portal / name).rename(self.portal / to)

    @rule(name=NAMES, to=NAMES)
    def copy(self, name: str, to: str) -> None:
        """Copy a file, perhaps over another one."""
        self.put(to, self.content(name))

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        """Remove a file."""
        (self.portal / name).unlink(missing_ok=True)

    @rule(full=st.booleans())
    def build(self, full: bool) -> None:
        """Ingest; every complete line is an event or a copy, and the books count each file as it is now."""
        self.feed.run(full=full)
        for path in self.portal.iterdir():
            complete = [text for text in self.content(path.name).split(b"\n")[:-1] if text]
            self.seen |= {found for text in complete if (found := id_of(text))}
            assert self.feed.book(f"portal/{path.name}")["lines"] == len(complete), path.name
        assert set(self.feed.ids()) >= self.seen

    @rule()
    def build_twice(self) -> None:
        """A second build reads nothing."""
        self.build(full=False)
        assert self.feed.run().lines == 0


TestInboxMachine = InboxMachine.TestCase
TestInboxMachine.settings = settings(max_examples=25, stateful_step_count=15)
