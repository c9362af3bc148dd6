"""One whole build at a time: pages, DuckDB file and Parquet change together, by one symlink that swings.

    published/builds/<build_id>/{portal.duckdb, parquet/, site/, MANIFEST}
    published/current -> builds/<build_id>
    published/portal.duckdb -> current/portal.duckdb, and the same for parquet and site

What a build holds is the caller's business; that it is whole, durable and never half served is decided here. All that
happens before `current` swings is invisible, all that happens after it can be repeated.
"""

import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from pipelines import durable
from pipelines.errors import FixableError
from pipelines.paths import DataPaths

CONTENT = ("portal.duckdb", "parquet", "site")
MANIFEST = "MANIFEST"
FILE_MODE, FOLDER_MODE = 0o444, 0o755
_BUILD_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def publish(paths: DataPaths, build_id: str, write: Callable[[Path], None], keep: int = 3) -> Path:
    """Let `write` fill a new build folder with CONTENT, make it durable, then let all links lead to it.

    The caller holds the build lock. Of older builds the last `keep` - 1 stay, for readers that have them open.

    Returns:
        The build's folder.

    Raises:
        FixableError: something stands where a link belongs, the disk is full or broken, DuckDB left tables in its log.
        ValueError: a bug of the caller: no name for a folder, the served build's own name, or CONTENT is not there.
    """
    folder = _new_folder(paths, build_id)
    try:
        with durable.fixable(folder):
            write(folder)
            _seal(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # what stays is dropped by the next publish
        raise
    _swing(paths.published, build_id)
    _drop(_other_builds(folder)[keep - 1 :])
    return folder


def served_build(paths: DataPaths) -> Path | None:
    """The folder of the build that readers see; None before the first publish."""
    current = paths.published / "current"
    return current.resolve() if current.is_dir() else None


def changed_files(folder: Path) -> list[str]:
    """Files of a build that were changed, added or removed after publishing: paths below its folder, sorted."""
    manifest = folder / MANIFEST
    lines = manifest.read_text().splitlines() if manifest.exists() else []
    told = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    found = {name: _sha256(folder / name) for name in _names(folder)}
    return sorted(name for name in told.keys() | found.keys() if told.get(name) != found.get(name))


def _new_folder(paths: DataPaths, build_id: str) -> Path:
    builds, served = paths.published / "builds", served_build(paths)
    folder = builds / build_id
    if not _BUILD_ID.fullmatch(build_id) or folder.resolve() == served:
        raise ValueError(f"{build_id!r} is no name for a new build")
    for place in (paths.published / name for name in (*CONTENT, "current")):
        if place.exists() and not place.is_symlink():
            raise FixableError(f"{place} is in the way of a link to the newest build: move it elsewhere")
    durable.make_directory(builds, FOLDER_MODE)
    left = [other for other in builds.iterdir() if other == folder or not (other / MANIFEST).exists()]
    _drop([other for other in left if other.resolve() != served])
    durable.make_directory(folder, FOLDER_MODE)
    return folder


def _seal(folder: Path) -> None:
    """Make files and names durable, the manifest last: a folder without one is unfinished."""
    if missing := [name for name in CONTENT if not (folder / name).exists()]:
        raise ValueError(f"the build has no {' and no '.join(missing)}")
    if (folder / "portal.duckdb.wal").exists():
        raise FixableError("portal.duckdb was not written to its end; is the disk full? Nothing was published")
    names = _names(folder)
    for name in names:
        (folder / name).chmod(FILE_MODE)
        durable.fsync_file(folder / name)
    for directory in [*(path for path in folder.rglob("*") if path.is_dir()), folder]:
        directory.chmod(FOLDER_MODE)
        durable.fsync_directory(directory)
    lines = [f"{_sha256(folder / name)}  {name}\n" for name in names]
    durable.write_file(folder / MANIFEST, "".join(lines).encode(), FILE_MODE)
    durable.fsync_directory(folder)


def _swing(published: Path, build_id: str) -> None:
    """The publish: one rename. What must not be seen together with the new build goes before it."""
    for name in CONTENT:
        link, target = published / name, f"current/{name}"
        if not link.is_symlink() or str(link.readlink()) != target:
            durable.swing_symlink(link, target)
    stray = published / "portal.duckdb.wal"  # DuckDB 1.2 keeps its log here, and would read it into the next build
    if stray.exists():
        durable.remove(stray)
        durable.fsync_directory(published)
    durable.swing_symlink(published / "current", f"builds/{build_id}")


def _other_builds(folder: Path) -> list[Path]:
    """Whole builds beside this one, newest first."""
    manifests = [path for path in folder.parent.glob(f"*/{MANIFEST}") if path.parent != folder]
    return [manifest.parent for manifest in sorted(manifests, key=lambda path: path.stat().st_mtime_ns, reverse=True)]


def _drop(folders: list[Path]) -> None:
    """Remove builds, the manifest first, so that one half removed is known as unfinished."""
    for folder in folders:
        durable.remove(folder / MANIFEST)
        durable.remove(folder)


def _names(folder: Path) -> list[str]:
    """Every file of a build but the manifest, as its path below the folder, sorted."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    return sorted(name for name in found if name != MANIFEST)


def _sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
