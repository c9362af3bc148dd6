"""`index.html`: all funnels at a glance."""

from dataclasses import dataclass

from pipelines.pages.cells import Row
from pipelines.pages.views import common, seed, sentences
from pipelines.pages.views.common import Context

SPARK_WEEKS, SPARK_WIDTH, SPARK_HEIGHT = 12, 96, 24
SECTIONS = {
    "The answer": ("rpt_totals",),
    "Funnels": ("rpt_funnels", "rpt_time_to_activation", "rpt_weeks", "rpt_funnel_steps"),
    "Five figures of the founding document": ("rpt_seed_metrics", "rpt_totals"),
}


@dataclass(frozen=True)
class Overview:
    """One funnel in one row; `spark` are the points of its small line, empty with fewer than two closed weeks."""

    about: Row
    funnel: Row
    href: str
    certainty: str
    spark: str
    median: Row
    loss: Row | None


@dataclass(frozen=True)
class OverviewPage:
    """The front page."""

    head: common.Head
    answer: sentences.Sentence
    funnels: tuple[Overview, ...]
    seed: tuple[seed.SeedMetric, ...]
    provenance: common.Provenance


def overview_page(context: Context) -> OverviewPage:
    """The page over all funnels of `dim_funnels`."""
    published = context.published
    return OverviewPage(
        head=common.head(context, "Overview", "index.html"),
        answer=sentences.stuck_everywhere(published.only("rpt_totals")),
        funnels=tuple(_overview(context, about) for about in common.funnels_in_order(published)),
        seed=seed.seed_metrics(published),
        provenance=common.provenance(context, SECTIONS),
    )


def _overview(context: Context, about: Row) -> Overview:
    published, funnel_id = context.published, about["funnel_id"]
    funnel = published.row("rpt_funnels", funnel_id)
    steps = published.rows("rpt_funnel_steps", funnel_id)
    return Overview(
        about=about,
        funnel=funnel,
        href=common.path_of(funnel_id),
        certainty=common.certainty(funnel),
        spark=spark([week["conversion_rate"] for week in published.rows("rpt_weeks", funnel_id) if week["is_matured"]]),
        median=published.row("rpt_time_to_activation", funnel_id, 0.5),
        loss=next((step for step in steps if step["is_largest_drop_off"]), None),
    )


def spark(rates: list[float | None]) -> str:
    """SVG points of the last twelve closed weeks, zero at the bottom and 100 % on top."""
    known = [rate for rate in rates if rate is not None][-SPARK_WEEKS:]
    if len(known) < 2:
        return ""
    step, room = (SPARK_WIDTH - 4) / (len(known) - 1), SPARK_HEIGHT - 4
    return " ".join(f"{2 + place * step:.1f},{2 + room * (1 - rate):.1f}" for place, rate in enumerate(known))
