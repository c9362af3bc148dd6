"""What a build is made by, as hashes: whether a report would come out the same tomorrow."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pipelines.catalog import definitions_hash
from pipelines.models import SQL_DIRECTORY
from pipelines.settings import Places

CODE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Recipe:
    """`definitions` changes when a number may change its meaning, `whole` also when only a page may look different."""

    definitions: str
    whole: str

    @classmethod
    def of(cls, places: Places) -> Recipe:
        """The recipe of the SQL, the code and one reports directory as they are now."""
        definitions = definitions_hash(SQL_DIRECTORY, places.reports)
        digest = hashlib.sha256(definitions.encode())
        for directory in (places.looks("templates"), places.looks("static"), CODE):
            for file in sorted(file for file in directory.rglob("*") if file.is_file() and file.suffix != ".pyc"):
                digest.update(f"{file.relative_to(directory)}\0".encode() + file.read_bytes())
        return cls(definitions, digest.hexdigest()[:16])
