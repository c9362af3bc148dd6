"""Writes the site: pages, the files beside them, and the assets that they share.

Belongs here: which files there are. `publishing` makes them durable and visible; until then the folder is nobody's.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import polars as pl

from pipelines.pages import charts, downloads
from pipelines.pages.cells import Published
from pipelines.pages.render import Renderer, dump_json
from pipelines.pages.views.common import Context, funnels_in_order
from pipelines.pages.views.pages import all_pages

SCRIPTS = ("app.js",)
"""Files of `reports/static/`, in the order in which they stand in the one script."""
ROBOTS = "User-agent: *\nDisallow: /\n"


def render_site(
    tables: Mapping[str, pl.DataFrame],
    *,
    company: str,
    stale_after_us: int,
    static: Path,
    templates: Path,
    out: Path,
    sources: Mapping[str, str] | None = None,
    comments: Mapping[str, str] | None = None,
) -> list[str]:
    """Write the whole site.

    Args:
        tables: every table of `cells.KEYS`, as published.
        company: shown in the head of every page; may be empty.
        stale_after_us: pages warn when the data end this many microseconds before the as-of time.
        static: folder with `site.css` and `SCRIPTS`.
        templates: folder with the page templates.
        out: folder to write to.
        sources: table name to the file that makes it, such as `sql/marts/rpt_stalled.sql`; shown in the foot.
        comments: what each published table and column (`table.column`) holds, for the dictionary.

    Returns:
        The written paths relative to `out`, sorted. Equal inputs give equal bytes.
    """
    context = Context(Published(tables), company, stale_after_us, sources or {}, comments or {})
    assets = {"style": _hashed(static, "site.css"), "script": _hashed(static, *SCRIPTS), "plotly": charts.bundle()}
    files = {f"assets/{name}": text for name, text in assets.values()} | _downloads(context)
    files |= _pages(context, Renderer(templates), {role: f"assets/{name}" for role, (name, _) in assets.items()})
    for path, text in files.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(text.encode())
    return sorted(files)


def _hashed(static: Path, *names: str) -> tuple[str, str]:
    """Name and text of an asset, of files one after the other; its name changes with the text, so no cache is stale."""
    text = "".join((static / name).read_text(encoding="utf-8") for name in names)
    last = Path(names[-1])
    return f"{last.stem}.{sha256(text.encode()).hexdigest()[:12]}{last.suffix}", text


def _downloads(context: Context) -> dict[str, str]:
    published = context.published
    ids = [row["funnel_id"] for row in funnels_in_order(published)]
    lists = {f"funnels/{funnel_id}_stuck.csv": downloads.stuck_csv(published, funnel_id) for funnel_id in ids}
    return {**lists, "latest.json": dump_json(downloads.latest(published)) + "\n", "robots.txt": ROBOTS}


def _pages(context: Context, renderer: Renderer, assets: Mapping[str, str]) -> dict[str, str]:
    shared = {"assets": assets, "style_hashes": charts.STYLE_HASHES, "looks": charts.templates()}
    pages = all_pages(context).items()
    return {path: renderer.page(template, page=view, **shared) for path, (template, view) in pages}
