"""The commit log: numbered JSON files, each sealed and chained to the one before, and what they add up to.

A change of the store becomes true by the appearance of one name, `events/commits/NNNNNN.json`. What the data files
hold is the event store's business; how names become durable is `durable`'s.
"""

import hashlib
import json
import platform
import re
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.durable import fixable, link_commit, write_file
from pipelines.errors import FixableError

SCHEMA = 1
"""Number of the store's format. Columns and keys are only ever added; then it grows."""
_NAME = re.compile(r"(\d{6,})\.json")


@dataclass(frozen=True)
class StoredFile:
    """A data file: its path from the data directory, and what it must be found to be."""

    path: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Position:
    """How far an inbox file has been read, and what became of its lines as last read (times in µs since 1970).

    `file` numbers the file for good, also under another name. `offset` counts bytes after decompression; `head` and
    `tail` are SHA-256 of the 4096 bytes at the start and before what has been read (`is_whole`: before the end of the
    file, which then is one identity: compressed, or one JSON document).
    """

    file: int
    source: str
    path: str
    size: int = -1
    mtime_ns: int = 0
    inode: int = 0
    offset: int = 0
    newlines: int = 0
    head: str = ""
    tail: str = ""
    is_whole: bool = False
    is_finished: bool = False
    is_rested: bool = False
    is_rewritten: bool = False
    is_incomplete: bool = False
    waiting_bytes: int = 0
    lines: int = 0
    events: int = 0
    duplicates: int = 0
    quarantined: int = 0
    first_duplicate_us: int | None = None
    last_duplicate_us: int | None = None
    duplicate_example: str | None = None

    @property
    def mark(self) -> int:
        """The byte of the file, as it lies on disk, that `tail` ends at."""
        return self.size if self.is_whole else self.offset


@dataclass
class History:
    """The fold of all commits up to `number`; the last one that was no publish is `data_number`."""

    folder: Path
    number: int = 0
    data_number: int = 0
    seal: str | None = None
    files: dict[str, StoredFile] = field(default_factory=dict)
    positions: dict[int, Position] = field(default_factory=dict)
    findings: list[list[str]] = field(default_factory=list)
    builds: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> "History":
        """Fold every commit in `folder`; an absent folder is an empty history.

        Raises:
            FixableError: a commit is missing, damaged, doubled, or written by a newer version.
        """
        history = cls(folder)
        with fixable(folder):
            files = list(folder.iterdir()) if folder.exists() else []
        numbered = ((int(found[1]), file) for file in files if (found := _NAME.fullmatch(file.name)))
        for number, file in sorted(numbered):
            if number != history.number + 1:
                why = "it is there twice" if number == history.number else "it is missing"
                raise _broken(folder, min(number, history.number + 1), why)
            with fixable(file):
                history._take(file.read_bytes())
        return history

    def add(self, kind: str, written_us: int, **fields: Any) -> None:
        """Write the next commit; all that it names must be on disk.

        Args:
            kind: ingest, publish, or another word for what is done.
            written_us: wall clock, µs since 1970.
            fields: `added` (StoredFile), `removed` (paths), `positions` (Position), `counts` (lines by fate), `build`
                (what is published), `as_of`, `resolved` (quarantine ids), and `findings` (finding, source, path),
                which replace the earlier ones.

        Raises:
            FixableError: the disk is full or broken, or somebody else wrote that commit.
        """
        number = self.number + 1
        versions = {"polars": pl.__version__, "python": platform.python_version()}
        fixed = {"number": number, "parent": self.seal, "schema": SCHEMA, "versions": versions}
        body = {**fields, **fixed, "kind": kind, "written_us": written_us}
        data = _sealed(json.dumps(body, sort_keys=True, separators=(",", ":"), default=asdict).encode())
        temporary = self.folder / f".{number:06}.tmp"
        write_file(temporary, data)
        link_commit(temporary, self.folder / f"{number:06}.json")
        self._take(data)

    def _take(self, data: bytes) -> None:
        number = self.number + 1
        try:
            body = json.loads(data)["commit"]
            if body["schema"] > SCHEMA:
                raise FixableError(
                    f"{self.folder / f'{number:06}.json'} was written by a newer version of portal-funnels "
                    f"(store schema {body['schema']}, this version knows {SCHEMA}): install that version"
                )
            if data != _sealed(data[len(_OPENING) : -_CLOSING_LENGTH]) or body["number"] != number:
                raise _broken(self.folder, number, "it is damaged")
            if body["parent"] != self.seal:
                raise _broken(self.folder, number, "it does not follow the one before")
            self._fold(body)
        except (ValueError, KeyError, TypeError):
            raise _broken(self.folder, number, "it is damaged") from None
        self.number, self.seal = number, hashlib.sha256(data).hexdigest()

    def _fold(self, body: dict[str, Any]) -> None:
        for path in body.get("removed", ()):
            del self.files[path]
        self.files |= {file["path"]: StoredFile(**file) for file in body.get("added", ())}
        self.positions |= {position["file"]: Position(**position) for position in body.get("positions", ())}
        self.findings = body.get("findings", self.findings)
        if build := body.get("build"):
            finished_at = datetime.fromtimestamp(body["written_us"] / 1e6, UTC).isoformat(timespec="microseconds")
            self.builds.append({**build, "finished_at": finished_at})
        else:
            self.data_number = body["number"]


_OPENING = b'{"commit":'
_CLOSING_LENGTH = len(b',"sha256":""}\n') + 64


def _sealed(body: bytes) -> bytes:
    return b'%b%b,"sha256":"%b"}\n' % (_OPENING, body, hashlib.sha256(body).hexdigest().encode())


def _broken(folder: Path, number: int, why: str) -> FixableError:
    return FixableError(f"history breaks at commit {number:06}: {why}; restore {folder} from a backup")
