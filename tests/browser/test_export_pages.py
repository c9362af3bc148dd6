"""Exported pages in a real browser: each file alone in an empty folder, offline; and a brand in both themes."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.exporting import export
from pipelines.settings import Places
from tests.browser.conftest import REPORTS, Visitor, pages_of
from tests.unit.page_tables import HOSTILE, page_tables

FUNNEL = "funnels/sso_setup.html"
LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 84 28" width="84" height="28">
<style>.a { fill: #b00020 }</style><rect class="a" width="84" height="28" rx="6"/></svg>"""
LOOKS = """[...document.body.querySelectorAll("*:not(script):not(script *)")].map((one) => {
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  const said = [...style].filter((key) => key !== "clip-path"); // Plotly names these at random
  const looks = said.sort().map((key) => key + ":" + style.getPropertyValue(key)).join(";");
  return [one.tagName, box.x, box.y, box.width, box.height, looks];
})"""
BRAND = '[report]\ncompany = "Acme & Söhne"\nlogo = "brand.svg"\ncolour = "#ffe600"\n'


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """A published file with hostile names, and a reports directory with a brand."""
    root = tmp_path_factory.mktemp("brand")
    (root / "data" / "published").mkdir(parents=True)
    with duckdb.connect(root / "data" / "published" / "portal.duckdb") as connection:
        nobody = pl.DataFrame(schema={"organization_id": pl.String, "organization_name": pl.String})
        for name, frame in {**page_tables(names=HOSTILE), "dim_organizations": nobody}.items():
            connection.register("frame", frame)
            connection.execute(f'create table "{name}" as from frame')
            connection.unregister("frame")
            connection.execute(f"comment on table \"{name}\" is 'said of it'")
            for column in frame.columns:
                connection.execute(f'comment on column "{name}"."{column}" is \'said of it\'')
    shutil.copytree(REPORTS, root / "reports")
    (root / "reports" / "brand.svg").write_text(LOGO)
    (root / "reports" / "settings.toml").write_text(BRAND)
    return Places.find(root / "data", root / "reports")


