"""The served pages in another folder: the same bytes, each page alone, or without a name in any byte."""

from __future__ import annotations

import html
import re
import shutil
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner, Result

from pipelines.assets.recipe import Recipe
from pipelines.cli import main
from pipelines.exporting import _nameless, export
from pipelines.pages import charts
from pipelines.pages.site import LISTS
from pipelines.paths import DataPaths
from pipelines.settings import Places
from pipelines.warehouse import open_published
from tests.flow.builds import REPORTS, STORIES_AS_OF, ask, lay_stories, site_bytes

NAMES = """
    select unnest([organization_id, organization_name]) as name from dim_organizations
    union select unnest([connection_id, organization_id]) from fct_connections
    union select unnest([link_id, generated_by]) from fct_links
    union select unnest([entry_id, started_by]) from fct_entries
    union select last_error_message from rpt_stalled
    union select unnest([event_id, organization_id]) from events
    order by all
"""
"""All that tells who somebody is."""
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 28"><path fill="#b00" d="M0 0h40v28H0z"/></svg>'


def exported(data: Path, out: Path, *, is_single: bool = False, has_names: bool = True) -> dict[str, bytes]:
    """Every file of an export, by its path."""
    export(Places.find(data, REPORTS), out, is_single=is_single, has_names=has_names)
    return {file.relative_to(out).as_posix(): file.read_bytes() for file in sorted(out.rglob("*")) if file.is_file()}


def command(*arguments: object) -> Result:
    """Run `portal-funnels` in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def names(data: Path) -> list[str]:
    """What an export without names must not hold anywhere."""
    found: list[str] = ask(data, NAMES)["name"].drop_nulls().to_list()
    return found


def readings(files: dict[str, bytes]) -> str:
    """All that the files say: as it stands there, as a browser reads it, as a script reads its JSON. Plotly apart."""
    text = "\n".join(content.decode() for path, content in files.items() if "plotly" not in path)
    text = text.replace(charts.bundle()[1], "")
    escaped = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)
    return "\n".join([text, html.unescape(text), escaped])


def found_in(text: str, names: list[str]) -> set[str]:
    """The names that stand anywhere in the text, in one pass over it."""
    return {*pl.select(pl.lit(text).str.extract_many(names, overlapping=True).explode()).to_series().drop_nulls()}


@pytest.mark.parametrize("built", ["stories", "demo"])
def test_export_is_the_published_site(built: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Without options every byte of the export is one of the served site."""
    data = request.getfixturevalue(built)
    assert exported(data, tmp_path / "out") == site_bytes(data)


def test_equal_exports_have_equal_bytes(stories: Path, tmp_path: Path) -> None:
    """The same tables exported twice, in the boldest form, are the same to the byte."""
    first = exported(stories, tmp_path / "first", is_single=True, has_names=False)
    assert exported(stories, tmp_path / "second", is_single=True, has_names=False) == first


