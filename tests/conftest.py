"""What every folder of tests may use, and nothing that only one of them needs."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
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


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the shipped sample built, as of its end: one for all workers, which only read it."""
    from tests.flow.builds import ROOT, SOURCES, run_build  # noqa: PLC0415  # only who asks for it waits for Dagster

    own = tmp_path_factory.getbasetemp()
    root = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    data = root / "demo" / "data"
    with (root / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (data / "published").exists():
            for source in SOURCES:
                shutil.copytree(ROOT / "data" / "sample" / source, data / "inbox" / source, dirs_exist_ok=True)
            note = shutil.copyfile(ROOT / "data" / "sample" / "sample.json", data / "sample.json")
            run_build(data, json.loads(Path(note).read_text())["end"])
    return data
