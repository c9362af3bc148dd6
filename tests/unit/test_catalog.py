"""What a person declares: each mistake is one sentence with file, key and mend, and all of a file come at once."""

from __future__ import annotations

import shutil
import tempfile
from datetime import date
from pathlib import Path

import pytest
from dagster._utils.schedules import is_valid_cron_string
from hypothesis import given
from hypothesis import strategies as st

from pipelines.catalog import Note, load_catalog
from pipelines.errors import FixableError
from pipelines.settings import SHIPPED_REPORTS, Build

SSO = (SHIPPED_REPORTS / "funnels" / "sso_setup.toml").read_text()
PIECES = [
    '"',
    "\\",
    "=",
    "[[steps]]",
    "[steps]",
    "{}",
    "[]",
    "true",
    "5",
    "nan",
    "-1e400",
    "9" * 5_000,
    '"strict"',
    "\n",
]
WHERE = '{ result = "passed" }'
NO_WHERE_KEY = "cannot stand here; write the property's name, without \" and \\"


def sentences(reports: Path) -> list[str]:
    """All that is wrong in a reports directory."""
    try:
        load_catalog(reports)
    except FixableError as error:
        return list(error.sentences)
    return []


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """The shipped reports, to be spoilt."""
    return Path(shutil.copytree(SHIPPED_REPORTS, tmp_path / "reports"))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (WHERE, "{ 'a\"b' = 1 }", f'steps[6].where: "a\\"b" {NO_WHERE_KEY}'),
        (WHERE, "{ 'a\\b' = 1 }", f'steps[6].where: "a\\\\b" {NO_WHERE_KEY}'),
        (WHERE, '{ "*" = 1 }', f'steps[6].where: "*" {NO_WHERE_KEY}'),
        (
            WHERE,
            "{ a = [1] }",
            "steps[6].where.a: a list cannot be compared with; write text, a number, true or false",
        ),
        (
            WHERE,
            "{ a = 2026-01-01 }",
            "steps[6].where.a: 2026-01-01 cannot be compared with; write text, a number, true or false",
        ),
        (WHERE, '"x"', "steps[6].where: this is no table; write a table of keys and values"),
        ('["sso"]', '["SSO"]', 'intents[1]: "SSO" is another spelling of an intent; write "sso"'),
        ('["sso"]', '["BYOK"]', 'intents[1]: "BYOK" is another spelling of an intent; write "bring_your_own_key"'),
        ('["sso"]', '["AuditLogs"]', 'intents[1]: "AuditLogs" is another spelling of an intent; write "audit_logs"'),
        (
            '["sso"]',
            '["directory_sync"]',
            'intents[1]: "directory_sync" is another spelling of an intent; write "dsync"',
        ),
        ('["sso"]', '"sso"', 'intents: this is no list; write a list, such as ["a"]'),
        ('"ordered"', '"strict"', 'order: "strict" is not built yet; write "ordered" or leave the key out'),
        ('"ordered"', '"stict"', 'order: "stict" is not known; write "ordered" or leave the key out'),
        ('"attempt"', '"user"', 'entity: "user" is not built yet; write "attempt" or leave the key out'),
        (WHERE, WHERE + "\nstanding = true", "steps[6].standing: standing facts are not built yet; leave the key out"),
        (WHERE, WHERE + '\nstanding = "yes"', "steps[6].standing: this is no truth value; write true or false"),
        ('"Link generated"', "5", "steps[1].label: this is no text; write text in quotes"),
        ('"14 days"', '"soon"', 'window: "soon" is no duration; write "N seconds", "N minutes", "N hours" or "N days"'),
        ('"14 days"', '"14 days"\nid = "x"', "id: the id is the file's name; leave the key out"),
        ('"remove"', '"none"', 'exclusions[1].effect: "none" is not known; write "drop_off" or "remove"'),
        (
            "[[exclusions]]",
            '[[breakdowns]]\nname = "plan"\nproperty = "plan"\nat = "actived"\n\n[[exclusions]]',
            'breakdowns[1].at: no step "actived"; did you mean "activated"?',
        ),
        (
            "[[exclusions]]",
            '[[breakdowns]]\nname = "provider"\nproperty = "plan"\n\n[[exclusions]]',
            'breakdowns[1].name: "provider" is there already; give it another name',
        ),
        ('to     = "activated"', 'to = "activate"', 'exclusions[1].to: no step "activate"; did you mean "activated"?'),
        ("label  =", "lable  =", None),
    ],
)
def test_wrong_funnel_is_one_sentence(old: str, new: str, sentence: str | None, reports: Path) -> None:
    """Each mistake in a funnel gives exactly its sentence."""
    assert old in SSO
    (reports / "funnels" / "sso_setup.toml").write_text(SSO.replace(old, new))
    found = sentences(reports)
    if sentence is None:  # one word wrong in two places: an unknown key and a missing one, each time
        assert 'sso_setup.toml: steps[1].lable: unknown key; did you mean "label"?' in found
        assert "sso_setup.toml: steps[1].label: this key is missing; add it" in found
    else:
        assert found == [f"sso_setup.toml: {sentence}"]


