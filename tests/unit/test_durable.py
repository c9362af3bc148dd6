from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import durable
from pipelines.errors import FixableError


def failing(call: str, number: int) -> Callable[[str, Path], None]:
    """A hook that lets the first system call of that name fail."""

    def fail(step: str, path: Path) -> None:
        if step == call:
            raise OSError(number, os.strerror(number), str(path))

    return fail


def test_short_writes_are_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is whole although the system took it in small pieces."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    durable.write_file(tmp_path / "a", b"0123456789" * 9)
    assert (tmp_path / "a").read_bytes() == b"0123456789" * 9


@pytest.mark.parametrize("call", ["open", "write", "fsync"])
@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, r"no room: .*needs about 4 bytes, [\d,]+ are free below .*; make room there"),
        (errno.EIO, r"Input/output error; look after the disk"),
        (errno.EMFILE, r"raise the limit of open files"),
        (errno.EROFS, r"mount the file system writable"),
    ],
)
def test_failed_write_leaves_nothing_but_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, sentence: str
) -> None:
    """A full or broken disk is told in words that name the file and the mend."""
    monkeypatch.setattr(durable, "before_step", failing(call, number))
    with pytest.raises(FixableError, match=sentence) as refused:
        durable.write_file(tmp_path / "a", b"data")
    assert str(tmp_path / "a") in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_file_is_not_written_twice(tmp_path: Path) -> None:
    """A name that exists is never written through, a symlink least of all."""
    (tmp_path / "target").write_text("safe")
    (tmp_path / "a").symlink_to(tmp_path / "target")
    with pytest.raises(FixableError):
        durable.write_file(tmp_path / "a", b"data")
    assert (tmp_path / "target").read_text() == "safe"


def test_commit_works_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system that has none, the name is made by renaming, and still never twice."""

    def refuse(self: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    (tmp_path / "new").write_text("commit")
    durable.link_commit(tmp_path / "new", tmp_path / "final")
    assert [path.name for path in tmp_path.iterdir()] == ["final"]
    (tmp_path / "new").write_text("another")
    with pytest.raises(FixableError):
        durable.link_commit(tmp_path / "new", tmp_path / "final")
    assert (tmp_path / "final").read_text() == "commit"


def test_every_name_is_brought_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new folder is known to its parent, and the data of a commit come before its name."""
    steps: list[tuple[str, str]] = []
    monkeypatch.setattr(durable, "before_step", lambda call, path: steps.append((call, path.name)))
    durable.make_directory(tmp_path / "a" / "b")
    durable.write_file(tmp_path / "a" / "b" / "new", b"data")
    durable.link_commit(tmp_path / "a" / "b" / "new", tmp_path / "a" / "b" / "final")
    assert steps == [
        *(("mkdir", "a"), ("fsync", tmp_path.name), ("mkdir", "b"), ("fsync", "a")),
        *(("open", "new"), ("write", "new"), ("fsync", "new"), ("link", "final"), ("fsync", "b"), ("remove", "new")),
    ]


def test_symlink_swings_whatever_it_was(tmp_path: Path) -> None:
    """The link leads to the new target, a temporary one that was left over is no hindrance."""
    (tmp_path / ".current.tmp").symlink_to("nowhere")
    for target in ("one", "two"):
        durable.swing_symlink(tmp_path / "current", target)
        assert (tmp_path / "current").readlink() == Path(target)
    assert [path.name for path in tmp_path.iterdir()] == ["current"]
