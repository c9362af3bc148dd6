"""What a reader can do with a page by the keys alone, from the first filter to the last file, and what comes of it."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path
from struct import unpack
from typing import Any

from tests.browser.conftest import Visitor

FUNNEL = "funnels/sso_setup.html"


RING = """(css) => document.activeElement.matches(css) && getComputedStyle(document.activeElement).outlineStyle"""


def reach(page: Any, css: str) -> Any:
    """The element, come to by the Tab key alone from where the focus is; a ring is around it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        ring = page.evaluate(RING, css)
        if ring:
            assert ring != "none", css
            return page.locator("*:focus")
    raise AssertionError(f"Tab does not come to {css}")


def saved(page: Any) -> tuple[str, bytes]:
    """Name and content of the file that comes of pressing Enter."""
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    return download.value.suggested_filename, download.value.path().read_bytes()


def test_keys_alone_filter_unfold_turn_and_save(site: Path, visit: Visitor) -> None:
    """In the order of the page: choose, reset, read how it is counted, take the table and the chart, turn the list."""
    seen = visit()
    page = seen.open(site / FUNNEL)
    whole = page.locator(".card .value").all_inner_texts()

    reach(page, "select[name=weeks]").press("ArrowDown")
    assert page.evaluate("location.hash") == "#weeks=4"
    assert page.locator("#showing").inner_text().startswith("Showing ")
    assert page.locator(".card .value").all_inner_texts() != whole
    reach(page, "button[type=reset]").press("Enter")
    assert (page.evaluate("location.hash"), page.locator(".card .value").all_inner_texts()) == ("", whole)

    reach(page, ".card .how summary")
    page.keyboard.press("Enter")
    assert page.locator(".card .how p").first.is_visible()

    reach(page, "table.funnel + .take button")
    name, content = saved(page)
    records = list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))
    assert name == "sso_setup_steps.csv"
    assert records[0][:2] == ["Step", "Reached"]
    assert [record[0].split(" goal")[0] for record in records[1:]][3:4] == ["Connection details"]
    assert len(records) == 1 + page.locator("table.funnel tbody tr").count()

    chart = reach(page, "[data-png=curve]").locator("xpath=ancestor::figure//*[@data-chart]")
    name, content = saved(page)
    assert (name, content[:8]) == ("sso_setup_curve.png", b"\x89PNG\r\n\x1a\n")
    width, _ = unpack(">II", content[16:24])
    assert width >= 2 * chart.bounding_box()["width"] - 2
    assert len(content) > 10_000

    reach(page, ".pager button:last-child")
    page.keyboard.press("Enter")
    assert "Showing 11 to " in page.locator(".tools [role=status]").inner_text()
    assert seen.complaints == []
