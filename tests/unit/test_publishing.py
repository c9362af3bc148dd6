"""Readers always see one whole build, whatever happens to the writer."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import durable
from pipelines.errors import FixableError
from pipelines.paths import DataPaths
from pipelines.publishing import CONTENT, MANIFEST, changed_files, publish, served_build

ROOT = Path(__file__).parents[2]
FILES = ("portal.duckdb", "parquet/events.parquet", "site/index.html")
KILLED = """
import os, signal, sys
from pathlib import Path
from pipelines import durable
from pipelines.paths import DataPaths
from pipelines.publishing import publish
from tests.unit.test_publishing import build

left = int(sys.argv[2])
def count(call, path):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
durable.before_step = count
publish(DataPaths(Path(sys.argv[1])), "killed", build("killed"), keep=1)
"""


def build(name: str) -> Callable[[Path], None]:
    """A writer of a build whose every file holds the build's name."""

    def write(folder: Path) -> None:
        for file in FILES:
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_text(name)

    return write


def seen(paths: DataPaths) -> set[str]:
    """The builds that a reader of all three links finds."""
    return {(paths.published / file).read_text() for file in FILES}


def builds(paths: DataPaths) -> set[str]:
    return {path.name for path in (paths.published / "builds").iterdir()}


def test_all_links_lead_to_the_new_build(data_dir: DataPaths) -> None:
    """After a publish the DuckDB file, Parquet and pages are those of the new build."""
    assert served_build(data_dir) is None
    for name in ("one", "two"):
        folder = publish(data_dir, name, build(name))
        assert seen(data_dir) == {name}
        assert served_build(data_dir) == folder
    assert (data_dir.published / "portal.duckdb").readlink() == Path("current/portal.duckdb")
    assert (data_dir.published / "current").readlink() == Path("builds/two")


def test_published_tree_can_be_moved(data_dir: DataPaths, tmp_path: Path) -> None:
    """The links are relative, so that a copy of the tree serves as well."""
    publish(data_dir, "one", build("one"))
    moved = DataPaths(tmp_path / "moved")
    data_dir.root.rename(moved.root)
    assert seen(moved) == {"one"}


def test_files_are_read_only_and_folders_are_open(data_dir: DataPaths) -> None:
    """Nobody but root changes a published file, and everybody may read it."""
    folder = publish(data_dir, "one", build("one"))
    for path in [folder, *folder.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o444), path


def test_manifest_is_what_sha256sum_reads(data_dir: DataPaths) -> None:
    """An operator checks a build with the tool that every system has."""
    folder = publish(data_dir, "one", build("one"))
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", MANIFEST], cwd=folder, capture_output=True, check=False
    )
    assert checked.returncode == 0
    assert len(checked.stdout.splitlines()) == len(FILES)


def test_changes_after_publishing_are_named(data_dir: DataPaths) -> None:
    """A file that was changed, added or removed after publishing is told from the manifest."""
    folder = publish(data_dir, "one", build("one"))
    assert changed_files(folder) == []
    (folder / "portal.duckdb").chmod(0o644)
    (folder / "portal.duckdb").write_text("changed")
    (folder / "portal.duckdb.wal").write_text("added")
    (folder / "site/index.html").unlink()
    assert changed_files(folder) == ["portal.duckdb", "portal.duckdb.wal", "site/index.html"]
    (folder / MANIFEST).unlink()
    assert "parquet/events.parquet" in changed_files(folder)


def test_older_builds_are_dropped(data_dir: DataPaths) -> None:
    """The last three builds stay for readers that have them open."""
    for number in range(5):
        publish(data_dir, f"b{number}", build(f"b{number}"))
        os.utime(data_dir.published / "builds" / f"b{number}" / MANIFEST, (number, number))
    assert builds(data_dir) == {"b2", "b3", "b4"}
    publish(data_dir, "last", build("last"), keep=1)
    assert builds(data_dir) == {"last"}


def test_open_reader_keeps_its_build(data_dir: DataPaths) -> None:
    """A reader that opened a file goes on reading it, even after its build is gone."""
    publish(data_dir, "one", build("one"))
    with (data_dir.published / "portal.duckdb").open() as reader:
        publish(data_dir, "two", build("two"), keep=1)
        assert reader.read() == "one"


def test_stray_log_is_removed(data_dir: DataPaths) -> None:
    """A log that an old DuckDB left beside the link never meets the next build."""
    publish(data_dir, "one", build("one"))
    stray = data_dir.published / "portal.duckdb.wal"
    stray.write_text("rows of build one")
    publish(data_dir, "two", build("two"))
    assert not stray.exists()


def test_log_within_a_build_stays_with_it(data_dir: DataPaths) -> None:
    """A log that a newer DuckDB left inside a build's folder is no part of the next build."""
    folder = publish(data_dir, "one", build("one"))
    (folder / "portal.duckdb.wal").write_text("rows of build one")
    assert not (publish(data_dir, "two", build("two")) / "portal.duckdb.wal").exists()


def test_unfinished_database_is_not_published(data_dir: DataPaths) -> None:
    """A database whose tables are still in its log, as on a full disk, stops the publish."""

    def write(folder: Path) -> None:
        build("two")(folder)
        (folder / "portal.duckdb.wal").write_text("all tables")

    publish(data_dir, "one", build("one"))
    with pytest.raises(FixableError, match="disk full"):
        publish(data_dir, "two", write)
    assert seen(data_dir) == {"one"}
    assert builds(data_dir) == {"one"}


