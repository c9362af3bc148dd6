"""The colours of pages and charts by role, and a company's own colour made readable on both themes.

Belongs here: which colour a role has, and whether it can be told from what lies behind it. Does not belong here: where
a role is used, which is in `site.css` and `charts`.
"""

from collections.abc import Iterator, Mapping
from colorsys import hls_to_rgb, rgb_to_hls

COLOURS = {
    "light": {"background": "#FFFFFF", "surface": "#F5F6F8", "ink": "#1A1F2B", "muted": "#545B6B"}
    | {"primary": "#1F5FBF", "control": "#7A8290", "pale": "#C9D3E3", "grid": "#E3E6EB"},
    "dark": {"background": "#14171D", "surface": "#1C2028", "ink": "#E8EBF0", "muted": "#A7AFBD"}
    | {"primary": "#7FB2FF", "control": "#6F7786", "pale": "#39424F", "grid": "#2A303A"},
}
"""The same as in `site.css`, by theme."""

NEEDED = {"background": 4.5, "surface": 4.5, "pale": 3.0}
"""Least contrast of the primary colour: as text on a page or a band, and as a bar beside the pale one (WCAG 2.2)."""


def colours(colour: str) -> dict[str, dict[str, str]]:
    """COLOURS with `colour` (`#rrggbb`, or empty) as the primary one, darker or lighter where it could not be read.

    No colour can be read on both themes: one of the two always gets another lightness of the same hue.
    """
    return {theme: {**of, "primary": _readable(colour or of["primary"], of)} for theme, of in COLOURS.items()}


def remarks(colour: str) -> Iterator[str]:
    """A sentence where light pages have another colour than the one declared; on dark ones that is usual."""
    used = colours(colour)["light"]["primary"]
    if colour and used != colour:
        yield f"settings.toml: report.colour: {colour} is too pale to read on light pages; they use {used}"


def stylesheet(colour: str) -> str:
    """The one rule that a company changes."""
    light, dark = (of["primary"].lower() for of in colours(colour).values())
    return f":root {{ --primary: light-dark({light}, {dark}); }}\n"


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white), as WCAG defines it."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _readable(colour: str, of: Mapping[str, str]) -> str:
    """The colour itself, or the nearest lightness of its hue that keeps NEEDED; black and white always do."""
    hue, lightness, saturation = rgb_to_hls(*_parts(colour))
    away = -1 if _luminance(of["background"]) > 0.5 else 1
    others = (_hex(hls_to_rgb(hue, min(max(lightness + away * n / 255, 0), 1), saturation)) for n in range(1, 256))
    tried = (colour, *others)
    return next(one for one in tried if all(contrast(one, of[role]) >= least for role, least in NEEDED.items()))


def _luminance(colour: str) -> float:
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour))
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _parts(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _hex(parts: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)
