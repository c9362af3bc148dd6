"""`index.html`: all funnels at a glance."""

from collections.abc import Sequence

from pipelines.pages.cells import Cell, Published, Row, Words
from pipelines.pages.views import sentences
from pipelines.pages.views.common import Context, Page, funnels_in_order, head, path_of, provenance, providers_path
from pipelines.pages.views.lists import noted
from pipelines.pages.views.sections import comparisons

SPARK_WEEKS, SPARK_WIDTH, SPARK_HEIGHT = 12, 96, 24
SECTIONS = {
    "The answer": ("rpt_comparisons", "rpt_totals"),
    "How is each set-up doing?": (
        "rpt_funnels",
        "rpt_weeks",
        "rpt_comparisons",
        "rpt_time_to_activation",
        "rpt_funnel_steps",
    ),
}


def overview_page(context: Context) -> Page:
    """`answer`: two sentences; `funnels`: a row of each funnel, with rows of other tables (`_glance`)."""
    published = context.published
    provided = {row["funnel_id"] for row in published.rows("rpt_providers")}
    funnels = [_glance(published, about, provided) for about in funnels_in_order(published)]
    said = (
        attention(funnels, published.total("rpt_comparisons")),
        sentences.stuck_everywhere(published.only("rpt_totals")),
    )
    parts = {"answer": said, "funnels": funnels}
    return Page(head(context, "Overview", "index.html"), parts, provenance(context, SECTIONS))


def _glance(published: Published, about: Row, provided: set[str]) -> Row:
    """A row of `rpt_funnels` with what else is said of it; `loss` and `providers` may be nothing."""
    funnel_id = about["funnel_id"]
    steps, weeks = (published.rows(table, funnel_id) for table in ("rpt_funnel_steps", "rpt_weeks"))
    return noted(
        published.row("rpt_funnels", funnel_id),
        about=about,
        href=path_of(funnel_id),
        providers=providers_path(funnel_id) if funnel_id in provided else "",
        spark=spark([week["conversion_rate"] for week in weeks if week["is_matured"]]),
        comparison=comparisons(published, about)[0],
        median=published.row("rpt_time_to_activation", funnel_id, 0.5),
        loss=next((step for step in steps if step["is_largest_drop_off"]), None),
    )


def attention(funnels: Sequence[Row], total: Row) -> sentences.Sentence:
    """How many set-ups need attention, and which: fewer attempts are activated than before, and not by chance."""
    verdicts = {row["comparison"]["verdict"] for row in funnels}
    worse = [row["about"].cell("title", "name") for row in funnels if row["comparison"]["verdict"] == "lower"]
    if not verdicts - {"too few", "no full period before"}:
        return sentences.Sentence((), ("No set-up has enough attempts yet to compare it with before.",))
    if not worse:
        return sentences.Sentence((), ("No set-up is clearly worse than before.",))
    number, verb = total.cell("is_worse is_leading", "fraction"), sentences.plural(len(worse), " needs", " need")
    return sentences.Sentence((number, f" set-ups{verb} attention"), (": ", *_joined(worse), "."))


def _joined(cells: Sequence[Cell]) -> Words:
    """`A, B and C`."""
    between = [", "] * (len(cells) - 2) + [" and "] * (len(cells) > 1) + [""]
    return tuple(part for pair in zip(cells, between, strict=True) for part in pair)


def spark(rates: list[float | None]) -> str:
    """SVG points of the last twelve closed weeks, zero at the bottom and 100 % on top."""
    known = [rate for rate in rates if rate is not None][-SPARK_WEEKS:]
    if len(known) < 2:
        return ""
    step, room = (SPARK_WIDTH - 4) / (len(known) - 1), SPARK_HEIGHT - 4
    return " ".join(f"{2 + place * step:.1f},{2 + room * (1 - rate):.1f}" for place, rate in enumerate(known))
