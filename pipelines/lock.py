"""The one writer: a lock that the kernel lets go, and the checks of the data directory that come before it."""

import contextlib
import fcntl
import json
import os
import socket
import stat
from collections.abc import Iterator
from datetime import UTC, datetime

from pipelines.durable import fixable
from pipelines.errors import FixableError
from pipelines.paths import DataPaths


@contextlib.contextmanager
def build_lock(paths: DataPaths, command: str = "build") -> Iterator[None]:
    """Be the one writer until the block, or this process, ends.

    Raises:
        FixableError: another one writes, or the data directory is missing, unsafe or cannot be written.
    """
    check_data_directory(paths)
    with fixable(paths.lock):
        descriptor = os.open(paths.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        _take(descriptor, command)
        yield
    finally:
        os.close(descriptor)


def check_data_directory(paths: DataPaths) -> None:
    """Refuse a data directory that is missing, or that others could write into.

    Raises:
        FixableError: names the directory and the mend.
    """
    with fixable(paths.root):
        info = paths.root.stat()
    if not stat.S_ISDIR(info.st_mode):
        raise FixableError(f"{paths.root} is no directory: choose another with --data-dir")
    if info.st_mode & stat.S_IWOTH:
        raise FixableError(f"{paths.root} can be written by everybody: take that right away (`chmod o-w`)")
    if os.geteuid() not in {0, info.st_uid} and info.st_uid != 0:
        raise FixableError(
            f"{paths.root} belongs to another user: build as that user, or choose another with --data-dir"
        )


def _take(descriptor: int, command: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FixableError(f"{_holder(descriptor)}: wait for its end, then run the command again") from None
    holder = {"command": command, "since": f"{datetime.now(UTC):%H:%M} UTC", "pid": os.getpid()}
    with contextlib.suppress(OSError):  # what stands in the file serves the sentence only
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder | {"host": socket.gethostname()}).encode(), 0)


def _holder(descriptor: int) -> str:
    try:
        held = json.loads(os.pread(descriptor, 4096, 0))
        return f"another {held['command']} runs since {held['since']} (pid {held['pid']}, {held['host']})"
    except (ValueError, KeyError, TypeError):
        return "another build runs"
