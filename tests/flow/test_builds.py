"""Builds as operators meet them: repeated, rebuilt from the store, killed, and run twice at once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import FixableError
from pipelines.event_store import EventStore
from pipelines.events import EVENT_SCHEMA
from pipelines.lock import build_lock
from pipelines.paths import DataPaths
from pipelines.warehouse import open_warehouse
from tests.flow.builds import (
    REPORTS,
    STORIES_AS_OF,
    ask,
    contents,
    forget_all_but_the_store,
    lay_stories,
    run_build,
    site_bytes,
)


def test_event_is_traced_from_its_line_to_a_number(stories: Path) -> None:
    """One line of the webhooks is a row of the store, an event, a step of an entry, and one of the page's activated."""
    stored = pl.read_parquet(stories / "events" / "*" / "*.parquet").filter(pl.col("event_id") == "event_01SAMPLE0002")
    origin = stored.row(0, named=True)
    log = (stories / "inbox" / origin["source"] / origin["origin_path"]).read_bytes()
    line = log.splitlines()[origin["origin_line"] - 1]
    assert b'"id": "event_01SAMPLE0002"' in line
    assert log[origin["origin_offset"] :].startswith(line)
    event = ask(stories, "from events where event_id = 'event_01SAMPLE0002'").row(0, named=True)
    assert (event["source"], event["event_type"], event["organization_id"], event["provider"]) == (
        "webhooks",
        "connection.activated",
        "org_01STRAIGHT",
        "OktaSAML",
    )
    step = ask(stories, "from fct_entry_steps where event_id = 'event_01SAMPLE0002'").row(0, named=True)
    entry = ask(stories, f"from fct_entries where entry_id = '{step['entry_id']}'").row(0, named=True)
    assert (step["step_name"], entry["outcome"], entry["converted_at"]) == (
        "activated",
        "activated",
        event["timestamp"],
    )
    activated = ask(
        stories,
        "select count(*) from fct_entries where funnel_id = 'sso_setup' and is_matured "
        "and outcome = 'activated' and not is_excluded",
    ).item()
    page = (stories / "published" / "site" / "funnels" / "sso_setup.html").read_text("utf-8")
    assert f"{activated} of 26" in page


def test_equal_inputs_give_equal_tables_and_pages(stories: Path, tmp_path: Path) -> None:
    """A second build elsewhere, and a third after all but the event store was deleted, are equal to the first."""
    again = lay_stories(tmp_path / "data")
    run_build(again)
    assert contents(again) == contents(stories)
    assert site_bytes(again) == site_bytes(stories)
    forget_all_but_the_store(again)
    run_build(again)
    assert contents(again) == contents(stories)
    assert site_bytes(again) == site_bytes(stories)


def test_order_of_lines_and_files_does_not_matter(stories: Path, tmp_path: Path) -> None:
    """The same lines in another order, cut into other files, give the same tables but for what names a file."""
    data = lay_stories(tmp_path / "data")
    for source in ("portal", "webhooks"):
        file = data / "inbox" / source / f"{source}.jsonl"
        lines = file.read_bytes().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")][::-1]
        file.write_bytes(b"".join(whole[:40]))
        (file.with_name("a.jsonl")).write_bytes(b"".join(whole[40:]))
    run_build(data)
    named_by_file = {"quality_findings", "rpt_report", "rpt_sources", "rpt_quarantine"}
    ours, theirs = contents(data), contents(stories)
    assert {name: ours[name] for name in ours.keys() - named_by_file} == {
        name: theirs[name] for name in theirs.keys() - named_by_file
    }
    counts = "select finding, count from quality_findings order by finding"
    assert ask(data, counts).equals(ask(stories, counts))


def test_second_build_does_nothing(tmp_path: Path) -> None:
    """With nothing new, the same definitions and a young as-of time, a build leaves the served report as it is."""
    data = lay_stories(tmp_path / "data")
    first = run_build(data, None)
    number = EventStore.open(DataPaths(data)).history.number
    assert run_build(data, None) is None
    assert (data / "published" / "current").resolve() == first
    assert EventStore.open(DataPaths(data)).history.number == number
    with (data / "inbox" / "portal" / "portal.jsonl").open("ab") as log:
        log.write(b"\n")  # the torn last line ends: a line more
    assert run_build(data, None) not in {None, first}


def test_same_as_of_again_does_nothing_but_mend(tmp_path: Path) -> None:
    """A build as of the very time of the served report does nothing, unless somebody changed a published file."""
    data = lay_stories(tmp_path / "data")
    first = run_build(data)
    assert run_build(data) is None
    page = data / "published" / "site" / "index.html"
    told = page.read_bytes()
    page.chmod(0o644)
    page.write_text("changed by hand")
    assert run_build(data) != first
    assert page.read_bytes() == told


@contextmanager
def started(data: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command, running in a process of its own."""
    command = [sys.executable, "-m", "pipelines", "build", "--as-of", STORIES_AS_OF]
    places = ["--data-dir", str(data), "--reports-dir", str(REPORTS)]
    with subprocess.Popen(command + places, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        yield process


@pytest.mark.parametrize(
    "moment",
    ["events/commits/000001.json", "warehouse.duckdb", "published/builds/*", "published/builds/*/portal.duckdb"],
)
def test_killed_build_ends_like_one_that_was_not(moment: str, stories: Path, tmp_path: Path) -> None:
    """SIGKILL as soon as a file appears; the next build, without any repair, gives the same tables and pages."""
    data = lay_stories(tmp_path / "data")
    with started(data) as process:
        while process.poll() is None and not list(data.glob(moment)):
            os.sched_yield()
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, "the build was over before it could be killed"
    run_build(data)
    assert contents(data) == contents(stories)
    assert site_bytes(data) == site_bytes(stories)


def test_second_build_at_once_is_refused(tmp_path: Path) -> None:
    """While one build holds the lock another says who runs, and changes nothing."""
    data = lay_stories(tmp_path / "data")
    with build_lock(DataPaths(data)), pytest.raises(FixableError, match=r"another build runs since .+pid \d+"):
        run_build(data)
    assert not (data / "published").exists()


def test_build_survives_a_damaged_warehouse_and_history(tmp_path: Path) -> None:
    """What a build makes may be damaged or gone: it is made again."""
    data = lay_stories(tmp_path / "data")
    run_build(data)
    first = contents(data)
    (data / "warehouse.duckdb").write_bytes(b"no database at all")
    shutil.rmtree(data / "published")
    run_build(data)
    assert contents(data) == first


def test_store_of_an_older_version_is_read(tmp_path: Path) -> None:
    """A store whose files lack a column that came later is read as if that column were empty."""
    data = lay_stories(tmp_path / "data")
    run_build(data)
    with open_warehouse(DataPaths(data), "500MB") as warehouse:
        old = pl.DataFrame({"event_key": [1], "event_id": ["a"]})
        old.write_parquet(tmp_path / "old.parquet")
        warehouse.store_parquet("raw_events", [tmp_path / "old.parquet"], pl.DataFrame(schema=EVENT_SCHEMA))
        row = warehouse.query("select event_id, expires_at from raw_events").row(0)
    assert row == ("a", None)
