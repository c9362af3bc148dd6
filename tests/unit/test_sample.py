"""The made-up logs: equal everywhere, mixed as real ones are, and worth looking at."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import FixableError
from pipelines.sample import DEFAULT_END, write_sample
from pipelines.sample.chance import Chance

COMMITTED = Path(__file__).parents[2] / "data" / "sample"

Lines = dict[str, list[bytes]]
Stories = dict[str, list["Event"]]


@dataclass(frozen=True)
class Event:
    """An understood line of the sample, with its details whatever their key."""

    line: str
    event_type: str
    details: dict[str, object]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.json*")}


@pytest.fixture(scope="module")
def lines() -> Lines:
    """The lines of the committed sample by source."""
    found: Lines = {"portal": [], "webhooks": []}
    for path in sorted(COMMITTED.glob("*/*.jsonl.gz")):
        content = gzip.decompress(path.read_bytes())
        assert content.endswith(b"\n"), path
        found[path.parent.name] += content[:-1].split(b"\n")
    return found


def understood(line: bytes) -> Event | None:
    try:
        found = json.loads(line)
        found = found.get("body", found)
        found = json.loads(found) if isinstance(found, str) else found
        name = found.get("event") or found.get("type") or found["event_type"]
        keys = ("data", "metadata", "properties")
        return Event(line.decode(), name, dict(next(found[key] for key in keys if key in found)))
    except (ValueError, TypeError, AttributeError, KeyError):
        return None


@pytest.fixture(scope="module")
def events(lines: Lines) -> Stories:
    """The committed sample's events by type."""
    by_type: Stories = {}
    for event in filter(None, map(understood, lines["portal"] + lines["webhooks"])):
        by_type.setdefault(event.event_type, []).append(event)
    return by_type


@pytest.mark.parametrize("compress", [False, True])
def test_sample_of_the_same_seed_has_the_same_bytes(tmp_path: Path, compress: bool) -> None:
    """Nothing but the four numbers decides what is written."""
    notes = [write_sample(tmp_path / name, 30, 60, 5, compress=compress).lines for name in "ab"]
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert notes[0] == notes[1]


def test_sample_of_another_seed_has_other_lines(tmp_path: Path) -> None:
    """The seed is used."""
    for seed in (1, 2):
        write_sample(tmp_path / str(seed), 10, 60, seed)
    assert not set(contents(tmp_path / "1").values()) & set(contents(tmp_path / "2").values())


def test_committed_sample_is_what_its_command_writes(tmp_path: Path) -> None:
    """The committed lines come from today's code, on whatever machine this runs."""
    note = json.loads((COMMITTED / "sample.json").read_text())
    write_sample(tmp_path, note["organizations"], note["days"], note["seed"])
    written = {name: content for name, content in contents(tmp_path).items() if name != "sample.json"}
    committed = {
        str(path.relative_to(COMMITTED).with_suffix("")): gzip.decompress(path.read_bytes())
        for path in COMMITTED.glob("*/*.gz")
    }
    assert written == committed
    assert (tmp_path / "sample.json").read_text() == (COMMITTED / "sample.json").read_text()


def test_sample_note_counts_the_lines_of_every_file(tmp_path: Path) -> None:
    """What is returned, what `sample.json` says and what lies there agree; nothing else is left behind."""
    end = datetime(2026, 5, 10, tzinfo=UTC)
    note = write_sample(tmp_path / "new" / "folder", 20, 40, 3, end)
    found = contents(tmp_path / "new" / "folder")
    assert json.loads(found.pop("sample.json")) == {
        "organizations": 20,
        "days": 40,
        "seed": 3,
        "end": "2026-05-10T00:00:00Z",
    }
    assert {name: content.count(b"\n") for name, content in found.items()} == note.lines
    assert {path.name for path in (tmp_path / "new" / "folder").iterdir()} == {"portal", "webhooks", "sample.json"}


def test_sample_of_one_organization_has_both_folders(tmp_path: Path) -> None:
    """The smallest sample has the shape of every other."""
    write_sample(tmp_path, 1, 1, 1)
    assert (tmp_path / "portal").is_dir()
    assert (tmp_path / "webhooks").is_dir()


@pytest.mark.parametrize(("organizations", "days"), [(0, 10), (10, 0), (-1, 10)])
def test_sample_of_nothing_is_refused(tmp_path: Path, organizations: int, days: int) -> None:
    """A number below one is answered by a sentence that names the options."""
    with pytest.raises(FixableError, match="--organizations or --days"):
        write_sample(tmp_path / "out", organizations, days, 1)
    assert not (tmp_path / "out").exists()


