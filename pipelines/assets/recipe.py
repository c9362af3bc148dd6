"""What a build is made by, as hashes: whether a report would come out the same tomorrow."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pipelines.catalog import definitions_hash
from pipelines.models import SQL_DIRECTORY
from pipelines.settings import Places

CODE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Recipe:
    """`definitions` changes when a number may change its meaning, `whole` also when only a page may look different.

    `program` is what is ours of both, whatever is declared: SQL and code.
    """

    definitions: str
    program: str
    whole: str

    @classmethod
    def of(cls, places: Places) -> "Recipe":
        """The recipe of the SQL, the code and one reports directory as they are now."""
        definitions = definitions_hash(SQL_DIRECTORY, places.reports)
        program = _hash(CODE, of=definitions_hash(SQL_DIRECTORY))
        whole = _hash(CODE, places.looks("templates"), places.looks("static"), places.reports, of=definitions)
        return cls(definitions, program, whole)


def _hash(*directories: Path, of: str) -> str:
    """16 hex digits over another hash and the names and bytes of all files below `directories`."""
    digest = hashlib.sha256(of.encode())
    for directory in directories:
        for file in sorted(file for file in directory.rglob("*") if file.is_file() and file.suffix != ".pyc"):
            digest.update(f"{file.relative_to(directory)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]
