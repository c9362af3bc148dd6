"""Pages in a real browser: from disk, without a network, in a far time zone and another locale on purpose."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Visitor, pages_of

FUNNEL = "funnels/sso_setup.html"
SANDBOX = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_opens_from_disk_without_a_complaint(site: Path, visit: Visitor, scheme: str) -> None:
    """Every page opens offline from a file: no request elsewhere, no console message, no error, every chart drawn."""
    seen = visit(color_scheme=scheme)
    for name in pages_of(site):
        page = seen.open(site / name)
        drawn = page.locator("figure:not([hidden]) [data-chart]:has(svg.main-svg)").count()
        assert drawn == page.locator("figure:not([hidden]) [data-chart]").count(), name
        assert seen.complaints == [], name


def test_page_is_whole_without_scripts(site: Path, visit: Visitor) -> None:
    """The answer, the numbers and all tables are there before any script runs, and the page says what is missing."""
    page = visit(java_script_enabled=False).page
    page.goto((site / FUNNEL).as_uri())
    assert page.locator(".answer p").count() == 3
    assert page.locator(".card").count() == 4
    assert page.locator("table.funnel tbody tr").count() == 8
    assert page.locator("table.stuck tbody tr").count() > 10
    assert page.get_by_text("Charts need JavaScript.").first.is_visible()
    assert page.locator(".chart").first.is_hidden()
    assert page.locator("#theme").is_hidden()


def test_script_changes_no_number(site: Path, visit: Visitor) -> None:
    """What the page says is the same before and after its script ran, in any time zone and locale."""
    plain = visit(java_script_enabled=False).page
    plain.goto((site / FUNNEL).as_uri())
    drawn = visit().open(site / FUNNEL)
    assert drawn.locator("[data-table]").all_inner_texts() == plain.locator("[data-table]").all_inner_texts()


def test_hostile_host_leaves_numbers_and_looks(site: Path, visit: Visitor) -> None:
    """Under a host's policy that forbids scripts, the tables and the colour of the bars remain."""
    seen = visit()

    def serve(route: Any) -> None:
        route.fulfill(path=site / route.request.url.split("/", 3)[3], headers={"Content-Security-Policy": SANDBOX})

    seen.context.route("http://reports.test/**", serve)
    seen.page.goto(f"http://reports.test/{FUNNEL}")
    assert seen.page.locator("table.funnel tbody tr").count() == 8
    fill = "getComputedStyle(document.querySelector('rect.reached')).fill"
    assert seen.page.evaluate(fill) == "rgb(31, 95, 191)"


def test_hostile_names_are_shown_as_text(site: Path, visit: Visitor) -> None:
    """Names that look like markup are read as they are typed, in tables and in charts."""
    page = visit().open(site / FUNNEL)
    shown = page.locator("table.stuck tbody th").all_inner_texts()
    assert any("</script><script>alert(1)</script>" in text for text in shown)
    assert any("<img src=x onerror=alert(1)>" in text for text in page.locator(".chart text").all_text_contents())
    assert page.locator("img").count() == 0


def test_theme_follows_the_system_and_the_button(site: Path, visit: Visitor) -> None:
    """Dark follows the system; the button overrides it, redraws the charts, and is remembered on the next page."""
    seen = visit(color_scheme="dark")
    page = seen.open(site / FUNNEL)
    background, label = "getComputedStyle(document.body).backgroundColor", "[data-chart=trend] .xtick text"
    colour = f"getComputedStyle(document.querySelector('{label}')).fill"
    assert (page.evaluate(background), page.evaluate(colour)) == ("rgb(20, 23, 29)", "rgb(167, 175, 189)")
    page.click("#theme")
    assert (page.evaluate(background), page.evaluate(colour)) == ("rgb(255, 255, 255)", "rgb(84, 91, 107)")
    assert seen.open(site / "index.html").evaluate(background) == "rgb(255, 255, 255)"
    assert seen.complaints == []


def test_open_weeks_are_hollow_dotted_and_shaded(site: Path, visit: Visitor) -> None:
    """Exactly the weeks within the window of the as-of time, without the running one; what closed is solid."""
    page = visit().open(site / FUNNEL)
    trend = page.evaluate(
        "(() => { const { data, layout } = document.querySelector('[data-chart=trend]'); return { data, layout }; })()"
    )
    closed, still_open, _ = trend["data"]
    assert list(zip(still_open["x"], still_open["marker"]["size"], strict=True)) == [
        ("2026-11-02", 0),
        ("2026-11-09", 10),
        ("2026-11-16", 10),
    ]
    assert closed["x"][-1] == "2026-11-02"
    shaded = [(shape["x0"], shape["x1"]) for shape in trend["layout"]["shapes"] if shape["type"] == "rect"]
    assert shaded == [("2026-11-06", "2026-11-20")]
    dashes = page.evaluate(
        "[...document.querySelectorAll('[data-chart=trend] .js-line')].map((line) => line.style.strokeDasharray)"
    )
    assert sorted(bool(re.match(r"\d", dash)) for dash in dashes if dash is not None).count(True) == 1
    assert page.get_by_text("still open: can only rise").is_visible()
    dots = page.evaluate(
        "[...document.querySelectorAll('[data-chart=trend] .point')].map((dot) => "
        "[dot.getBBox().width > 1, getComputedStyle(dot).fill, getComputedStyle(dot).opacity])"
    )
    seen = [(fill, opacity) for has_size, fill, opacity in dots if has_size]
    assert seen.count(("rgb(255, 255, 255)", "1")) == 2
    assert seen.count(("rgb(31, 95, 191)", "1")) == len(seen) - 2


