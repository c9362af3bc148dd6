"""`funnels/<funnel>.html`: where admins stop, with which provider, how long it takes, if it gets better, who waits."""

from typing import Any

from pipelines.pages.attempts import attempts
from pipelines.pages.cells import Published, Row, Words
from pipelines.pages.formats import FEW
from pipelines.pages.views import sections, sentences
from pipelines.pages.views.common import Context, Page, head, path_of, provenance

SHOWN = 200
"""Rows of the stuck list on the page; `stuck.html` has all."""
SHOWN_RESTATEMENTS = 5
CHARTED = 12
"""Providers that a chart has room for."""

SECTIONS = {
    "The answer": ("rpt_funnels", "rpt_time_to_activation", "rpt_comparisons"),
    "Where do admins stop?": ("rpt_funnel_steps",),
    "With which provider?": ("rpt_providers",),
    "How long does it take?": ("rpt_time_to_activation", "rpt_activation_curve"),
    "Is it getting better?": ("rpt_weeks", "rpt_comparisons", "dim_notes"),
    "Who is stuck right now?": ("rpt_stalled",),
    "What changed since the last report?": ("rpt_report_runs",),
}
"""Heading of each section, and the tables behind it."""


def funnel_page(context: Context, funnel_id: str) -> Page:
    """The page of one funnel of `dim_funnels`; `nothing` says why there is nothing to show, else it is empty."""
    published = context.published
    about, funnel = published.row("dim_funnels", funnel_id), published.row("rpt_funnels", funnel_id)
    providers, packed = sections.providers(published, funnel_id), attempts(published, funnel_id)
    compared = sections.comparisons(published, about)
    parts = {
        "about": about,
        "nothing": _nothing(about, funnel, published.rows("dim_funnel_steps", funnel_id)),
        "filters": sections.filters(packed, providers),
        "data": sections.script_data(published, about, compared, packed),
        "few": FEW,
        **_numbers(published, funnel),
        "compared": compared,
        "steps": sections.steps(published, funnel_id),
        "providers": providers,
        "with_provider": published.total("rpt_providers", funnel_id),
        "charted": CHARTED,
        **_times(published, funnel_id),
        **_people(published, funnel_id),
    }
    return Page(head(context, about["title"], path_of(funnel_id)), parts, provenance(context, SECTIONS))


def _numbers(published: Published, funnel: Row) -> dict[str, Any]:
    """The answer in words, and what stands beside the four numbers."""
    funnel_id = funnel["funnel_id"]
    steps, weeks = published.rows("rpt_funnel_steps", funnel_id), published.rows("rpt_weeks", funnel_id)
    return {
        "answer": _answer(funnel, steps, weeks),
        "funnel": funnel,
        "has_provisional": funnel["entrant_count"] >= FEW and funnel["provisional_rate"] is not None,
        "outcomes": sentences.outcomes(funnel),
        "excluded": sentences.excluded(funnel),
    }


def _times(published: Published, funnel_id: str) -> dict[str, Any]:
    """How long it takes, and how that goes from week to week."""
    weeks = sections.weeks(published, funnel_id)
    curve = published.rows("rpt_activation_curve", funnel_id)
    return {
        "median": published.row("rpt_time_to_activation", funnel_id, 0.5),
        "quantiles": published.rows("rpt_time_to_activation", funnel_id),
        "curve": curve,
        "has_periods": any(point["current_share"] is not None for point in curve),
        "weeks": weeks,
        "notes": published.rows("dim_notes", funnel_id),
        "has_open_weeks": any(week.standing == "open" for week in weeks),
        "has_few_weeks": any(week.row["matured_count"] < FEW for week in weeks if week.standing == "closed"),
    }


def _people(published: Published, funnel_id: str) -> dict[str, Any]:
    """Who is stuck, and what was said before."""
    stuck = sections.stuck(published, funnel_id)
    runs = sorted(published.rows("rpt_report_runs", funnel_id), key=lambda row: row["as_of"], reverse=True)
    return {
        "stuck": stuck[:SHOWN],
        "is_cut": len(stuck) > SHOWN,
        "restated": [run for run in runs if run["is_restated"]][:SHOWN_RESTATEMENTS],
        "is_first": not runs,
    }


def _nothing(about: Row, funnel: Row, steps: list[Row]) -> Words:
    if funnel["entrant_count"]:
        return ()
    if funnel["excluded_count"]:
        return ("Every attempt so far is excluded: ", funnel.cell("excluded_count", "count"), ".")
    intents = f" for {about['intents'].replace(',', ' or ')}" if about["intents"] else ""
    names = steps[0]["event_types"].replace(",", " or ")
    return (f"Defined, but {names} has never been received{intents}.",)


def _answer(funnel: Row, steps: list[Row], weeks: list[Row]) -> dict[str, sentences.Sentence | None]:
    lost = next((step for step in steps if step["is_largest_drop_off"]), None)
    return {
        "completion": sentences.completion(funnel, weeks),
        "loss": sentences.largest_loss(lost, has_rates=funnel["matured_count"] >= FEW),
        "stuck": sentences.stuck(funnel),
    }
