"""The served pages once more, in a folder of their own: for mailing, each alone, or without organizations' names.

Everything is drawn anew from the published tables, so that what is left out was never on a page.
"""

import re
import shutil
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import polars as pl

from pipelines import durable
from pipelines.assets.publishing import site_options
from pipelines.catalog import load_catalog
from pipelines.errors import FixableError
from pipelines.pages.cells import KEYS
from pipelines.pages.site import render_site
from pipelines.settings import Places
from pipelines.warehouse import Warehouse, open_published

COMMENTS = """select concat_ws('.', table_name, column_name), comment from duckdb_columns() where not internal
union all select table_name, comment from duckdb_tables()
union all select view_name, comment from duckdb_views() where not internal"""
NAMING = re.compile(r"(?!(funnel|report|build|entry)_id)\w+_(id|by|message)|organization_name|example")
"""Columns that name an organization, something of its own, or whatever a log says in its own words.

An `entry_id`, which is the key of rows that count, becomes a number.
"""
MIME = {".png": "image/png", ".svg": "image/svg+xml", ".csv": "text/csv"}
PART = re.compile(
    r'<link rel="stylesheet" href="(?P<style>[^"]+)">|<script src="(?P<script>[^"]+)"></script>|'
    r'(?<=<img src=")(?P<image>[^"]+)|(?<=<a href=")(?P<list>[^"]+\.csv)(?=" download)'
)


def export(places: Places, out: Path, *, is_single: bool = False, has_names: bool = True) -> None:
    """Write the pages of the served tables, with the looks of today, into the new or empty folder `out`.

    Equal tables and settings give equal bytes.

    Args:
        places: data and reports directories.
        out: where to write.
        is_single: each page holds its styles, scripts and pictures, so that it can be mailed alone.
        has_names: else nothing tells which organizations there are: neither lists nor ids, in no byte of any file.

    Raises:
        FixableError: nothing has been published, or `out` cannot take the pages.
    """
    options = site_options(places, load_catalog(places.reports).settings)
    with open_published(places.data) as served:
        comments = dict(served.query(COMMENTS).rows())
        if lacking := sorted(KEYS.keys() - comments):
            raise FixableError(f"another version published this, without {lacking[0]}; run `portal-funnels build`")
        tables = {name: served.read(name) for name in KEYS}
        tables = tables if has_names else _nameless(tables, served)
    with durable.fixable(out):
        if out.resolve().is_relative_to(places.data.published.resolve()):
            raise FixableError(f"{out} is where builds are published; name a folder elsewhere with --out")
        if out.exists() and not (out.is_dir() and not any(out.iterdir())):
            raise FixableError(f"{out} is no empty folder; name a new one with --out")
        render_site(tables, out=out, comments=comments, has_names=has_names, **options)
        if is_single:
            for page in out.rglob("*.html"):
                page.write_bytes(_alone(page).encode())
            shutil.rmtree(out / "assets")


def _nameless(tables: Mapping[str, pl.DataFrame], served: Warehouse) -> dict[str, pl.DataFrame]:
    """The tables without a name; attempts are numbered by when they entered, which their pages tell anyway."""
    entries = served.query("select entry_id from fct_entries order by entered_at, entry_id")["entry_id"]
    numbers = {entry_id: f"{number:07}" for number, entry_id in enumerate(entries)}
    names = served.query("select unnest([organization_id, organization_name]) as name from dim_organizations")["name"]
    return {table: _unnamed(frame, numbers, names.drop_nulls().to_list()) for table, frame in tables.items()}


def _unnamed(frame: pl.DataFrame, numbers: Mapping[str, str], names: Sequence[str]) -> pl.DataFrame:
    """No row of a table of organizations; of attempts no naming column, and no segment that is an organization."""
    if "organization_id" in frame.columns and "entry_id" not in frame.columns:
        return frame.clear()
    if "segment" in frame.columns:
        frame = frame.filter(~pl.col("segment").is_in(names) | (pl.col("dimension") == "provider"))
    if "entry_id" in frame.columns:
        frame = frame.with_columns(pl.col("entry_id").replace_strict(numbers, return_dtype=pl.String))
    hidden = [name for name in frame.columns if NAMING.fullmatch(name)]
    return frame.with_columns(pl.lit(None, frame.schema[name]).alias(name) for name in hidden)


def _alone(page: Path) -> str:
    """The text of a page with all that it refers to inside, and a policy that allows these very texts."""
    allowed: dict[str, list[str]] = {"script": [], "style": []}

    def inside(found: re.Match[str]) -> str:
        kind, name = str(found.lastgroup), found[str(found.lastgroup)]
        content = (page.parent / name).read_bytes()
        if mime := MIME.get(Path(name).suffix):
            return f"data:{mime};base64,{b64encode(content).decode()}"
        allowed[kind].append(f"'sha256-{b64encode(sha256(content).digest()).decode()}'")
        return f"<{kind}>{content.decode()}</{kind}>"

    text = PART.sub(inside, page.read_text("utf-8"))
    for kind, hashes in allowed.items():
        text = text.replace(f"{kind}-src 'self'", f"{kind}-src {' '.join(hashes)}", 1)
    return text
