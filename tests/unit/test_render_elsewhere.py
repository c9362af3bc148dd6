from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines.pages.site import render_site
from tests.unit.page_tables import HOSTILE, page_tables

ROOT = Path(__file__).parents[2]
OTHER = {"PYTHONHASHSEED": "1", "TZ": "Pacific/Auckland", "LC_ALL": "C"}
RENDER = "import sys; from tests.unit.test_render_elsewhere import drawn; print(*drawn(sys.argv[1]), sep='\\n')"


def drawn(out: str) -> list[str]:
    """Path and digest of every file that a site of the same tables has after it was written to `out`."""
    reports: dict[str, Any] = {"static": ROOT / "reports" / "static", "templates": ROOT / "reports" / "templates"}
    render_site(page_tables(names=HOSTILE), company="Acme", stale_after_us=1, out=Path(out), **reports)
    files = sorted(path for path in Path(out).rglob("*") if path.is_file())
    return [f"{path.relative_to(out)} {sha256(path.read_bytes()).hexdigest()}" for path in files]


def test_other_process_writes_the_same_bytes(tmp_path: Path) -> None:
    """Every file is the same where sets have another order, the clock another zone and the machine another language."""
    command = [sys.executable, "-c", RENDER, str(tmp_path / "other")]
    environment = {**os.environ, **OTHER, "PYTHONPATH": str(ROOT)}
    other = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    assert other.stdout.splitlines() == drawn(str(tmp_path / "here"))
    assert len(other.stdout.splitlines()) > 20
