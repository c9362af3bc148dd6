"""`health.html`: whether the numbers can be trusted, from the books and the findings."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.pages.cells import Row
from pipelines.pages.views.common import Context, Head, Provenance, head, provenance

SECTIONS = {
    "Is every line accounted for?": ("rpt_report",),
    "What was found?": ("quality_findings",),
    "Do earlier reports still hold?": ("rpt_report_runs",),
}
SHOWN_RESTATEMENTS = 50


@dataclass(frozen=True)
class HealthPage:
    """`found` are the findings met at least once, most first; `clean` the others.

    `restated` are numbers of earlier reports that are others today, the newest of them, newest first.
    """

    head: Head
    report: Row
    found: tuple[Row, ...]
    clean: tuple[Row, ...]
    restated: tuple[Row, ...]
    provenance: Provenance


def health_page(context: Context) -> HealthPage:
    """The page over the whole store."""
    findings = context.published.rows("quality_findings")
    restated = [row for row in context.published.rows("rpt_report_runs") if row["is_restated"]]
    restated.sort(key=lambda row: (row["as_of"], row.key), reverse=True)
    return HealthPage(
        head=head(context, "Health of the data", "health.html"),
        report=context.published.only("rpt_report"),
        found=tuple(sorted((row for row in findings if row["count"]), key=lambda row: -row["count"])),
        clean=tuple(row for row in findings if not row["count"]),
        restated=tuple(restated[:SHOWN_RESTATEMENTS]),
        provenance=provenance(context, SECTIONS),
    )
