"""`trace`: the way of one event from its line to the numbers, against the stories and the tables that it names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.flow.builds import REPORTS, STORIES, ask, lay_stories, run_build
from tests.flow.test_command import command


def traced(data: Path, event_id: str) -> dict[str, Any]:
    """The way of one event, as JSON."""
    result = command("trace", event_id, "--data-dir", data, "--reports-dir", REPORTS, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def printed(data: Path, event_id: str) -> str:
    """The way of one event, as text with one blank between words."""
    result = command("trace", event_id, "--data-dir", data, "--reports-dir", REPORTS)
    assert result.exit_code == 0, result.output
    return " ".join(result.stdout.split())


def rows(found: dict[str, Any], relation: str) -> list[dict[str, Any]]:
    """The rows of one table, key and columns together."""
    return [row["key"] | row["columns"] for row in found["rows"] if row["relation"] == relation]


def findings(found: dict[str, Any]) -> list[str]:
    """The findings that an event is counted in."""
    return [row["finding"] for row in rows(found, "quality_findings")]


def test_link_leads_from_its_line_to_the_rate(stories: Path) -> None:
    """A link is met in its line, the store, its row, its link, the entry that it opens, its step and the funnel."""
    found = traced(stories, "evt_0012")
    (body,) = found["bodies"]
    line = (STORIES / "portal.jsonl").read_bytes()[body["origin_offset"] :].split(b"\n", 1)[0]
    assert (body["source"], body["origin_path"], body["origin_line"]) == ("portal", "portal.jsonl", 24)
    assert json.loads(line)["id"] == "evt_0012"
    assert (stories / body["stored_file"]).is_file()
    entry, steps, links, funnel = (
        next(row for row in rows(found, name) if row["funnel_id"] == "sso_setup")
        for name in ("fct_entries", "fct_entry_steps", "fct_entry_links", "rpt_funnels")
    )
    assert entry["this_event"] == "opens it, fills step 1, is about a link of it"
    assert entry["opened_by"] == "admin_portal.link_generated: the first"
    assert [row["link_id"] for row in rows(found, "fct_links")] == ["lnk_03a"]
    assert (links["link_number"], links["is_re_issue"]) == (1, False)
    assert steps["step_number"] == 1
    assert funnel["counted_in"] == "entrant_count 36, matured_count 26, activated_count 17"


def test_text_names_each_place_in_order(stories: Path) -> None:
    """The text goes from the inbox to the report, each place with its table and key."""
    text = printed(stories, "evt_0012")
    places = [
        "inbox portal/portal.jsonl line 24 (byte 4969)",
        "-> event store events/event_month=2026-03/batch=000001.parquet event_id = 'evt_0012' and origin_line = 24",
        "-> events event_id = 'evt_0012'",
        "-> fct_entries funnel_id = 'sso_setup' and entry_id = 'sso_setup/org_03REISSUED/sso/1'",
        "-> fct_entry_steps funnel_id = 'sso_setup' and entry_id = 'sso_setup/org_03REISSUED/sso/1' and step_number = ",
        "-> rpt_funnels funnel_id = 'sso_setup'",
    ]
    found = [text.index(place) for place in places]
    assert found == sorted(found)


def test_every_key_selects_its_row(stories: Path) -> None:
    """What stands behind a table's name is the condition that finds the row there."""
    for event_id in ("evt_0012", "event_01SAMPLE0006", "event_01SAMPLECONFLICT", "event_01SAMPLE0007"):
        for row in traced(stories, event_id)["rows"]:
            where = " and ".join(f"{name} = '{value}'" for name, value in row["key"].items())
            assert ask(stories, f"from {row['relation']} where {where}").height == 1, row


def test_conversion_and_its_repeat(stories: Path) -> None:
    """The first report of an activation converts; the second says that it repeats it, and is in no entry."""
    first, second = traced(stories, "event_01SAMPLE0006"), traced(stories, "evt_0021")
    fates = {row["funnel_id"]: row["fate"] for row in rows(first, "fct_activations")}
    assert fates["sso_setup"] == "conversion"
    assert {row["fate"] for row in rows(second, "fct_activations")} == {"repeat"}
    assert rows(second, "fct_entries") == []
    assert [row["connection_id"] for row in rows(second, "fct_connections")] == ["conn_03"]
    assert "fills step 7, conversion" in [row["this_event"] for row in rows(first, "fct_entries")]


def test_opening_without_link_id_finds_its_link(stories: Path) -> None:
    """An access that names no link leads to the link that it opened."""
    (access,) = ask(
        stories,
        "select event_id from events where organization_id = 'org_02SEEDONLY' and event_type = 'admin_portal.accessed'",
    )["event_id"]
    found = traced(stories, access)
    assert [row["link_id"] for row in rows(found, "fct_links")] == ["lnk_02a"]
    assert [row["opening_count"] for row in rows(found, "fct_entry_links")] == [1]


