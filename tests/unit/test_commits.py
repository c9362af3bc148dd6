from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.commits import SCHEMA, History, Position, StoredFile
from pipelines.errors import FixableError

STORED = StoredFile("events/event_month=2026-03/batch=000001.parquet", 3, 100, "ab" * 32)


@pytest.fixture
def history(tmp_path: Path) -> History:
    """Three commits: a batch, a batch that moves a position on and replaces a file, a published build."""
    history = History(tmp_path)
    history.add("ingest", 1_000_000, added=[STORED], positions=[Position(1, "portal", "a.jsonl", lines=3, events=3)])
    moved = Position(1, "portal", "b\udcff.jsonl", lines=4, events=4)
    history.add("ingest", 2_000_000, removed=[STORED.path], positions=[moved], findings=[["not_a_file", "portal", "c"]])
    history.add("publish", 3_000_000, build={"build_id": "one", "events": 4})
    return history


def test_history_is_what_its_commits_add_up_to(history: History) -> None:
    """Files, positions, findings and builds are folded in order, and reading gives what writing left."""
    assert (history.number, history.data_number, history.files) == (3, 2, {})
    assert history.positions[1].path == "b\udcff.jsonl"
    assert history.findings == [["not_a_file", "portal", "c"]]
    assert history.builds == [{"build_id": "one", "events": 4, "finished_at": "1970-01-01T00:00:03.000000+00:00"}]
    assert History.read(history.folder) == history


def test_absent_folder_is_an_empty_history(tmp_path: Path) -> None:
    """A new store has no commits."""
    assert History.read(tmp_path / "commits") == History(tmp_path / "commits")


def test_commit_stands_alone_in_the_folder(history: History) -> None:
    """No temporary name is left, and other names are none of our business."""
    assert sorted(path.name for path in history.folder.iterdir()) == [f"{n:06}.json" for n in (1, 2, 3)]
    (history.folder / ".000004.tmp").write_text("half")
    (history.folder / "notes.txt").write_text("by hand")
    assert History.read(history.folder).number == 3


@pytest.mark.parametrize(
    ("damage", "number"),
    [
        (lambda folder: (folder / "000002.json").unlink(), 2),
        (lambda folder: (folder / "000001.json").unlink(), 1),
        (lambda folder: shutil.copy(folder / "000002.json", folder / "0000002.json"), 2),
        (lambda folder: shutil.copy(folder / "000003.json", folder / "000004.json"), 4),
        (lambda folder: shutil.copy(folder / "000001.json", folder / "000002.json"), 2),
        (lambda folder: (folder / "000003.json").write_bytes(b""), 3),
        (lambda folder: (folder / "000003.json").write_text("[]"), 3),
    ],
    ids=["middle", "first", "twice", "repeated", "replaced", "empty", "other"],
)
def test_broken_history_is_never_folded_past(history: History, damage: Callable[[Path], object], number: int) -> None:
    """A missing, doubled, exchanged or empty commit is named."""
    damage(history.folder)
    with pytest.raises(FixableError, match=f"history breaks at commit {number:06}: .*restore .* from a backup"):
        History.read(history.folder)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_every_flipped_bit_is_found(history: History, number: int) -> None:
    """No byte of a commit can change unseen, the last commit included."""
    path = history.folder / f"{number:06}.json"
    good = path.read_bytes()
    for place in range(0, len(good), 7):
        path.write_bytes(good[:place] + bytes([good[place] ^ 1 << place % 8]) + good[place + 1 :])
        with pytest.raises(FixableError, match=r"history breaks|newer version"):
            History.read(history.folder)


def test_commit_that_is_there_is_not_replaced(history: History) -> None:
    """A second writer that got past the lock fails at the name."""
    late = History.read(history.folder)
    history.add("ingest", 4_000_000)
    before = (history.folder / "000004.json").read_bytes()
    with pytest.raises(FixableError, match=r"exists already"):
        late.add("publish", 5_000_000)
    assert (history.folder / "000004.json").read_bytes() == before


def test_newer_store_is_refused(history: History) -> None:
    """A commit of a later format says which version is needed, whatever else it holds."""
    text = json.dumps({"commit": {"schema": SCHEMA + 1, "shape": "unknown"}, "seal": "another"})
    (history.folder / "000004.json").write_text(text)
    with pytest.raises(FixableError, match=r"000004.json was written by a newer version of portal-funnels"):
        History.read(history.folder)


def test_commit_says_what_wrote_it(history: History) -> None:
    """Number, parent, time and versions stand in each commit."""
    body = json.loads((history.folder / "000002.json").read_text())["commit"]
    assert (body["number"], body["kind"], body["written_us"], body["schema"]) == (2, "ingest", 2_000_000, SCHEMA)
    assert len(body["parent"]) == 64
    assert {"python", "polars"} <= body["versions"].keys()