def test_intent_that_nobody_knows_is_remarked(reports: Path) -> None:
    """A funnel may have an intent of its own; one that looks like a slip is said."""
    (reports / "funnels" / "sso_setup.toml").write_text(SSO.replace('["sso"]', '["ssso"]'))
    assert load_catalog(reports).remarks == ('sso_setup.toml: intents: nobody knows "ssso"; did you mean "sso"?',)


@pytest.mark.parametrize("moment", ["entry", "first", "last", "activated"])
def test_right_breakdown_is_taken(moment: str, reports: Path) -> None:
    """A breakdown is read at the entry, at the first or last event that has it, or at a step."""
    declared = f'\n[[breakdowns]]\nname = "plan"\nproperty = "plan"\nat = "{moment}"\n'
    (reports / "funnels" / "sso_setup.toml").write_text(SSO + declared)
    assert sentences(reports) == []


def test_all_mistakes_of_a_funnel_come_at_once(reports: Path) -> None:
    """A mode that is not built is named beside other mistakes, and too few steps are not held against wrong ones."""
    (reports / "next_actions.toml").unlink()
    (reports / "funnels" / "sso_setup.toml").write_text(
        'title = 5\norder = "strict"\nwindow = "1 day"\n[[steps]]\nname = "A"\nlabel = ""\nevents = []\nstanding = true'
    )
    keys = [sentence.split(": ")[1] for sentence in sentences(reports)]
    assert sorted(keys) == [
        "order",
        "question",
        "steps[1].events",
        "steps[1].label",
        "steps[1].name",
        "steps[1].standing",
        "title",
    ]


def test_steps_that_are_no_tables_are_a_sentence(reports: Path) -> None:
    """Steps written as one table, or as text, are told how steps are written."""
    (reports / "funnels" / "sso_setup.toml").write_text(
        'title = "t"\nquestion = "q"\nwindow = "1 day"\nsteps = "all"\n'
    )
    mend = "this is no list of tables; write [[steps]] above the keys of each"
    assert sentences(reports) == [f"sso_setup.toml: steps: {mend}"]


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ('funnel = "sso_setp"', 'funnel: no funnel "sso_setp"; did you mean "sso_setup"?'),
        ('step = "link_openedd"', 'step: no step "link_openedd"; did you mean "link_opened"?'),
        ('funnel = "dsync_setup"\nstep = "first_sink"', 'step: no step "first_sink"; did you mean "first_sync"?'),
    ],
)
def test_advice_on_what_does_not_exist_is_remarked(entry: str, sentence: str, reports: Path) -> None:
    """A funnel or step that nobody declared is named, with the nearest one."""
    (reports / "next_actions.toml").write_text(f'[[advice]]\n{entry}\naction = "Call"\n')
    assert load_catalog(reports).remarks == (f"next_actions.toml: advice[1].{sentence}",)


