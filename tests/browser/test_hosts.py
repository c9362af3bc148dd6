"""Pages under a web server: what they say there is what they say from disk, and they ask for nothing elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from tests.browser.conftest import Visit, Visitor, pages_of
from tests.browser.loopback import Loopback

LIKE = ("funnels/sso_setup.html", "providers/sso_setup.html")
"""Of the pages that each set-up has, these are opened; one with a filter, so that it is counted anew."""
LINKS = {"funnels/sso_setup.html": "#weeks=12"}
PLACES = {"q", "sort", "page"}
FILTERS = {"intent", "provider", "segment", "weeks"}


def everything(seen: Visit, place: Path | str, link: str) -> str:
    """All words of a page: its title, its charts, what is folded, and what its scripts read."""
    text: str = seen.open(place, link).evaluate("`${document.title}\n${document.body.textContent}`")
    return text


def test_pages_say_the_same_under_http(site: Path, visit: Visitor) -> None:
    """Every page is drawn to its end, says to the letter what it says from disk, and asks this host alone."""
    with Loopback(site) as host:
        hosted, local = visit(home=host.url, offline=False), visit()
        opened = [name for name in pages_of(site) if "/" not in name or name in LIKE]
        for name in opened:
            link = LINKS.get(name, "")
            assert everything(hosted, f"{host.url}/{name}", link) == everything(local, site / name, link), name
            assert [*hosted.complaints, *local.complaints] == [], name
        hosted.context.close()
    asked = [address.removeprefix(f"{host.url}/") for address in host.asked]
    assert {name.partition("?")[0] for name in asked} >= {*opened}
    assert [name for name in asked if not (site / name).is_file()] == []


class _Found(HTMLParser):
    """The ids of a page, the names of its lists, and where it leads."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.lists: set[str] = set()
        self.links: list[str] = []
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids |= {found["id"]} if "id" in found else set()
        self.lists |= {found["data-list"]} if "data-list" in found else set()
        self.links += [found[name] for name in ("href", "src") if name in found]


def test_every_link_leads_to_its_file_and_its_place(site: Path) -> None:
    """Each href and src is a file of the site; what stands behind `#` is an id there, or a state the page knows."""
    found = {(site / name).resolve(): _Found(site / name) for name in pages_of(site)}
    dead = []
    for page, here in found.items():
        for link in here.links:
            if re.match(r"https?://|data:,$", link):
                continue
            file, _, place = link.partition("#")
            target = (page.parent / unquote(file)).resolve() if file else page
            if not target.is_file() or (place and not _is_there(found[target], place)):
                dead.append(f"{page.name}: {link}")
    assert dead == []
    assert sum(len(here.links) for here in found.values()) > 100


def _is_there(page: _Found, place: str) -> bool:
    if "=" not in place:
        return unquote(place) in page.ids
    states = {f"{name}.{part}" for name in page.lists for part in PLACES} | (
        FILTERS if "filters" in page.ids else set()
    )
    return {key for key, _ in parse_qsl(place)} <= states
