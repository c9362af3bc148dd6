"""The reference pages say what the published file and the project's own files say, all of it and in the same words."""

from __future__ import annotations

import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from pipelines.events import REASONS
from pipelines.models import load_checks
from pipelines.pages.formats import full_date
from tests.flow.builds import REPORTS, ROOT, ask

RELATIONS = """
    select table_name as place, comment from duckdb_tables()
    union all
    select view_name, comment from duckdb_views() where not internal
"""
COLUMNS = "select table_name || '.' || column_name as place, comment from duckdb_columns() where not internal"


class Quotes(HTMLParser):
    """What a page quotes (`data-quoted`), by what it is quoted from, and the ids of its elements."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.ids: set[str] = set()
        self._open: list[tuple[str, str]] = []
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember what is quoted from here on."""
        found = {name: value or "" for name, value in attrs}
        self.ids |= {found["id"]} if "id" in found else set()
        if "data-quoted" in found:
            self._open.append((tag, found["data-quoted"]))
            self.texts[found["data-quoted"]] = ""

    def handle_endtag(self, tag: str) -> None:
        """A quotation has no element of its own kind inside."""
        if self._open and self._open[-1][0] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        """Text belongs to the quotation that it stands in."""
        if self._open:
            self.texts[self._open[-1][1]] += data


@pytest.fixture(scope="module")
def comments(stories: Path) -> dict[str, str]:
    """The comment of each relation and each column of the published file, by `table` and `table.column`."""
    rows = pl.concat([ask(stories, RELATIONS), ask(stories, COLUMNS)])
    return dict(rows.iter_rows())


def _quotes(data: Path, page: str) -> Quotes:
    return Quotes(data / "published" / "site" / page)


def test_dictionary_has_every_relation_and_every_column(stories: Path, comments: dict[str, str]) -> None:
    """Each has its anchor and its comment, and nothing is there that the published file lacks."""
    found = _quotes(stories, "dictionary.html")
    assert len(comments) > 400
    assert comments.keys() <= found.ids
    said = {name.removeprefix("comment:"): text for name, text in found.texts.items() if name.startswith("comment:")}
    assert said == {place: comment.replace("`", "") for place, comment in comments.items()}


def test_dictionary_names_columns_by_their_names(stories: Path) -> None:
    """The name beside a sentence is that of the column it is about."""
    names = {
        name: text for name, text in _quotes(stories, "dictionary.html").texts.items() if name.startswith("column:")
    }
    assert names
    assert all(name.split(".")[1] == text for name, text in names.items())


def test_definitions_have_every_measure(stories: Path, comments: dict[str, str]) -> None:
    """Each key of metrics.toml stands there with the comment of its column and the day since when it means that."""
    measures = tomllib.loads((REPORTS / "metrics.toml").read_text())
    found = _quotes(stories, "definitions.html").texts
    meanings = [name.removeprefix("meaning:") for name in found if name.startswith("meaning:")]
    assert {key.split(".")[-1] for key in meanings} == measures.keys()
    said = {name.removeprefix("comment:"): text for name, text in found.items() if name.startswith("comment:")}
    assert {place.split(".")[1] for place in said} == measures.keys()
    assert all(comments[place].replace("`", "") == text for place, text in said.items())


def test_definitions_quote_meanings_and_models_to_the_letter(stories: Path) -> None:
    """Days and changes are those of meanings.toml, and the text of a model is its file."""
    declared = tomllib.loads((REPORTS / "meanings.toml").read_text())
    changed = {name: change for change in declared["changes"] for name in change["measures"]}
    files = 0
    for name, text in _quotes(stories, "definitions.html").texts.items():
        kind, _, what = name.partition(":")
        if kind == "meaning":
            change = changed.get(what, {"on": declared["first"], "how": ""})
            assert text == full_date(change["on"]) + change["how"]
        elif kind == "file":
            assert text == (ROOT / what).read_text("utf-8")
            files += 1
    assert files > 5


def test_health_quotes_checks_and_reasons_to_the_letter(stories: Path) -> None:
    """Every check that blocks a build stands there, and every reason for which a line was turned away."""
    found = _quotes(stories, "health.html").texts
    refused = ask(stories, "select distinct reason from rpt_quarantine")["reason"]
    assert len(refused) > 3
    wanted = {f"reason:{reason}": REASONS[reason] for reason in refused}
    assert found == wanted | {f"check:{check.name}": check.sentence for check in load_checks()}


def test_definitions_link_to_places_of_the_dictionary(stories: Path) -> None:
    """Each link from a measure leads to the column's own row."""
    page = (stories / "published/site/definitions.html").read_text("utf-8")
    links = set(re.findall(r'href="dictionary\.html#([^"]+)"', page))
    assert len(links) > 200
    assert links <= _quotes(stories, "dictionary.html").ids


def test_text_digest_has_the_numbers_of_the_published_file(stories: Path) -> None:
    """Each set-up stands there with its attempts and how many of them are stuck."""
    text = (stories / "published/site/digest.txt").read_text("utf-8")
    rows = ask(
        stories, "select title, entrant_count, stalled_count from rpt_funnels join dim_funnels using (funnel_id)"
    )
    for title, entrants, stalled in rows.iter_rows():
        assert re.search(rf"^{re.escape(title[:28])}.* {entrants} +{stalled}$", text, re.MULTILINE), title
