from __future__ import annotations

import csv
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from jinja2 import UndefinedError

from pipelines.pages import charts, downloads, theme
from pipelines.pages.attempts import attempts
from pipelines.pages.cells import KEYS, Published
from pipelines.pages.formats import formatters
from pipelines.pages.render import Renderer, dump_json, inline_json
from pipelines.pages.site import render_site
from pipelines.pages.views import funnel
from tests.spec import test_seed_flaws
from tests.unit.page_cells import Page
from tests.unit.page_tables import AS_OF, HOSTILE, page_tables

REPORTS = Path(__file__).parents[2] / "reports"
NOBODY = pl.lit(value=False)
ONLY_OPEN = ~pl.col("is_matured")
NOTHING = {"event_count": 0, "watermark": None, "is_sample": False}
FUNNELS = ("sso_setup.html", "audit_logs_setup.html")
PAGES = {
    *("index.html", "stuck.html", "connections.html", "health.html", "definitions.html"),
    *("funnels/sso_setup.html", "funnels/dsync_setup.html", "providers/sso_setup.html"),
}


def _render(tables: dict[str, pl.DataFrame], out: Path, company: str = "Acme") -> list[str]:
    return render_site(
        tables,
        company=company,
        stale_after_us=26 * 3_600_000_000,
        static=REPORTS / "static",
        templates=REPORTS / "templates",
        out=out,
        sources={"rpt_stalled": "sql/marts/rpt_stalled.sql"},
    )


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    """One set of tables with hostile names."""
    return page_tables(names=HOSTILE)


