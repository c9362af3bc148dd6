"""Every step that has to survive a kill or a power cut, and the one place where tests inject faults.

Belongs here: the system calls that change the data directory, and the sentence for each way in which they fail.
Does not: what the bytes mean. The order is always the same: fsync what a name will point to, make the name, fsync
the directory that holds the name.
"""

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from pipelines.errors import FixableError

WITHOUT_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
MENDS = {
    errno.ENOENT: "make it, or choose another with --data-dir",
    errno.EACCES: "give this user the right to write there",
    errno.EPERM: "give this user the right to write there",
    errno.EROFS: "mount the file system writable, or choose another data directory",
    errno.EDQUOT: "raise the quota or make room",
    errno.EMFILE: "raise the limit of open files (`ulimit -n`)",
    errno.ENFILE: "close other programs, the machine has too many files open",
}

before_step: Callable[[str, Path], None] | None = None
"""Called with the name of a system call and its path before each step. For tests only."""


def write_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Make the file `path`, which must not exist, with all of `data` on disk; its name needs `fsync_directory`.

    Raises:
        FixableError: it cannot be written; nothing is left of it.
    """
    with fixable(path, len(data)):
        _step("open", path)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        try:
            left = memoryview(data)
            while left:  # a nearly full disk takes a part and says so
                _step("write", path)
                left = left[os.write(descriptor, left) :]
            _step("fsync", path)
            os.fsync(descriptor)
        except OSError:  # after a failed fsync the kernel may have dropped pages: never try that file again
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        finally:
            os.close(descriptor)


def fsync_file(path: Path, flags: int = 0) -> None:
    """Bring a file that a library wrote to disk."""
    with fixable(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
        try:
            _step("fsync", path)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def fsync_directory(path: Path) -> None:
    """Bring the names in a directory to disk."""
    fsync_file(path, os.O_DIRECTORY)


def make_directory(path: Path, mode: int = 0o700) -> None:
    """Make a directory and the parents it lacks, each name brought to disk; one that exists is left alone."""
    if path.is_dir():
        return
    make_directory(path.parent, mode)
    with fixable(path):
        _step("mkdir", path)
        path.mkdir(mode=mode, exist_ok=True)
    fsync_directory(path.parent)


def link_commit(temporary: Path, final: Path) -> None:
    """Give a written file its final name, once and for ever, and drop the temporary one.

    Raises:
        FixableError: `final` exists (somebody else wrote it), or the file system is full or broken.
    """
    with fixable(final):
        _step("link", final)
        try:
            final.hardlink_to(temporary)
        except FileExistsError:
            raise FixableError(f"{final} exists already: another build wrote it; run the command again") from None
        except OSError as error:
            if error.errno not in WITHOUT_LINKS or final.exists():
                raise
            temporary.rename(final)  # a file system without hard links: the lock alone guards the name
    fsync_directory(final.parent)
    remove(temporary)


def swing_symlink(link: Path, target: str) -> None:
    """Let `link` point to `target` from one moment to the next, whatever it was before."""
    temporary = link.with_name(f".{link.name}.tmp")
    remove(temporary)
    with fixable(link):
        _step("symlink", temporary)
        temporary.symlink_to(target)
        _step("rename", link)
        temporary.replace(link)
    fsync_directory(link.parent)


def remove(path: Path) -> None:
    """Take a file, a link or a whole folder away; one that is gone already is fine."""
    with fixable(path):
        _step("remove", path)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def fixable(path: Path, size: int = 0) -> Iterator[None]:
    """Say in one sentence what the operating system refused while `path` was to take `size` bytes."""
    try:
        yield
    except OSError as error:
        raise FixableError(_sentence(path, size, error)) from error


def _sentence(path: Path, size: int, error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        free = shutil.disk_usage(next(parent for parent in path.parents if parent.exists())).free
        return f"no room: {path} needs about {size:,} bytes, {free:,} are free below {path.parent}; make room there"
    mend = MENDS.get(error.errno or 0, "look after the disk")
    return f"{path}: {error.strerror or error}; {mend}, then run the command again"


def _step(call: str, path: Path) -> None:
    if before_step is not None:
        before_step(call, path)