@pytest.mark.parametrize("missing", CONTENT)
def test_incomplete_build_is_not_published(data_dir: DataPaths, missing: str) -> None:
    """A build without its DuckDB file, Parquet or pages is a bug, and readers do not see it."""

    def write(folder: Path) -> None:
        build("two")(folder)
        (folder / missing).rename(folder / "elsewhere")

    with pytest.raises(ValueError, match=missing):
        publish(data_dir, "two", write)
    assert builds(data_dir) == set()


def test_full_disk_while_writing_is_one_sentence(data_dir: DataPaths) -> None:
    """What the operating system refuses to the writer becomes a sentence, and the old build is served."""

    def write(folder: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))

    publish(data_dir, "one", build("one"))
    with pytest.raises(FixableError, match="no room"):
        publish(data_dir, "two", write)
    assert seen(data_dir) == {"one"}


@pytest.mark.parametrize("name", ["", ".", "..", "../one", "a/b", "one\n", "-rf"])
def test_build_id_stays_below_its_folder(data_dir: DataPaths, name: str) -> None:
    """A build id that is no plain name makes nothing."""
    with pytest.raises(ValueError, match="no name for a new build"):
        publish(data_dir, name, build("one"))


def test_served_build_is_never_written_again(data_dir: DataPaths) -> None:
    """A second publish under the served build's id is refused; readers would see it change."""
    publish(data_dir, "one", build("one"))
    with pytest.raises(ValueError, match="no name for a new build"):
        publish(data_dir, "one", build("two"))
    assert seen(data_dir) == {"one"}


@pytest.mark.parametrize("name", [*CONTENT, "current"])
def test_foreign_file_in_the_way_is_named(data_dir: DataPaths, name: str) -> None:
    """A folder where a link belongs, as after a copy that followed links, is not removed but named."""
    (data_dir.published / name).mkdir(parents=True)
    with pytest.raises(FixableError, match=name):
        publish(data_dir, "one", build("one"))
    assert (data_dir.published / name).is_dir()


def test_served_build_without_manifest_is_kept(data_dir: DataPaths) -> None:
    """The next publish does not take a build from its readers, even if somebody removed its manifest."""
    folder = publish(data_dir, "one", build("one"))
    (folder / MANIFEST).unlink()

    def write(new: Path) -> None:
        build("two")(new)
        assert seen(data_dir) == {"one"}

    publish(data_dir, "two", write)
    assert seen(data_dir) == {"two"}


def test_kill_between_any_two_steps_serves_one_whole_build(tmp_path: Path) -> None:
    """Killed before each durable step in turn: one whole build is served, and the next publish completes."""
    killed, number = True, 0
    outcomes = set()
    while killed:
        paths = DataPaths(tmp_path / str(number))
        publish(paths, "old", build("old"))
        (paths.published / "portal.duckdb.wal").write_text("rows of the old build")
        command = [sys.executable, "-c", KILLED, str(paths.root), str(number)]
        killed = subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
        outcomes.add(frozenset(seen(paths)))
        folder = served_build(paths)
        assert folder is not None
        assert changed_files(folder) == []
        assert seen(paths) == {"old"} or not (paths.published / "portal.duckdb.wal").exists()
        publish(paths, "new", build("new"), keep=1)
        assert seen(paths) == {"new"}
        assert builds(paths) == {"new"}
        assert {path.name for path in paths.published.iterdir()} == {"builds", "current", *CONTENT}
        number += 1
    assert outcomes == {frozenset({"old"}), frozenset({"killed"})}
    assert number > 15


def test_first_publish_killed_serves_nothing(data_dir: DataPaths) -> None:
    """Until the first publish is whole there is nothing to read, rather than a part."""
    for steps in range(0, 12, 3):
        command = [sys.executable, "-c", KILLED, str(data_dir.root), str(steps)]
        assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
        assert served_build(data_dir) is None
    publish(data_dir, "new", build("new"))
    assert seen(data_dir) == {"new"}


def test_readers_see_one_whole_build_during_publishes(data_dir: DataPaths) -> None:
    """While builds are published one after another, no reader fails and none sees two builds at once."""
    publish(data_dir, "b0", build("b0"))
    stop, views = threading.Event(), list[set[str]]()

    def read() -> None:
        while not stop.is_set():
            assert seen(data_dir) <= {f"b{number}" for number in range(41)}
            current = (data_dir.published / "current").resolve()
            views.append({(current / file).read_text() for file in FILES})

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 41):
        publish(data_dir, f"b{number}", build(f"b{number}"), keep=50)
    stop.set()
    reader.join()
    assert len(views) > 10
    assert all(len(view) == 1 for view in views)


def test_every_step_of_a_publish_is_durable(data_dir: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and folders are on disk before the manifest, the manifest before the swing, the swing before the end."""
    steps: list[tuple[str, str]] = []
    monkeypatch.setattr(durable, "before_step", lambda call, path: steps.append((call, path.name)))
    publish(data_dir, "one", build("one"))
    manifest, swing = steps.index(("open", MANIFEST)), steps.index(("rename", "current"))
    synced = [name for call, name in steps[:manifest] if call == "fsync"]
    assert {"portal.duckdb", "events.parquet", "index.html", "parquet", "site", "one"} <= set(synced)
    assert ("fsync", "one") in steps[manifest:swing]
    assert steps[swing + 1] == ("fsync", "published")