@pytest.fixture(scope="module")
def site(tables: dict[str, pl.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One site with hostile names, which no test changes."""
    out = tmp_path_factory.mktemp("site")
    _render(tables, out, company=HOSTILE[0])
    return out


def _read(page: Path) -> Page:
    return Page(page.read_text())


def _look_up(frame: pl.DataFrame, key_columns: tuple[str, ...], key: str, columns: list[str]) -> tuple[Any, ...]:
    parts = key.split("|", len(key_columns) - 1)
    for column, part in zip(key_columns, parts, strict=False):
        if part != "*":
            frame = frame.filter(pl.col(column).cast(pl.String) == part)
    picked = frame.select(columns)
    return picked.sum().row(0) if "*" in parts else picked.row(0)


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_number_is_a_row_of_a_published_table(site: Path, tables: dict[str, pl.DataFrame], page: str) -> None:
    """The text of each number follows from its table, key, columns and format alone."""
    formats = formatters(ZoneInfo("UTC"))
    cells = _read(site / page).cells
    assert len(cells) > 20
    for cell in cells:
        values = _look_up(tables[cell.table], KEYS[cell.table], cell.key, cell.columns.split())
        assert formats[cell.format](*values) == cell.text, cell


def test_site_has_its_files(site: Path) -> None:
    """Pages, lists, assets and the files for machines are all there."""
    found = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert found > PAGES | {"latest.json", "robots.txt", "funnels/sso_setup_stuck.csv"}
    assert len([name for name in found if re.fullmatch(r"assets/(app|site)\.[0-9a-f]{12}\.(js|css)", name)]) == 2
    assert f"assets/{charts.bundle()[0]}" in found


def test_equal_tables_give_equal_bytes(tables: dict[str, pl.DataFrame], tmp_path: Path) -> None:
    """Two sites of the same rows, in whatever order, have the same bytes."""
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=3) for name, frame in tables.items()}
    first, second = _render(tables, tmp_path / "first"), _render(shuffled, tmp_path / "second")
    assert first == second
    for name in first:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name


@pytest.mark.parametrize("page", sorted(PAGES))
def test_page_carries_nothing_inline_but_data(site: Path, page: str) -> None:
    """No style attribute, no handler, no inline script, nothing from outside: the content policy allows none."""
    parsed = _read(site / page)
    names = {name for _, name, _ in parsed.attributes}
    assert not [name for name in names if name == "style" or name.startswith("on")]
    sources = {value for tag, name, value in parsed.attributes if name == "src" or (tag, name) == ("link", "href")}
    assert all(value and re.match(r"(\.\./)?assets/|data:,", value) for value in sources)
    text = (site / page).read_text()
    inline = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", text)
    assert all('type="application/json"' in attributes for attributes in inline)
    assert "default-src 'none'" in text


def test_hostile_text_stays_text(site: Path) -> None:
    """Names that look like markup are escaped, and no address but http and https is linked."""
    text = (site / "funnels/sso_setup.html").read_text()
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in text
    assert "javascript:" not in text
    assert "https://docs.example.com/dns" in text


def test_text_that_turns_its_direction_is_isolated_and_visible(site: Path) -> None:
    """A name with an override of its direction is set apart, and the override is shown by its number."""
    text = _shown(site / "funnels/sso_setup.html")
    assert re.search(r'<bdi [^>]*data-column="organization_name"[^>]*>שלום \\u202e</bdi>', text)
    for control in (*range(0x202A, 0x202F), *range(0x2066, 0x206A)):
        assert formatters(ZoneInfo("UTC"))["name"](f"a{chr(control)}b") == f"a\\u{control:04x}b"
        assert not re.search(f">[^<]*{chr(control)}", text)


def test_excluded_attempts_are_said_outside_the_details(site: Path) -> None:
    """How many attempts are excluded is read without opening anything, in the singular too."""
    pages = [(site / "funnels" / name).read_text() for name in FUNNELS]
    shown = [re.sub(r"<details.*?</details>", "", text, flags=re.DOTALL) for text in pages]
    said = [re.sub("<[^>]+>", "", text) for text in shown]
    assert "3 attempts are excluded by the funnel&#39;s definition" in said[0]
    assert "1 attempt is excluded by the funnel&#39;s definition" in said[1]


def test_cut_list_says_so_beside_the_table(
    tables: dict[str, pl.DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above a list that is cut stand how many rows are shown, and the links to the page and the file with all."""
    monkeypatch.setattr(funnel, "SHOWN", 12)
    _render(tables, tmp_path)
    text = (tmp_path / "funnels/sso_setup.html").read_text()
    before, after = text.split('<table class="stuck"')
    assert after.split("</table>", 1)[0].count("<tr data-entry=") == 12
    assert "The 12 longest waits of all are shown." in before
    assert 'href="../stuck.html"' in before
    assert 'href="sso_setup_stuck.csv" download' in before


@pytest.mark.parametrize("page", sorted(PAGES))
def test_page_says_no_nothing_words(site: Path, page: str) -> None:
    """Missing values never show as the words that a program has for them."""
    assert not re.search(r">[^<]*\b(None|NaN|nan|null|undefined|Infinity|inf)\b[^<]*<", _shown(site / page))


def _shown(page: Path) -> str:
    """The page without what its scripts read."""
    return re.sub(r"<script.*?</script>", "", page.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize(
    ("keep", "report", "page", "sentence"),
    [
        (NOBODY, NOTHING, "index.html", "No events received yet."),
        (NOBODY, NOTHING, "funnels/sso_setup.html", "Waiting for the first event."),
        (NOBODY, {}, "funnels/sso_setup.html", "has never been received for sso."),
        (ONLY_OPEN, {}, "funnels/sso_setup.html", "no attempt is matured yet"),
        (pl.col("entry_id") < "org_0009", {}, "funnels/sso_setup.html", "too few for a rate"),
        (NOBODY, {}, "stuck.html", "Nobody is stuck right now."),
        (NOBODY, {}, "index.html", "defined, but no attempt yet"),
        (pl.col("entry_id") < "org_0009", {}, "index.html", "too few to compare"),
        (pl.col("entry_id") < "org_0009", {}, "providers/sso_setup.html", "too few to say"),
        (None, {}, "funnels/sso_setup.html", "not recorded"),
        (None, {"watermark": AS_OF.replace(day=20)}, "index.html", "No events since"),
        (None, {}, "index.html", "This page shows a made-up sample."),
        (None, {}, "funnels/sso_setup.html", "Charts need JavaScript. Every number is in the tables."),
        (None, {"time_zone": "Asia/Kolkata"}, "index.html", "23 Nov 2026, 11:30 IST"),
    ],
    ids=[
        *("nothing", "waiting", "unseen", "early", "few", "nobody", "no_attempt", "few_before", "few_providers"),
        *("unrecorded", "stale", "sample", "no_script", "zone"),
    ],
)
def test_state_has_its_sentence(
    keep: pl.Expr | None, report: dict[str, object], page: str, sentence: str, tmp_path: Path
) -> None:
    """Each state of the data is said on the page, and every page of the site can be drawn in it."""
    _render(page_tables(keep=keep, report=report), tmp_path)
    assert sentence in (tmp_path / page).read_text()


def test_no_connection_has_its_sentence(tables: dict[str, pl.DataFrame], tmp_path: Path) -> None:
    """Where no connection is known the page says so, in place of two empty tables."""
    _render(tables | {"rpt_connections": tables["rpt_connections"].clear()}, tmp_path)
    text = (tmp_path / "connections.html").read_text()
    assert "No connection and no directory yet." in text
    assert "data-list" not in text


def test_action_searches_the_list_and_stands_out_without_advice(
    tables: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    """Each action leads to the list, searched for it; where no advice fits, action and rows are marked."""
    unknown = "No advice yet: add one to next_actions.toml"
    assert f"'{unknown}'" in (REPORTS.parent / "sql/marts/rpt_stalled.sql").read_text()
    stalled = tables["rpt_stalled"].with_columns(
        next_action=pl.when(pl.col("deepest_step") > 1).then("next_action").otherwise(pl.lit(unknown))
    )
    actions = tables["rpt_next_actions"].with_columns(
        next_action=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(unknown)).otherwise("next_action")
    )
    _render(tables | {"rpt_stalled": stalled, "rpt_next_actions": actions}, tmp_path)
    text = (tmp_path / "stuck.html").read_text()
    assert 'href="stuck.html#stuck.q=No%20advice%20yet%3A%20add%20one%20to%20next_actions.toml" class="unknown"' in text
    assert text.count('<span class="unknown">') == stalled.filter(next_action=unknown).height > 0


def test_list_sorts_by_what_its_cells_stand_for(site: Path, tables: dict[str, pl.DataFrame]) -> None:
    """Where a text does not sort as its value the cell has that: microseconds, rates, hours since 1970."""
    text = (site / "stuck.html").read_text()
    assert re.findall(r'data-label="Waiting" class="n" data-sort="(\d+)"', text) == [
        str(idle) for idle in tables["rpt_stalled"]["idle_us"].sort(descending=True)
    ]
    assert not re.search(r'data-label="(What to do|Provider|Stopped after)"[^>]*data-sort', text)
    rates = re.findall(
        r'data-label="Completion rate" class="n" data-sort="(0\.\d+|1\.0)"',
        (site / "providers/sso_setup.html").read_text(),
    )
    assert len(rates) == tables["rpt_providers"].filter(funnel_id="sso_setup").height
    known = tables["rpt_connections"].drop_nulls("since")["since"].dt.epoch("s") // 3600
    hours = re.findall(r'data-label="Since" data-sort="(\d+)"', (site / "connections.html").read_text())
    assert sorted(map(int, hours)) == known.sort().to_list()


@pytest.mark.parametrize(
    ("verdict", "shown"),
    [
        ("higher", '<span class="above"><span [^>]*>up '),
        ("lower", '<span class="below"><span [^>]*>down '),
        ("no clear change", '<span class="quiet"><span [^>]*>no clear change '),
        ("too few", '<span class="quiet"><span [^>]*>too few to compare</span></span></td>'),
        ("no full period before", '<span class="quiet"><span [^>]*>no full period before</span></span></td>'),
    ],
)
def test_front_page_colours_only_a_clear_change(
    verdict: str, shown: str, tables: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    """Up and down have their colour and arrow; whatever is within chance or unknown is grey, in words."""
    is_worse = pl.col("is_leading") & pl.lit(verdict == "lower")
    changed = tables["rpt_comparisons"].with_columns(verdict=pl.lit(verdict), is_worse=is_worse)
    _render(tables | {"rpt_comparisons": changed}, tmp_path)
    text = (tmp_path / "index.html").read_text()
    assert len(re.findall(shown, text)) == 3
    assert (" set-ups need attention" in text) is (verdict == "lower")


def test_provider_leads_to_its_attempts(site: Path) -> None:
    """A provider opens the funnel's page filtered, whatever its name holds, and no name is markup."""
    text = (site / "providers/sso_setup.html").read_text()
    assert 'href="../funnels/sso_setup.html#provider=%3C/script%3E%3Cscript%3Ealert%281%29%3C/script%3E"' in text
    assert 'href="../funnels/sso_setup.html#provider=%F0%9F%A6%8A%20%26%20S%C3%B6hne"' in text
    assert "<script>alert" not in text


def test_provisional_rate_stands_with_its_words(site: Path) -> None:
    """The rate of all attempts has its range, its count and its definition."""
    text = re.sub("<[^>]+>", "", (site / "funnels/sso_setup.html").read_text())
    said = r"Provisional completion rate, of all 609 attempts, the maturing ones as far as seen: 63% \(\d+% to \d+%\)\."
    assert re.search(said, text)
    assert "The provisional rate is of all attempts" in text


def test_mean_stands_beside_its_median(site: Path, tmp_path: Path) -> None:
    """The mean within the window has its range, its limit and the median; without a closed window there is none."""
    text = re.sub("<[^>]+>", "", (site / "funnels/sso_setup.html").read_text())
    said = (
        r"Mean time within the window: 5\.9 days \(.+\), each attempt counted for at most 14 days; median 1\.4 days\."
    )
    assert re.search(said, text)
    _render(page_tables(keep=ONLY_OPEN), tmp_path)
    assert "The mean time within the window is not known before" in (tmp_path / "funnels/sso_setup.html").read_text()


def test_each_tested_flaw_has_its_sentence(site: Path) -> None:
    """The definitions page says in one sentence what each test of the founding document's figures shows."""
    told = re.findall(r'<li data-flaw="(\w+)">([^<]+)</li>', (site / "definitions.html").read_text())
    tested = [name.removeprefix("test_seed_") for name in vars(test_seed_flaws) if name.startswith("test_seed_")]
    assert [key for key, _ in told] == tested
    assert all(re.fullmatch(r"[A-Z][^.]*(\w\.\w[^.]*)*\.", sentence) for _, sentence in told)


def test_template_that_asks_for_an_unknown_name_fails(tmp_path: Path) -> None:
    """A misspelt name in a template is an error, never an empty place."""
    (tmp_path / "page.html").write_text("{{ page.nmae }}")
    with pytest.raises(UndefinedError):
        Renderer(tmp_path).page("page.html", page=object())


def test_inline_json_cannot_end_its_element() -> None:
    """Text in the page's JSON closes no element, opens none, and reads back as it was."""
    value = {"name": "</script><!--&\u2028\u2029"}
    written = str(inline_json(value))
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written) == value


def test_json_has_no_number_that_is_none() -> None:
    """A float that is no number is a bug and stops the page."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump_json({"rate": float("nan")})


def test_colours_of_charts_are_those_of_the_stylesheet() -> None:
    """Every colour of a chart stands in the stylesheet under the same role, light and dark."""
    css = (REPORTS / "static" / "site.css").read_text()
    roles = dict(re.findall(r"--([\w-]+): light-dark\((.*?)\);", css))
    for role, light in theme.COLOURS["light"].items():
        assert roles[role] == f"{light}, {theme.COLOURS['dark'][role]}".lower()


def test_charts_trap_no_finger(site: Path) -> None:
    """Axes are fixed in both looks, so that dragging over a chart scrolls the page."""
    assert set(_json(site / "funnels/sso_setup.html", "data")["figures"]) == {"curve", "providers", "trend"}
    for look in _json(site / "funnels/sso_setup.html", "looks").values():
        assert all(look["layout"][axis]["fixedrange"] for axis in ("xaxis", "yaxis"))


def test_attempts_of_a_page_name_nobody() -> None:
    """The attempts that a page carries for its script hold no id and no name of an organization."""
    packed = json.dumps(attempts(Published(page_tables()), "sso_setup"))
    assert "Okta" in packed
    assert not re.search("org_|lnk_|user_|Northwind|Tailspin|Contoso|Fabrikam", packed)


def _json(page: Path, element: str) -> dict[str, Any]:
    found = re.search(rf'id="{element}">(.*?)</script>', page.read_text())
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_stuck_list_has_all_rows_and_no_formula(site: Path, tables: dict[str, pl.DataFrame]) -> None:
    """The CSV file has a row for each stuck attempt, opens in Excel as UTF-8, and starts no formula."""
    raw = (site / "funnels/sso_setup_stuck.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(StringIO(raw.decode("utf-8-sig"), newline="")))
    assert len(rows) == tables["rpt_stalled"].filter(pl.col("funnel_id") == "sso_setup").height
    assert "'=1+1" in {row["organization_name"] for row in rows}
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_formula_is_guarded(text: str) -> None:
    """A cell that a spreadsheet would run begins with an apostrophe."""
    assert downloads.guarded(text) == "'" + text


def test_latest_has_the_headline_numbers(site: Path, tables: dict[str, pl.DataFrame]) -> None:
    """The numbers for machines are those of the tables, with their count, interval and times."""
    latest = json.loads((site / "latest.json").read_text())
    assert latest["as_of"] == "2026-11-23T06:00:00Z"
    assert latest["report_id"] == "4f1c09ab37de"
    headline = tables["rpt_funnels"].row(by_predicate=pl.col("funnel_id") == "sso_setup", named=True)
    first = latest["funnels"][0]
    assert first["matured_count"] == headline["matured_count"]
    assert first["conversion_lower"] == round(headline["conversion_lower"], 6)
    assert downloads.latest(Published(page_tables(report=NOTHING)))["data_to"] is None


def test_foot_names_the_files_behind_the_page(site: Path) -> None:
    """The provenance tells which table is behind each section, and which file makes it."""
    text = (site / "funnels/sso_setup.html").read_text()
    assert "<code>rpt_stalled</code>" in text
    assert "<code>sql/marts/rpt_stalled.sql</code>" in text
