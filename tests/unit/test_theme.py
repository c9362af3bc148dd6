from __future__ import annotations

import re
from colorsys import rgb_to_hls
from pathlib import Path

import pytest

from pipelines.pages import charts, theme

REPORTS = Path(__file__).parents[2] / "reports"
BRANDS = ("#635bff", "#e0115f", "#00a86b", "#0b3d2e", "#ffe600")
"""Violet, crimson, green; one almost black, and one too pale for any text on white."""
CSS = (REPORTS / "static" / "site.css").read_text("utf-8")
ROLES = {
    role: {"light": light, "dark": dark}
    for role, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\);", CSS)
}
TEXTS = ("ink", "muted", "primary", "better", "worse", "warning")
CONTROLS = ("control", "primary")


def channels(colour: str) -> list[float]:
    """Red, green and blue, 0 to 1."""
    return [int(pair, 16) / 255 for pair in re.findall("[0-9a-fA-F]{2}", colour)]


def ratio(one: str, other: str) -> float:
    """WCAG's contrast ratio, written down a second time from its definition."""
    shades = []
    for colour in (one, other):
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(colour))
        shades.append(0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
    return max(shades) / min(shades)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("brand", ["", *BRANDS])
def test_brand_keeps_text_and_controls_readable(brand: str, mode: str) -> None:
    """With any brand all text has 4.5 on page and surface, controls and neighbouring bars at least 3."""
    shown = {role: of[mode] for role, of in ROLES.items()} | {"primary": theme.colours(brand)[mode]["primary"]}
    grounds = (shown["background"], shown["surface"])
    low = [(role, ground) for role in TEXTS for ground in grounds if ratio(shown[role], ground) < 4.5]
    assert low == []
    assert ratio(shown["warning"], shown["warning-surface"]) >= 4.5
    assert min(ratio(shown[role], ground) for role in CONTROLS for ground in grounds) >= 3
    assert ratio(shown["primary"], shown["pale"]) >= 3


@pytest.mark.parametrize("brand", BRANDS)
def test_brand_keeps_its_hue(brand: str) -> None:
    """A colour that is made darker or lighter stays the same colour: its hue moves by less than three degrees."""
    hue = rgb_to_hls(*channels(brand))[0]
    for of in theme.colours(brand).values():
        turned = abs(rgb_to_hls(*channels(of["primary"]))[0] - hue)
        assert min(turned, 1 - turned) * 360 < 3


def test_colour_that_fits_is_left_alone() -> None:
    """What can be read on white is used there as it was written, and nothing is remarked."""
    assert theme.colours("#1F5FBF")["light"]["primary"] == "#1F5FBF"
    assert theme.colours("#7FB2FF")["dark"]["primary"] == "#7FB2FF"
    assert theme.colours("") == theme.COLOURS
    assert [*theme.remarks("#1F5FBF"), *theme.remarks(""), *theme.remarks("#0b3d2e")] == []


def test_pale_colour_is_remarked() -> None:
    """The sentence names file, key, the colour declared and the one used."""
    assert [*theme.remarks("#ffe600")] == [
        "settings.toml: report.colour: #ffe600 is too pale to read on light pages; they use #7d7100"
    ]


@pytest.mark.parametrize("extreme", ["#000000", "#ffffff", "#808080", "#ffff00", "#0000ff"])
def test_every_colour_finds_its_place(extreme: str) -> None:
    """Black, white and full colours end at a shade that is readable, too."""
    for mode, of in theme.colours(extreme).items():
        assert ratio(of["primary"], theme.COLOURS[mode]["surface"]) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    """Black on white is 21, a colour on itself 1, in either order."""
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert theme.contrast("#123456", "#123456") == pytest.approx(1)
    assert theme.contrast("#767676", "#ffffff") == pytest.approx(ratio("#ffffff", "#767676"))


def test_stylesheet_says_one_thing() -> None:
    """The theme sets the primary colour for both themes, as the stylesheet of the site does without a brand."""
    assert theme.stylesheet("#ffe600") == ":root { --primary: light-dark(#7d7100, #ffe600); }\n"
    assert f"--primary: light-dark({ROLES['primary']['light']}, {ROLES['primary']['dark']});" in theme.stylesheet("")


def test_charts_have_the_brand() -> None:
    """Lines and dots of the charts are drawn in the same shade as the links of their page."""
    looks = charts.templates(theme.colours("#ffe600"))
    for mode, shade in (("light", "#7d7100"), ("dark", "#ffe600")):
        solid = looks[mode]["data"]["scatter"][0]
        assert solid["line"]["color"] == solid["marker"]["color"] == shade
