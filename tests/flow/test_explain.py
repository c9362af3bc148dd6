"""`explain`: what support reads out to a customer, against the stories whose rules were worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.flow.builds import REPORTS, ask
from tests.flow.test_command import command

COUNTED = "select distinct organization_id from fct_entries"


def told(data: Path, organization: str, *options: str) -> str:
    """The text for one organization."""
    result = command("explain", organization, "--data-dir", data, "--reports-dir", REPORTS, *options)
    assert result.exit_code == 0, result.output
    return result.stdout


def about(text: str, event_id: str) -> list[str]:
    """What is said below the line of an event, stripped."""
    lines = iter(text.splitlines())
    next(line for line in lines if line.endswith(f"  {event_id}"))
    below = []
    for line in lines:
        if not line.startswith("    "):
            break
        below.append(line.strip())
    return below


def paragraph(text: str, label: str) -> dict[str, str]:
    """The paragraph of an entry, by the word that begins each line."""
    block = text.partition(f"\n\n{label}  ")[2].partition("\n\n")[0]
    return {line[4:17].strip(): line[18:].strip() for line in block.splitlines()[1:]}


def test_head_names_organization_and_report(stories: Path) -> None:
    """The first lines say who it is, since when, and up to when the report knows."""
    head = told(stories, "org_13DELETED").splitlines()[:3]
    assert head == [
        "organization  org_13DELETED  Short Lived Ltd",
        "first seen    2026-03-01 06:00   deleted  2026-03-12 17:00",
        "as of         2026-03-31 00:00   data to  2026-03-25 09:00   (times are UTC)",
    ]


def test_entry_that_is_stuck_says_what_to_do(stories: Path) -> None:
    """How long it has been idle, what to do about it, and how its link stands."""
    entry = paragraph(told(stories, "org_33STALLED"), "sso_setup/sso/1")
    assert entry["stuck"] == "idle for 7.7 days"
    assert entry["next_action"] == "Send a new link; help verify the domain"
    assert entry["link"] == "expired, expiry 2026-03-22 10:01"


def test_entry_that_was_activated_late_says_so(stories: Path) -> None:
    """A lost entry names the activation that came after its window."""
    assert paragraph(told(stories, "org_05LATE"), "sso_setup/sso/1")["activated"] == "late, 2026-03-16 09:00"


def test_connections_stand_in_the_head(stories: Path) -> None:
    """Each connection and directory with its state now, and since when."""
    assert "connection    conn_03  active since 2026-03-09 08:17, AzureSAML" in told(stories, "org_03REISSUED")


def test_links_of_one_entry_are_numbered(stories: Path) -> None:
    """Of three links the first opens the entry, the others are re-issues, and the one used is named."""
    text = told(stories, "org_03REISSUED", "--funnel", "sso_setup")
    assert about(text, "evt_0012") == [
        "link lnk_03a",
        "> sso_setup/sso/1: opens this entry, step 1 link_generated, link 1",
    ]
    assert about(text, "evt_0015")[1:] == ["> sso_setup/sso/1: re-issue: link 2"]
    assert about(text, "evt_0017")[1:] == ["> sso_setup/sso/1: re-issue: link 3, the one used"]
    assert about(text, "evt_0019")[1:] == ["> fills no step"]
    assert about(text, "event_01SAMPLE0006")[1:] == ["> sso_setup/sso/1: step 7 activated, the conversion"]
    assert about(text, "evt_0022")[1:] == ["> sso_setup/sso: repeats a known activation"]
    assert "2026-03-09 08:17:02.5  admin_portal.sso_configured     sso  evt_0022" in text


def test_entry_says_its_rules_word_for_word(stories: Path) -> None:
    """The paragraph of an entry has `opened_by` and `ended_by` as the table has them, its steps and its outcome."""
    said = paragraph(told(stories, "org_03REISSUED"), "sso_setup/sso/1")
    row = ask(stories, "from fct_entries where entry_id = 'sso_setup/org_03REISSUED/sso/1'").row(0, named=True)
    assert said["opened_by"] == row["opened_by"] == "admin_portal.link_generated: the first"
    assert said["ended_by"] == row["ended_by"] == "connection.activated"
    assert said["outcome"] == "activated 2026-03-09 08:17, 5 days after entry"
    assert said["is_matured"] == "yes, since 2026-03-18 08:00"
    assert said["deepest_step"] == "8 first_sign_in"
    assert said["step 3"].split("  ")[-1].strip() == "2026-03-09 08:10"
    assert said["step 4"].endswith("passed over, no event of its own")


def test_deletion_ends_both_entries(stories: Path) -> None:
    """A deleted organization's two open entries end by that one event."""
    text = told(stories, "org_13DELETED")
    assert about(text, "event_01SAMPLE0020") == [
        "> sso_setup/sso/1: ends this entry",
        "> dsync_setup/dsync/1: ends this entry",
    ]
    for label in ("sso_setup/sso/1", "dsync_setup/dsync/1"):
        said = paragraph(text, label)
        assert (said["outcome"], said["ended_by"]) == ("ended", "organization.deleted")


def test_exclusion_removes_or_stops(stories: Path) -> None:
    """Help by support takes one entry out of all counts and stops the other, whose activation then comes too late."""
    text = told(stories, "org_26ASSISTED")
    assert about(text, "evt_0101") == [
        "> sso_setup/sso/1: takes this entry out of all counts",
        "> dsync_setup/dsync/1: ends this entry",
    ]
    assert about(text, "event_01SAMPLE0048")[1:] == ["> dsync_setup/dsync/1: the activation, after an exclusion"]
    assert paragraph(text, "sso_setup/sso/1")["is_excluded"] == "yes, from 2026-03-11 10:00"
    stopped = paragraph(text, "dsync_setup/dsync/1")
    assert (stopped["outcome"], stopped["ended_by"]) == ("lost", "exclusion with effect drop_off")


