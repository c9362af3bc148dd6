"""Seconds and memory of a whole build over some 200,000 mixed lines, beside DuckDB reading the same lines raw.

    python -m benchmarks.build [ORGANIZATIONS=8700]

The build runs in a process of its own, so that its peak memory is its own. Both are timed in one run: compare the
ratio, not the seconds, between machines.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import duckdb

from pipelines.sample import write_sample

ORGANIZATIONS = 8_700
ROUNDS = 3


def main() -> None:
    """Make the logs, build them, read them raw, print."""
    organizations = int(sys.argv[1]) if len(sys.argv) > 1 else ORGANIZATIONS
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        note = write_sample(root / "made", organizations, 182, seed=1)
        lines = sum(note.lines.values())
        print(f"{lines:,} lines, {_megabytes(root / 'made'):.0f} MB")
        builds, raws = [], []
        for number in range(ROUNDS):
            data = root / f"data{number}"
            (data / "inbox").mkdir(parents=True)
            for source in ("portal", "webhooks"):
                (data / "inbox" / source).symlink_to(root / "made" / source)
            builds.append(_timed(lambda data=data: _build(data, note.end.isoformat())))
            raws.append(_timed(lambda: _read_raw(root / "made")))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"build {median(builds):.1f} s, raw read_ndjson {median(raws):.2f} s, ratio {median(builds) / median(raws):.1f}"
    )
    print(f"peak memory of the build {peak:,.0f} MiB, {lines / median(builds):,.0f} lines a second")


def _build(data: Path, as_of: str) -> None:
    command = [sys.executable, "-m", "pipelines", "build", "--data-dir", str(data), "--as-of", as_of]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  # our own command, no shell


def _read_raw(made: Path) -> None:
    """The floor: the same lines as JSON text, counted and written to Parquet, nothing understood."""
    files = [str(file) for file in made.rglob("*.jsonl")]
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute("create table raw as from read_ndjson_objects(?, ignore_errors = true)", [files])
        connection.table("raw").write_parquet(str(made / "raw.parquet"), compression="zstd")


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*.jsonl")) / 1e6


if __name__ == "__main__":
    main()
