"""The pages that are lists: rows of published tables, each with the few words that its columns do not hold."""

from dataclasses import replace
from datetime import datetime, timedelta

from pipelines.pages.cells import Row
from pipelines.pages.formats import FEW
from pipelines.pages.views import sentences
from pipelines.pages.views.common import Context, Page, head, provenance, providers_path
from pipelines.pages.views.sections import web_address

SOON = timedelta(days=30)
"""A certificate that expires within this time of the as-of time stands out."""


def noted(row: Row, **words: object) -> Row:
    """The row with more to read from it by name; none of it is a cell."""
    return replace(row, values={**row.values, **words})


def stuck_page(context: Context) -> Page:
    """`actions`, most attempts first; `stuck` over all funnels, longest wait first, what it is `about`."""
    published = context.published
    funnels = {row["funnel_id"]: row for row in published.rows("dim_funnels")}
    stuck = [
        noted(row, about=funnels[row["funnel_id"]], guide=web_address(row["guide_url"]))
        for row in published.rows("rpt_stalled")
    ]
    parts = {
        "answer": sentences.stuck_everywhere(published.only("rpt_totals")),
        "actions": sorted(published.rows("rpt_next_actions"), key=lambda row: (-row["stalled_count"], row.key)),
        "stuck": sorted(stuck, key=lambda row: (-row["idle_us"], row.key)),
    }
    made = {"What is there to do?": ("rpt_next_actions",), "Who is waiting?": ("rpt_stalled", "dim_funnels")}
    return Page(head(context, "Stuck now", "stuck.html"), parts, provenance(context, made))


def providers_page(context: Context, about: Row) -> Page:
    """`providers` of the funnel that it is `about`, most attempts first, each with its `standing` against the rest.

    The ends of its 95 % range and its rate are drawn too, in parts of 100.
    """
    published, funnel_id = context.published, about["funnel_id"]
    rows = sorted(published.rows("rpt_providers", funnel_id), key=lambda row: (-row["entrant_count"], row.key))
    parts = {
        "about": about,
        "funnel": published.row("rpt_funnels", funnel_id),
        "providers": [noted(row, standing=provider_standing(row), **_range(row)) for row in rows],
    }
    made = provenance(context, {"How does each do against the rest?": ("rpt_providers", "rpt_funnels")})
    return Page(head(context, f"Providers: {about['title']}", providers_path(funnel_id)), parts, made)


def _range(row: Row) -> dict[str, object]:
    ends = (row["conversion_lower"], row["conversion_upper"], row["conversion_rate"])
    lower, upper, rate = (round(100 * (value or 0), 1) for value in ends)
    return {"is_few": row["matured_count"] < FEW, "from_x": lower, "width": round(upper - lower, 1), "rate_x": rate}


def provider_standing(row: Row) -> str:
    """A difference is one only where its whole 95 % interval lies on one side of zero: `above`, `below`, `same`."""
    if min(row["matured_count"], row["rest_matured_count"]) < FEW:
        return "few"
    if row["difference_upper"] < 0:
        return "below"
    return "above" if row["difference_lower"] > 0 else "same"


def connections_page(context: Context) -> Page:
    """`still_active` by kind and days; `connections`, the `certificate` that expires first first, then newest first."""
    published, as_of = context.published, context.published.only("rpt_report")["as_of"]
    rows = [noted(row, certificate=_certificate(row, as_of)) for row in published.rows("rpt_connections")]
    rows.sort(key=lambda row: (row["since"] is not None, row["since"] or as_of), reverse=True)
    rows.sort(key=lambda row: (not row["certificate"], row["certificate"] and row["certificate_expires_at"]))
    parts = {"still_active": published.rows("rpt_still_active"), "connections": rows}
    made = {"Do they stay active?": ("rpt_still_active",), "Which are there?": ("rpt_connections",)}
    return Page(head(context, "Connections", "connections.html"), parts, provenance(context, made))


def _certificate(row: Row, as_of: datetime) -> str:
    """What there is to say of a certificate; of one that holds for longer, or is not known, nothing."""
    expires = row["certificate_expires_at"]
    if expires is None or expires > as_of + SOON:
        return ""
    return "expired" if expires <= as_of else "expires soon"