def test_notes_are_numbered_on_the_trend_and_told_below(site: Path, visit: Visitor) -> None:
    """Each note within the weeks of the trend has a line with its number in the list, oldest first; markup is text."""
    page = visit().open(site / FUNNEL)
    chart = page.evaluate("document.querySelector('[data-chart=trend]').layout")
    told = page.locator("ol.notes li").all_inner_texts()
    assert [line[-1] for line in told] == ["1", "2", "3"]
    assert "<b>New guide</b>" in told[0]
    marks = {
        mark["text"]: mark["x"] for mark in chart["annotations"] if mark.get("yanchor") == "bottom" and mark["y"] == 0
    }
    lines = [shape["x0"] for shape in chart["shapes"] if shape["type"] == "line"]
    assert [*marks] == ["2", "3"]  # the first is older than every attempt
    assert [*marks.values()] == lines == sorted(lines)


def test_curves_of_two_periods_lie_over_that_of_all(site: Path, visit: Visitor) -> None:
    """The chart draws the published shares of both periods, as far as both were watched, and the words say which."""
    page = visit().open(site / FUNNEL)
    curve = page.evaluate("document.querySelector('[data-chart=curve]').data.map(({x, y, line}) => [x.length, y])")
    rows = page.evaluate("JSON.parse(document.getElementById('data').textContent).tables.rpt_activation_curve")
    for place, name in ((3, "current_share"), (4, "previous_share")):
        known = [round(row[name], 6) for row in rows if row[name] is not None]
        assert curve[place] == [len(known), pytest.approx(known, abs=1e-6)]
        assert 20 < len(known) < len(rows)
    assert "Dashed: those of the latest" in page.locator("[data-periods]").inner_text()
    page = visit().open(site / FUNNEL, "#weeks=4")
    assert page.locator("[data-periods]").is_hidden()
    assert page.evaluate("document.querySelector('[data-chart=curve]').data[3].x.length") == 0


def test_id_in_the_stuck_list_is_not_torn(site: Path, visit: Visitor) -> None:
    """At 1280 px an id of 30 characters stands on one line; in a narrower window on two of like length."""
    page = visit(viewport={"width": 1280, "height": 800}).open(site / FUNNEL)
    place = page.locator("table.stuck .id bdi").first
    place.evaluate("(one) => { one.textContent = 'org_01JMKQWV4M8NGTWR0M1BWCMD4M' }")
    lines = "(one) => [...one.getClientRects()].map((line) => line.width)"
    assert len(place.evaluate(lines)) == 1
    for width in (870, 1000, 1190):
        page.set_viewport_size({"width": width, "height": 800})
        first, second = place.evaluate(lines)
        assert second > 0.5 * first, width


@pytest.mark.parametrize(
    ("column", "word"),
    [("Provider", "SimpleSamlPhpSAML"), ("Stopped after", "Recommendation"), ("Link", "revoked")],
)
def test_word_in_the_stuck_list_is_not_torn(site: Path, visit: Visitor, column: str, word: str) -> None:
    """Wherever the list is a table, the longest words of the vendor's providers and of our steps stand on one line."""
    page = visit().open(site / FUNNEL)
    place = page.locator(f"table.stuck td[data-label='{column}'] bdi").first
    place.evaluate("(one, word) => { one.textContent = word }", word)
    lines = "(one) => { const all = new Range(); all.selectNodeContents(one); return all.getClientRects().length }"
    for width in (870, 1000, 1190, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert place.evaluate(lines) == 1, width


@pytest.mark.parametrize(("width", "is_folded"), [(375, True), (768, True), (900, False), (1280, False)])
def test_list_of_pages_folds_where_it_is_narrow(site: Path, visit: Visitor, width: int, is_folded: bool) -> None:
    """On a phone the pages are behind one button, that works without scripts; on a wide screen they stand open."""
    page = visit(viewport={"width": width, "height": 800}, java_script_enabled=False).page
    page.goto((site / FUNNEL).as_uri())
    last = page.get_by_role("link", name="Definitions")
    assert last.is_visible() is not is_folded
    assert page.locator(".menu > summary").is_visible() is is_folded
    set_up = page.get_by_role("link", name="Directory sync set-up")
    assert not set_up.is_visible()
    page.click(".menu > summary" if is_folded else ".set-ups > summary")
    assert last.is_visible()
    assert set_up.is_visible()


def test_menu_of_set_ups_lies_over_the_page_until_one_goes_on(site: Path, visit: Visitor) -> None:
    """At 1280 px all pages stand on one line; the menu closes on Escape, on a click elsewhere, where focus leaves."""
    page = visit(viewport={"width": 1280, "height": 800}).open(site / FUNNEL)
    menu, summary = page.locator(".set-ups"), page.locator(".set-ups > summary")
    height = page.locator("header.top").bounding_box()["height"]
    assert height < 60
    leaves: dict[str, Callable[[], None]] = {
        "escape": lambda: page.keyboard.press("Escape"),
        "click": lambda: page.mouse.click(1270, 700),
        "focus": lambda: page.locator("#theme").focus(),
    }
    for leave in leaves.values():
        summary.click()
        assert menu.get_attribute("open") is not None
        assert page.locator("header.top").bounding_box()["height"] == height
        leave()
        assert menu.get_attribute("open") is None


def test_inner_links_lead_somewhere(site: Path, visit: Visitor) -> None:
    """Every link of a page leads to a file of the site or a place on the page."""
    seen = visit()
    for name in pages_of(site):
        page = seen.open(site / name)
        for href in page.eval_on_selector_all("a", "(links) => links.map((link) => link.getAttribute('href'))"):
            file, _, place = href.partition("#")
            if file and not file.startswith("https://"):
                assert ((site / name).parent / file).is_file(), (name, href)
            elif place and "=" not in place:
                assert page.locator(f"[id='{place}']").count() == 1, (name, href)
