"""What ingestion costs, and how that compares with DuckDB reading the same lines without judging them.

    .venv/bin/python benchmarks/ingest.py data/inbox

takes any inbox folder (one folder a source below it) and prints a table. Both peers run in processes of their own, in
turn, `ROUNDS` times; a row shows medians. On a shared machine trust CPU seconds and the ratio.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 3
COLUMNS = (
    *("id", "event", "type", "timestamp", "created_at", "received_at", "userId", "organizationId"),
    *("metadata", "properties", "data", "body", "context"),
)
Measure = dict[str, float]


def read_raw(inbox: Path) -> int:
    """Lines that DuckDB reads into a table of text columns; it skips what it cannot read."""
    import duckdb  # noqa: PLC0415  # each peer pays for its own imports only

    files = [str(path) for path in sorted(inbox.rglob("*.json*")) if path.parent != inbox]
    columns = dict.fromkeys(COLUMNS, "VARCHAR")
    connection = duckdb.connect()
    connection.execute("create table raw as from read_ndjson(?, columns = ?, ignore_errors = true)", [files, columns])
    return int(connection.execute("select count(*) from raw").fetchall()[0][0])


def read_judged(inbox: Path) -> int:
    """Lines that ingestion brings into an event store, quarantine and books."""
    from pipelines.paths import DataPaths  # noqa: PLC0415  # the same
    from pipelines.settings import Settings  # noqa: PLC0415  # the same
    from pipelines.sources.ingest import ingest  # noqa: PLC0415  # the same

    with tempfile.TemporaryDirectory() as folder:
        paths = DataPaths(Path(folder))
        paths.inbox.symlink_to(inbox)
        return ingest(paths, Settings(), now_us=time.time_ns() // 1000).lines


PEERS: dict[str, Callable[[Path], int]] = {"raw": read_raw, "ingest": read_judged}


def measure_here(peer: str, inbox: Path) -> Measure:
    """Run a peer in this process."""
    start = time.perf_counter()
    lines = PEERS[peer](inbox)
    wall = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"lines": lines, "wall_s": wall, "cpu_s": usage.ru_utime + usage.ru_stime, "rss_mib": usage.ru_maxrss / 1024}


def measure_apart(peer: str, inbox: Path) -> Measure:
    """Run a peer in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.ingest", str(inbox), peer]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])  # noqa: S603
    measure: Measure = json.loads(done.stdout)
    return measure


def main() -> None:
    """Print the table, or one measure where a peer is named."""
    inbox = Path(sys.argv[1]).resolve()
    if sys.argv[2:]:
        print(json.dumps(measure_here(sys.argv[2], inbox)))
        return
    rounds = [{peer: measure_apart(peer, inbox) for peer in PEERS} for _ in range(ROUNDS)]
    medians = {
        peer: {key: statistics.median(done[peer][key] for done in rounds) for key in rounds[0][peer]} for peer in PEERS
    }
    print(f"{'':8}{'lines':>10}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}{'lines/s':>10}")
    for peer, m in medians.items():
        rate = m["lines"] / m["wall_s"]
        print(f"{peer:8}{m['lines']:>10.0f}{m['wall_s']:>9.2f}{m['cpu_s']:>9.2f}{m['rss_mib']:>10.0f}{rate:>10.0f}")
    for unit in ("wall_s", "cpu_s"):
        print(f"ingest / raw, {unit[:-2]}: {medians['ingest'][unit] / medians['raw'][unit]:.1f}")


if __name__ == "__main__":
    main()