@pytest.mark.parametrize("is_single", [False, True], ids=["folder", "single"])
@pytest.mark.parametrize("built", ["stories", "demo"])
def test_no_byte_tells_a_name(built: str, is_single: bool, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Of organizations, connections, links, attempts, events and people nothing is left in any file."""
    data = request.getfixturevalue(built)
    wanted, told = names(data), readings(site_bytes(data))
    assert len(found_in(told, wanted)) > 20  # the search is not blind
    told = readings(exported(data, tmp_path / "out", is_single=is_single, has_names=False))
    assert found_in(told, wanted) == set()


def test_export_without_names_has_all_other_numbers(demo: Path, tmp_path: Path) -> None:
    """Lists of organizations are gone with their pages and files; counts, rates and charts' data stay as they are."""
    files, published = exported(demo, tmp_path / "out", has_names=False), site_bytes(demo)
    gone = {path for path in published if path in LISTS or path.endswith("_stuck.csv")}
    assert files.keys() == published.keys() - gone
    assert files["latest.json"] == published["latest.json"]
    for path in ("definitions.html", "archive.html"):
        if path in files:
            assert cells(files[path]) == cells(published[path])
    funnel = "funnels/sso_setup.html"
    kept = cells(files[funnel])
    assert kept == [cell for cell in cells(published[funnel]) if "rpt_stalled" not in cell[0]]


def cells(page: bytes) -> list[tuple[str, str]]:
    """Table and text of every number of a page that has an address of its own."""
    return re.findall(r'<(?:span|bdi) (data-table="[^>]*)>([^<]*)<', page.decode())


@pytest.mark.parametrize("is_single", [False, True], ids=["folder", "single"])
def test_export_without_names_has_no_dead_link(is_single: bool, demo: Path, tmp_path: Path) -> None:
    """What was left out is linked from nowhere; every other link within the export leads to a file."""
    files = exported(demo, tmp_path / "out", is_single=is_single, has_names=False)
    for path, content in files.items():
        for link in re.findall(r'(?:href|src)="([^"#:]+)[^":]*"', content.decode()) if path.endswith(".html") else ():
            assert (tmp_path / "out" / path).parent.joinpath(html.unescape(link)).is_file(), f"{path}: {link}"


def test_single_file_allows_its_own_texts_only(stories: Path, tmp_path: Path) -> None:
    """A page asks for nothing beside it, and its policy names the hash of each of its scripts and styles."""
    files = exported(stories, tmp_path / "out", is_single=True)
    assert not [path for path in files if path.startswith("assets/")]
    for path in (path for path in files if path.endswith(".html")):
        page = files[path].decode()
        policy = html.unescape(re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)[0])
        assert "unsafe" not in policy
        assert not re.search(r'<(script|img)[^>]* src="(?!data:)|<link[^>]* href="(?!data:)', page)
        for kind in ("script", "style"):
            allowed = dict(part.split(" ", 1) for part in policy.split("; ")).get(f"{kind}-src", "")
            inline = re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
            assert "'self'" not in allowed
            for text in inline:
                digest = b64encode(sha256(text.encode()).digest()).decode()
                assert f"'sha256-{digest}'" in allowed, f"{path}: {text[:60]}"


