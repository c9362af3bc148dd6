"""`definitions.html`: what each number means. The sentences are in the templates; here is what they are about."""

from dataclasses import dataclass

from pipelines.pages.cells import Row
from pipelines.pages.views.common import Context, Head, Provenance, funnels_in_order, head, provenance
from pipelines.pages.views.seed import SeedMetric, seed_metrics

SECTIONS = {
    "Five figures of the founding document": ("rpt_seed_metrics", "rpt_funnels", "rpt_totals"),
    "Funnels": ("dim_funnels", "dim_funnel_steps"),
}


@dataclass(frozen=True)
class DefinitionsPage:
    """The seed's five metrics beside ours; each funnel with its steps, as its TOML file declares them."""

    head: Head
    seed: tuple[SeedMetric, ...]
    funnels: tuple[tuple[Row, tuple[Row, ...]], ...]
    provenance: Provenance


def definitions_page(context: Context) -> DefinitionsPage:
    """The page over all funnels of `dim_funnels`."""
    published = context.published
    return DefinitionsPage(
        head=head(context, "Definitions", "definitions.html"),
        seed=seed_metrics(published),
        funnels=tuple(
            (about, tuple(published.rows("dim_funnel_steps", about["funnel_id"])))
            for about in funnels_in_order(published)
        ),
        provenance=provenance(context, SECTIONS),
    )
