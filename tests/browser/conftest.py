"""One Chromium for all tests of pages: offline, in a far zone and another locale on purpose. No number may change."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.pages.site import render_site
from tests.unit.page_tables import HOSTILE, page_tables

REPORTS = Path(__file__).parents[2] / "reports"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--hide-scrollbars"]
CONTEXT = {"offline": True, "timezone_id": "Pacific/Auckland", "locale": "de-DE"}


class Visit:
    """A page in a fresh, offline context, and all that it complained about or asked for outside its `home`."""

    def __init__(self, browser: Any, *, home: str = "file:", **options: Any) -> None:
        self.complaints: list[str] = []
        self.home = home
        self.context = browser.new_context(**{**CONTEXT, **options})
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("request", self._check)

    def _check(self, request: Any) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.complaints.append(request.url)

    def open(self, place: Path | str, hash_: str = "") -> Any:
        """The page in a file or at an address, drawn to the end; with what stands behind the `#` of its link."""
        address = place if isinstance(place, str) else place.as_uri()
        if self.page.url.partition("#")[0] == address:
            self.page.goto("about:blank")  # else another hash of the same page would load nothing
        self.page.goto(address + hash_)
        self.page.wait_for_selector("html[data-ready], html:not(:has(script[src]))")  # the digest has none
        return self.page


def pages_of(site: Path) -> list[str]:
    """Every page of a site, as paths below it."""
    return sorted(page.relative_to(site).as_posix() for page in site.rglob("*.html"))


Visitor = Callable[..., Visit]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium for the tests of a file; without one they are skipped with the reason.

    No longer: while it runs, an event loop does, and a build that begins one of its own in this process could not.
    """
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not chromium:
        pytest.skip("no Chromium: install Debian's `chromium`, or set CHROMIUM")
    with sync_api.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Visitor]:
    """Makes a `Visit` with options of the browser context; all are closed at the end."""
    visits: list[Visit] = []

    def start(**options: Any) -> Visit:
        visits.append(Visit(browser, **options))
        return visits[-1]

    yield start
    for one in visits:
        one.context.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site whose organizations and providers have hostile names."""
    out = tmp_path_factory.mktemp("site")
    render_site(
        page_tables(names=HOSTILE),
        company="Acme & Söhne",
        stale_after_us=1,
        static=REPORTS / "static",
        templates=REPORTS / "templates",
        out=out,
    )
    return out
