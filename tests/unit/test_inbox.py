from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from pipelines.errors import FixableError
from pipelines.paths import DataPaths
from pipelines.settings import Settings
from pipelines.sources import cutting, ingest
from pipelines.sources.door import Judged, Lines, judge
from pipelines.sources.inbox import Listing, scan
from tests.feed import HOUR_US, NOW_US, Feed, line, lines, store_hash, stored_events, stored_quarantine


@pytest.fixture
def feed(data_dir: DataPaths) -> Feed:
    """An empty inbox."""
    return Feed(data_dir)


@pytest.mark.parametrize(
    "name", ["a.jsonl", "a.ndjson", "a.json", "deep/er/a.JSONL", "new\nline.jsonl", "'; drop.jsonl"]
)
def test_named_file_is_read(feed: Feed, name: str) -> None:
    """Every name that the rule allows is read, at any depth and however odd."""
    feed.write(f"portal/{name}", lines(1, 3))
    assert feed.run().events == 3


@pytest.mark.parametrize("name", [".a.jsonl", "a.jsonl.tmp", "a.jsonl.part", ".hidden/a.jsonl"])
def test_file_being_written_is_ignored(feed: Feed, name: str) -> None:
    """Hidden and temporary files do not exist for us."""
    feed.write(f"portal/{name}", lines(1, 3))
    assert scan(feed.paths.inbox) == Listing()
    assert feed.run().notices == []


def test_unread_names_are_listed(feed: Feed) -> None:
    """A file that no rule reads is named, so that it does not look like no events."""
    for name in ("portal/portal.log", "portal/x.csv", "webhooks/y.parquet", "stray.jsonl", "elsewhere/a.jsonl"):
        feed.write(name, lines(1, 1))
    unread = scan(feed.paths.inbox).unread
    assert sorted(unread) == ["elsewhere/", "portal/portal.log", "portal/x.csv", "stray.jsonl", "webhooks/y.parquet"]
    assert "no rule reads these 5 names" in feed.run().notices[0]


def test_undecodable_name_is_escaped(feed: Feed) -> None:
    """A name that is no text is read all the same and shown with its bytes escaped."""
    feed.write("portal/" + os.fsdecode(b"caf\xe9.jsonl"), lines(1, 1))
    feed.run()
    assert feed.store().books()["path"].to_list() == ["caf\\xe9.jsonl"]
    assert stored_events(feed.paths)["origin_path"].to_list() == ["caf\\xe9.jsonl"]


def test_what_is_no_file_is_never_opened(feed: Feed, tmp_path: Path) -> None:
    """Symlinks and pipes below a source are counted, not followed; the source itself may be a symlink."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "real.jsonl").write_bytes(lines(1, 2))
    (outside / "link.jsonl").symlink_to(outside / "real.jsonl")
    (outside / "folder").symlink_to(tmp_path)
    os.mkfifo(outside / "pipe.jsonl")
    (feed.paths.inbox / "portal").symlink_to(outside)
    assert feed.run().events == 2
    assert feed.findings() == [("not_a_file", "portal", name) for name in ("folder", "link.jsonl", "pipe.jsonl")]
    (outside / "pipe.jsonl").unlink()
    feed.run()
    assert len(feed.findings()) == 2


def test_missing_inbox_is_named(data_dir: DataPaths) -> None:
    """Without an inbox nothing happens but a sentence that names it."""
    with pytest.raises(FixableError, match=r"there is no inbox: .*inbox is missing; make it"):
        ingest.ingest(data_dir, Settings(), now_us=0)
    assert list(data_dir.root.iterdir()) == []


def test_unreadable_file_stops_no_other(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the system does not give us is a finding; its neighbours are read, and it is tried again."""
    feed.write("portal/a.jsonl", lines(1, 2))
    feed.write("portal/b.jsonl", lines(3, 4))
    opened = os.open

    def refuse(path: Path, *rest: int) -> int:
        if Path(path).name == "a.jsonl":
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        report = feed.run()
    assert report.notices == ["portal/a.jsonl: it cannot be read (Permission denied)"]
    assert feed.findings() == [("unreadable_file", "portal", "a.jsonl")]
    assert feed.run().events == 2
    assert feed.findings() == []


