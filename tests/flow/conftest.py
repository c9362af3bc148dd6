"""One build of the stories, shared by every test that only reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flow.builds import lay_stories, run_build


@pytest.fixture(scope="session")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the stories built."""
    data = lay_stories(tmp_path_factory.mktemp("stories") / "data")
    run_build(data)
    return data
