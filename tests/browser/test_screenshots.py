"""Pictures of every page of the sample's site, kept below `.screenshots/` for people to look at."""

from __future__ import annotations

import zlib
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Visit, Visitor, pages_of

FOLDER = Path(__file__).parents[2] / ".screenshots"
LOOKS = {"light": ("light", 1280), "dark": ("dark", 1280), "phone": ("light", 375)}
"""The system's theme, and the width of the window."""
KINDS = dict.fromkeys(LOOKS, "png") | {"print": "pdf"}
PAPER = {"format": "A4", "print_background": True, "margin": dict.fromkeys(("top", "right", "bottom", "left"), "12mm")}
HEIGHT = "document.documentElement.scrollHeight"
SETTLED = """() => [...document.querySelectorAll("figure:not([hidden]) [data-chart]")].every((place) => {
    const [picture, words] = [".main-svg", ".xtick text"].map((part) => place.querySelector(part));
    const { width, height } = picture?.getBoundingClientRect() ?? {};
    const isFitted = width === place.clientWidth && height === place.clientHeight;
    const colour = getComputedStyle(document.querySelector(".no-chart")).color;
    return isFitted && words && getComputedStyle(words).fill === colour;
})"""
"""Every chart fills its place and has the colour of the theme."""
PRINTING = """matchMedia("print").addEventListener("change", ({ matches }) => {
    if (!matches) return;
    window.cut = [...document.querySelectorAll("figure:not([hidden]) [data-chart]")].filter(
        (place) => place.querySelector(".main-svg").getBoundingClientRect().width > place.clientWidth);
})"""
"""Which charts are wider than their place when the page is laid out for paper, and so are cut off."""
LAID_DOWN = """document.querySelectorAll(".pager").forEach((pager) => { pager.style.position = "static"; })"""
"""What sticks to the lower edge of the window would lie across the middle of the picture."""
FIRST_BYTES, SHADES = 1_000_000, 16
"""Among so many bytes of a picture, one of a single colour has fewer values."""


@pytest.fixture(scope="session")
def sample(demo: Path) -> Path:
    """The site of the shipped sample."""
    return demo / "published" / "site"


def kept(name: str, look: str) -> Path:
    """`funnels/sso_setup.html` in `light` is kept in `funnels/sso_setup-light.png`."""
    return FOLDER / f"{name.removesuffix('.html')}-{look}.{KINDS[look]}"


def measures(png: bytes) -> tuple[int, int]:
    """Width and height, of its header."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])


def shades(png: bytes) -> int:
    """How many values its first bytes have."""
    packed, at = bytearray(), 8
    while at < len(png):
        length, kind = int.from_bytes(png[at : at + 4]), png[at + 4 : at + 8]
        packed += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    return len(set(zlib.decompressobj().decompress(packed, FIRST_BYTES)))


def take(page: Any, name: str, look: str) -> None:
    """Keep the page from top to bottom; by the browser's own command, which has a quick way to pack a picture."""
    scheme, width = LOOKS[look]
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_function(SETTLED)
    height = page.evaluate(HEIGHT)
    whole = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    how = {"captureBeyondViewport": True, "optimizeForSpeed": True, "clip": whole}
    png = b64decode(page.context.new_cdp_session(page).send("Page.captureScreenshot", how)["data"])
    kept(name, look).write_bytes(png)
    assert measures(png) == (width, height), f"{name}, {look}"
    assert shades(png) > SHADES, f"{name}, {look}"


def put_on_paper(page: Any, name: str) -> None:
    """Keep the page as it is printed."""
    page.evaluate(PRINTING)
    pdf = page.pdf(path=kept(name, "print"), **PAPER)
    assert pdf.startswith(b"%PDF"), name
    assert b"/Type /Page\n" in pdf, name
    assert page.evaluate("cut.length") == 0, name


def keep(seen: Visit, file: Path, name: str) -> None:
    """Open the page once and keep it in every look."""
    page = seen.open(file)
    page.evaluate(LAID_DOWN)
    take(page, name, "light")
    put_on_paper(page, name)
    take(page, name, "dark")
    take(page, name, "phone")
    assert seen.complaints == [], name


@pytest.mark.parametrize(("folder", "least"), [(".", 8), ("funnels", 7), ("providers", 3)])
def test_every_page_is_pictured(sample: Path, visit: Visitor, folder: str, least: int) -> None:
    """Each page of the sample is drawn to its end in every look without a complaint, and kept as it looks."""
    names = [name for name in pages_of(sample) if str(Path(name).parent) == folder]
    for old in (FOLDER / folder).glob("*.*"):
        old.unlink()
    (FOLDER / folder).mkdir(parents=True, exist_ok=True)
    seen = visit(viewport={"width": 1280, "height": 900})
    for name in names:
        keep(seen, sample / name, name)
    assert len(names) >= least
    assert {*(FOLDER / folder).glob("*.*")} == {kept(name, look) for name in names for look in KINDS}
