"""Every page of the site: where it lies, its template, and the view that fills it."""

from pipelines.pages.views.common import Context, funnels_in_order, path_of
from pipelines.pages.views.definitions import definitions_page
from pipelines.pages.views.funnel import funnel_page
from pipelines.pages.views.health import health_page
from pipelines.pages.views.overview import overview_page


def all_pages(context: Context) -> dict[str, tuple[str, object]]:
    """Template and view of each page, by its path in the site."""
    ids = [row["funnel_id"] for row in funnels_in_order(context.published)]
    return {
        "index.html": ("index.html", overview_page(context)),
        **{path_of(funnel_id): ("funnel.html", funnel_page(context, funnel_id)) for funnel_id in ids},
        "health.html": ("health.html", health_page(context)),
        "definitions.html": ("definitions.html", definitions_page(context)),
    }
