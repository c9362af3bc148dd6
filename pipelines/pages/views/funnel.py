"""`funnels/<funnel>.html`: where admins stop, with which provider, how long it takes, if it gets better, who waits."""

from dataclasses import dataclass

from pipelines.pages import charts
from pipelines.pages.cells import Row, Words
from pipelines.pages.views import sections, sentences
from pipelines.pages.views.common import FEW, Context, Head, Provenance, certainty, head, path_of, provenance

SHOWN = 50
"""Rows of the stuck list on the page; the CSV file beside it has all."""

SECTIONS = {
    "The answer": ("rpt_funnels", "rpt_time_to_activation"),
    "Where do admins stop?": ("rpt_funnel_steps",),
    "With which provider?": ("rpt_providers",),
    "How long does it take?": ("rpt_time_to_activation", "rpt_activation_curve"),
    "Is it getting better?": ("rpt_weeks",),
    "Who is stuck right now?": ("rpt_stalled",),
}
"""Heading of each section, and the tables behind it."""


@dataclass(frozen=True)
class FunnelPage:
    """One funnel. `nothing` says why there is nothing to show; else it is empty."""

    head: Head
    about: Row
    nothing: Words
    answer: tuple[sentences.Sentence, ...]
    funnel: Row
    certainty: str
    has_provisional: bool
    median: Row
    outcomes: Words
    excluded: Words
    steps: tuple[sections.Step, ...]
    providers: tuple[sections.Measured, ...]
    with_provider: Row
    charted_providers: int
    quantiles: tuple[Row, ...]
    curve: tuple[Row, ...]
    weeks: tuple[sections.Measured, ...]
    has_open_weeks: bool
    has_few_weeks: bool
    few: int
    stuck: tuple[sections.Waiting, ...]
    is_cut: bool
    figures: dict[str, charts.Figure]
    provenance: Provenance


def funnel_page(context: Context, funnel_id: str) -> FunnelPage:
    """The page of one funnel of `dim_funnels`."""
    published = context.published
    about, funnel = published.row("dim_funnels", funnel_id), published.row("rpt_funnels", funnel_id)
    stuck, weeks = sections.stuck(published, funnel_id), sections.weeks(published, funnel_id)
    return FunnelPage(
        head=head(context, about["title"], path_of(funnel_id)),
        about=about,
        nothing=_nothing(about, funnel, published.rows("dim_funnel_steps", funnel_id)),
        answer=_answer(funnel, published.rows("rpt_funnel_steps", funnel_id), published.rows("rpt_weeks", funnel_id)),
        funnel=funnel,
        certainty=certainty(funnel),
        has_provisional=funnel["entrant_count"] >= FEW and funnel["provisional_rate"] is not None,
        median=published.row("rpt_time_to_activation", funnel_id, 0.5),
        outcomes=sentences.outcomes(funnel),
        excluded=sentences.excluded(funnel),
        steps=sections.steps(published, funnel_id),
        providers=sections.providers(published, funnel_id),
        with_provider=published.total("rpt_providers", funnel_id),
        charted_providers=charts.MOST_PROVIDERS,
        quantiles=tuple(published.rows("rpt_time_to_activation", funnel_id)),
        curve=tuple(published.rows("rpt_activation_curve", funnel_id)),
        weeks=weeks,
        has_open_weeks=any(week.standing == "open" for week in weeks),
        has_few_weeks=2 * sum(week.certainty == "few" for week in weeks) > len(weeks),
        few=FEW,
        stuck=stuck[:SHOWN],
        is_cut=len(stuck) > SHOWN,
        figures=sections.figures(published, funnel_id),
        provenance=provenance(context, SECTIONS),
    )


def _nothing(about: Row, funnel: Row, steps: list[Row]) -> Words:
    if funnel["entrant_count"]:
        return ()
    if funnel["excluded_count"]:
        return ("Every attempt so far is excluded: ", funnel.cell("excluded_count", "count"), ".")
    intents = f" for {about['intents'].replace(',', ' or ')}" if about["intents"] else ""
    names = steps[0]["event_types"].replace(",", " or ")
    return (f"Defined, but {names} has never been received{intents}.",)


def _answer(funnel: Row, steps: list[Row], weeks: list[Row]) -> tuple[sentences.Sentence, ...]:
    lost = next((step for step in steps if step["is_largest_drop_off"]), None)
    loss = sentences.largest_loss(lost, has_rates=certainty(funnel) == "rate")
    said = (sentences.completion(funnel, weeks), loss, sentences.stuck(funnel))
    return tuple(sentence for sentence in said if sentence is not None)