def test_second_run_does_nothing(feed: Feed) -> None:
    """Where nothing is new, nothing is read and nothing is committed."""
    feed.write("portal/a.jsonl", lines(1, 3))
    feed.run()
    before = (feed.store().history.number, store_hash(feed.store()))
    assert feed.opened() == []
    assert feed.run().batches == 0
    assert (feed.store().history.number, store_hash(feed.store())) == before


def test_grown_file_is_read_on(feed: Feed) -> None:
    """Only what was appended is read, with line numbers and offsets that go on."""
    feed.write("portal/a.jsonl", lines(1, 3))
    feed.run()
    feed.grow("portal/a.jsonl", b"\n" + lines(4, 5))
    assert feed.run().lines == 2
    row = stored_events(feed.paths).filter(event_id="evt_5").row(0, named=True)
    content = (feed.paths.inbox / "portal/a.jsonl").read_bytes()
    assert (row["origin_line"], content[row["origin_offset"] :]) == (6, line("evt_5"))
    assert feed.book("portal/a.jsonl")["events"] == 5


def test_touched_file_changes_nothing(feed: Feed) -> None:
    """A new time with the same content gives no line and no finding."""
    path = feed.write("portal/a.jsonl", lines(1, 3))
    feed.run()
    before = store_hash(feed.store())
    feed.touch(path, HOUR_US)
    assert feed.run().lines == 0
    assert (store_hash(feed.store()), feed.findings()) == (before, [])


def test_last_line_without_newline_waits(feed: Feed) -> None:
    """An unfinished last line is no line until its newline comes."""
    half = line("evt_3")
    feed.write("portal/a.jsonl", lines(1, 2) + half[:20])
    feed.run()
    assert feed.book("portal/a.jsonl")["waiting_bytes"] == 20
    feed.grow("portal/a.jsonl", half[20:-1])
    assert feed.run().events == 0
    assert feed.book("portal/a.jsonl")["waiting_bytes"] == len(half) - 1
    feed.grow("portal/a.jsonl", b"\n")
    assert feed.run().events == 1
    assert feed.ids() == ["evt_1", "evt_2", "evt_3"]


def test_last_line_is_taken_after_its_rest(feed: Feed) -> None:
    """A complete object without newline is taken once the file has rested; its newline makes no second line."""
    path = feed.write("portal/a.jsonl", lines(1, 2)[:-1])
    assert feed.run().events == 1
    feed.touch(path, HOUR_US)
    assert feed.run().events == 1
    feed.grow("portal/a.jsonl", b"\r\n" + line("evt_3"))
    assert feed.run().lines == 1
    assert stored_events(feed.paths)["origin_line"].sort().to_list() == [1, 2, 3]


def test_torn_last_line_waits_for_ever(feed: Feed) -> None:
    """What is no complete object is not taken, however long it has rested, and is looked at once only."""
    feed.write("portal/a.jsonl", lines(1, 1) + b'{"id": "evt_2", "ty', age_us=9 * HOUR_US)
    assert feed.run().lines == 1
    number = feed.store().history.number
    assert feed.opened() == []
    assert feed.store().history.number == number


@pytest.mark.parametrize("second", [lines(11, 12), lines(11, 19), lines(1, 2) + lines(11, 19)])
def test_rewritten_file_is_read_from_its_start(feed: Feed, second: bytes) -> None:
    """A file that was cut or replaced, shorter or longer than before, loses and repeats no event."""
    feed.write("portal/a.jsonl", lines(1, 5))
    feed.run()
    feed.write("portal/a.jsonl", second)
    feed.run()
    assert feed.findings() == [("rewritten_file", "portal", "a.jsonl")]
    assert feed.book("portal/a.jsonl")["lines"] == second.count(b"\n")
    assert feed.book("portal/a.jsonl")["duplicates"] == 0
    assert {"evt_1", "evt_5", "evt_12"} <= set(feed.ids())


