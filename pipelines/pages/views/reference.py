"""`dictionary.html` and `archive.html`: what there is, and what was said before."""

from pipelines.pages.views.common import Context, Page, funnels_in_order, head, provenance

BOOKS = ("builds", "quality_findings", "rpt_reconciliation", "rpt_report", "rpt_report_runs")
KINDS = ("Events and facts", "Published measures", "Checks and books")
SHOWN_DAYS = 40
"""Reporting days on `archive.html`, which has the last report of each; `rpt_report_runs` has all."""


def dictionary_page(context: Context) -> Page:
    """`kinds`: tables by kind, their columns by table; `comments` and `sources` as the context has them."""
    tables = sorted(place for place in context.comments if "." not in place)
    columns = {table: [place for place in context.comments if place.startswith(f"{table}.")] for table in tables}
    kinds = {kind: {table: columns[table] for table in tables if _kind(table) == kind} for kind in KINDS}
    parts = {"kinds": kinds, "comments": context.comments, "sources": context.sources}
    made = {"Head and foot": ("rpt_report",)}
    return Page(head(context, "Dictionary", "dictionary.html"), parts, provenance(context, made))


def _kind(table: str) -> str:
    return KINDS[2] if table in BOOKS else KINDS[1] if table.startswith("rpt_") else KINDS[0]


def archive_page(context: Context) -> Page:
    """`runs`: rows of past reports, newest first; `titles` of the funnels that are left; `is_cut`: there are more."""
    published, this = context.published, context.published.only("rpt_report")["report_id"]
    titles = {about["funnel_id"]: about for about in funnels_in_order(published)}
    past = [run for run in published.rows("rpt_report_runs") if run["report_id"] != this]
    places = [*titles, *(run["funnel_id"] for run in past)]
    past.sort(key=lambda run: (run["as_of"], run["report_id"], -places.index(run["funnel_id"])), reverse=True)
    last = {run["as_of"].astimezone(published.zone).date(): run["report_id"] for run in reversed(past)}
    shown = [*last.values()][-SHOWN_DAYS:]
    runs = [run for run in past if run["report_id"] in shown]
    parts = {"runs": runs, "titles": titles, "is_cut": len(runs) < len(past)}
    made = {"Do the numbers of past reports still hold?": ("rpt_report_runs",)}
    return Page(head(context, "Past reports", "archive.html"), parts, provenance(context, made))
