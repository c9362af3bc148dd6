"""Each state that the data may be in: its sentence on the page, no word of a program anywhere, scripts that work."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl
import pytest

from pipelines.pages import attempts
from pipelines.pages import site as site_module
from pipelines.pages.site import render_site
from pipelines.pages.views.funnel import funnel_page
from pipelines.pages.views.lists import stuck_page
from tests.browser.conftest import REPORTS, Visitor, pages_of
from tests.spec.measures import compute
from tests.unit.page_tables import AS_OF, HOSTILE, page_tables
from tests.unit.test_door import event

SSO, DSYNC, AUDIT = ("sso_setup", "dsync_setup", "audit_logs_setup")
STUCK, FUNNEL = "stuck.html", f"funnels/{SSO}.html"
NOBODY, ONLY_OPEN = pl.lit(value=False), ~pl.col("is_matured")
UNLIKE = ((pl.col("funnel_id") == SSO) & pl.col("is_excluded")) | (
    (pl.col("funnel_id") == AUDIT) & (pl.col("entry_id") < "org_0009")
)
"""Of the first set-up only excluded attempts, of the second none, of the third few."""
NOTHING = {"event_count": 0, "line_count": 0, "duplicate_count": 0, "quarantined_count": 0, "watermark": None}
DAY_US = 86_400_000_000
PROGRAM = re.compile(r"\b(NaN|nan|undefined|null|None|Infinity)\b|\[object|for too (few|early)\b")
"""What a program says where there is no value, and the end of a sentence into which its words do not fit."""
MARKUP = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)
COLOUR = "(one, name) => getComputedStyle(one)[name]"
MARKS = """() => {
  const { data, layout } = document.querySelector("[data-chart=trend]");
  const [{ x, marker }, [shade]] = [data[1], layout.shapes];
  return [x.filter((_, place) => marker.size[place] > 0), shade.x0, shade.x1];
}"""
CHOOSE = """(name) => {
  const [start, choice] = [performance.now(), document.querySelector("select[name=provider]")];
  choice.value = name;
  choice.dispatchEvent(new Event("change"));
  document.body.getBoundingClientRect();
  return performance.now() - start;
}"""

Opened = Callable[..., tuple[dict[str, str], Any]]


def words(page: Any) -> str:
    """All that a reader can read on a page, unfolded; no word of it is a program's."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    return checked(f"{page.title()} {page.inner_text('body')}")


def checked(text: str) -> str:
    said = " ".join(text.split())
    assert not PROGRAM.search(said), said
    return said


@pytest.fixture
def opened(visit: Visitor, tmp_path: Path) -> Iterator[Opened]:
    """What each page of a site says, of `drawn` ones in the browser; the last of these stays open.

    At the end none complained of anything.
    """
    seen = visit()

    def start(tables: dict[str, pl.DataFrame], *drawn: str) -> tuple[dict[str, str], Any]:
        places: dict[str, Any] = {"static": REPORTS / "static", "templates": REPORTS / "templates", "out": tmp_path}
        render_site(tables, company="Acme", stale_after_us=DAY_US, **places)
        files = {name: (tmp_path / name).read_text("utf-8") for name in pages_of(tmp_path)}
        said = {name: checked(unescape(MARKUP.sub(" ", text))) for name, text in files.items()}
        return said | {name: words(seen.open(tmp_path / name)) for name in drawn}, seen.page

    yield start
    assert seen.complaints == []


def of_one_set_up(**options: Any) -> dict[str, pl.DataFrame]:
    """The tables as of a reports folder with one set-up alone."""
    tables = page_tables(**options).items()
    return {name: frame.filter(funnel_id=SSO) if "funnel_id" in frame.columns else frame for name, frame in tables}


