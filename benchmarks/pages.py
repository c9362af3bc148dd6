"""How heavy pages are, and how soon they answer, in a real Chromium, from disk, beside the budgets of the design.

    python -m benchmarks.pages

Three sites are made in a temporary folder: one whose funnel has 100,000 counted attempts, one where 10,000 are stuck,
and the shipped sample of 600 organizations. A filter change is timed inside the page from the event of the `<select>`
until every number is written, every chart drawn and the page laid out anew; painting is not in it. Half of the changes
lead back to all 100,000; `worst` has the first change in it, whose code is cold. The same with the bundle of charts
taken away is what counting and writing cost.
`CPU` is what the page's main thread worked for it: on a shared machine trust that, and the ratio to a sort of as many
numbers in the same page. It measures only: the exit code is 0 whatever comes out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from unittest.mock import patch

import polars as pl

from pipelines.pages.site import render_site
from tests.browser.conftest import ARGUMENTS
from tests.unit import page_tables

REPORTS = Path(__file__).parents[1] / "reports"
FUNNEL = "sso_setup"
ENTRIES = 100_477
"""Of which 100,000 are counted: every 211th is excluded."""
ENTRIES_STUCK, STUCK, YEAR = 26_500, 10_000, timedelta(days=365)
"""Of so many, with a window of a year, more than enough are still open."""
OPENINGS, ROUNDS, PATIENCE_MS = 3, 4, 300_000
FILTER_MS, PAGE_BYTES = 300, 250_000

PAINTS = """new MutationObserver(() => {
    const { js, ready } = document.documentElement?.dataset ?? {};
    if (js !== undefined) window.scriptAt ??= performance.now();
    if (ready !== undefined) window.readyAt ??= performance.now();
}).observe(document, { subtree: true, attributeFilter: ["data-js", "data-ready"] });"""
OPENED = """() => new Promise((tell) => requestAnimationFrame(() => setTimeout(() => tell(
    [performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN, scriptAt, readyAt]))))"""
CHOICES = """() => [...document.querySelectorAll("#filters select")].flatMap((select) => [...select.options]
    .filter(({ value }) => value).flatMap(({ value }) => [[select.name, value], [select.name, ""]]))"""
CHANGE = """async ([name, value, hasCharts]) => {
    const { Plotly } = window, drawn = [];
    const told = { ...Plotly, react: (...all) => drawn.push(Plotly.react(...all)) };
    window.Plotly = hasCharts ? told : undefined;
    const select = document.querySelector(`#filters select[name="${name}"]`);
    const start = performance.now();
    select.value = value;
    select.dispatchEvent(new Event("change"));
    await Promise.all(drawn);
    document.body.getBoundingClientRect();
    const took = performance.now() - start;
    window.Plotly = Plotly;
    return took;
}"""
SORT = """(length) => {
    let state = 1;
    const numbers = Float64Array.from({ length }, () => (state = (state * 48_271) % 2_147_483_647));
    return Math.min(...Array.from({ length: 9 }, () => {
        const start = performance.now();
        numbers.toSorted();
        return performance.now() - start;
    }));
}"""
TURN = """(step) => {
    const start = performance.now();
    document.querySelectorAll(".pager button")[step].click();
    document.body.getBoundingClientRect();
    return performance.now() - start;
}"""
SEARCH = """(words) => {
    const input = document.querySelector(".tools input");
    const start = performance.now();
    input.value = words;
    input.dispatchEvent(new Event("input"));
    document.body.getBoundingClientRect();
    return performance.now() - start;
}"""


class Timed(NamedTuple):
    """Milliseconds by the clock and of the main thread's work, of one change each."""

    wall: list[float]
    cpu: list[float]


