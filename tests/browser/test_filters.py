"""Filters of a funnel's page: what the script counts is what a query over the same attempts says."""

from __future__ import annotations

import random
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import duckdb
import polars as pl
import pytest

from pipelines.pages import formats
from pipelines.pages.cells import Published
from tests.browser.conftest import Visitor
from tests.unit.page_tables import AS_OF, HOSTILE, page_tables

FUNNEL = "funnels/sso_setup.html"
PROVIDERS = [formats.name(name) for name in HOSTILE]
SINCE = {weeks: AS_OF.date() - timedelta(days=7 * weeks - 1) for weeks in (4, 12)}
COUNTED = """
    select
        count(*) as entrant_count,
        count(*) filter (where e.is_matured) as matured_count,
        count(*) filter (where e.is_matured and e.outcome = 'activated') as activated_count,
        count(*) filter (where e.outcome = 'open') as open_count,
        count(*) filter (where s.entry_id is not null) as stalled_count,
        count(*) filter (where e.is_matured and e.deepest_step >= 4) as fourth_count
    from fct_entries as e
    left join rpt_stalled as s using (funnel_id, entry_id)
    left join fct_entry_segments as g on g.funnel_id = e.funnel_id and g.entry_id = e.entry_id
        and g.dimension = 'link_source'
    where e.funnel_id = 'sso_setup' and not e.is_excluded
        and ($provider is null or e.provider = $provider)
        and ($segment is null or g.segment = $segment)
        and ($since is null or e.entry_week >= $since)
"""


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    """What the site of `site` is made of."""
    return page_tables(names=HOSTILE)


def asked(tables: dict[str, pl.DataFrame], provider: str | None, segment: str | None, since: date | None) -> list[int]:
    """Entrants, matured, activated, open, stuck, and who came to the fourth step, by a query of its own."""
    with duckdb.connect() as connection:
        for name in ("fct_entries", "rpt_stalled", "fct_entry_segments"):
            connection.register(name, tables[name])
        found = connection.execute(COUNTED, {"provider": provider, "segment": segment, "since": since}).fetchone()
    assert found is not None
    return list(found)


def shown(page: Any) -> list[int]:
    """The same numbers as the page shows them; nothing of an empty selection."""
    if page.locator("#slice").is_hidden():
        return [0] * 6
    read = """() => {
        const said = (table, key, column) => document.querySelector(
            `#slice .card [data-table="${table}"][data-key="${key}"][data-column="${column}"],
             #slice .funnel [data-table="${table}"][data-key="${key}"][data-column="${column}"]`).textContent;
        const counts = ["entrant_count", "matured_count", "open_count", "stalled_count"];
        return [...counts.map((name) => said("rpt_funnels", "sso_setup", name)),
            said("rpt_funnel_steps", "sso_setup|4", "reached_count"),
            document.querySelector('[data-said="outcomes"]').textContent];
    }"""
    entrants, matured, still_open, stuck, fourth, said = page.evaluate(read)
    basis = page.locator('#slice .card [data-format="basis"]').text_content()
    completion = page.locator('#slice .card [data-format="completion"]').text_content()
    fraction = re.search(r"([\d,]+) of [\d,]+", f"{basis} {completion}")
    assert f"Of {entrants} attempt" in said
    activated = fraction[1] if fraction else "0"
    return [int(number.replace(",", "")) for number in (entrants, matured, activated, still_open, stuck, fourth)]


@pytest.mark.parametrize("seed", range(10))
def test_filtered_counts_are_those_of_a_query(
    site: Path, visit: Visitor, tables: dict[str, pl.DataFrame], seed: int
) -> None:
    """Ten random choices of provider, segment and period: the page says what DuckDB says of the same attempts."""
    chance = random.Random(seed)
    provider = chance.choice([None, *tables["fct_entries"]["provider"].drop_nulls().unique().sort()])
    segment = chance.choice([None, "dashboard", "e-mail", "a:b&c"])
    weeks = chance.choice([None, 4, 12])
    chosen = {"provider": provider, "segment": segment and f"link_source:{segment}", "weeks": weeks}
    link = urlencode({key: value for key, value in chosen.items() if value})
    page = visit().open(site / FUNNEL, f"#{link}")
    assert shown(page) == asked(tables, provider, segment, SINCE.get(weeks or 0)), chosen


def test_counting_anew_changes_no_word(site: Path, visit: Visitor) -> None:
    """Without a filter the script, made to count everything again, says to the letter what the page said before."""
    seen = visit()
    for name in ("sso_setup", "dsync_setup", "audit_logs_setup"):
        page = seen.open(site / f"funnels/{name}.html")
        before = page.locator("#slice").inner_text()
        page.evaluate("Portal.funnel.start().count()")
        assert page.locator("#slice").inner_text() == before
    assert seen.complaints == []


