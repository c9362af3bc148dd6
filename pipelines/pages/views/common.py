"""What every page has: the head and the provenance."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pipelines.pages.cells import Published, Row, Words

PAGES = (
    ("stuck.html", "Stuck"),
    ("connections.html", "Connections"),
    ("health.html", "Health"),
    ("definitions.html", "Definitions"),
    ("dictionary.html", "Dictionary"),
    ("archive.html", "Past reports"),
)
"""The pages that stand after those of the funnels, with what they are called there."""


@dataclass(frozen=True)
class Context:
    """What is the same for every page of one site.

    `sources`: table name to the file that makes it; `comments`: sentences by `table` and `table.column`.
    """

    published: Published
    company: str
    stale_after_us: int
    sources: Mapping[str, str]
    comments: Mapping[str, str]


@dataclass(frozen=True)
class Link:
    """A place to go to; relative."""

    href: str
    label: str
    is_current: bool
    is_set_up: bool


@dataclass(frozen=True)
class Head:
    """Top of a page. `root` leads from the page to the site's folder."""

    title: str
    company: str
    root: str
    links: tuple[Link, ...]
    report: Row
    has_events: bool
    stale: Words


@dataclass(frozen=True)
class Provenance:
    """Foot of a page: the report, and the tables behind each section with the file that makes them (or nothing)."""

    report: Row
    sections: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True)
class Page:
    """Head, foot, and what the template of a page shows: `parts`, by the names that the page's function tells."""

    head: Head
    parts: Mapping[str, Any]
    provenance: Provenance


def head(context: Context, title: str, path: str) -> Head:
    """The head of the page at `path`, relative to the site's folder."""
    report = context.published.only("rpt_report")
    root = "../" * path.count("/")
    links, stale = _links(context.published, path, root), _stale(report, context.stale_after_us)
    return Head(title, context.company, root, links, report, bool(report["event_count"]), stale)


def _links(published: Published, path: str, root: str) -> tuple[Link, ...]:
    funnels = {path_of(row["funnel_id"]): row["title"] for row in funnels_in_order(published)}
    pages = {"index.html": "Overview", **funnels, **dict(PAGES)}
    return tuple(Link(root + href, label, href == path, href in funnels) for href, label in pages.items())


def path_of(funnel_id: str) -> str:
    """Where the page of a funnel lies in the site."""
    return f"funnels/{funnel_id}.html"


def providers_path(funnel_id: str) -> str:
    """Where the page of a funnel's providers lies in the site."""
    return f"providers/{funnel_id}.html"


def _stale(report: Row, stale_after_us: int) -> Words:
    watermark, as_of = report["watermark"], report["as_of"]
    if watermark is None or as_of - watermark <= timedelta(microseconds=stale_after_us):
        return ()
    return ("No events since ", report.cell("watermark", "moment"), ". The numbers below stop there.")


def funnels_in_order(published: Published) -> list[Row]:
    """The rows of `dim_funnels` in the order of the pages."""
    return sorted(published.rows("dim_funnels"), key=lambda row: (row["position"], row["funnel_id"]))


def provenance(context: Context, sections: Mapping[str, tuple[str, ...]]) -> Provenance:
    """The foot of a page whose `sections` read these tables."""
    made = {
        heading: tuple((name, context.sources.get(name, "")) for name in names) for heading, names in sections.items()
    }
    return Provenance(context.published.only("rpt_report"), tuple(made.items()))