def test_place_that_cannot_be_written_is_a_sentence(stories: Path, tmp_path: Path) -> None:
    """A folder that is not empty, a file, a place where builds are published: one sentence, exit code 2, no change."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    published = stories / "published"
    for out, words in (
        (tmp_path / "full", "is no empty folder"),
        (tmp_path / "file", "is no empty folder"),
        (published / "export", "is where builds are published"),
        (published / "site" / "export", "is where builds are published"),
        (tmp_path / "file" / "below", "Not a directory"),
    ):
        result = command("export", "--data-dir", stories, "--reports-dir", REPORTS, "--out", out)
        assert result.exit_code == 2, result.output
        (sentence,) = result.stderr.splitlines()
        assert sentence.startswith(f"portal-funnels: {out}"), sentence
        assert words in sentence
    assert (tmp_path / "full" / "mine.txt").read_text() == (tmp_path / "file").read_text() == "mine"
    assert not (published / "export").exists()


def test_export_before_any_build_is_a_sentence(tmp_path: Path) -> None:
    """With nothing published there is nothing to export, and no folder is left."""
    out = tmp_path / "out"
    result = command("export", "--data-dir", tmp_path / "data", "--reports-dir", REPORTS, "--out", out)
    assert result.exit_code == 2
    (sentence,) = result.stderr.splitlines()
    assert "nothing has been published yet; run `portal-funnels build`" in sentence
    assert not out.exists()


def test_export_of_another_version_is_a_sentence(tmp_path: Path) -> None:
    """A published file that lacks a table of today's pages asks for a build."""
    (tmp_path / "published").mkdir()
    with duckdb.connect(tmp_path / "published" / "portal.duckdb") as connection:
        connection.execute("create table rpt_report (report_id varchar)")
    result = command("export", "--data-dir", tmp_path, "--reports-dir", REPORTS, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "another version published this" in result.stderr
    assert not (tmp_path / "out").exists()


def test_empty_folder_is_taken(stories: Path, tmp_path: Path) -> None:
    """A folder that is there and empty is filled, and the command says where to look."""
    (tmp_path / "out").mkdir()
    result = command("export", "--data-dir", stories, "--reports-dir", REPORTS, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert str(tmp_path / "out" / "index.html") in result.stdout
    assert (tmp_path / "out" / "index.html").is_file()


def test_brand_is_on_every_page_and_said(tmp_path: Path) -> None:
    """Logo and colour come from the settings, exports have them too; build and check say what a pale colour becomes."""
    data, reports = lay_stories(tmp_path / "data"), tmp_path / "reports"
    shutil.copytree(REPORTS, reports)
    (reports / "brand.svg").write_text(LOGO)
    settings = reports / "settings.toml"
    settings.write_text(
        settings.read_text()
        .replace('logo      = ""', 'logo = "brand.svg"')
        .replace('colour    = ""', 'colour = "#ffe600"')
    )
    places = ("--data-dir", data, "--reports-dir", reports)
    said = "portal-funnels: settings.toml: report.colour: #ffe600 is too pale to read on light pages; they use #7d7100"
    assert said in command("check", *places).stderr.splitlines()
    built = command("build", *places, "--as-of", STORIES_AS_OF)
    assert built.exit_code == 0, (built.output, built.exception)
    assert said in built.stderr.splitlines()
    files = site_bytes(data)
    (logo,) = (path for path in files if path.startswith("assets/logo."))
    (theme,) = (path for path in files if path.startswith("assets/theme."))
    assert (files[logo], files[theme]) == (LOGO.encode(), b":root { --primary: light-dark(#7d7100, #ffe600); }\n")
    assert f'<img src="../{logo}" alt="" height="28">' in files["funnels/sso_setup.html"].decode()
    assert b'"color":"#7d7100"' in files["funnels/sso_setup.html"]
    assert command("export", *places, "--out", tmp_path / "out", "--single-file").exit_code == 0
    page = (tmp_path / "out" / "index.html").read_text()
    assert f'<img src="data:image/svg+xml;base64,{b64encode(LOGO.encode()).decode()}" alt="" height="28">' in page


def test_other_picture_is_another_recipe(tmp_path: Path) -> None:
    """A logo exchanged under the same name makes the next build draw the pages anew, and changes no definition."""
    places = Places.find(tmp_path / "data", shutil.copytree(REPORTS, tmp_path / "reports"))
    (places.reports / "brand.svg").write_text(LOGO)
    first = Recipe.of(places)
    (places.reports / "brand.svg").write_text(LOGO.replace("#b00", "#00b"))
    second = Recipe.of(places)
    assert (second.definitions, second.program) == (first.definitions, first.program)
    assert second.whole != first.whole


def test_segment_that_is_an_organization_is_left_out(stories: Path, tmp_path: Path) -> None:
    """A breakdown by something that names an organization loses just the segments that do."""
    shutil.copytree(stories, tmp_path / "data", symlinks=True)
    file = (tmp_path / "data" / "published" / "portal.duckdb").resolve()
    file.chmod(0o600)
    with duckdb.connect(file) as connection:
        (named,) = connection.execute("select min(organization_id) from dim_organizations").fetchall()[0]
        connection.execute(
            "insert into fct_entry_segments select funnel_id, entry_id, 'customer', "
            "case when row_number() over (order by entry_id) % 2 = 0 then $1 else 'small' end from fct_entries",
            [named],
        )
    told = readings(exported(tmp_path / "data", tmp_path / "out", has_names=False))
    assert "segment:customer" in told
    assert '"small"' in told
    assert named not in told


def test_entries_without_names_keep_their_order(demo: Path, tmp_path: Path) -> None:
    """Numbers stand for attempts in the order in which they entered, which says nothing of who they are."""
    with open_published(DataPaths(demo)) as served:
        entries = served.read("fct_entries")
        changed = _nameless({"fct_entries": entries}, served)["fct_entries"]
    assert changed["entry_id"].n_unique() == entries.height
    assert changed.sort("entry_id")["entered_at"].is_sorted()
    blank = [name for name in changed.columns if changed[name].null_count() == changed.height]
    assert {"organization_id", "entity_id", "started_by"} <= {*blank}
    assert changed.drop("entry_id", *blank).equals(entries.select(changed.drop("entry_id", *blank).columns))
