"""One build of the stories and one of the sample, shared by every test that only reads them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.flow.builds import ROOT, SOURCES, lay_stories, run_build


@pytest.fixture(scope="session")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the stories built."""
    data = lay_stories(tmp_path_factory.mktemp("stories") / "data")
    run_build(data)
    return data


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the shipped sample built, as of its end."""
    data = tmp_path_factory.mktemp("demo") / "data"
    for source in SOURCES:
        shutil.copytree(ROOT / "data" / "sample" / source, data / "inbox" / source)
    note = shutil.copyfile(ROOT / "data" / "sample" / "sample.json", data / "sample.json")
    run_build(data, json.loads(Path(note).read_text())["end"])
    return data
