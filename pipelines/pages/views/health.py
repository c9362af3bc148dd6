"""`health.html`: whether the numbers can be trusted, from the books, the sources and the findings."""

from pipelines.events import REASONS
from pipelines.models import load_checks
from pipelines.pages.views.common import Context, Page, head, provenance

SECTIONS = {
    "Is every line accounted for?": ("rpt_report", "rpt_sources"),
    "Is data still arriving?": ("rpt_sources",),
    "What was turned away?": ("rpt_quarantine",),
    "What was found?": ("quality_findings",),
    "Which events does no funnel use?": ("rpt_event_types",),
    "Do earlier reports still hold?": ("rpt_report_runs",),
}
SHOWN_RESTATEMENTS = 50


def health_page(context: Context) -> Page:
    """`found` are the findings met at least once, most first; `clean` the others.

    `restated` are numbers of earlier reports that are others today, the newest of them, newest first. Lines `refused`
    and event types `unused` by funnels come most first; `checks` are those that any published build has passed.
    """
    findings, types = context.published.rows("quality_findings"), context.published.rows("rpt_event_types")
    restated = [row for row in context.published.rows("rpt_report_runs") if row["is_restated"]]
    restated.sort(key=lambda row: (row["as_of"], row.key), reverse=True)
    parts = {
        "report": context.published.only("rpt_report"),
        "sources": context.published.rows("rpt_sources"),
        "refused": sorted(context.published.rows("rpt_quarantine"), key=lambda row: -row["quarantined_count"]),
        "reasons": REASONS,
        "unused": sorted((row for row in types if not row["funnel_ids"]), key=lambda row: -row["event_count"]),
        "checks": load_checks(),
        "found": sorted((row for row in findings if row["count"]), key=lambda row: -row["count"]),
        "clean": [row for row in findings if not row["count"]],
        "restated": restated[:SHOWN_RESTATEMENTS],
    }
    return Page(head(context, "Health of the data", "health.html"), parts, provenance(context, SECTIONS))
