"""The same build as Dagster shows it: assets, checks, schedule, sensor, and its pages."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines import definitions
from pipelines.assets.automation import build_schedule, inbox_sensor
from pipelines.assets.room import Room
from pipelines.definitions import build_definitions
from pipelines.errors import CheckFailedError
from pipelines.models import Model, load_checks, load_models, tables_read
from pipelines.statistics.tables import STATISTICS
from tests.flow.builds import ROOT, STORIES_AS_OF, lay_stories, run_build


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    """All definitions, in no room in particular."""
    return build_definitions(Room())


def test_graph_is_read_from_the_sql(defs: dg.Definitions) -> None:
    """Every model and statistic is an asset, downstream of exactly the tables that its text reads."""
    dg.Definitions.validate_loadable(defs)
    graph = defs.resolve_asset_graph()
    for model in load_models():
        parents = {key.to_user_string() for key in graph.get(dg.AssetKey(model.name)).parent_keys}
        assert parents == model.reads
    names = {key.to_user_string() for key in graph.get_all_asset_keys()}
    assert STATISTICS.keys() | {"event_store", "published"} <= names
    published = {key.to_user_string() for key in graph.get(dg.AssetKey("published")).parent_keys}
    assert published == STATISTICS.keys() | {model.name for model in load_models() if model.is_published}


def test_every_key_and_every_rule_blocks(defs: dg.Definitions) -> None:
    """Each model has a key check, each file of sql/checks/ a check of its own, and all of them block."""
    graph = defs.resolve_asset_graph()
    checks = {key.to_user_string() for key in graph.asset_check_keys}
    assert {f"{model.name}:key" for model in load_models()} <= checks
    assert {f"{check.asset}:{check.name}" for check in load_checks()} <= checks
    assert all(graph.get(key).blocking for key in graph.asset_check_keys)


def test_broken_key_keeps_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table with a doubled key fails its check: nothing is published, and the sentence names table and key."""
    data = lay_stories(tmp_path / "data")
    served = run_build(data)
    sql = "select unnest([1, 1, null]) as number from rpt_report"
    broken = Model("rpt_broken", "marts", "One row a number.", ("number",), sql, tables_read(sql))
    monkeypatch.setattr(definitions, "load_models", lambda: (*load_models(), broken))
    with pytest.raises(CheckFailedError, match=r"rpt_broken: 3 rows lack a key of their own \(number\)"):
        run_build(data, "2026-03-30T00:00:00Z")
    assert (data / "published" / "current").resolve() == served


def test_schedule_runs_hourly_in_the_reporting_zone() -> None:
    """The schedule asks for one run of everything, on the hour."""
    schedule = build_schedule()
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 * * * *", "UTC")
    moment = datetime(2026, 3, 31, 6, tzinfo=UTC)
    with dg.build_schedule_context(scheduled_execution_time=moment) as context:
        assert len(schedule.evaluate_tick(context).run_requests or []) == 1


def test_sensor_asks_once_for_each_state_of_the_inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New lines ask for a run, the same state does not, a missing inbox is said."""
    data = lay_stories(tmp_path / "data")
    monkeypatch.setenv("PORTAL_FUNNELS_DATA_DIR", str(data))
    first = tick(None)
    assert isinstance(first, dg.SensorResult)
    assert first.run_requests
    assert isinstance(tick(first.cursor), dg.SkipReason)
    with (data / "inbox" / "portal" / "portal.jsonl").open("a") as log:
        log.write("\n")
    assert isinstance(tick(first.cursor), dg.SensorResult)
    monkeypatch.setenv("PORTAL_FUNNELS_DATA_DIR", str(tmp_path / "nowhere"))
    assert "no inbox" in str(tick(None))


def tick(cursor: str | None) -> object:
    """One look of the sensor."""
    with dg.build_sensor_context(cursor=cursor) as context:
        return inbox_sensor(context)


def test_run_holds_the_build_lock(tmp_path: Path) -> None:
    """A run started from Dagster's pages takes the lock too, so that no build overlaps it."""
    data = lay_stories(tmp_path / "data")
    room = Room(data_dir=str(data), as_of=STORIES_AS_OF)
    job = build_definitions(room).resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance)
    assert result.success
    assert "dagster run" in (data / "build.lock").read_text()
    materialized = {event.asset_key: event for event in result.get_asset_materialization_events()}
    metadata = materialized[dg.AssetKey("fct_entries")].materialization.metadata
    assert metadata["dagster/row_count"].value == 47
    assert "index.html" in str(materialized[dg.AssetKey("published")].materialization.metadata["pages"].value)


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[str]:
    """Dagster's web server on a free port of this machine, ended by its own process group."""
    pytest.importorskip("dagster_webserver", reason="the extra `ui` is not installed")
    data = lay_stories(tmp_path / "data")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"PORTAL_FUNNELS_DATA_DIR": str(data), "DAGSTER_HOME": str(tmp_path)}
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    command = [
        str(Path(sys.executable).with_name("dagster-webserver")),
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "--uvicorn-log-level",
        "info",
    ]
    with subprocess.Popen(
        [*command, "-m", "pipelines.definitions"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout
            assert any("Uvicorn running" in line for line in process.stdout), "it ended before it served a page"
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def test_pages_show_the_graph(pages: str) -> None:
    """Dagster's own pages list every asset with its description, on loopback."""
    query = "{ assetNodes { assetKey { path } description } }"
    found = ask_pages(f"{pages}/graphql", query)["data"]["assetNodes"]
    described = {"/".join(node["assetKey"]["path"]): node["description"] for node in found}
    assert described["fct_entries"].startswith("One row per funnel and entry")
    assert len(described) > 40


def ask_pages(url: str, query: str) -> Any:
    """The answer to a GraphQL query."""
    request = urllib.request.Request(url, json.dumps({"query": query}).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)
