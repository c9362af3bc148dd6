"""What every folder of tests may use, and nothing that only one of them needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from pipelines.paths import DataPaths

# `make test` tries the same examples each time, so that a red run can be repeated; `make test-full` looks further.
# No deadline: a slow machine is no failure.
settings.register_profile("default", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("full", deadline=None, max_examples=2_000, print_blob=True)


@pytest.fixture
def data_dir(tmp_path: Path) -> DataPaths:
    """An empty data directory of the test's own."""
    root = tmp_path / "data"
    root.mkdir(mode=0o755)
    return DataPaths(root)