@pytest.fixture(scope="module")
def single(places: Places, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, each in one file."""
    out = tmp_path_factory.mktemp("single") / "out"
    export(places, out, is_single=True)
    return out


@pytest.fixture(scope="module")
def folder(places: Places, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages with their shared files."""
    out = tmp_path_factory.mktemp("folder") / "out"
    export(places, out)
    return out


def test_each_page_opens_alone(single: Path, visit: Visitor, tmp_path: Path) -> None:
    """Alone in an empty folder, offline, each page is drawn to its end, asks for nothing, complains of nothing."""
    names, charts = pages_of(single), 0
    assert FUNNEL in names
    for number, name in enumerate(names):
        alone = tmp_path / str(number) / "mailed.html"
        alone.parent.mkdir()
        shutil.copy(single / name, alone)
        seen = visit(color_scheme=("light", "dark")[number % 2])
        asked: list[str] = []
        seen.page.on("request", lambda request, asked=asked: asked.append(request.url))
        seen.page.goto(alone.as_uri())
        if seen.page.locator("script").count():
            seen.page.wait_for_selector("html[data-ready]")
            assert seen.page.locator("header .site img").evaluate("(logo) => logo.naturalWidth") == 84
        drawn = seen.page.locator("[data-chart]:has(svg.main-svg)").count()
        assert drawn == seen.page.locator("[data-chart]").count()
        assert [url for url in asked if not url.startswith("data:")] == [alone.as_uri()], name
        assert seen.complaints == [], name
        charts += drawn
    assert charts >= 6


def test_page_alone_carries_its_list(single: Path, folder: Path, visit: Visitor, tmp_path: Path) -> None:
    """The stuck list is saved from a mailed page too, under its name and to the byte, though no file lies beside it."""
    shutil.copy(single / FUNNEL, tmp_path / "mailed.html")
    seen = visit(accept_downloads=True)
    page = seen.open(tmp_path / "mailed.html")
    with page.expect_download() as download:
        page.get_by_text("this list as CSV").click()
    assert download.value.suggested_filename == "sso_setup_stuck.csv"
    assert Path(download.value.path()).read_bytes() == (folder / "funnels" / "sso_setup_stuck.csv").read_bytes()
    assert seen.complaints == []


def test_single_file_looks_like_the_site(single: Path, folder: Path, visit: Visitor) -> None:
    """Each element of a page alone stands where it stands in the site and has the same computed style.

    Not pixels: Chromium draws a rounded corner one shade off now and then, on one and the same page too.
    """
    pages = [visit(viewport={"width": 1280, "height": 900}).open(out / "index.html") for out in (single, folder)]
    alone, shared = (page.evaluate(LOOKS) for page in pages)
    assert len(alone) > 100
    assert alone == shared


@pytest.mark.parametrize(("scheme", "shade"), [("light", "rgb(125, 113, 0)"), ("dark", "rgb(255, 230, 0)")])
def test_brand_colours_links_bars_and_charts(folder: Path, visit: Visitor, scheme: str, shade: str) -> None:
    """The company's colour, made readable, is that of links, of the funnel's bars and of the charts' lines."""
    seen = visit(color_scheme=scheme)
    page = seen.open(folder / FUNNEL)
    style = "getComputedStyle(document.querySelector('{}')).{}"
    assert page.evaluate(style.format("main details summary", "color")) == shade
    assert page.evaluate(style.format("rect.reached", "fill")) == shade
    lines = "[...document.querySelectorAll('[data-chart=trend] .js-line')].map((one) => getComputedStyle(one).stroke)"
    assert shade in page.evaluate(lines)
    assert seen.complaints == []


@pytest.mark.parametrize("width", [1280, 320])
def test_logo_stands_beside_the_company(folder: Path, visit: Visitor, width: int) -> None:
    """The logo is 28 px high, has no words of its own, and stands in one line with the company's name."""
    page = visit(viewport={"width": width, "height": 800}).open(folder / FUNNEL)
    logo, site = page.locator("header .site img"), page.locator("header .site")
    box = logo.bounding_box()
    assert (box["height"], box["width"], logo.get_attribute("alt")) == (28, 84, "")
    assert site.inner_text() == "Acme & Söhne"
    assert site.bounding_box()["height"] < 34
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_page_stands_before_its_scripts(folder: Path) -> None:
    """All that a reader sees comes before the first script, so that it is painted before a script is parsed."""
    for name in pages_of(folder):
        before, script, _ = (folder / name).read_text("utf-8").partition("<script")
        assert "</main>" in before or not script, name


def test_charts_have_their_room_from_the_start(folder: Path, visit: Visitor) -> None:
    """Before the script has run its charts have their place and no words; where it never runs the words come."""
    page = visit(viewport={"width": 1280, "height": 900}).page
    page.context.route("**/*.js", lambda route: route.abort())
    page.goto((folder / FUNNEL).as_uri(), wait_until="domcontentloaded")
    assert page.locator("[data-chart=trend]").bounding_box()["height"] >= 340
    words = page.locator(".no-chart").first
    page.evaluate("document.getAnimations().forEach((one) => { one.pause(); one.currentTime = 0 })")
    assert words.is_hidden()
    page.evaluate("document.getAnimations().forEach((one) => one.finish())")
    assert words.is_visible()
    plain = visit(java_script_enabled=False).page
    plain.goto((folder / FUNNEL).as_uri())
    assert plain.locator(".no-chart").first.is_visible()
    assert plain.locator(".chart").first.is_hidden()


def test_export_without_names_says_what_is_left_out(places: Places, visit: Visitor, tmp_path: Path) -> None:
    """Without names a funnel's page says in its place that nobody is listed, and no menu leads to the lists."""
    export(places, tmp_path / "out", has_names=False)
    seen = visit()
    page = seen.open(tmp_path / "out" / FUNNEL)
    assert "Organizations are left out" in page.locator("section[aria-labelledby=stuck]").inner_text()
    labels = page.locator("header nav a").all_inner_texts()
    assert "Health" in labels
    assert not {"Stuck", "Connections"} & {*labels}
    assert seen.complaints == []