def test_notes_are_read_and_may_be_missing(reports: Path) -> None:
    """Without the file there are no notes; one on a funnel that nobody declared is remarked."""
    file = reports / "notes.toml"
    file.unlink(missing_ok=True)
    assert load_catalog(reports).notes == ()
    file.write_text('[[notes]]\non = 2026-10-05\ntext = "New guide"\nfunnel = "sso_setp"\n')
    read = load_catalog(reports)
    assert read.notes == (Note(on=date(2026, 10, 5), text="New guide", funnel="sso_setp"),)
    assert read.remarks == ('notes.toml: notes[1].funnel: no funnel "sso_setp"; did you mean "sso_setup"?',)


@pytest.mark.parametrize("day", ['"yesterday"', "5.5", "true"])
def test_day_of_a_note_is_a_date(day: str, reports: Path) -> None:
    """What is no day is told how a day is written."""
    (reports / "notes.toml").write_text(f'[[notes]]\non = {day}\ntext = "New guide"\n')
    mend = "this is no day; write one without quotes, such as 2026-11-24"
    assert sentences(reports) == [f"notes.toml: notes[1].on: {mend}"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("hourly", "no cron line of five fields; write minute, hour"),
        ("@daily", "no cron line of five fields; write minute, hour"),
        ("60 * * * *", '"60" is no minute; write *, or 0 to 59'),
        ("0 24 * * *", '"24" is no hour; write *, or 0 to 23'),
        ("0 0 0 * *", '"0" is no day; write *, or 1 to 31'),
        ("0 0 * foo *", '"foo" is no month; write *, or 1 to 12 or jan to dec'),
        ("0 0 * * 8", '"8" is no weekday; write *, or 0 to 7 or sun to sat'),
        ("*/0 * * * *", '"*/0" is no minute; write *'),
        ("5-1 * * * *", '"5-1" is no minute; write *'),
        ("1,, * * * *", '"1,," is no minute; write *'),
        ("0 0 31 2 *", "a day that never comes; write a day that the month has"),
    ],
)
def test_wrong_schedule_is_a_sentence(line: str, words: str, reports: Path) -> None:
    """A schedule that is no cron line says which field is wrong."""
    (reports / "settings.toml").write_text(f'[build]\nschedule = "{line}"\n')
    (found,) = sentences(reports)
    assert found.startswith("settings.toml: build.schedule: ")
    assert words in found


NUMBERS = st.integers(0, 60).map(str) | st.sampled_from(["*", "jan", "mon", "SAT"])
PARTS = st.one_of(
    NUMBERS, st.builds("{}-{}".format, NUMBERS, NUMBERS), st.builds("*/{}".format, NUMBERS), st.just("1-5/2,7")
)


@given(st.lists(PARTS, min_size=5, max_size=5).map(" ".join))
def test_schedule_that_is_taken_is_one_that_dagster_takes(line: str) -> None:
    """No schedule passes here and stops Dagster later."""
    try:
        Build(schedule=line)
    except ValueError:
        return
    assert is_valid_cron_string(line)


@pytest.mark.parametrize("line", ["0 * * * *", "*/15 8-18 * jan-mar mon-fri", "0,30 6 1-7/2 * 7", "0 0 29 2 *"])
def test_right_schedule_is_taken(line: str) -> None:
    """Lists, ranges, steps and names are all cron."""
    assert Build(schedule=line).schedule == line
    assert is_valid_cron_string(line)


def test_settings_of_the_wrong_kind_are_sentences(reports: Path) -> None:
    """Every wrong type says in plain words what to write."""
    (reports / "settings.toml").write_text(
        'rules = 5\n[ingestion]\nmax_quarantined_share = 2\n[build]\nmemory_limit = "much"\n[report]\ncompany = 1\n'
    )
    assert sorted(sentences(reports)) == [
        'settings.toml: build.memory_limit: "much" cannot stand here; write a size such as "600MB"',
        "settings.toml: ingestion.max_quarantined_share: this number is too large; write 1.0 or less",
        "settings.toml: report.company: this is no text; write text in quotes",
        "settings.toml: rules: this is no table; write a table of keys and values",
    ]


DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("logo.svg", None, "is no .svg or .png file to read below"),
        ("logo.gif", b"GIF89a", "is no .svg or .png file to read below"),
        ("../logo.png", PNG, "is no .svg or .png file to read below"),
        ("logo.png", DRAWING.encode(), "is something else than its name says; save it as png"),
        ("logo.svg", PNG, "is something else than its name says; save it as svg"),
        ("logo.png", PNG.ljust(200_001), "has more than 200,000 bytes; save it smaller"),
        ("logo.svg", DRAWING.format("<script>alert(1)</script>").encode(), "save it as plain SVG"),
        ("logo.svg", DRAWING.format('<g onload="alert(1)"/>').encode(), "save it as plain SVG"),
        ("logo.svg", DRAWING.format("<image href='https://example.com/a.png'/>").encode(), "save it as plain SVG"),
        ("logo.svg", DRAWING.format('<use xlink:href="other.svg#a"/>').encode(), "save it as plain SVG"),
        ("logo.svg", DRAWING.format("<style>a{fill:url(//example.com)}</style>").encode(), "save it as plain SVG"),
        ("logo.svg", b'<!DOCTYPE svg [<!ENTITY a "b">]>' + DRAWING.encode(), "save it as plain SVG"),
    ],
)
def test_wrong_logo_is_a_sentence(name: str, content: bytes | None, fault: str, reports: Path) -> None:
    """A logo that is not there, too large, of another kind or able to do something says so, and how to mend it."""
    if content is not None:
        (reports / name).write_bytes(content)
    (reports / "settings.toml").write_text(f'[report]\nlogo = "{name}"\n')
    (found,) = sentences(reports)
    assert found.startswith(f'settings.toml: report.logo: "{name}" ')
    assert fault in found


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("logo.png", PNG.ljust(200_000)),
        ("brand/logo.svg", DRAWING.format('<path id="a" fill="url(#b)"/><use xlink:href="#a"/>').encode()),
    ],
)
def test_right_logo_is_taken(name: str, content: bytes, reports: Path) -> None:
    """A picture below the reports directory that only draws is taken."""
    (reports / name).parent.mkdir(exist_ok=True)
    (reports / name).write_bytes(content)
    (reports / "settings.toml").write_text(f'[report]\nlogo = "{name}"\n')
    assert load_catalog(reports).settings.report.logo == name


@pytest.mark.parametrize("colour", ["red", "#fff", "1f5fbf", "#1f5fbg", "#1f5fbf "])
def test_wrong_colour_is_a_sentence(colour: str, reports: Path) -> None:
    """A colour is six hex digits after a sign, and nothing else."""
    (reports / "settings.toml").write_text(f'[report]\ncolour = "{colour}"\n')
    assert sentences(reports) == [
        f'settings.toml: report.colour: "{colour}" cannot stand here; write a colour such as "#1f5fbf"'
    ]


def test_no_funnels_names_the_full_path(tmp_path: Path) -> None:
    """Where no funnel is found, the sentence says where they were looked for."""
    mend = "add one, such as sso_setup.toml, or name another directory with --reports-dir"
    assert sentences(tmp_path) == [f"{tmp_path / 'funnels'}: no funnel is here; {mend}"]


@given(st.lists(st.tuples(st.integers(0, len(SSO)), st.integers(0, 30), st.sampled_from(PIECES) | st.text(max_size=5))))
def test_spoilt_funnel_loads_or_is_a_sentence(changes: list[tuple[int, int, str]]) -> None:
    """Whatever is cut out of the shipped funnel or put into it, the answer is a catalog or sentences with a mend."""
    text = SSO
    for place, cut, piece in changes:
        text = text[:place] + piece + text[place + cut :]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "funnels").mkdir()
        (Path(folder) / "funnels" / "sso_setup.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
        assert all(sentence.startswith("sso_setup.toml: ") and "; " in sentence for sentence in sentences(Path(folder)))
