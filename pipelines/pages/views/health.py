"""`health.html`: whether the numbers can be trusted, from the books and the findings."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.pages.cells import Row
from pipelines.pages.views.common import Context, Head, Provenance, head, provenance

SECTIONS = {"Is every line accounted for?": ("rpt_report",), "What was found?": ("quality_findings",)}


@dataclass(frozen=True)
class HealthPage:
    """`found` are the findings met at least once, most first; `clean` the others."""

    head: Head
    report: Row
    found: tuple[Row, ...]
    clean: tuple[Row, ...]
    provenance: Provenance


def health_page(context: Context) -> HealthPage:
    """The page over the whole store."""
    findings = context.published.rows("quality_findings")
    return HealthPage(
        head=head(context, "Health of the data", "health.html"),
        report=context.published.only("rpt_report"),
        found=tuple(sorted((row for row in findings if row["count"]), key=lambda row: -row["count"])),
        clean=tuple(row for row in findings if not row["count"]),
        provenance=provenance(context, SECTIONS),
    )
