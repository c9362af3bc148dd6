"""The command line: what a person can mend is one sentence that names it, exit code 2, and nothing changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipelines.cli import main
from pipelines.lock import build_lock
from pipelines.paths import DataPaths
from tests.flow.builds import REPORTS, STORIES_AS_OF, lay_stories, run_build

Spoil = Callable[[Path, Path], None]


def command(*arguments: object) -> Result:
    """Run `portal-funnels` in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def no_inbox(data: Path, reports: Path) -> None:
    """There is nothing to read."""
    shutil.rmtree(data / "inbox")


def broken_toml(data: Path, reports: Path) -> None:
    """A funnel's file ends in the middle of a word."""
    (reports / "funnels" / "sso_setup.toml").write_text("title = ")


def unknown_key(data: Path, reports: Path) -> None:
    """Settings hold a word that nobody knows."""
    (reports / "settings.toml").write_text('[report]\ntime_zon = "UTC"\n')


def mode_not_built(data: Path, reports: Path) -> None:
    """A funnel asks for an order that is not there yet."""
    file = reports / "funnels" / "sso_setup.toml"
    file.write_text(file.read_text().replace('"ordered"', '"strict"'))


def everybody_writes(data: Path, reports: Path) -> None:
    """The data directory is open to all."""
    data.chmod(0o777)


def file_in_the_way(data: Path, reports: Path) -> None:
    """Where the data directory should be, there is a file."""
    shutil.rmtree(data)
    data.write_text("")


def newer_store(data: Path, reports: Path) -> None:
    """The event store was written by a later version."""
    run_build(data)
    last = max((data / "events" / "commits").glob("*.json"))
    told = json.loads(last.read_text())
    last.chmod(0o600)
    last.write_text(json.dumps(_with_schema(told, 99)))


def _with_schema(told: dict[str, object], number: int) -> dict[str, object]:
    inner = {key: _with_schema(value, number) if isinstance(value, dict) else value for key, value in told.items()}
    return inner | {"schema": number} if "schema" in told else inner


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (no_inbox, ["inbox", "missing", "make it"]),
        (broken_toml, ["sso_setup.toml", "no TOML", "mend that place"]),
        (unknown_key, ["settings.toml", "report.time_zon", 'did you mean "time_zone"']),
        (mode_not_built, ["sso_setup.toml", 'order: "strict" is not built yet', 'write "ordered"']),
        (everybody_writes, ["can be written by everybody", "chmod o-w"]),
        (file_in_the_way, ["no directory", "--data-dir"]),
        (newer_store, ["newer version"]),
    ],
)
def test_what_a_person_can_mend_is_a_sentence(spoil: Spoil, words: list[str], tmp_path: Path) -> None:
    """The sentence names file, key and mend; exit code 2; no traceback; nothing below the data directory changed."""
    data, reports = lay_stories(tmp_path / "data"), tmp_path / "reports"
    shutil.copytree(REPORTS, reports)
    spoil(data, reports)
    before = tree(data)
    result = command("build", "--data-dir", data, "--reports-dir", reports, "--as-of", STORIES_AS_OF)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    sentence = next(line for line in result.stderr.splitlines() if line.startswith("portal-funnels: "))
    assert all(word in sentence for word in words), sentence
    assert tree(data) == before


def tree(data: Path) -> dict[str, bytes]:
    """Every file below the data directory, but the lock and Dagster's own records."""
    ours = [file for file in data.rglob("*") if file.is_file() and "dagster" not in file.parts]
    return {str(file.relative_to(data)): file.read_bytes() for file in ours if file.name != "build.lock"}


@pytest.fixture
def unwritable(tmp_path: Path) -> Iterator[Path]:
    """A data directory with an inbox that this user cannot write: root needs a read-only file system for that."""
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    if os.geteuid() != 0:
        yield lay_stories(data)
    elif subprocess.run(["mount", "-t", "tmpfs", "none", data], check=False, capture_output=True).returncode:
        pytest.skip("root may write everywhere, and may not mount a read-only file system here")
    else:
        data.chmod(0o755)
        lay_stories(data)
        subprocess.run(["mount", "-o", "remount,ro", data], check=True)
        yield data
        subprocess.run(["umount", data], check=True)


