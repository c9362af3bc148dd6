"""`definitions.html`: what each number means, who answers for it, and since when. Words about them are in templates."""

import tomllib
from collections.abc import Iterator
from typing import Any

from pipelines.models import SQL_DIRECTORY
from pipelines.pages.formats import full_date
from pipelines.pages.views.common import Context, Page, funnels_in_order, head, provenance
from pipelines.pages.views.seed import seed_metrics
from pipelines.settings import SHIPPED_REPORTS

FILES = ("meanings.toml", "metrics.toml")
SECTIONS = {
    "Five figures of the founding document": ("rpt_seed_metrics", "rpt_funnels", "rpt_totals"),
    "Funnels": ("dim_funnels", "dim_funnel_steps"),
}


def definitions_page(context: Context) -> Page:
    """`families` of measures; the `seed`'s five beside ours; `funnels`, each with its steps, as declared."""
    published = context.published
    funnels = [(about, published.rows("dim_funnel_steps", about["funnel_id"])) for about in funnels_in_order(published)]
    parts = {
        "families": [family for family in _families(context) if family["measures"]],
        "comments": context.comments,
        "seed": seed_metrics(published),
        "funnels": funnels,
    }
    return Page(head(context, "Definitions", "definitions.html"), parts, provenance(context, SECTIONS))


def _families(context: Context) -> Iterator[dict[str, Any]]:
    """The families of `reports/meanings.toml` with two keys more.

    `measures`: key, tables that hold it, since when it means that, and how it changed. A measure is in the first family
    that has a table with it; its key is its name, or `table.column` where one table means something else by the name.
    `made`: each table with the file that makes it and, of SQL, its text.
    """
    meanings, measures = (tomllib.loads((SHIPPED_REPORTS / file).read_text("utf-8")) for file in FILES)
    first, since = (full_date(meanings["first"]), ""), dict[str, tuple[str, str]]()
    for change in meanings["changes"]:
        since |= dict.fromkeys(change["measures"], (full_date(change["on"]), change["how"]))
    holding: dict[str, list[str]] = {}
    places = [(table, name) for family in meanings["families"] for table in family["tables"] for name in measures]
    for table, name in places:
        if sentence := context.comments.get(f"{table}.{name}"):
            holding.setdefault(name if sentence == measures[name] else f"{table}.{name}", []).append(table)
    for family in meanings["families"]:
        held = [(key, tables) for key, tables in holding.items() if tables[0] in family["tables"]]
        yield family | {
            "measures": [(key, tables, *since.get(key, first)) for key, tables in held],
            "made": [(table, (file := context.sources.get(table, "")), _sql(file)) for table in family["tables"]],
        }


def _sql(file: str) -> str:
    return (SQL_DIRECTORY.parent / file).read_text("utf-8") if file.endswith(".sql") else ""