def test_second_attempt_has_its_own_paragraph(stories: Path) -> None:
    """After an activation and the deletion of its connection a new link opens entry 2, a re-activation."""
    text = told(stories, "org_08SECONDTRY")
    assert paragraph(text, "sso_setup/sso/2")["opened_by"] == (
        "admin_portal.link_generated: the first after an activation"
    )
    assert "> sso_setup/sso/2: step 7 activated, the conversion, a re-activation too" in text


def test_sandbox_counts_for_nothing(stories: Path) -> None:
    """An organization that has sandbox events only is known, and each event says why it does not count."""
    text = told(stories, "org_27SANDBOX")
    assert text.count("> counts for nothing: environment sandbox") == 3
    assert text.rstrip().endswith("no entry")


def test_event_after_as_of_counts_for_nothing(stories: Path) -> None:
    """An activation a microsecond after the as-of time is shown to the microsecond, and fills nothing."""
    text = told(stories, "org_38TOMORROW")
    assert "2026-03-31 00:00:00.000001" in text
    assert about(text, "event_01SAMPLE0063")[1:] == ["> counts for nothing: after the as-of time"]


@pytest.mark.parametrize(
    ("organization", "words"),
    [
        ("org_05LATE", "> sso_setup/sso/1: late activation: after the window"),
        ("org_06OUTOFBAND", "> sso_setup/sso: out of band: no entry explains it"),
        ("org_07REACTIVATED", "> sso_setup/sso: re-activation"),
        ("org_15INVERTED", "> sso_setup/sso: out of band: no entry explains it, a clock inversion"),
        ("org_32HOSTILE1", 'error "><img src=x onerror=alert(1)>'),
    ],
)
def test_activation_has_its_fate(organization: str, words: str, stories: Path) -> None:
    """Each report of an activation says what it was taken for; an error is shown as sent."""
    assert words in told(stories, organization, "--funnel", "sso_setup")


def test_no_name_breaks_the_terminal(stories: Path) -> None:
    """What turns a line around or moves the cursor is shown as its escape; lines end only where a line was ended."""
    for organization in ask(stories, f"{COUNTED} where organization_id like '%HOSTILE%'")["organization_id"]:
        text = told(stories, organization)
        assert all(line.isprintable() for line in text.splitlines())
        assert json.loads(told(stories, organization, "--json"))["organization"]["organization_id"] == organization
    assert r"org_32HOSTILE4  \u202egnp.exe" in told(stories, "org_32HOSTILE4")
    assert told(stories, "org_32HOSTILE4", "--json").isascii()


def test_no_secret_is_told(stories: Path) -> None:
    """What was taken out at the door stays out."""
    assert "SAMPLEDONOTSTORE" not in told(stories, "org_31SECRETS") + told(stories, "org_31SECRETS", "--json")


def test_json_holds_the_same(stories: Path) -> None:
    """`--json` gives organization, connections, events and entries, times in ISO 8601 UTC."""
    found = json.loads(told(stories, "org_02SEEDONLY", "--funnel", "sso_setup", "--json"))
    assert found.keys() == {"organization", "connections", "events", "entries"}
    assert found["organization"]["as_of"] == "2026-03-31T00:00:00Z"
    (entry,) = found["entries"]
    assert (entry["entry_id"], entry["converted_at"]) == ("sso_setup/org_02SEEDONLY/sso/1", "2026-03-03T13:14:12Z")
    assert [step["step_number"] for step in entry["steps"] if step["reached_at"]] == [1, 2, 7, 8]
    opening = next(event for event in found["events"] if event["event_type"] == "admin_portal.link_generated")
    (deed,) = opening["did"]
    assert (deed["entry_id"], deed["did"][0]) == (entry["entry_id"], "opens this entry")


def test_every_step_and_entry_is_told(demo: Path) -> None:
    """In the sample, each organization's text has as many entries and own steps as the tables have rows."""
    query = (
        "select organization_id, count(distinct entry_id) as entries, count(*) as steps from fct_entries "
        "join fct_entry_steps using (funnel_id, entry_id) group by organization_id order by count(*) desc, 1 limit 5"
    )
    for organization, entries, steps in ask(demo, query).rows():
        found = json.loads(told(demo, organization, "--json"))
        assert len(found["entries"]) == entries
        assert sum(step["reached_at"] is not None for entry in found["entries"] for step in entry["steps"]) == steps
        did = [word for event in found["events"] for deed in event["did"] for word in deed["did"]]
        assert (did.count("opens this entry"), sum(word.startswith("step ") for word in did)) == (entries, steps)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["org_3REISSUED"], ["42 organizations", '"org_3REISSUED" is none', 'did you mean "org_03REISSUED"?']),
        (["\x1b[2J"], ["42 organizations", r'"\x1b[2J" is none of them']),
        (["org_05LATE", "--funnel", "sso_setp"], ['no funnel "sso_setp"', 'did you mean "sso_setup"?']),
    ],
)
def test_unknown_name_is_a_sentence(arguments: list[str], words: list[str], stories: Path) -> None:
    """Who or what is not known is named, with the nearest that is, and exit code 2."""
    result = command("explain", *arguments, "--data-dir", stories)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert all(word in result.stderr for word in words), result.stderr


@pytest.mark.parametrize("name", ["explain", "trace"])
def test_nothing_published_is_a_sentence(name: str, tmp_path: Path) -> None:
    """Before the first build there is nothing to tell, and the sentence says how to make it."""
    result = command(name, "org_05LATE", "--data-dir", tmp_path / "data", "--reports-dir", REPORTS)
    assert result.exit_code == 2
    assert "run `portal-funnels build`" in result.stderr