def test_rewritten_file_counts_moved_lines_as_duplicates(feed: Feed) -> None:
    """A known event on another line than before is another delivery."""
    feed.write("portal/a.jsonl", lines(1, 5))
    feed.run()
    feed.write("portal/a.jsonl", lines(0, 5))
    feed.run()
    assert feed.book("portal/a.jsonl") == {
        "lines": 6, "events": 1, "duplicates": 5, "quarantined": 0, "waiting_bytes": 0
    }  # fmt: skip


def test_vanished_file_keeps_its_events(feed: Feed) -> None:
    """A file that is gone changes nothing; when it comes back it is read on."""
    path = feed.write("portal/a.jsonl", lines(1, 3))
    feed.run()
    path.unlink()
    feed.run()
    assert feed.book("portal/a.jsonl")["events"] == 3
    feed.write("portal/a.jsonl", lines(1, 4))
    assert feed.run().lines == 1


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.json"])
def test_renamed_file_takes_its_position_along(feed: Feed, name: str) -> None:
    """A new name of known content is the same file: nothing is read, also by a full build."""
    content = b"[%b]" % b",".join(lines(1, 3).splitlines()) if name.endswith(".json") else lines(1, 3)
    path = feed.write(f"portal/{name}", gzip.compress(content) if name.endswith(".gz") else content)
    feed.run()
    path.rename(path.with_name(f"2026-{name}"))
    assert feed.run().lines == 0
    assert feed.run(full=True).events == 3
    assert feed.book(f"portal/2026-{name}")["events"] == 3
    assert feed.store().books().height == 1


@pytest.mark.parametrize("old_name", ["a-1.jsonl", "a.old.jsonl"])
def test_rotated_log_is_followed(feed: Feed, old_name: str) -> None:
    """A log that moved on under another name, while a new one took its place, is neither rewritten nor repeated."""
    path = feed.write("portal/a.jsonl", lines(1, 5))
    feed.run()
    feed.grow("portal/a.jsonl", lines(6, 7))
    path.rename(path.with_name(old_name))
    feed.write("portal/a.jsonl", lines(8, 9))
    report = feed.run()
    assert (report.events, report.duplicates, feed.findings()) == (4, 0, [])
    assert feed.run(full=True).events == 9


def test_copied_file_is_all_duplicates(feed: Feed) -> None:
    """A copy of a file that is still there is read whole, and says so."""
    feed.write("portal/a.jsonl", lines(1, 3))
    feed.run()
    feed.write("portal/b.jsonl", lines(1, 3))
    assert feed.run().duplicates == 3
    assert feed.run(full=True).duplicates == 3


def test_export_repeated_under_the_old_name_is_all_duplicates(feed: Feed) -> None:
    """After a rename, the same lines at the same numbers of a new file are still other lines."""
    path = feed.write("portal/a.jsonl", lines(1, 3))
    feed.run()
    path.rename(path.with_name("b.jsonl"))
    feed.run()
    feed.write("portal/a.jsonl", lines(1, 3))
    assert feed.run().duplicates == 3


@pytest.mark.parametrize("cut", [0, 1, 150])
def test_file_cut_while_it_is_read_is_dropped(feed: Feed, monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    """A file that shrinks under our eyes gives nothing in this run and everything in the next."""
    path = feed.write("portal/a.jsonl", lines(1, 9))
    feed.write("portal/b.jsonl", lines(10, 11))

    def cut_meanwhile(block: Lines) -> Judged:
        if block.path == "a.jsonl":
            os.truncate(path, cut)
        return judge(block)

    with monkeypatch.context() as patch:
        patch.setattr(ingest, "judge", cut_meanwhile)
        report = feed.run()
    assert (report.events, len(report.notices)) == (2, 1)
    assert "changed while it was being read" in report.notices[0]
    feed.write("portal/a.jsonl", lines(1, 9))
    assert feed.run().events == 9


def test_byte_order_mark_is_taken_off_a_file_only(feed: Feed) -> None:
    """A mark at the start of a file is no part of its first line; elsewhere it is a broken line."""
    feed.write("portal/a.jsonl", b"\xef\xbb\xbf" + line("evt_1") + b"\xef\xbb\xbf" + line("evt_2"))
    report = feed.run()
    assert (report.events, report.quarantined) == (1, 1)


def test_blank_lines_count_for_numbers_only(feed: Feed) -> None:
    """Blank lines and carriage returns are no lines; the numbers of the others count them."""
    feed.write("portal/a.jsonl", b"\n  \r\n" + line("evt_1")[:-1] + b"\r\n\n\t" + line("evt_2"))
    assert feed.run().lines == 2
    assert stored_events(feed.paths)["origin_line"].sort().to_list() == [3, 5]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])
