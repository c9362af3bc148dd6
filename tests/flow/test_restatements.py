"""Reports of the past: each can be built again, its numbers are kept, and a later report says which of them changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.settings import Places
from pipelines.summary import summary
from tests.flow.builds import REPORTS, ask, contents, lay_stories, run_build, site_bytes

EARLIER, LATER = "2026-03-25T00:00:00Z", "2026-03-31T00:00:00Z"
LATE = {
    "id": "evt_late_activation",
    "type": "sso.activated",
    "timestamp": "2026-03-08T10:00:00Z",
    "organizationId": "org_04EXPIRED",
    "metadata": {"connectionId": "conn_late"},
}
COLUMNS = "funnel_id, is_restated, reason, matured_count, activated_count, today_activated_count"


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """The shipped reports, to be changed."""
    return Path(shutil.copytree(REPORTS, tmp_path / "reports"))


def runs(data: Path, as_of: str, funnel: str = "sso_setup") -> list[tuple[Any, ...]]:
    """What the served report says of the reports of one day and funnel."""
    return ask(data, f"select {COLUMNS} from rpt_report_runs where as_of = '{as_of}' and funnel_id = '{funnel}'").rows()


def test_later_report_leaves_the_earlier_one_as_it_was(tmp_path: Path) -> None:
    """Days pass, nothing comes late: the earlier report's numbers are kept, and today's are the same."""
    data = lay_stories(tmp_path / "data")
    run_build(data, EARLIER)
    run_build(data, LATER)
    assert ask(data, "select count(distinct report_id) as n, bool_or(is_restated) as r from rpt_report_runs").row(
        0
    ) == (2, False)
    assert [row[1:3] for row in runs(data, EARLIER)] == [(False, None)]


def test_report_of_a_past_day_can_be_built_again(tmp_path: Path) -> None:
    """A build as of a past day gives the tables and pages that it gave then, whatever was published since."""
    data = lay_stories(tmp_path / "data")
    run_build(data, EARLIER)
    tables, site = contents(data), site_bytes(data)
    run_build(data, LATER)
    assert contents(data) != tables
    run_build(data, EARLIER)
    assert contents(data) == tables
    assert site_bytes(data) == site
    lines = list(summary(Places.find(data, REPORTS).data))
    assert [line for line in lines if "now show a past day: 2026-03-31 00:00 UTC was published before" in line]


def test_late_event_restates_what_was_published(tmp_path: Path) -> None:
    """An activation that arrives after its report restates the count; it is the reason, and the command says so."""
    data = lay_stories(tmp_path / "data")
    run_build(data, EARLIER)
    ((_, _, _, matured, activated, _),) = runs(data, EARLIER)
    with (data / "inbox" / "portal" / "late.jsonl").open("w") as log:
        log.write(json.dumps(LATE) + "\n")
    run_build(data, LATER)
    assert runs(data, EARLIER) == [("sso_setup", True, "late events", matured, activated, activated + 1)]
    said = next(line for line in summary(Places.find(data, REPORTS).data) if line.startswith("Restated: "))
    assert f"{activated} of {matured} activated then, {activated + 1} of {matured} by what is known today" in said
    assert "(late events)" in said
    page = (data / "published" / "site" / "health.html").read_text("utf-8")
    assert f"{activated + 1} of {matured}" in page
    assert "late events" in page


def test_changed_definition_restates_what_was_published(tmp_path: Path, reports: Path) -> None:
    """A shorter window matures more attempts: the earlier report's numbers change, because of the definition."""
    data = lay_stories(tmp_path / "data")
    run_build(data, EARLIER, reports)
    funnel = reports / "funnels" / "sso_setup.toml"
    funnel.write_text(funnel.read_text().replace('"14 days"', '"7 days"'))
    run_build(data, LATER, reports)
    assert [row[1:3] for row in runs(data, EARLIER)] == [(True, "changed definitions")]
    assert ask(data, "select count(distinct definitions_hash) as n from rpt_report_runs").item() == 2