def test_choice_is_kept_in_the_link(site: Path, visit: Visitor) -> None:
    """Choosing writes the link; opened anew it gives the same numbers, and Back gives those from before."""
    seen = visit()
    page = seen.open(site / FUNNEL)
    whole = shown(page)
    page.select_option("select[name=weeks]", "12")
    page.select_option("select[name=segment]", "link_source:e-mail")
    chosen, link = shown(page), page.evaluate("location.hash")
    assert link == "#segment=link_source%3Ae-mail&weeks=12"
    assert whole != chosen
    assert "Showing " in page.locator("#showing").inner_text()
    assert shown(visit().open(site / FUNNEL, link)) == chosen
    page.go_back()
    page.wait_for_function("document.querySelector('select[name=segment]').value === ''")
    assert shown(page) == shown(visit().open(site / FUNNEL, "#weeks=12"))
    page.click("button[type=reset]")
    assert shown(page) == whole
    assert page.evaluate("location.hash") == ""
    assert seen.complaints == []


@pytest.mark.parametrize(
    "link",
    ["#weeks=abc", "#provider=Nobody&weeks=4.5", "#x=<img src=x onerror=alert(1)>", "#segment=link_source", "#%"],
)
def test_bad_link_is_ignored_by_name(site: Path, visit: Visitor, link: str) -> None:
    """What a link asks for that is not there is named and left out; the page is whole, and nothing of it is run."""
    seen = visit()
    page = seen.open(site / FUNNEL, link)
    assert shown(page) == shown(visit().open(site / FUNNEL))
    if "=" in link:
        assert page.get_by_text("Ignored in the link: ").is_visible()
    assert page.locator("img").count() == 0
    assert seen.complaints == []


def test_choice_that_nobody_matches_can_be_undone(site: Path, visit: Visitor, tables: dict[str, pl.DataFrame]) -> None:
    """The page names what matches nothing, and offers to drop each filter."""
    attempts = tables["fct_entries"].filter(funnel_id="sso_setup", is_excluded=False).drop_nulls("provider")
    recent = attempts.filter(pl.col("entry_week") >= SINCE[4])
    (rare, *_) = sorted(set(attempts["provider"]) - set(recent["provider"]))
    page = visit().open(site / FUNNEL, f"#{urlencode({'provider': rare, 'weeks': 4})}")
    said = page.locator("#nobody").inner_text()
    assert f"No attempts match: {formats.name(rare)}, last 4 weeks." in " ".join(said.split())
    assert page.locator("#slice").is_hidden()
    page.get_by_role("button", name="Without last 4 weeks").click()
    assert page.locator("#nobody").is_hidden()
    assert shown(page) == asked(tables, rare, None, None)


def test_few_attempts_have_no_rate_after_a_filter(site: Path, visit: Visitor, tables: dict[str, pl.DataFrame]) -> None:
    """Under twenty matured attempts the page shows counts and a grey range instead of a rate, in words and numbers."""
    sizes = tables["fct_entries"].filter(funnel_id="sso_setup", is_excluded=False, is_matured=True)
    few = sizes.drop_nulls("provider").group_by("provider").len().filter(pl.col("len") < formats.FEW)["provider"][0]
    page = visit().open(site / FUNNEL, f"#{urlencode({'provider': few})}")
    assert "too few for a rate" in page.locator(".answer").inner_text()
    assert re.fullmatch(r"\d+ of \d+", page.locator(".card .value").first.inner_text())
    assert page.locator(".card [data-few]").evaluate("(one) => one.classList.contains('faint')")
    assert "%" not in page.locator("table.funnel").inner_text()


def test_no_page_says_what_no_reader_should_see(site: Path, visit: Visitor) -> None:
    """However one filters, nowhere stands NaN, undefined, null or Infinity."""
    page = visit().open(site / FUNNEL)
    for name in ("provider", "segment", "weeks"):
        for value in page.locator(f"select[name={name}] option").evaluate_all("(all) => all.map((one) => one.value)"):
            page.select_option(f"select[name={name}]", value)
            assert not re.search(r"\b(NaN|undefined|null|Infinity)\b", page.locator("main").inner_text()), (name, value)
        page.click("button[type=reset]")


def test_stuck_list_follows_the_filters(site: Path, visit: Visitor, tables: dict[str, pl.DataFrame]) -> None:
    """Of the stuck only those among the chosen attempts are listed, and counted."""
    page = visit().open(site / FUNNEL, f"#{urlencode({'segment': 'link_source:e-mail'})}")
    stuck = asked(tables, None, "e-mail", None)[4]
    rows = page.locator("table.stuck tbody tr:not([data-off])")
    assert 0 < rows.count() == stuck < Published(tables).frame("rpt_stalled", "sso_setup").height
