"""Every page for everybody: rules of axe-core, keyboard, narrow windows, large text, paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Visitor, pages_of

FUNNEL = "funnels/sso_setup.html"
LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 375, "height": 800}},
}
OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true })"
# Text on a chart cannot be judged by a program; charts are hidden from screen readers, and each has its table.
AXE = "() => axe.run(document, {resultTypes: ['violations']})"
CUT = """[...document.querySelectorAll("main *:not(thead *, svg *, .chart *, .unseen)")].filter((one) =>
  ["hidden", "clip"].includes(getComputedStyle(one).overflowX) && getComputedStyle(one).clipPath === "none" &&
  one.checkVisibility() && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1))
  .map((one) => one.outerHTML.slice(0, 100))"""
"""What holds more than it shows."""


def violations(page: Any) -> list[str]:
    """What axe-core finds on the page, all of its rules: the rule, and the first elements that break it."""
    base = pytest.importorskip("axe_playwright_python.base", reason="axe-playwright-python is not installed")
    page.evaluate(base.AXE_SCRIPT)
    found = page.evaluate(AXE)["violations"]
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes'][:3]]}" for one in found]


@pytest.mark.parametrize("look", LOOKS)
def test_no_page_breaks_a_rule_of_axe(site: Path, visit: Visitor, look: str) -> None:
    """All rules of axe-core hold on every page, folded and with everything open."""
    seen, found = visit(**LOOKS[look]), {}
    for name in pages_of(site):
        page = seen.open(site / name)
        found[name] = violations(page)
        page.evaluate(OPEN_ALL)
        found[f"{name}, open"] = violations(page)
    assert {name: broken for name, broken in found.items() if broken} == {}


def test_no_filter_breaks_a_rule_of_axe(site: Path, visit: Visitor) -> None:
    """After a filter, with few attempts, with none, and with an ignored link the rules of axe-core hold too."""
    seen = visit()
    for link in ("#weeks=4", "#provider=PingFederate", "#provider=JumpCloud&weeks=4", "#weeks=abc"):
        assert violations(seen.open(site / FUNNEL, link)) == [], link


@pytest.mark.parametrize("width", [320, 375, 768, 1280])
def test_no_page_scrolls_sideways(site: Path, visit: Visitor, width: int) -> None:
    """No page is wider than the window, with hostile names and opened details too."""
    seen = visit(viewport={"width": width, "height": 800})
    for name in pages_of(site):
        page = seen.open(site / name)
        page.evaluate(OPEN_ALL)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_large_text_and_wide_spacing_fit(site: Path, visit: Visitor) -> None:
    """At 200 % zoom (half the window) and with the text spacing that readers may set, nothing is cut or pushed out."""
    seen = visit(viewport={"width": 640, "height": 450}, device_scale_factor=2, bypass_csp=True)
    spacing = "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }"
    for name in pages_of(site):
        page = seen.open(site / name)
        page.add_style_tag(content=spacing)
        assert page.evaluate("document.documentElement.scrollWidth") <= 640, name
        assert page.evaluate(CUT) == [], name


def test_keyboard_alone_filters_and_sorts(site: Path, visit: Visitor) -> None:
    """Tab reaches filters, sort buttons, details and downloads, each seen when reached; none is inside a chart."""
    page = visit().open(site / FUNNEL)
    stops = []
    for _ in range(80):
        page.keyboard.press("Tab")
        stops.append(
            page.evaluate(
                "[document.activeElement.tagName, document.activeElement.textContent.trim().slice(0, 40), "
                "getComputedStyle(document.activeElement).outlineStyle, !!document.activeElement.closest('.chart')]"
            )
        )
    words = [word for _, word, _, _ in stops]
    assert "Skip to the content" in words[0]
    assert {"SELECT", "SUMMARY", "BUTTON", "A", "INPUT"} <= {tag for tag, _, _, _ in stops}
    assert [word for tag, word, outline, _ in stops if outline == "none" and tag != "BODY"] == []
    assert not any(inside for *_, inside in stops)
    page.locator("table.stuck .sort").nth(2).focus()
    page.keyboard.press("Enter")
    assert page.locator("table.stuck th[aria-sort]").count() == 1
    page.focus("select[name=weeks]")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("location.hash").endswith("&weeks=4")


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_paper_has_every_heading_and_every_row(site: Path, visit: Visitor, tmp_path: Path, paper: str) -> None:
    """Printed, all headings and all rows of the stuck list are there, and nothing that only a screen can use."""
    seen = visit(viewport={"width": 1000, "height": 800})
    page = seen.open(site / FUNNEL)
    page.emulate_media(media="print")
    rows = page.locator("tbody tr:not(details:not([open]) tr)")
    assert all(rows.nth(place).is_visible() for place in range(rows.count()))
    assert page.locator("button:not(.sort):visible, select:visible, input:visible").count() == 0
    file = tmp_path / "page.pdf"
    page.pdf(path=str(file), format=paper, print_background=True)
    sheets = len(re.findall(rb"/Type\s*/Page[^s]", file.read_bytes()))
    assert 2 <= sheets <= 9
    assert all(
        heading.is_visible()
        for heading in page.locator("h2").all()
        if "unseen" not in str(heading.get_attribute("class"))
    )
    assert seen.complaints == []
