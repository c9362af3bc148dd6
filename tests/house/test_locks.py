"""The locks: everything pinned and hashed, nothing said of where to fetch it; every dependency has its reason."""

from __future__ import annotations

import re
from itertools import chain, pairwise

import pytest

from tests.house.project import PYPROJECT, ROOT

LOCKS = ["requirements.lock", "requirements-dev.lock"]
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9,-]+\])?==([^\s;]+)( ; [^\\]+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")

PROJECT = PYPROJECT["project"]
BASE: list[str] = PROJECT["dependencies"]
EXTRAS: list[str] = list(chain.from_iterable(PROJECT["optional-dependencies"].values()))


def _pins(lock: str) -> set[tuple[str, str]]:
    matches = map(PIN.match, (ROOT / lock).read_text().splitlines())
    return {(match[1], match[2]) for match in matches if match}


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-")


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_is_pins_and_hashes_only(lock: str) -> None:
    """Each line is a pin or a hash: no index, no local path, no version without a hash."""
    lines = (ROOT / lock).read_text().splitlines()
    assert not [line for line in lines if not PIN.match(line) and not HASH.match(line)]
    after_pin = [following for line, following in pairwise(lines) if PIN.match(line)]
    assert len(after_pin) == sum(1 for line in lines if PIN.match(line))
    assert all(map(HASH.match, after_pin))


def test_tests_run_on_what_users_install() -> None:
    """The lock for development holds every pin of the other one."""
    assert _pins("requirements.lock") <= _pins("requirements-dev.lock")


def test_locks_hold_every_dependency() -> None:
    """What `pyproject.toml` asks for is in the locks."""
    assert {_name(requirement) for requirement in BASE} <= {name for name, _ in _pins("requirements.lock")}
    assert {_name(requirement) for requirement in EXTRAS} <= {name for name, _ in _pins("requirements-dev.lock")}


@pytest.mark.parametrize("requirement", sorted({_name(requirement) for requirement in [*BASE, *EXTRAS]}))
def test_dependency_has_its_reason(requirement: str) -> None:
    """`DECISIONS.md` says why a dependency is there."""
    assert f"`{requirement}`" in (ROOT / "DECISIONS.md").read_text()