def test_every_body_of_a_conflict_is_listed(stories: Path) -> None:
    """Of two bodies under one id both lines are named, the one received first counts, and the finding is said."""
    found = traced(stories, "event_01SAMPLECONFLICT")
    assert [body["origin_line"] for body in found["bodies"]] == [71, 72]
    assert found["bodies"][0]["timestamp"] == rows(found, "events")[0]["timestamp"] == "2026-03-12T10:10:00Z"
    assert findings(found) == ["conflicting_duplicate", "duplicate"]
    text = printed(stories, "event_01SAMPLECONFLICT")
    assert "origin_line = 71 (the body that counts)" in text
    assert "origin_line = 72 (does not count: another body does)" in text


@pytest.mark.parametrize(
    ("event_id", "reason"),
    [("evt_0103", "environment sandbox"), ("event_01SAMPLE0063", "after the as-of time")],
)
def test_event_that_does_not_count_says_why(event_id: str, reason: str, stories: Path) -> None:
    """Sandbox and the time after as-of: the row is there, with its reason, and no entry, step or number follows."""
    found = traced(stories, event_id)
    (row,) = rows(found, "fct_events")
    assert (row["is_counted"], row["not_counted_because"]) == (False, reason)
    assert {row["fate"] for row in rows(found, "fct_activations")} <= {"not_counted"}
    assert not {"fct_links", "fct_entries", "fct_entry_steps", "rpt_funnels"} & {r["relation"] for r in found["rows"]}


@pytest.mark.parametrize(
    "finding",
    [
        *("conflicting_duplicate", "unattributed", "unknown_intent", "access_denied", "late_arriving", "out_of_band"),
        *("late_activation", "re_activation", "clock_inversion", "secrets_in_input"),
    ],
)
def test_example_of_a_finding_is_traced_to_it(finding: str, stories: Path) -> None:
    """The event that `quality_findings` names as an example is traced to that finding and its count."""
    example, count = ask(stories, f"select example, count from quality_findings where finding = '{finding}'").row(0)
    found = rows(traced(stories, example), "quality_findings")
    assert {"finding": finding, "count": count} in found


def test_excluded_entry_is_in_no_other_count(stories: Path) -> None:
    """An event of an excluded entry is counted among the excluded, and there alone."""
    found = traced(stories, "evt_0097")
    assert [row["counted_in"] for row in rows(found, "rpt_funnels")] == ["excluded_count 1"]
    assert rows(found, "rpt_funnel_steps") == []


def test_name_as_sent_stands_beside_the_usual_one(stories: Path) -> None:
    """The store has type and intent as they were sent, the table their usual form."""
    sent = ask(stories, "select event_id, event_type from events where properties ->> '$.event_type_sent' is not null")
    for event_id, event_type in sent.rows():
        found = traced(stories, event_id)
        assert rows(found, "events")[0]["event_type"] == event_type != found["bodies"][0]["event_type"]


def test_event_newer_than_the_report_says_so(tmp_path: Path) -> None:
    """An event that a refused build has read is in the store, and the text says that the served report lacks it."""
    data = lay_stories(tmp_path / "data")
    run_build(data)
    new = b'{"id": "evt_new", "type": "admin_portal.accessed", "timestamp": "2026-03-30T00:00:00Z"}\n'
    (data / "inbox" / "portal" / "new.jsonl").write_bytes(new + b"no event\n" * 1_500)
    assert command("build", "--data-dir", data, "--reports-dir", REPORTS, "--as-of", "2026-03-31T00:00:00Z").exit_code
    text = printed(data, "evt_new")
    assert "inbox portal/new.jsonl line 1 (byte 0)" in text
    assert "not in the served report" in text


def test_no_secret_is_traced(stories: Path) -> None:
    """What was taken out at the door stays out."""
    for event_id in ask(stories, "select event_id from events where organization_id = 'org_31SECRETS'")["event_id"]:
        assert "SAMPLEDONOTSTORE" not in printed(stories, event_id) + json.dumps(traced(stories, event_id))


def test_unknown_event_is_a_sentence(stories: Path) -> None:
    """An id that was never read is refused, with the nearest that was, and exit code 2."""
    result = command("trace", "event_01SAMPLE006", "--data-dir", stories, "--reports-dir", REPORTS)
    assert result.exit_code == 2
    assert 'no event "event_01SAMPLE006" was ever read from the inbox; did you mean "event_01SAMPLE00' in result.stderr