def test_unwritable_data_directory_is_a_sentence(unwritable: Path) -> None:
    """A data directory without the right to write is named, with the mend, and exit code 2."""
    if os.geteuid() != 0:
        unwritable.chmod(0o555)
    result = command("build", "--data-dir", unwritable, "--reports-dir", REPORTS)
    assert result.exit_code == 2
    assert str(unwritable) in result.stderr
    assert "then run the command again" in result.stderr


def test_busy_lock_is_a_sentence(tmp_path: Path) -> None:
    """Another build's holder is named, and this one ends with exit code 2."""
    data = lay_stories(tmp_path / "data")
    with build_lock(DataPaths(data)):
        result = command("build", "--data-dir", data, "--reports-dir", REPORTS)
    assert result.exit_code == 2
    assert f"pid {os.getpid()}" in result.stderr


def test_time_without_zone_is_refused(tmp_path: Path) -> None:
    """An as-of time needs a zone."""
    result = command("build", "--data-dir", tmp_path, "--as-of", "2026-03-31T00:00:00")
    assert result.exit_code == 2
    assert "zone" in result.stderr


def test_log_of_another_kind_stops_publishing(tmp_path: Path) -> None:
    """Where most of enough new lines are not understood, the lines are kept, exit code is 3, the old report stays."""
    data = lay_stories(tmp_path / "data")
    served = run_build(data)
    (data / "inbox" / "portal" / "access.jsonl").write_text("GET /portal 200\n" * 1_500)
    result = command("build", "--data-dir", data, "--reports-dir", REPORTS, "--as-of", STORIES_AS_OF)
    assert result.exit_code == 3, result.output
    assert "portal/access.jsonl: 100% not understood, first: not JSON (line 1)" in result.stderr
    assert (data / "published" / "current").resolve() == served
    again = command("build", "--data-dir", data, "--reports-dir", REPORTS, "--as-of", STORIES_AS_OF)
    assert again.exit_code == 3, "the next build would have published what this one held back"


def test_check_lists_every_mistake_at_once(tmp_path: Path) -> None:
    """`check` reads all definitions and names each mistake with its file."""
    reports = tmp_path / "reports"
    shutil.copytree(REPORTS, reports)
    broken_toml(tmp_path, reports)
    unknown_key(tmp_path, reports)
    result = command("check", "--reports-dir", reports)
    assert result.exit_code == 2
    assert {line.split(": ")[1] for line in result.stderr.splitlines()} == {"settings.toml", "sso_setup.toml"}
    assert command("check", "--reports-dir", REPORTS).exit_code == 0


def test_check_answers_machines(tmp_path: Path) -> None:
    """`check --json` gives the funnels and what is odd in one object on stdout; mistakes stay sentences on stderr."""
    reports = tmp_path / "reports"
    shutil.copytree(REPORTS, reports)
    with (reports / "next_actions.toml").open("a") as advice:
        advice.write('\n[[advice]]\nfunnel = "sso_setp"\naction = "Call"\n')
    answer = json.loads(command("check", "--json", "--reports-dir", reports).stdout)
    assert answer["funnels"][:3] == ["sso_setup", "dsync_setup", "audit_logs_setup"]
    assert ['no funnel "sso_setp"' in remark for remark in answer["remarks"]] == [True]
    broken_toml(tmp_path, reports)
    refused = command("check", "--json", "--reports-dir", reports)
    assert (refused.exit_code, refused.stdout) == (2, "")


def test_every_command_takes_both_directories(tmp_path: Path) -> None:
    """A script may give both directories to whatever it calls; `sample` writes to `--out` all the same."""
    options = [{option for parameter in each.params for option in parameter.opts} for each in main.commands.values()]
    assert all({"--data-dir", "--reports-dir"} <= known for known in options)
    out = tmp_path / "out"
    size = ("--organizations", 1, "--days", 2, "--out", out)
    assert command("sample", "--data-dir", tmp_path / "data", "--reports-dir", REPORTS, *size).exit_code == 0
    assert {file.name for file in tmp_path.iterdir()} == {"out"}


def test_build_says_in_five_lines_what_it_found(tmp_path: Path) -> None:
    """Books, three funnels, and where pages and DuckDB file are."""
    data = lay_stories(tmp_path / "data")
    result = command("build", "--data-dir", data, "--reports-dir", REPORTS, "--as-of", STORIES_AS_OF)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("255 lines = 241 events + 5 duplicates + 9 quarantined")
    assert lines[1].startswith("Single sign-on set-up: 17 of 26 matured attempts activated (65%)")
    assert str(data / "published" / "site" / "index.html") in lines[4]
