from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from html import unescape
from pathlib import Path

import polars as pl
import pytest

from pipelines.dictionary import load_dictionary
from pipelines.models import load_models
from pipelines.pages import downloads
from pipelines.pages.cells import Published
from pipelines.pages.charts import STYLE_HASHES
from pipelines.pages.formats import full_date, measured, restated
from pipelines.pages.render import Renderer
from pipelines.pages.views import reference
from pipelines.pages.views.common import Context, Page
from pipelines.pages.views.definitions import definitions_page
from pipelines.pages.views.digest import digest_page
from pipelines.pages.views.reference import archive_page, dictionary_page
from pipelines.pages.views.sections import comparisons
from pipelines.statistics.tables import STATISTICS
from tests.unit.page_tables import AS_OF, HOSTILE, page_tables

REPORTS = Path(__file__).parents[2] / "reports"
NOBODY = pl.lit(value=False)
MEASURES = tomllib.loads((REPORTS / "metrics.toml").read_text())
DECLARED = tomllib.loads((REPORTS / "meanings.toml").read_text())
COMMENTS = {
    "rpt_funnels": "`rpt_funnels`: one row per funnel.",
    "rpt_funnels.funnel_id": "The <funnel> & more of `dim_funnels`.",
    "rpt_funnels.entrant_count": MEASURES["entrant_count"],
    "rpt_funnels.stalled_count": MEASURES["stalled_count"],
    "rpt_weeks.entrant_count": MEASURES["entrant_count"],
    "rpt_link_hygiene": "One row per funnel.",
    "rpt_link_hygiene.entrant_count": "Attempts, other ones.",
    "rpt_weeks": "One row per week.",
    "rpt_report_runs": "One row per report.",
    "builds": "One row per build.",
    "events": "One row per event.",
    "fct_events": "One row per event, once.",
    "fct_events.event_id": "Its id.",
}
SOURCES = {"rpt_link_hygiene": "sql/marts/rpt_link_hygiene.sql", "rpt_funnels": "pipelines/statistics (funnel_summary)"}
PAGES = {
    "dictionary.html": dictionary_page,
    "definitions.html": definitions_page,
    "archive.html": archive_page,
    "digest.html": digest_page,
    "digest.txt": digest_page,
}


@cache
def _tables() -> dict[str, pl.DataFrame]:
    return page_tables(names=HOSTILE)


def _context(tables: dict[str, pl.DataFrame] | None = None, company: str = "") -> Context:
    return Context(Published(tables or _tables()), company, 26 * 3_600_000_000, SOURCES, COMMENTS)


def _drawn(page: str, context: Context | None = None) -> str:
    roles = ("style", "theme", "script", "plotly")
    shared = {"assets": {"logo": "", **dict.fromkeys(roles, "assets/any")}, "has_names": True, "left_out": ()}
    view = PAGES[page](context or _context())
    return Renderer(REPORTS / "templates").page(page, page=view, style_hashes=STYLE_HASHES, looks={}, **shared)


def _said(html: str) -> str:
    return unescape(re.sub("<[^>]+>", "", html))


def _runs(*rows: dict[str, object]) -> dict[str, pl.DataFrame]:
    """The tables with these reports of the past; what a row leaves out is as it was."""
    counts = {"entrant_count": 500, "matured_count": 450, "activated_count": 300}
    same = counts | {f"today_{name}": value for name, value in counts.items()}
    rates = {"conversion_rate": 300 / 450, "today_rate": 300 / 450}
    usual: dict[str, object] = {"funnel_id": "sso_setup", "is_restated": False, "reason": None, **same, **rates}
    return _tables() | {"rpt_report_runs": pl.DataFrame([usual | row for row in rows], infer_schema_length=None)}


def test_dictionary_groups_every_table_with_its_columns() -> None:
    """Tables stand under their kind, by name, each with its columns in order."""
    kinds = dictionary_page(_context()).parts["kinds"]
    assert [list(tables) for tables in kinds.values()] == [
        ["events", "fct_events"],
        ["rpt_funnels", "rpt_link_hygiene", "rpt_weeks"],
        ["builds", "rpt_report_runs"],
    ]
    columns = kinds["Published measures"]["rpt_funnels"]
    assert columns == ["rpt_funnels.funnel_id", "rpt_funnels.entrant_count", "rpt_funnels.stalled_count"]


