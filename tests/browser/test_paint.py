"""What a reader sees first: the answer and its numbers, painted before a script has come, let alone run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import Visitor
from tests.browser.loopback import Loopback

ANSWER = ".answer, .card"
PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length > 0"
LARGEST = """() => new Promise((tell) => {
  const isContent = ({ element }) => element?.closest("main") !== null;
  const observer = new PerformanceObserver((list) => list.getEntries().some(isContent) && tell(true));
  observer.observe({ type: "largest-contentful-paint", buffered: true });
})"""
# The observer is asked while a frame is made: what intersects the window there is what the frame shows.
IN_WINDOW = """(all) => new Promise((tell) => {
  const observer = new IntersectionObserver((seen) => tell(seen.filter(({ isIntersecting }) => isIntersecting).length));
  all.forEach((one) => observer.observe(one));
})"""
TIMES = """() => {
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  const scripts = performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".js"));
  return { paint: paint.startTime, scripts: scripts.map(({ responseEnd }) => responseEnd) };
}"""


@pytest.mark.parametrize(
    ("name", "readable", "script_count"),
    [
        ("funnels/sso_setup.html", {".answer p": 3, ".card .value": 4, "table.funnel tbody tr": 8}, 2),
        ("index.html", {".answer": 1, "table.overview tbody tr": 3}, 1),
    ],
)
def test_answer_is_painted_before_a_script_has_come(
    site: Path, visit: Visitor, name: str, readable: dict[str, int], script_count: int
) -> None:
    """While the host holds every script back the page is painted and can be read; then they come and it is drawn."""
    with Loopback(site) as host:
        seen = visit(home=host.url, offline=False, viewport={"width": 1280, "height": 900})
        host.scripts.clear()
        page = seen.page
        page.goto(f"{host.url}/{name}", wait_until="commit")
        page.wait_for_function(PAINTED)
        page.wait_for_function(LARGEST)
        assert {css: page.locator(css).filter(visible=True).count() for css in readable} == readable
        assert page.eval_on_selector_all(ANSWER, IN_WINDOW) == page.locator(ANSWER).count()
        assert page.evaluate("[document.readyState, typeof Portal, typeof Plotly]") == ["loading", *2 * ["undefined"]]
        host.scripts.set()
        page.wait_for_selector("html[data-ready]")
        times = page.evaluate(TIMES)
        assert len(times["scripts"]) == script_count
        assert times["paint"] < min(times["scripts"])
        assert seen.complaints == []
        seen.context.close()
