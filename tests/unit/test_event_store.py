from __future__ import annotations

import stat
from pathlib import Path

import pytest

from pipelines.errors import CheckFailedError, FixableError
from pipelines.paths import DataPaths
from pipelines.settings import Settings
from pipelines.sources import ingest
from pipelines.sources.door import Judged, Lines, judge
from tests.feed import NOW_US, Feed, line, lines, store_hash, stored_events, stored_quarantine


@pytest.fixture
def feed(data_dir: DataPaths) -> Feed:
    """An empty inbox."""
    return Feed(data_dir)


def test_files_are_sorted_by_month_and_time(feed: Feed) -> None:
    """One file a month of event time, rows by time and key, whatever the order of arrival."""
    times = ("2026-03-02", "2026-01-31T23:59:59.999999Z", "2026-02-01T00:00:00+00:00", "2026-03-01", "2026-03-01")
    feed.write("portal/a.jsonl", b"".join(line(f"evt_{n}", timestamp=time) for n, time in enumerate(times)))
    feed.run()
    months = [path.parent.name for path in feed.store().event_files]
    assert months == ["event_month=2026-01", "event_month=2026-02", "event_month=2026-03"]
    march = stored_events(feed.paths)[2:]
    assert march.equals(march.sort("timestamp", "event_key"))


def test_same_lines_give_the_same_bytes(feed: Feed, tmp_path: Path) -> None:
    """Two stores of the same inbox are equal file by file."""
    other = Feed(DataPaths(tmp_path))
    for each in (feed, other):
        each.write("portal/a.jsonl", lines(1, 500) + lines(300, 700) + b"no json\n" * 3)
        each.run()
    assert store_hash(feed.store()) == store_hash(other.store())


def test_copy_in_another_month_is_found(feed: Feed) -> None:
    """Identity is looked for in the whole store, whatever time a copy carries."""
    feed.write("portal/a.jsonl", line("evt_1"))
    feed.run()
    feed.write("portal/b.jsonl", line("evt_1", timestamp="2025-01-01"))
    report = feed.run()
    assert (report.events, report.duplicates) == (0, 1)
    assert stored_events(feed.paths)["is_variant"].sort().to_list() == [False, True]


def test_books_tell_about_duplicates(feed: Feed) -> None:
    """First and last time and an example of the duplicate lines stand in the books of their file."""
    feed.write("portal/a.jsonl", line("evt_1") + line("evt_2", timestamp="2026-03-05T00:00:00Z"))
    feed.run()
    feed.write("portal/b.jsonl", (feed.paths.inbox / "portal/a.jsonl").read_bytes())
    feed.run()
    row = feed.store().books().filter(path="b.jsonl").row(0, named=True)
    assert row["duplicate_example"] == "evt_1"
    assert [f"{row[name]:%m-%d}" for name in ("first_duplicate_at", "last_duplicate_at")] == ["03-01", "03-05"]


def test_quarantined_line_is_kept_once(feed: Feed) -> None:
    """Reading a bad line again counts it and does not store it again; the same text elsewhere is another line."""
    feed.write("portal/a.jsonl", b"no json\n" + line("evt_1") + b"no json\n")
    feed.run()
    assert feed.run(full=True).quarantined == 2
    assert stored_quarantine(feed.paths)["line_number"].to_list() == [1, 3]
    feed.write("portal/b.jsonl", b"no json\n")
    feed.run()
    assert stored_quarantine(feed.paths).height == 3


def test_full_reading_changes_nothing(feed: Feed) -> None:
    """Reading every file again commits nothing where no file changed."""
    feed.write("portal/a.jsonl", lines(1, 9) + lines(5, 9) + line("evt_5", note="other"))
    feed.write("webhooks/b.jsonl", lines(1, 3))
    feed.run()
    number, books = feed.store().history.number, feed.store().books()
    assert feed.run(full=True).lines == 18
    assert feed.store().history.number == number
    assert feed.store().books().equals(books)


def test_books_that_do_not_balance_stop_everything(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line without a fate is no commit, and names its file."""

    def lose_one(block: Lines) -> Judged:
        judged = judge(block)
        return Judged(judged.events[1:], judged.quarantined)

    monkeypatch.setattr(ingest, "judge", lose_one)
    feed.write("portal/a.jsonl", lines(1, 3))
    with pytest.raises(CheckFailedError, match=r"portal/a.jsonl: 3 lines, but 2 events"):
        ingest.ingest(feed.paths, Settings(), now_us=NOW_US)
    assert feed.store().history.number == 0


@pytest.mark.parametrize("damage", ["flip", "cut", "delete", "empty"])
def test_damaged_file_is_named(feed: Feed, damage: str) -> None:
    """No number is made from a file that is missing or not what was written."""
    feed.write("portal/a.jsonl", lines(1, 50))
    feed.run()
    path = feed.store().event_files[0]
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data[: {"cut": -1, "empty": 0}.get(damage)]))
    if damage == "delete":
        path.unlink()
    with pytest.raises(FixableError, match=r"batch=000001.parquet .*; restore it from a backup"):
        feed.store()


def test_publish_leaves_the_store_alone(feed: Feed) -> None:
    """A published build is in the log, and changes neither the store's hash nor its last batch."""
    feed.write("portal/a.jsonl", lines(1, 3))
    feed.run()
    store = feed.store()
    before = (store_hash(store), store.ingest_number)
    store.record_publish({"build_id": "one", "as_of": "2026-03-31T00:00:00+00:00"})
    assert (store_hash(store), store.ingest_number, store.history.number) == (*before, 2)
    assert [build["build_id"] for build in feed.store().publishes()] == ["one"]


def test_orphans_are_removed_by_the_next_writer_only(feed: Feed) -> None:
    """A reader leaves files that no commit names alone; the next run removes them and says so."""
    feed.write("portal/a.jsonl", lines(1, 3))
    feed.run()
    orphans = [feed.paths.events / "event_month=2026-03/batch=000002.parquet", feed.paths.commits / ".000002.tmp"]
    for orphan in orphans:
        orphan.write_bytes(b"half")
    assert feed.store().history.number == 1
    assert all(orphan.exists() for orphan in orphans)
    assert feed.run().notices == ["went on after commit 1: 2 unfinished files removed"]


def test_lost_commits_are_not_taken_for_orphans(feed: Feed) -> None:
    """Where the whole log is gone, its data files are not cleared away."""
    feed.write("portal/a.jsonl", lines(1, 3))
    feed.run()
    feed.write("portal/b.jsonl", lines(4, 5))
    feed.run()
    for path in feed.paths.commits.iterdir():
        path.unlink()
    with pytest.raises(FixableError, match=r"has lost the commits of this store; restore it from a backup"):
        feed.run()
    assert len(list(feed.paths.events.rglob("*.parquet"))) == 2


def test_folders_are_for_their_owner_only(feed: Feed) -> None:
    """What came in is not readable for others."""
    feed.write("portal/a.jsonl", lines(1, 1))
    feed.run()
    for folder in (feed.paths.events, feed.paths.commits, feed.paths.quarantine, feed.store().event_files[0].parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
