from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.errors import FixableError
from pipelines.lock import build_lock
from pipelines.paths import DataPaths


def test_second_writer_is_told_who_writes(data_dir: DataPaths) -> None:
    """A busy lock names command, time, process and host."""
    with (
        build_lock(data_dir),
        pytest.raises(FixableError, match=rf"^another build runs since \d\d:\d\d UTC \(pid {os.getpid()}, .+\): wait"),
        build_lock(data_dir, "pull"),
    ):
        pytest.fail("two writers")


def test_lock_file_that_is_left_over_is_nothing(data_dir: DataPaths) -> None:
    """The file may stay for ever, with anything in it."""
    data_dir.lock.write_text("left over")
    with build_lock(data_dir):
        pass
    with build_lock(data_dir):
        pass


def test_killed_writer_holds_nothing(data_dir: DataPaths) -> None:
    """The kernel lets go of the lock in the moment in which its holder dies."""
    code = (
        "import os, signal, sys; from pathlib import Path; from pipelines.lock import build_lock;"
        "from pipelines.paths import DataPaths\n"
        "with build_lock(DataPaths(Path(sys.argv[1]))): os.kill(os.getpid(), signal.SIGKILL)"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code, str(data_dir.root)], check=False, cwd=root).returncode == -9
    with build_lock(data_dir):
        pass


def test_held_lock_without_text_is_still_held(data_dir: DataPaths) -> None:
    """Where the holder has not written its name yet, the sentence does without."""
    with build_lock(data_dir):
        data_dir.lock.write_text("")
        with pytest.raises(FixableError, match=r"^another build runs: wait"), build_lock(data_dir):
            pytest.fail("two writers")


def test_unsafe_data_directory_is_refused(data_dir: DataPaths) -> None:
    """A directory that everybody may write into is not built in."""
    data_dir.root.chmod(0o777)
    with pytest.raises(FixableError, match=r"can be written by everybody: .*chmod o-w"), build_lock(data_dir):
        pytest.fail("unsafe")
    assert list(data_dir.root.iterdir()) == []


def test_directory_of_another_user_is_refused(data_dir: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only root's or one's own directory is built in."""
    os.chown(data_dir.root, 12345, -1) if os.geteuid() == 0 else pytest.skip("only root can give a directory away")
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(FixableError, match=r"belongs to another user"), build_lock(data_dir):
        pytest.fail("not ours")


@pytest.mark.parametrize("kind", ["missing", "file", "read-only"])
def test_unusable_data_directory_is_named(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory that is not there, is none, or cannot be written ends in one sentence with its path."""
    paths = DataPaths(tmp_path / "data")
    if kind == "file":
        paths.root.write_text("")
    elif kind == "read-only":
        paths.root.mkdir()
        (tmp_path / "data" / "build.lock").mkdir()  # what root cannot write either
    with pytest.raises(FixableError, match=str(paths.root)) as refused, build_lock(paths):
        pytest.fail("unusable")
    assert len(str(refused.value).splitlines()) == 1
