"""Every table of stories.md comes out of a real build of the two story logs."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.flow.builds import STORIES, ask, lay_stories, run_build
from tests.spec.tables import parse_table
from tests.spec.walks import at, written


def told(section: str) -> list[dict[str, str]]:
    """The table of one section of stories.md."""
    text = (STORIES / "stories.md").read_text("utf-8").split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    return parse_table("\n".join(line for line in text.splitlines() if line.startswith("|")))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One build of all stories."""
    folder = lay_stories(tmp_path_factory.mktemp("stories") / "data")
    run_build(folder)
    return folder


def as_text(frame: pl.DataFrame) -> list[dict[str, str]]:
    """Rows with every cell as text."""
    return frame.cast(pl.String).rows(named=True)


def test_every_line_has_one_fate(data: Path) -> None:
    """Lines are events, duplicates or quarantined, as the story says; the torn last line waits."""
    found = ask(
        data,
        """
        select
            line_count as lines, event_count as events, duplicate_count as duplicates,
            quarantined_count as quarantined
        from rpt_report
        """,
    )
    assert as_text(found) == told("Lines")
    assert ask(data, "select file_count from rpt_report").item() == len(("portal.jsonl", "webhooks.jsonl"))


def test_quarantined_lines_have_their_reasons(data: Path) -> None:
    """Each line that was not understood is kept with the reason that the story names."""
    found = pl.read_parquet(data / "quarantine" / "*.parquet").group_by("reason").len("lines").sort("reason")
    assert as_text(found) == sorted(
        ({"reason": row["reason"], "lines": row["lines"]} for row in told("Quarantined")), key=lambda row: row["reason"]
    )


def test_funnel_totals(data: Path) -> None:
    """Entries and outcomes of each funnel are those of the story."""
    found = ask(
        data,
        """
        select
            funnel_id as funnel, entrant_count + excluded_count as entries, excluded_count as excluded,
            matured_count as matured, activated_count as "activated, of the matured",
            activated_count + early_activated_count as activated, lost_count as lost, open_count as open,
            ended_count as ended
        from rpt_funnels
        order by funnel_id
        """,
    )
    assert as_text(found) == told("Funnels")


def test_findings(data: Path) -> None:
    """Every finding that the story counts has that count; all others of events are 0."""
    found = dict(ask(data, "select finding, count::varchar from quality_findings").rows())
    wanted = {row["finding"]: row["count"] for row in told("Findings")}
    assert {name: count for name, count in found.items() if name in wanted} == wanted
    assert {name for name, count in found.items() if count != "0"} == wanted.keys() | {"secrets_in_input"}


def test_every_entry(data: Path) -> None:
    """Each organization's attempts come out as told, and there are no others."""
    found = ask(
        data,
        """
        select
            organization_id as organization, funnel_id as funnel, intent, entry_number as "#", outcome, entered_at,
            if(is_matured, 'matured', 'maturing') as maturity,
            (select string_agg(s.step_number, ' ' order by s.step_number) from fct_entry_steps as s
                where s.funnel_id = e.funnel_id and s.entry_id = e.entry_id) as steps,
            deepest_step as deepest, converted_at,
            (select count(*) from fct_entry_links as l
                where l.funnel_id = e.funnel_id and l.entry_id = e.entry_id) as links,
            if(is_excluded, 'yes', 'no') as excluded
        from fct_entries as e
        """,
    )
    rows = [
        {**row, "entered": written(row["entered_at"]), "converted": written(row["converted_at"])}
        for row in found.iter_rows(named=True)
    ]
    wanted = told("Entries")
    columns = [column for column in wanted[0] if column != "what happens"]
    assert sorted(_keyed(rows, columns)) == sorted(_keyed(map(_read_times, wanted), columns))


def test_no_entry_where_none_is_told(data: Path) -> None:
    """The organizations of the last table have none."""
    names = [row["organization"] for row in told("No entry")]
    assert (
        ask(data, "select distinct organization_id from fct_entries")
        .filter(pl.col("organization_id").is_in(names))
        .is_empty()
    )
    passkeys = ask(data, "select intent from fct_links where organization_id = 'org_17PASSKEYS'")
    assert passkeys["intent"].to_list() == ["passkeys"]
    assert ask(data, "select count(*) from events where environment = 'sandbox'").item() == 3


def test_no_secret_is_kept(data: Path) -> None:
    """No string that the story calls not to be stored is in any file but the inbox, nor in any published table."""
    marks = (b"SAMPLEDONOTSTORE", b"DONOTSTORE", b"eyJTQU1QTEU")
    files = [file for file in data.rglob("*") if file.is_file() and "inbox" not in file.parts]
    assert len(files) > 20
    assert [file.name for file in files if any(mark in file.read_bytes() for mark in marks)] == []
    stored = pl.concat(
        pl.read_parquet(file).select(pl.concat_str(pl.all().cast(pl.String), ignore_nulls=True).alias("row"))
        for file in sorted(data.glob("events/*/*.parquet"))
    )
    assert not stored["row"].str.contains("DONOTSTORE|eyJTQU1QTEU").any()


def _read_times(row: dict[str, str]) -> dict[str, str]:
    """Times of the story in the notation of `written`."""
    short = {key: row[key].removeprefix("2026-") for key in ("entered", "converted")}
    return row | {key: text if text == "-" else written(at(text)) for key, text in short.items()}


def _keyed(rows: object, columns: list[str]) -> list[tuple[str, ...]]:
    return [tuple(str(row[column]) for column in columns) for row in rows]  # type: ignore[attr-defined]  # any iterable of rows