def main() -> None:
    """Make the sites, weigh and time their pages, print."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        root = Path(folder)
        many = render(root / "many", {FUNNEL: ("Single sign-on set-up", "sso", ENTRIES, 0.985)})
        print(f"{'':42}{'fastest':>10}{'median':>10}{'worst':>10}{'CPU':>8}{'budget':>9}  kept")
        measure_filters(browser, many / "funnels" / f"{FUNNEL}.html")
        waiting = {FUNNEL: ("Single sign-on set-up", "sso", ENTRIES_STUCK, 0.985)}
        with patch.object(page_tables, "WINDOW", YEAR):
            measure_list(browser, render(root / "stuck", waiting) / "stuck.html")
        weigh(build_sample(root / "sample"))


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser of the tests, or the end of the program with one sentence."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        print("no Chromium: install Debian's `chromium`, or set CHROMIUM")
        sys.exit(0)
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # only where there is a browser

    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield running
        running.close()


def render(out: Path, funnels: dict[str, tuple[str, str, int, float]]) -> Path:
    """A site of made-up attempts; at most `STUCK` of them are stuck."""
    with patch.object(page_tables, "FUNNELS", funnels):
        tables = page_tables.page_tables()
    tables["rpt_stalled"] = tables["rpt_stalled"].head(STUCK)
    static, templates = REPORTS / "static", REPORTS / "templates"
    render_site(tables, company="", stale_after_us=10**15, static=static, templates=templates, out=out)
    counted = tables["fct_entries"].filter(~pl.col("is_excluded")).height
    print(f"a site of {counted:,} attempts, {tables['rpt_stalled'].height:,} of them stuck")
    return out


def build_sample(data: Path) -> Path:
    """The site that `make run` makes of the shipped sample."""
    command = [sys.executable, "-m", "pipelines", "demo", "--data-dir", str(data)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  # our own command, no shell
    return data / "demo" / "published" / "site"


def tell_opening(browser: Any, file: Path) -> Any:
    """Print the weight of a page and when its first paint, its script and its end came; the page, drawn to the end."""
    print(f"  {'page, bytes':40}{'':10}{file.stat().st_size:>10,}")
    moments, work = [], []
    for number in range(OPENINGS):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        page.add_init_script(PAINTS)
        session = counting_cpu(page)
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready]")
        work.append(worked(session))
        moments.append(page.evaluate(OPENED))
        if number < OPENINGS - 1:
            page.close()
    painted, scripted, ready = ([*column] for column in zip(*moments, strict=True))
    tell("first paint, ms", Timed(painted, []))
    tell("our script begins, ms", Timed(scripted, []))
    tell("ready, ms", Timed(ready, work))
    before = sum(paint < script for paint, script in zip(painted, scripted, strict=True))
    print(f"  painted before any script began: {before} of {OPENINGS} times")
    return page


def measure_filters(browser: Any, file: Path) -> None:
    """Every choice of every filter in turn, and all attempts again after each; with charts and without."""
    page = tell_opening(browser, file)
    choices = page.evaluate(CHOICES)
    yardstick = page.evaluate(SORT, 100_000)
    print(f"  a sort of 100,000 numbers in the page: {yardstick:.1f} ms at the fastest")
    for name, has_charts in {"filter, numbers and charts": True, "filter, numbers alone": False}.items():
        changes = [(CHANGE, [*choice, has_charts]) for _ in range(ROUNDS) for choice in choices]
        times = timed(page, changes)
        tell(f"{name}, ms", times, FILTER_MS)
        print(f"  = {min(times.wall) / yardstick:.1f} sorts at the fastest, {median(times.cpu) / yardstick:.1f} by CPU")
    page.close()


def measure_list(browser: Any, file: Path) -> None:
    """Pages of the long list turned to and fro, and names searched letter by letter."""
    page = tell_opening(browser, file)
    tell("turn of a page, ms", timed(page, [(TURN, step) for step in (1, 1, 0, 1) * ROUNDS]))
    searches = [(SEARCH, "Northwind 99"[:letters]) for letters in range(13)] * ROUNDS
    tell("letter of a search, ms", timed(page, searches))
    page.close()


def timed(page: Any, acts: list[tuple[str, Any]]) -> Timed:
    """Do each and time it."""
    session, times = counting_cpu(page), Timed([], [])
    for script, argument in acts:
        before = worked(session)
        times.wall.append(page.evaluate(script, argument))
        times.cpu.append(worked(session) - before)
    return times


def counting_cpu(page: Any) -> Any:
    """Begin to count what the main thread of a page works."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    return session


def worked(session: Any) -> float:
    """Milliseconds that the page's main thread has worked since `counting_cpu`."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return 1000 * float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))


def weigh(site: Path) -> None:
    """Bytes of each page with what it loads, Plotly's bundle apart."""
    shared = sum(file.stat().st_size for file in (site / "assets").iterdir() if "plotly" not in file.name)
    pages = {page.relative_to(site).as_posix(): page.read_bytes() for page in site.rglob("*.html")}
    print(f"{len(pages)} pages of 600 organizations; the style and the script that they share: {shared:,} bytes")
    print(f"  {'bytes':38}{'page':>12}{'with shared':>14}{'budget':>10}  kept alone, with shared")
    for name, page in sorted(pages.items(), key=lambda item: -len(item[1])):
        sizes = (len(page), len(page) + shared * (b"assets/app." in page))
        kept = ", ".join("yes" if size <= PAGE_BYTES else "no" for size in sizes)
        print(f"  {name:38}{sizes[0]:>12,}{sizes[1]:>14,}{PAGE_BYTES:>10,}  {kept}")


def tell(name: str, times: Timed, budget: float | None = None) -> None:
    """One line of the table; a budget is kept by the median of the clock, else at least by the CPU's."""
    wall, cpu = median(times.wall), median(times.cpu) if times.cpu else None
    line = f"  {name:40}{min(times.wall):>10,.0f}{wall:>10,.0f}{max(times.wall):>10,.0f}"
    line += f"{cpu:>8,.0f}" if cpu is not None else f"{'':8}"
    if budget is not None:
        kept = "yes" if wall <= budget else "by CPU alone" if cpu is not None and cpu <= budget else "no"
        line += f"{budget:>9,}  {kept}"
    print(line)


if __name__ == "__main__":
    main()
