"""Writes the site: pages, the files beside them, and the assets that they share.

Belongs here: which files there are. `publishing` makes them durable and visible; until then the folder is nobody's.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.pages import charts, downloads, theme
from pipelines.pages.cells import Published
from pipelines.pages.render import Renderer, dump_json
from pipelines.pages.views.common import Context, funnels_in_order
from pipelines.pages.views.pages import all_pages

SCRIPTS = ("words.js", "statistics.js", "state.js", "tables.js", "charts.js", "counting.js", "funnel.js", "app.js")
"""Files of `reports/static/`, in the order in which they stand in the one script."""
STYLES = ("site.css", "tables.css", "funnel.css", "lists.css", "reference.css")
"""And in the one stylesheet."""
LISTS = ("stuck.html", "connections.html")
"""Pages of which every row is of one organization."""
ROBOTS = "User-agent: *\nDisallow: /\n"


def render_site(
    tables: Mapping[str, pl.DataFrame],
    *,
    company: str,
    stale_after_us: int,
    static: Path,
    templates: Path,
    out: Path,
    colour: str = "",
    logo: Path | None = None,
    sources: Mapping[str, str] | None = None,
    comments: Mapping[str, str] | None = None,
    has_names: bool = True,
) -> list[str]:
    """Write the whole site.

    Args:
        tables: every table of `cells.KEYS`, as published.
        company: shown in the head of every page; may be empty.
        stale_after_us: pages warn when the data end this many microseconds before the as-of time.
        static: folder with `site.css` and `SCRIPTS`.
        templates: folder with the page templates.
        out: folder to write to.
        colour: the company's own, `#rrggbb`, or empty.
        logo: picture to stand beside the company.
        sources: table name to the file that makes it, such as `sql/marts/rpt_stalled.sql`; shown in the foot.
        comments: what each published table and column (`table.column`) holds, for the dictionary.
        has_names: whether organizations may be listed; else `LISTS` and the files of stuck ones are left out, and
            templates, which know the name too, leave out their lists and links to them.

    Returns:
        The written paths relative to `out`, sorted. Equal inputs give equal bytes.
    """
    context = Context(Published(tables), company, stale_after_us, sources or {}, comments or {})
    assets = _assets(static, colour, logo)
    files = {f"assets/{name}": content for name, content in assets.values()}
    shared: dict[str, Any] = {"assets": {"logo": ""} | {role: f"assets/{name}" for role, (name, _) in assets.items()}}
    shared |= {"style_hashes": charts.STYLE_HASHES, "looks": charts.templates(theme.colours(colour))}
    shared |= {"has_names": has_names, "left_out": () if has_names else LISTS}
    texts = _downloads(context.published, has_names=has_names) | _pages(context, Renderer(templates), shared)
    files |= {path: text.encode() for path, text in texts.items()}
    for path, content in files.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(content)
    return sorted(files)


def _assets(static: Path, colour: str, logo: Path | None) -> dict[str, tuple[str, bytes]]:
    """Name and content of what all pages share, by its role."""
    plotly, bundle = charts.bundle()
    style, script = ("".join((static / part).read_text("utf-8") for part in parts) for parts in (STYLES, SCRIPTS))
    assets = {
        "style": _hashed("site.css", style.encode()),
        "theme": _hashed("theme.css", theme.stylesheet(colour).encode()),
        "script": _hashed("app.js", script.encode()),
        "plotly": (plotly, bundle.encode()),
    }
    return assets | ({"logo": _hashed(f"logo{logo.suffix}", logo.read_bytes())} if logo else {})


def _hashed(name: str, content: bytes) -> tuple[str, bytes]:
    """The name changes with the content, so that no cache is stale."""
    return name.replace(".", f".{sha256(content).hexdigest()[:12]}."), content


def _downloads(published: Published, *, has_names: bool) -> dict[str, str]:
    ids = [row["funnel_id"] for row in funnels_in_order(published) if has_names]
    lists = {f"funnels/{funnel_id}_stuck.csv": downloads.stuck_csv(published, funnel_id) for funnel_id in ids}
    return {**lists, "latest.json": dump_json(downloads.latest(published)) + "\n", "robots.txt": ROBOTS}


def _pages(context: Context, renderer: Renderer, shared: dict[str, Any]) -> dict[str, str]:
    pages = {path: page for path, page in all_pages(context).items() if path not in shared["left_out"]}
    return {path: renderer.page(template, page=view, **shared) for path, (template, view) in pages.items()}
