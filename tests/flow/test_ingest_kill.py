"""An ingestion that is killed, or meets a bad disk, at any durable step ends, started again, like one that was not."""

from __future__ import annotations

import errno
import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from pipelines import durable
from pipelines.errors import FixableError
from pipelines.event_store import EventStore
from pipelines.lock import build_lock
from pipelines.paths import DataPaths
from pipelines.settings import Settings
from pipelines.sources import cutting, ingest
from tests.feed import NOW_US, Feed, check_promises, line, lines, store_hash, stored_events, stored_quarantine

ROOT = Path(__file__).parents[2]
POINTS_BY_DEFAULT = 12
SMALL_BATCHES = ((cutting, "BLOCK_LINES", 16), (ingest, "BATCH_LINES", 40))


def lay_inbox(root: Path) -> DataPaths:
    """Two sources, several files, months and batches; copies, other bodies, bad lines, an archive, a document."""
    root.mkdir()
    feed = Feed(DataPaths(root))
    hooks = [line(f"evt_{number}", data={"id": "conn_1"}) for number in range(200, 231)]
    feed.write("portal/a.jsonl", lines(1, 40) + b"no json\n" + line("evt_9", note="another body") + lines(30, 45))
    feed.write("portal/b.jsonl.gz", gzip.compress(lines(40, 70) + line("evt_x", timestamp="2026-01-05T00:00:00Z")))
    feed.write("portal/c.json", b"[%b]" % b",".join(lines(60, 80).splitlines()))
    feed.write("webhooks/d.jsonl", b"".join(hooks) + b"{}\n" + line("evt_5")[:-9])
    return feed.paths


def ingest_in_small_batches(root: Path, kill_at: int | None) -> int:
    """Ingest here, dying at the durable step `kill_at`; how many steps there were."""
    steps = 0

    def count(call: str, path: Path) -> None:
        nonlocal steps
        steps += 1
        if steps == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    for module, name, value in SMALL_BATCHES:
        setattr(module, name, value)
    durable.before_step = count
    paths = DataPaths(root)
    with build_lock(paths):
        ingest.ingest(paths, Settings(), now_us=NOW_US)
    return steps


def run(root: Path, kill_at: int | None = None) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "tests.flow.test_ingest_kill", str(root), *([str(kill_at)] if kill_at else [])]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def state(paths: DataPaths) -> tuple[object, ...]:
    """All that a run leaves, but for clocks."""
    check_promises(paths)
    store = EventStore.open(paths)
    texts = (store.books().write_json(), store.file_findings().write_json())
    files = [path.relative_to(paths.root) for path in store.event_files + store.quarantine_files]
    return (*texts, files, store.history.number, store_hash(store))


class Undisturbed(NamedTuple):
    """A run that nobody killed: where, what it left, and how many durable steps it took."""

    paths: DataPaths
    state: tuple[object, ...]
    steps: int


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """One such run."""
    paths = lay_inbox(tmp_path_factory.mktemp("undisturbed") / "data")
    done = run(paths.root)
    assert done.returncode == 0, done.stderr
    return Undisturbed(paths, state(paths), int(done.stdout))


def check_kill_at(point: int, root: Path, expected: Undisturbed) -> None:
    """Kill a run at a step, start again, compare."""
    paths = lay_inbox(root)
    assert run(root, point).returncode == -signal.SIGKILL
    again = run(root)
    assert again.returncode == 0, again.stderr
    assert state(paths) == expected.state


def test_undisturbed_run_crosses_batches_and_months(undisturbed: Undisturbed) -> None:
    """The run that is killed below has several commits, and its events are known."""
    store = EventStore.open(undisturbed.paths)
    assert undisturbed.steps > 50
    assert store.history.number > 3
    assert len({path.parent for path in store.event_files}) == 2
    assert stored_events(undisturbed.paths).filter(~pl.col("is_variant")).height == 80 + 1 + 31
    assert stored_quarantine(undisturbed.paths).height == 2


@pytest.mark.parametrize("part", range(POINTS_BY_DEFAULT))
def test_killed_run_ends_like_an_undisturbed_one(undisturbed: Undisturbed, tmp_path: Path, part: int) -> None:
    """SIGKILL at points spread over the whole run, then a second run: the same events, books and bytes, no orphan."""
    point = 1 + part * (undisturbed.steps - 1) // (POINTS_BY_DEFAULT - 1)
    check_kill_at(point, tmp_path / "data", undisturbed)


@pytest.mark.long
def test_run_killed_anywhere_ends_like_an_undisturbed_one(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """The same at every durable step."""
    for point in range(1, undisturbed.steps + 1):
        check_kill_at(point, tmp_path / str(point), undisturbed)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_failing_disk_costs_nothing_that_is_committed(
    undisturbed: Undisturbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A disk that is full or broken at some step ends in one sentence; with a good one the next run completes."""
    for point in range(1, undisturbed.steps + 1, 5):
        paths = lay_inbox(tmp_path / str(point))
        with monkeypatch.context() as patch:
            for module, name, value in SMALL_BATCHES:
                patch.setattr(module, name, value)
            patch.setattr(durable, "before_step", Failing(point, number))
            with pytest.raises(FixableError), build_lock(paths):
                ingest.ingest(paths, Settings(), now_us=NOW_US)
            patch.setattr(durable, "before_step", None)
            with build_lock(paths):
                ingest.ingest(paths, Settings(), now_us=NOW_US)
        assert state(paths) == undisturbed.state


class Failing:
    """A hook that fails the durable step of a number."""

    def __init__(self, point: int, number: int) -> None:
        self.left, self.number = point, number

    def __call__(self, call: str, path: Path) -> None:
        """Count a step; fail the last one."""
        self.left -= 1
        if self.left == 0:
            raise OSError(self.number, os.strerror(self.number), str(path))


if __name__ == "__main__":
    print(ingest_in_small_batches(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None))