def test_dictionary_says_each_sentence_at_its_anchor() -> None:
    """A table and a column can be linked to; there stands the comment, escaped, and the file that makes the table."""
    text = _drawn("dictionary.html")
    assert '<a href="#rpt_funnels">' in text
    assert '<h3 id="rpt_funnels">' in text
    row = re.search(r'<tr id="rpt_funnels\.funnel_id">(.*?)</tr>', text)
    assert row
    assert "The &lt;funnel&gt; &amp; more of <code>dim_funnels</code>." in row[1]
    assert "Made by <code>sql/marts/rpt_link_hygiene.sql</code>" in text
    assert text.count("Made by <code>") == len(SOURCES)


def test_measure_stands_once_with_all_its_tables() -> None:
    """A measure is in the first family that has it; where a table explains it in other words it is another measure."""
    families = {family["title"]: family for family in definitions_page(_context()).parts["families"]}
    first, _ = families["How many are activated?"]["measures"]
    assert first[:2] == ("entrant_count", ["rpt_funnels", "rpt_weeks"])
    (other,) = families["What becomes of links?"]["measures"]
    assert other[:2] == ("rpt_link_hygiene.entrant_count", ["rpt_link_hygiene"])
    assert len(families) == 2
    assert '<a href="dictionary.html#rpt_weeks.entrant_count"><code>rpt_weeks</code></a>' in _drawn("definitions.html")


def test_measure_says_since_when_it_means_that() -> None:
    """One whose meaning changed has the day and what became other; all others have the first day."""
    last = {
        name: (full_date(change["on"]), change["how"]) for change in DECLARED["changes"] for name in change["measures"]
    }
    measures = [measure for family in definitions_page(_context()).parts["families"] for measure in family["measures"]]
    since = {key: (day, how) for key, _, day, how in measures}
    assert since["stalled_count"] == last["stalled_count"]
    assert since["entrant_count"] == last["entrant_count"]
    assert since["rpt_link_hygiene.entrant_count"] == (full_date(DECLARED["first"]), "")
    assert "Stuck is idle for 24 hours; it was one hour." in _said(_drawn("definitions.html"))


def test_definitions_fold_the_sql_once_for_each_table() -> None:
    """The text of a model is there, escaped and folded; of a table that Python makes the function is named."""
    text = _drawn("definitions.html")
    found = re.findall(r'<details class="source">\s*<summary>How .*?<pre [^>]*>(.*?)</pre>', text, re.DOTALL)
    sql = (REPORTS.parent / "sql/marts/rpt_link_hygiene.sql").read_text()
    assert [_said(one) for one in found] == [sql]
    assert "pipelines/statistics (funnel_summary)" in text


def test_meanings_name_every_report_once() -> None:
    """Each rpt_ table belongs to one family, which has a title and an owner."""
    listed = [table for family in DECLARED["families"] for table in family["tables"]]
    reports = [model.name for model in load_models() if model.is_published] + [*STATISTICS]
    assert sorted(listed) == sorted(name for name in reports if name.startswith("rpt_"))
    assert all(family["title"] and family["owner"] for family in DECLARED["families"])


def test_changed_meanings_are_of_measures() -> None:
    """A change names measures that there are, a day from the first on, and a sentence; the newest stands last."""
    sentences = load_dictionary(REPORTS)
    days = [change["on"] for change in DECLARED["changes"]]
    assert all(isinstance(day, date) and day >= DECLARED["first"] for day in days)
    assert days == sorted(days)
    assert all(re.fullmatch(r"[A-Z].*\.", change["how"]) for change in DECLARED["changes"])
    assert {name for change in DECLARED["changes"] for name in change["measures"]} <= sentences.keys()


def test_archive_has_the_last_report_of_each_day_newest_first() -> None:
    """Of several reports of a day the last is shown; this report is none of the past."""
    days = {"noon": 2.0, "evening": 1.75, "before": 3.0, "4f1c09ab37de": 0.0}
    runs = [{"report_id": report, "as_of": AS_OF - timedelta(days=ago)} for report, ago in days.items()]
    both = [run | {"funnel_id": funnel_id} for run in runs for funnel_id in ("dsync_setup", "sso_setup")]
    parts = archive_page(_context(_runs(*both))).parts
    assert [(run["report_id"], run["funnel_id"]) for run in parts["runs"]] == [
        ("evening", "sso_setup"),
        ("evening", "dsync_setup"),
        ("before", "sso_setup"),
        ("before", "dsync_setup"),
    ]
    assert parts["is_cut"]