def test_sample_leaves_a_folder_with_logs_alone(tmp_path: Path) -> None:
    """Logs that lie there already are neither mixed with a sample nor overwritten."""
    (tmp_path / "portal").mkdir()
    with pytest.raises(FixableError, match="already holds portal"):
        write_sample(tmp_path, 1, 1, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["portal"]


def test_sample_that_cannot_be_written_says_so_in_a_sentence(tmp_path: Path) -> None:
    """A file in the way is no traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(FixableError, match=r"cannot be written to .*another --out"):
        write_sample(tmp_path / "file" / "out", 1, 1, 1)


def test_committed_sample_is_small_and_large_enough(lines: Lines) -> None:
    """It fits into a clone and fills a dashboard: half a year, a file a month and source."""
    assert sum(path.stat().st_size for path in COMMITTED.rglob("*") if path.is_file()) < 3_000_000
    assert 12_000 < sum(map(len, lines.values())) < 25_000
    names = sorted(path.name for path in COMMITTED.glob("*/*.gz"))
    assert names == [f"{source}-2026-{month:02d}.jsonl.gz" for source in lines for month in range(5, 12)]
    assert json.loads((COMMITTED / "sample.json").read_text())["end"] == f"{DEFAULT_END:%Y-%m-%dT%H:%M:%SZ}"


def test_committed_sample_has_a_dozen_spoilt_lines_in_ten_thousand(lines: Lines) -> None:
    """All lines but a few are JSON objects with a type and details."""
    total = sum(map(len, lines.values()))
    spoilt = sum(understood(line) is None for line in lines["portal"] + lines["webhooks"])
    assert 0.0005 < spoilt / total < 0.002


def test_committed_sample_repeats_some_events(lines: Lines) -> None:
    """Lines arrive twice: equal, with keys in another order, and a few with another body."""
    ids = re.compile(rb'"(?:id|event_id)":"((?:evt|event)_\w+)"')
    counts = Counter(found[1] for line in lines["portal"] + lines["webhooks"] if (found := ids.search(line)))
    assert 50 < sum(count > 1 for count in counts.values()) < 500
    assert any(b"client_EXAMPLE" in line for line in lines["webhooks"])


EVENT_TYPES = (
    "admin_portal.access_denied admin_portal.accessed admin_portal.audit_logs_configured admin_portal.domain_failed "
    "admin_portal.connection_tested admin_portal.details_submitted admin_portal.domain_verified "
    "admin_portal.dsync_configured admin_portal.invitation_sent admin_portal.link_expired admin_portal.link_generated "
    "admin_portal.link_opened admin_portal.link_revoked admin_portal.provider_selected admin_portal.sso_configured "
    "authentication.sso_failed authentication.sso_succeeded billing.plan_changed connection.activated "
    "connection.deactivated connection.deactived connection.deleted connection.saml_certificate_renewal_required "
    "connection.saml_certificate_renewed dsync.activated dsync.deleted dsync.group.created dsync.group.user_added "
    "dsync.user.created email.sent notification.created organization.created organization.deleted "
    "organization.updated organization_domain.created organization_domain.verification_failed "
    "organization_domain.verified session.created sso.activated sso_recommendation.accepted "
    "sso_recommendation.dismissed sso_recommendation.shown support.setup_assisted user.created"
)


@pytest.mark.parametrize("event_type", EVENT_TYPES.split())
def test_committed_sample_has_every_kind_of_event(events: Stories, event_type: str) -> None:
    """Each kind that a page, a finding or a funnel can show is there."""
    assert events[event_type]


TRAITS: dict[str, Callable[[Event], object]] = {
    "snake_case keys": lambda event: '"occurred_at":' in event.line,
    "no id": lambda event: not re.search(r'"(id|event_id)":"(evt|event)_', event.line),
    "epoch": lambda event: re.search(r'"timestamp":"?1\d{9}', event.line),
    "naive time": lambda event: re.search(r'"(timestamp|created_at)":"[-\d]+ [:.\d]+"', event.line),
    "offset without colon": lambda event: re.search(r'"timestamp":"[^"]*\+0000"', event.line),
    "offset west": lambda event: re.search(r'"timestamp":"[^"]*-05:00"', event.line),
    "bare webhook": lambda event: event.line.startswith('{"object":"event"'),
    "wrapped webhook": lambda event: event.line.startswith('{"received_at":') and '"body":{' in event.line,
    "body as text": lambda event: '"body":"{' in event.line,
    "sandbox": lambda event: event.details.get("environment") == "sandbox",
    "unknown intent": lambda event: event.details.get("intent") == "passkeys",
    "intent in another spelling": lambda event: event.details.get("intent") in ("SSO", "directory_sync"),
    "log stream": lambda event: event.details.get("intent") == "log_streams",
    "certificate renewal": lambda event: event.details.get("intent") == "certificate_renewal",
    "domain verification": lambda event: event.details.get("intent") == "domain_verification",
    "made by staff": lambda event: event.event_type == "connection.activated" and '"source":"dashboard"' in event.line,
    "failed test": lambda event: event.details.get("result") == "failed" and event.details["error"],
    "no organization": lambda event: re.search(r'"organization(Id|_id)":null', event.line),
    "secret": lambda event: "secret=secret_EXAMPLE" in event.line,
    "hostile name": lambda event: "<script>" in event.line,
    "name from right to left": lambda event: "\u202e" in event.line,
    "name not in ASCII": lambda event: not event.line.isascii(),
    "link by app": lambda event: event.details.get("source") == "app",
    "link in an iframe": lambda event: event.details.get("source") == "embedded",
    "link by e-mail": lambda event: event.details.get("source") == "e-mail",
    "link by staff": lambda event: event.details.get("source") == "dashboard",
}


@pytest.mark.parametrize("trait", TRAITS)
def test_committed_sample_has_every_trait(events: Stories, trait: str) -> None:
    """Each shape and story that the pipeline must bear is there."""
    assert any(TRAITS[trait](event) for found in events.values() for event in found)


def test_committed_sample_has_late_deliveries_and_disorder(events: Stories) -> None:
    """Some webhooks came days after they were sent, and no file is sorted by event time."""
    times = re.compile(r'"received_at":"([^"]+)".*"created_at":"([^"Z]+Z)"[^"]*("context"|$)')
    pairs = [
        (datetime.fromisoformat(found[1]), datetime.fromisoformat(found[2]))
        for event in events["session.created"] + events["connection.activated"] + events["dsync.user.created"]
        if (found := times.search(event.line))
    ]
    assert sum((received - sent).days >= 1 for received, sent in pairs) >= 3
    sent_at = [sent for _, sent in sorted(pairs)]
    assert sent_at != sorted(sent_at)


def test_committed_sample_tells_easy_providers_from_hard_ones(events: Stories) -> None:
    """Who chooses Google mostly arrives, who chooses ADFS mostly does not."""
    chosen = Counter(str(event.details["provider"]) for event in events["admin_portal.provider_selected"])
    live = Counter(str(event.details["connection_type"]) for event in events["connection.activated"])
    share = {provider: live[provider] / chosen[provider] for provider in ("GoogleSAML", "OktaSAML", "ADFSSAML")}
    assert share["GoogleSAML"] > 0.75 > share["ADFSSAML"] + 0.2
    assert share["OktaSAML"] > share["ADFSSAML"] + 0.2


def test_committed_sample_passes_the_door_but_for_spoilt_lines(lines: Lines) -> None:
    """The door turns away the spoilt lines, for at least seven different reasons, and no others."""
    door = pytest.importorskip("pipelines.sources.door")
    reasons: Counter[str] = Counter()
    for source, found in lines.items():
        numbers = list(range(1, len(found) + 1))
        judged = door.judge(door.Lines(source=source, path="x.jsonl", numbers=numbers, offsets=numbers, data=found))
        assert judged.events.height + judged.quarantined.height == len(found)
        assert "secret_EXAMPLE" not in "".join(judged.events["properties"])
        reasons.update(judged.quarantined["reason"])
    assert len(reasons) >= 7
    assert reasons.total() < 40


def test_chance_spread_stays_between_its_knots() -> None:
    """Quantiles come out where they were put."""
    chance = Chance("spread")
    drawn = sorted(chance.spread(0, 10, 100) for _ in range(1000))
    assert 0 <= drawn[0] < drawn[-1] <= 100
    assert 8 < drawn[500] < 14


def test_chance_weigh_never_takes_what_weighs_nothing() -> None:
    """A row whose share is nought is never drawn, the others about as often as theirs say."""
    chance = Chance("weigh")
    rows = [{"name": "a", "share": 3}, {"name": "b", "share": 0}, {"name": "c", "share": 1}]
    drawn = Counter(chance.weigh(rows)["name"] for _ in range(1000))
    assert drawn["b"] == 0
    assert 650 < drawn["a"] < 850