@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst", "a.jsonl"])
def test_packed_file_is_known_by_its_bytes(feed: Feed, pack: Callable[[bytes], bytes], name: str) -> None:
    """All members or frames are read, padding is fine, and the name does not decide."""
    feed.write(f"portal/{name}", pack(lines(1, 2)) + pack(lines(3, 3)) + b"\0" * 9)
    assert feed.run().events == 3
    assert feed.findings() == []
    assert feed.opened() == []


def test_plain_file_with_a_packed_name_is_plain(feed: Feed) -> None:
    """Content that is not packed is read as it is."""
    feed.write("portal/a.jsonl.gz", lines(1, 2))
    assert feed.run().events == 2


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst"])
def test_cut_off_archive_gives_its_complete_lines(feed: Feed, name: str) -> None:
    """What comes before the cut is taken, the file is a finding, and the whole of it mends both."""
    pack = gzip.compress if name.endswith("gz") else zstandard.ZstdCompressor(write_checksum=True).compress
    content = b"".join(line(f"evt_{n}", note=random.Random(n).randbytes(200).hex()) for n in range(200))
    packed = pack(content[:30_000]) + pack(content[30_000:])
    feed.write(f"portal/{name}", packed[: len(packed) * 2 // 3])
    feed.run()
    assert 58 <= feed.book(f"portal/{name}")["events"] < 200
    assert feed.findings() == [("incomplete_file", "portal", name)]
    assert feed.opened() == []
    feed.write(f"portal/{name}", packed)
    feed.run()
    assert (len(feed.ids()), feed.findings(), feed.book(f"portal/{name}")["events"]) == (200, [], 200)


def test_archive_with_a_wrong_checksum_is_incomplete(feed: Feed) -> None:
    """A flipped checksum is noticed."""
    packed = bytearray(gzip.compress(lines(1, 3)))
    packed[-6] ^= 1
    feed.write("portal/a.jsonl.gz", bytes(packed))
    feed.run()
    assert feed.findings() == [("incomplete_file", "portal", "a.jsonl.gz")]


EVENTS = [json.loads(text) for text in lines(1, 3).splitlines()]
PAGE = {"object": "list", "list_metadata": {"after": None, "tags": [1, {}]}, "data": EVENTS}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("document", [EVENTS, PAGE, {**PAGE, "data": EVENTS[:1]}, EVENTS[0]])
def test_document_is_cut_into_its_elements(feed: Feed, document: object, indent: int | None) -> None:
    """An array, a page of the Events API and a pretty object are lines, with numbers and offsets of their elements."""
    content = b"\xef\xbb\xbf" + json.dumps(document, indent=indent).encode() + b"\n"
    feed.write("portal/a.json", content)
    feed.run()
    rows = stored_events(feed.paths).sort("origin_line")
    assert rows["origin_line"].to_list() == list(range(1, rows.height + 1))
    read = json.JSONDecoder()
    for row in rows.iter_rows(named=True):
        assert read.raw_decode(content[row["origin_offset"] :].decode().lstrip("\ufeff"))[0]["id"] == row["event_id"]


@pytest.mark.parametrize("indent", [None, 2])
def test_half_written_document_waits_as_a_whole(feed: Feed, indent: int | None) -> None:
    """Nothing is taken of a document that has no end yet, however long it rests."""
    content = json.dumps(EVENTS, indent=indent).encode()
    for end in (1, 40, len(content) - 1):
        feed.write("portal/a.json", content[:end], age_us=9 * HOUR_US)
        assert feed.run().lines == 0
        assert feed.book("portal/a.json")["waiting_bytes"] == end
    feed.write("portal/a.json", content)
    assert feed.run().events == 3


def test_bad_element_harms_no_neighbour(feed: Feed) -> None:
    """What is no JSON inside a document, or follows its end, is one bad line."""
    parts = lines(1, 3).splitlines()
    feed.write("portal/a.json", b"[%b, {'single': 1}, %b, 7] {} %b tail" % tuple(parts))
    report = feed.run()
    assert (report.events, report.quarantined) == (2, 3)
    assert stored_quarantine(feed.paths)["text"][-1].startswith('{} {"id"')


def test_object_that_looks_like_a_page_is_an_object(feed: Feed) -> None:
    """Without a list of data at its top there is nothing to take out of it."""
    feed.write(
        "portal/a.json", json.dumps({**EVENTS[0], "context": {"object": "list", "data": [1]}}, indent=2).encode()
    )
    assert feed.run().events == 1


def test_json_file_with_a_line_for_each_event_grows(feed: Feed) -> None:
    """A `.json` file that holds lines is read like any log."""
    feed.write("portal/a.json", lines(1, 2))
    feed.run()
    feed.grow("portal/a.json", lines(3, 3))
    assert feed.run().lines == 1


def test_long_line_is_passed_over(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line beyond the limit is quarantined by its beginning and length; the limit itself is fine."""
    monkeypatch.setattr(cutting, "LINE_BYTES", 3000)
    monkeypatch.setattr(cutting, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(cutting, "KEPT_BYTES", 100)
    fits = line("evt_1", note="x" * (3001 - len(line("evt_1", note=""))))
    long = line("evt_2", note="x" * 9000)
    feed.write("portal/a.jsonl", fits + long + line("evt_3") + long[:-1])
    feed.run()
    assert feed.ids() == ["evt_1", "evt_3"]
    row = stored_quarantine(feed.paths).row(0, named=True)
    assert (row["reason"], row["line_number"], row["byte_offset"]) == ("too_long", 2, 3001)
    assert row["detail"].startswith(f"{len(long) - 1} bytes, SHA-256 ")
    assert (len(row["text"]), feed.book("portal/a.jsonl")["waiting_bytes"]) == (100, len(long) - 1)


def test_long_element_is_passed_over(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """An element of a document has the same limit as a line."""
    monkeypatch.setattr(cutting, "LINE_BYTES", 300)
    feed.write("portal/a.json", b"[%b,%b,%b]" % (line("evt_1"), line("evt_2", note="x" * 300), line("evt_3")))
    report = feed.run()
    assert (report.events, report.quarantined, feed.ids()) == (2, 1, ["evt_1", "evt_3"])


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.json"])
def test_small_blocks_and_batches_give_the_same_events(feed: Feed, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """How a file is cut into blocks and batches changes nothing."""
    monkeypatch.setattr(cutting, "BLOCK_BYTES", 700)
    monkeypatch.setattr(cutting, "BLOCK_LINES", 4)
    monkeypatch.setattr(ingest, "BATCH_LINES", 7)
    content = b"[%b]" % b",".join(lines(1, 40).splitlines()) if name.endswith(".json") else lines(1, 40)
    feed.write(f"portal/{name}", gzip.compress(content) if name.endswith(".gz") else content)
    report = feed.run()
    assert (report.events, len(feed.ids())) == (40, 40)
    assert report.batches > 5
    assert feed.run(full=True).events == 40
    assert stored_events(feed.paths).height == 40


def test_progress_is_told_in_steps(feed: Feed) -> None:
    """Bytes read so far grow to the bytes of all new files, in at most a hundred steps."""
    told: list[tuple[int, int]] = []
    for number in range(300):
        feed.write(f"portal/{number}.jsonl", lines(number, number))
    ingest.ingest(feed.paths, Settings(), now_us=NOW_US, progress=lambda done, of: told.append((done, of)))
    size = sum(path.stat().st_size for path in (feed.paths.inbox / "portal").iterdir())
    assert (len(told), told[-1]) == (100, (size, size))
    assert told == sorted(told)
