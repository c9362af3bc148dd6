"""Every page of the site: where it lies, its template, and the view that fills it."""

from pipelines.pages.views.common import Context, funnels_in_order, path_of, providers_path
from pipelines.pages.views.definitions import definitions_page
from pipelines.pages.views.digest import digest_page
from pipelines.pages.views.funnel import funnel_page
from pipelines.pages.views.health import health_page
from pipelines.pages.views.lists import connections_page, providers_page, stuck_page
from pipelines.pages.views.overview import overview_page
from pipelines.pages.views.reference import archive_page, dictionary_page

SINGLE = {
    "index.html": overview_page,
    "stuck.html": stuck_page,
    "connections.html": connections_page,
    "health.html": health_page,
    "definitions.html": definitions_page,
    "dictionary.html": dictionary_page,
    "archive.html": archive_page,
    "digest.html": digest_page,
    "digest.txt": digest_page,
}
"""Pages that there is one of; each has a template of its name."""


def all_pages(context: Context) -> dict[str, tuple[str, object]]:
    """Template and view of each page, by its path in the site. Only a funnel of which a provider is known has both."""
    found: dict[str, tuple[str, object]] = {path: (path, view(context)) for path, view in SINGLE.items()}
    provided = {row["funnel_id"] for row in context.published.rows("rpt_providers")}
    for about in funnels_in_order(context.published):
        funnel_id = about["funnel_id"]
        found[path_of(funnel_id)] = ("funnel.html", funnel_page(context, funnel_id))
        if funnel_id in provided:
            found[providers_path(funnel_id)] = ("providers.html", providers_page(context, about))
    return found