def test_archive_shows_the_newest_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long history is cut after so many days, and the page says so; a short one is whole."""
    runs = _runs(*({"report_id": f"r{ago}", "as_of": AS_OF - timedelta(days=ago)} for ago in range(1, 6)))
    whole = archive_page(_context(runs)).parts
    assert (len(whole["runs"]), whole["is_cut"]) == (5, False)
    assert "Of each day" not in _drawn("archive.html", _context(runs))
    monkeypatch.setattr(reference, "SHOWN_DAYS", 2)
    cut = archive_page(_context(runs)).parts
    assert ([run["report_id"] for run in cut["runs"]], cut["is_cut"]) == (["r1", "r2"], True)
    assert "Of each day the last report is shown" in _drawn("archive.html", _context(runs))


def test_archive_says_what_holds_and_what_is_restated() -> None:
    """A number that is the same holds; another has the difference and its reason; a funnel that is gone has neither."""
    ago = {name: AS_OF - timedelta(days=number) for number, name in enumerate(("same", "other", "gone"), 1)}
    other = {"is_restated": True, "reason": "late events", "today_activated_count": 309, "today_rate": 309 / 450}
    nothing = dict.fromkeys(("today_entrant_count", "today_matured_count", "today_activated_count", "today_rate"))
    gone = {"funnel_id": "old", "is_restated": None, "reason": "the funnel is gone", **nothing}
    rows = {"same": {}, "other": other, "gone": gone}
    context = _context(_runs(*({"report_id": name, "as_of": ago[name]} | row for name, row in rows.items())))
    cells = [
        [_said(cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr data-key.*?</tr>", _drawn("archive.html", context), re.DOTALL)
    ]
    published = "67% (300 of 450)"
    assert [row[1:] for row in cells] == [
        ["Single sign-on set-up", published, published, "holds", "500", "500", "-"],
        ["Single sign-on set-up", published, "69% (309 of 450)", "+2.0 points", "500", "500", "late events"],
        ["old", published, "-", "-", "500", "-", "the funnel is gone"],
    ]


def test_archive_without_a_past_says_so() -> None:
    """The first report has nothing before it."""
    tables = _tables() | {"rpt_report_runs": _tables()["rpt_report_runs"].clear()}
    assert "There is no earlier report yet." in _drawn("archive.html", _context(tables))


def test_digest_needs_no_script_no_picture_and_no_style() -> None:
    """A mail program shows it: a table, links that lead into the site, and the policy that allows nothing else."""
    text = _drawn("digest.html")
    assert not re.search(r"<script|<img|<style|style=|\son\w+=", text)
    assert {*re.findall(r'href="([^"]*)"', text)} == {
        *("data:,", "assets/any", "index.html"),
        *(f"funnels/{funnel_id}.html" for funnel_id in _tables()["dim_funnels"]["funnel_id"]),
    }


def test_digest_says_the_same_in_html_and_in_text() -> None:
    """Each sentence and each number of the table is in both."""
    html, text = _said(_drawn("digest.html")), " ".join(_drawn("digest.txt").split())
    for said in re.findall(r"<p>(.*?)</p>", _drawn("digest.html")):
        assert (
            " ".join(_said(said).split())
            .removesuffix("Open the report")
            .removesuffix("This is a made-up sample. Its organizations and numbers are invented.")
            in text
        )
    for cell in re.findall(r"<td[^>]*>(.*?)</td>", _drawn("digest.html")):
        assert _said(cell) in text
    assert "made-up sample" in html
    assert "made-up sample" in text


def _long_titles() -> dict[str, pl.DataFrame]:
    funnels = _tables()["dim_funnels"].with_columns(title=pl.lit("Many <words> & more of them " * 12))
    steps = _tables()["rpt_funnel_steps"].with_columns(label=pl.lit("x" * 300))
    return _tables() | {"dim_funnels": funnels, "rpt_funnel_steps": steps}


def _nothing() -> dict[str, pl.DataFrame]:
    return page_tables(keep=NOBODY, report={"event_count": 0, "watermark": None})


def _stale() -> dict[str, pl.DataFrame]:
    return page_tables(report={"watermark": AS_OF - timedelta(days=3)})


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        (_tables, "made-up sample"),
        (_long_titles, "Many <words> & more of them"),
        (_nothing, "No events received yet."),
        (_stale, "No events since 20 Nov 2026"),
    ],
    ids=["usual", "long", "nothing", "stale"],
)
def test_text_digest_fits_into_76_columns(tables: Callable[[], dict[str, pl.DataFrame]], said: str) -> None:
    """No line is longer, whatever things are called; nothing in it is escaped for HTML."""
    text = _drawn("digest.txt", _context(tables(), company="Acme <& Söhne> " * 6))
    assert max(map(len, text.splitlines())) <= 76
    assert said in text
    assert "Acme <& Söhne>" in text
    assert "&lt;" not in text
    assert text.endswith("Open the report: index.html\n")
    assert not re.search(r"\b(None|nan|undefined)\b", text)


def test_digest_tells_the_largest_loss_of_all_funnels() -> None:
    """The loss in the digest is that of the funnel in which most attempts are lost before one step."""
    steps = _tables()["rpt_funnel_steps"].filter("is_largest_drop_off")
    most = steps.sort("drop_off_count", descending=True).row(0, named=True)
    parts = digest_page(_context()).parts
    assert parts["lossy"]["funnel_id"] == most["funnel_id"]
    assert f": {most['drop_off_count']} attempts" in _said(_drawn("digest.html"))


def test_only_text_templates_go_unescaped(tmp_path: Path) -> None:
    """The same template escapes as HTML and not as text."""
    for name in ("page.html", "page.txt"):
        (tmp_path / name).write_text("{{ name }}")
    renderer = Renderer(tmp_path)
    assert renderer.page("page.html", name="<b>&") == "&lt;b&gt;&amp;"
    assert renderer.page("page.txt", name="<b>&") == "<b>&"


@pytest.mark.parametrize(
    ("activated", "matured", "rate", "text"),
    [
        (322, 521, 0.618, "62% (322 of 521)"),
        (3, 7, 3 / 7, "3 of 7"),
        (0, 0, None, "-"),
        (None, None, None, "-"),
    ],
)
def test_measured_rate_stands_beside_its_counts(
    activated: int | None, matured: int | None, rate: float | None, text: str
) -> None:
    """A rate with what it is of; counts alone where there are too few for one."""
    assert measured(activated, matured, rate) == text


@pytest.mark.parametrize(
    ("is_restated", "before", "after", "text"),
    [
        (False, 0.6, 0.6, "holds"),
        (False, None, None, "holds"),
        (None, 0.6, None, "-"),
        (True, 0.6, 0.6234, "+2.3 points"),
        (True, 0.6, 0.58, "−2.0 points"),  # noqa: RUF001
        (True, None, 0.5, "-"),
    ],
)
def test_restated_rate_says_by_how_much(
    is_restated: bool | None, before: float | None, after: float | None, text: str
) -> None:
    """A published rate holds, or differs by so many points from what is known today."""
    assert restated(is_restated, before, after) == text


def test_latest_has_each_number_with_its_count_and_interval() -> None:
    """Rates, median and change are rows of the tables, rounded, with what they are of and how sure they are."""
    published = Published(_tables())
    latest = json.loads(json.dumps(downloads.latest(published)))
    assert latest["schema_version"] == 1
    for told in latest["funnels"]:
        funnel = published.row("rpt_funnels", told["funnel_id"])
        assert told["provisional_rate"] == round(funnel["provisional_rate"], 6)
        assert told["provisional_lower"] < told["provisional_rate"] < told["provisional_upper"]
        median = published.row("rpt_time_to_activation", told["funnel_id"], 0.5)
        assert told["median_time_to_activation_us"] == median["time_us"]
        assert told["median_time_to_activation_lower_us"] == median["time_lower_us"]
        row = comparisons(published, published.row("dim_funnels", told["funnel_id"]))[0]
        assert told["change"]["verdict"] == row["verdict"]
        assert told["change"]["current_count"] == row["current_count"]
        assert told["change"]["period_us"] == row["period_us"]


def test_latest_of_nothing_has_no_rates() -> None:
    """Without an attempt the numbers that do not exist are null, and nothing fails."""
    tables = page_tables(keep=NOBODY)
    (told, *_) = json.loads(json.dumps(downloads.latest(Published(tables))))["funnels"]
    assert (told["conversion_rate"], told["provisional_rate"], told["median_time_to_activation_us"]) == (None,) * 3
    assert told["change"]["difference"] is None


def test_reference_pages_say_no_nothing_words() -> None:
    """Missing values never show as the words that a program has for them."""
    for page in PAGES:
        assert not re.search(r">[^<]*\b(None|NaN|null|undefined)\b[^<]*<", _drawn(page)), page
    assert isinstance(dictionary_page(_context()), Page)