def times(number: int, tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Each attempt so many times, as attempts of their own, without steps and segments."""
    copies = pl.DataFrame({"copy": range(number)})
    own = pl.format("{}:{}", "entry_id", "copy").alias("entry_id")
    many = {name: tables[name].join(copies, how="cross").with_columns(own) for name in ("fct_entries", "rpt_stalled")}
    return tables | {name: frame.drop("copy") for name, frame in many.items()}


def lengthened(stuck: str, copies: int) -> tuple[str, int]:
    """The page of stuck attempts with each row of its list so many times, organizations told apart; and how many."""
    start = stuck.index('data-list="stuck"')
    end = stuck.rindex("</tbody>", start, stuck.index("</table>", start))
    rows = re.findall(r"<tr data-key.*?</tr>", stuck[start:end], re.DOTALL)
    more = (re.sub(r"(org_\d+)", rf"\1_{copy:03}", row) for copy in range(1, copies) for row in rows)
    return "\n".join([stuck[:end], *more, stuck[end:]]), copies * len(rows)


def test_nothing_received_yet_says_how_to_begin(opened: Opened) -> None:
    """Before the first event every page says so and how to send one, in a line that is understood."""
    said, page = opened(of_one_set_up(keep=NOBODY, report=NOTHING), "index.html", STUCK, FUNNEL)
    assert [name for name, text in said.items() if "No events received yet." not in text] == []
    assert "No data yet" in said[FUNNEL]
    assert "inbox/portal/events.jsonl" in said[FUNNEL]
    line = json.loads(page.locator("pre").inner_text())
    assert event(line)["event_type"] == "admin_portal.link_generated"


def test_set_ups_unlike_each_other_each_have_their_sentence(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never seen: for which event it waits. All excluded: that, not that none came. Few: counts in grey, no rate.

    The few are too many for a page that may carry next to none: it has all numbers and charts, and offers no filter.
    """
    monkeypatch.setattr(attempts, "BUDGET", 100)
    pages = [f"funnels/{name}.html" for name in (SSO, DSYNC, AUDIT)]
    said, page = opened(page_tables(keep=UNLIKE), "index.html", STUCK, f"providers/{AUDIT}.html", *pages)
    assert "Every attempt so far is excluded: 3." in said[pages[0]]
    assert "Defined, but admin_portal.link_generated has never been received for dsync." in said[pages[1]]
    assert "3 of 8 attempts were activated (14% to 69%), too few for a rate." in said[pages[2]]
    front = said["index.html"]
    assert "No set-up has enough attempts yet to compare it with before. Nobody is stuck right now." in front
    assert "Single sign-on set-up every attempt so far is excluded: 3" in front
    assert "Directory sync set-up defined, but no attempt yet" in front
    assert re.search(r"Audit log streaming set-up .*3 of 8 14% to 69% .*too few to compare", front)
    assert "Nobody is stuck right now." in said[STUCK]
    assert "too few to say" in said[f"providers/{AUDIT}.html"]
    assert {f"providers/{SSO}.html", f"providers/{DSYNC}.html"}.isdisjoint(said)
    assert page.locator(".card .value").first.inner_text() == "3 of 8"
    greys = page.locator("[data-few], .how p").all()
    assert len({one.evaluate(COLOUR, "color") for one in greys}) == 1 < len(greys)
    assert "%" not in page.locator("table.funnel").inner_text()
    assert "These are more attempts than a page can filter; all numbers are of the whole." in said[pages[2]]
    assert page.locator("select, #copy").count() == 0
    assert page.locator("figure:not([hidden]) [data-chart]:has(svg.main-svg)").count() > 0


def test_open_attempts_alone_are_too_early(opened: Opened) -> None:
    """No rate before the first window closes, and the day when it does; filters count what there is, Reset all."""
    said, page = opened(of_one_set_up(keep=ONLY_OPEN), "index.html", f"providers/{SSO}.html", FUNNEL)
    assert (
        "Too early for a completion rate: 40 attempts are under way; the first window closes on 23 Nov" in said[FUNNEL]
    )
    assert "no attempt is matured yet" in said[FUNNEL]
    assert "too early" in said["index.html"]
    assert "too few to say" in said[f"providers/{SSO}.html"]
    before = page.locator("#slice").inner_text()
    page.select_option("select[name=provider]", "Okta")
    assert "Too early for a completion rate: 11 attempts are under way" in words(page)
    page.click("button[type=reset]")
    assert page.locator("#slice").inner_text() == before


def test_old_data_are_announced_on_every_page(opened: Opened) -> None:
    """Seen a week later the same data raise an amber band, and another week is closed: its mark moves along.

    On the same page: a step that is not recorded has no count and no loss, and a choice that nobody matches its words.
    """
    later = AS_OF + timedelta(days=7)
    tables, matured = of_one_set_up(report={"as_of": later}), pl.col("matures_at") <= later
    lost = pl.when(matured & (pl.col("outcome") == "open")).then(pl.lit("lost")).otherwise("outcome")
    tables["fct_entries"] = tables["fct_entries"].with_columns(is_matured=matured, outcome=lost)
    tables["rpt_weeks"] = compute("rpt_weeks", tables)
    said, page = opened(tables, "index.html", FUNNEL)
    assert [name for name, text in said.items() if "No events since 22 Nov 2026, 23:41 UTC" not in text] == []
    assert page.locator(".stale").evaluate(COLOUR, "backgroundColor") == "rgb(255, 244, 220)"
    assert page.evaluate(MARKS) == [["2026-11-16", "2026-11-23"], "2026-11-13", "2026-11-27"]
    cells = page.locator("table.funnel .unrecorded td").all_inner_texts()
    assert [" ".join(cell.split()) for cell in cells[:4]] == ["not recorded", "-", "-", "-"]
    page.select_option("select[name=provider]", "JumpCloud")
    page.select_option("select[name=weeks]", "4")
    assert "No attempts match: JumpCloud, last 4 weeks. Without JumpCloud Without last 4 weeks" in words(page)
    assert page.locator("#slice").is_hidden()


def test_hundred_thousand_attempts_can_be_filtered(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A page of 100,000 attempts weighs little more than its budget, and counts as one of 609 does, times 165."""
    monkeypatch.setattr(site_module, "all_pages", lambda context: {FUNNEL: ("funnel.html", funnel_page(context, SSO))})
    tables = of_one_set_up()
    few = tables["fct_entries"].filter(is_excluded=False)
    said, page = opened(times(165, tables), FUNNEL)
    assert "The 200 longest waits of all are shown." in said[FUNNEL]
    assert (tmp_path / FUNNEL).stat().st_size < attempts.BUDGET + 800_000
    assert page.locator("#filters select").evaluate_all("(all) => all.map(({ name }) => name)") == ["provider", "weeks"]
    print(f"filter: {page.evaluate(CHOOSE, 'Okta'):.0f} ms")
    chosen = few.filter(provider="Okta").height
    assert page.locator("#showing").inner_text() == f"Showing {165 * chosen:,} of {165 * few.height:,} attempts"
    assert page.locator(".card .value").nth(2).inner_text() == f"{165 * chosen:,}"


def test_ten_thousand_stuck_attempts_are_a_list(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A list of 10,000 is ready, turned and searched like a short one, and weighs 1.3 kB a row; times are printed."""
    monkeypatch.setattr(site_module, "all_pages", lambda context: {STUCK: (STUCK, stuck_page(context))})
    _, page = opened(times(4, page_tables(names=HOSTILE)))
    text, count = lengthened((tmp_path / STUCK).read_text("utf-8"), 100)
    (tmp_path / STUCK).write_text(text, "utf-8")
    assert count >= 10_000
    assert (tmp_path / STUCK).stat().st_size < 1_300 * count
    page.set_default_timeout(120_000)  # a slow machine is no failure
    start = perf_counter()
    page.goto((tmp_path / STUCK).as_uri())
    page.wait_for_selector("html[data-ready]")
    print(f"open: {1000 * (perf_counter() - start):.0f} ms")
    status = page.locator(".tools [role=status]")
    assert status.inner_text() == f"Showing 1 to 50 of {count:,}"
    page.get_by_role("button", name="Next").click()
    assert status.inner_text() == f"Showing 51 to 100 of {count:,}"
    page.get_by_label("Search").fill("_017")
    assert status.inner_text() == f"Showing 1 to 50 of {count // 100} found"
    assert page.locator("table.everybody tbody tr:visible").count() == 50
