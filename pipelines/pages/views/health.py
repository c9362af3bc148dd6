"""`health.html`: whether the numbers can be trusted, from the books and the findings."""

from pipelines.pages.views.common import Context, Page, head, provenance

SECTIONS = {
    "Is every line accounted for?": ("rpt_report",),
    "What was found?": ("quality_findings",),
    "Do earlier reports still hold?": ("rpt_report_runs",),
}
SHOWN_RESTATEMENTS = 50


def health_page(context: Context) -> Page:
    """`found` are the findings met at least once, most first; `clean` the others.

    `restated` are numbers of earlier reports that are others today, the newest of them, newest first.
    """
    findings = context.published.rows("quality_findings")
    restated = [row for row in context.published.rows("rpt_report_runs") if row["is_restated"]]
    restated.sort(key=lambda row: (row["as_of"], row.key), reverse=True)
    parts = {
        "report": context.published.only("rpt_report"),
        "found": sorted((row for row in findings if row["count"]), key=lambda row: -row["count"]),
        "clean": [row for row in findings if not row["count"]],
        "restated": restated[:SHOWN_RESTATEMENTS],
    }
    return Page(head(context, "Health of the data", "health.html"), parts, provenance(context, SECTIONS))
